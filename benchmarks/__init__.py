"""What is fast, shown: each benchmark prints a table and, as its last line, one JSON object with the figures."""
