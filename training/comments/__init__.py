"""Labelled comments: what the language, sentiment and emotion of comments are measured on."""
