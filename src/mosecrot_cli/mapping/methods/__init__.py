"""The mapping methods, one a file, and their registry."""
