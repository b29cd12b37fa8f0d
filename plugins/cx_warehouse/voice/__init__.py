"""What customers' comments say: their language, sentiment, emotion and themes, by models that ship with the code.

Nothing here is downloaded, learned at run time or random: one text and one model version have one score."""
