"""File formats of word vectors, one per module."""
