"""MoSECroT: zero-shot text classification by stitching a model to static word embeddings of another language."""

__version__ = "0.2.0"
