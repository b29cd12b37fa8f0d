"""The contenders of the landing benchmark, the pages they read, and what is printed of their runs."""
