"""Online sources of bilingual lexica, one a file, and their registry."""
