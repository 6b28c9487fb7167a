"""Steps 2 and 3 of the method: relative representations, weighting, and linear maps. Arrays in, arrays out.

`methods.METHODS` is the way in: every way to give target words an embedding of the source model's width, by name.
Importing this package costs nothing; its modules import torch, faiss and scipy.
"""
