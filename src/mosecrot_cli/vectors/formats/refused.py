"""Files that are often mistaken for vectors: what they are, and how to get vectors from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mosecrot_cli.errors import DataError
from mosecrot_cli.text_lines import is_utf16


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of file: how it is recognised, what it is, and what to do instead."""

    matches: Callable[[bytes], object]
    what: str
    hint: str


def _starts(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


# The first line of a file that `floret` saves is `buckets dimension minn maxn hashes seed BOW EOW`.
_FLORET = re.compile(rb"\d+ \d+ \d+ \d+ \d+ \d+ \S+ \S+\r?\n")
_WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<\?xml)", re.IGNORECASE)

_KINDS = (
    _Kind(_starts(b"7z\xbc\xaf\x27\x1c", b"Rar!"), "a 7z or RAR archive", "unpack it and name the file of vectors"),
    _Kind(
        _starts(b"version https://git-lfs.github.com/"),
        "a Git LFS pointer in the place of the file",
        "fetch the file itself with `git lfs pull`, or download it from the page of the repository",
    ),
    _Kind(_WEB_PAGE.match, "a web page, not word vectors", "the link may need a login: fetch the file with a browser"),
    _Kind(
        _FLORET.match,
        "a floret table, which holds rows of hashed n-grams and no words",
        "write the vectors of your words as text, with `floret print-word-vectors` or spaCy's `Vectors.get_batch`",
    ),
    _Kind(
        _starts(*(b"\x80" + bytes([protocol]) for protocol in range(2, 6))),
        "a Python pickle (as gensim and PyTorch write), which is never loaded",
        "export it with gensim: KeyedVectors.load(FILE).save_word2vec_format('vectors.bin', binary=True)",
    ),
    _Kind(
        _starts(b"\x89HDF\r\n"),
        "an HDF5 file",
        "ConceptNet Numberbatch is also distributed as text (numberbatch-19.08.txt.gz)",
    ),
    _Kind(_starts(b"PAR1"), "a Parquet file", "save the matrix with numpy.save and the words one a line"),
    _Kind(is_utf16, "a text in UTF-16", "convert it with `iconv -f UTF-16 -t UTF-8`"),
)


def refuse(head: bytes, where: str) -> None:
    """Reject files that are known not to contain vectors in a readable form, and explain what they are.

    Args:
        head: the first bytes, packed or unpacked.
        where: the file.

    Raises:
        DataError: the file is one of them.
    """
    for kind in _KINDS:
        if kind.matches(head):
            raise DataError(kind.what, where=where, hint=kind.hint)
