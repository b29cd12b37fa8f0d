"""Parts of the benchmark of identity resolution: labelled persons, methods that resolve them, and scores."""
