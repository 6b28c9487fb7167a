"""Labelled data sets: files in several formats, data sets known by name, and data sets of the hub.

- `registry`: the data sets known by name, with their training presets; imports nothing heavy, for `--help`;
- `loading`: from what the user names to a `TextDataset`;
- `textfiles`, on top of `columns` (which column is which) and `rows` (cells of TSV, CSV and JSON lines): files;
- `taxi1500`, `amazon`, `sib200`, `hub`: one module for each source of data sets; `datadir` and `stars` serve them;
- `types`: what a data set is once it has been read.
"""
