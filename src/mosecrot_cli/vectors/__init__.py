"""Static word embeddings of the target language: the type, and readers and writers of the usual file formats.

`types.WordVectors` is the value; `readers.read_vectors` and `readers.peek` find the format by content;
`writers.write_vectors` chooses it by name.
"""
