"""HTTP for connectors: one client with auth, pacing, retry and errors that say what to mend."""
