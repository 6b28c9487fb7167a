"""Sentence vectors of a frozen model, and embeddings that are trained until translations have the same ones."""
