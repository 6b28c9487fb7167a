"""The formats of word vectors. A new format is a module of this folder with a `FORMAT`, and an entry here."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import regular_file
from mosecrot_cli.vectors.formats import fasttext, navec, npy, spacy, text, word2vec
from mosecrot_cli.vectors.formats.description import Sample, VectorFormat
from mosecrot_cli.vectors.formats.refused import refuse

CONTAINERS = (spacy.FORMAT, navec.FORMAT)
"""Formats of several files in a folder or an archive, which are recognised before anything is unpacked."""

CONTENTS = (npy.FORMAT, fasttext.FORMAT, word2vec.FORMAT, text.FORMAT)
"""Formats of one file, in the order in which they are tried."""

FORMATS = (*CONTAINERS, *CONTENTS)


def detect_format(path: Path) -> VectorFormat:
    """The format of a file, by its content.

    Raises:
        DataError: the file is missing, empty, or not of a known format. If it is known to be something else (a Git
            LFS pointer, a web page, a pickle), the message says what it is.
    """
    sample = Sample(path)
    if not path.is_dir():
        regular_file(path)
        refuse(sample.raw, str(path))
        if not sample.raw:
            raise DataError("the file is empty", where=str(path))
    for known in CONTAINERS:
        if known.matches(sample):
            return known
    if path.is_dir():
        hint = "a folder must be a spaCy model or its `vocab` folder"
        raise DataError("a folder without vectors, but a file is wanted", where=str(path), hint=hint)
    refuse(sample.head, str(path))
    for known in CONTENTS:
        if known.matches(sample):
            return known
    names = ", ".join(known.name for known in FORMATS)
    raise DataError("not in a known format of word vectors", where=str(path), hint=f"known formats: {names}")
