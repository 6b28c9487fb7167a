"""Stitching: a target vocabulary, its tokenizer and its embeddings in place of those of the checkpoint."""
