"""File formats of word vectors, one a file."""
