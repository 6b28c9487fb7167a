"""Static word embeddings of the target language: the type, and readers and writers of the usual file formats.

`types.WordVectors` is the type. `readers.read_vectors` and `readers.peek` recognise the format by the content of the
file; `writers.write_vectors` chooses it by the name.
"""
