"""The campaign: many nights in which everything goes wrong, and the proof that landing loses nothing."""
