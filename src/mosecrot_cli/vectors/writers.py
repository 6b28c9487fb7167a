"""Writing word vectors. Each function writes directly to its path; the caller is responsible for atomic outputs."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import writing
from mosecrot_cli.settings import VectorForm
from mosecrot_cli.vectors.formats.npy import words_path
from mosecrot_cli.vectors.formats.text_blocks import is_number
from mosecrot_cli.vectors.types import WordVectors

_BLOCK_ROWS = 4096
_LINE_BREAK = re.compile(r"[\r\n]")
_BLANKS = re.compile(r"[\t\r\n]|^ | $|  ")


def write_vectors(vectors: WordVectors, path: Path, form: VectorForm | None = None) -> None:
    """Write vectors in the given format, or in that of the file name.

    `.vec`, `.txt` (text with header), `.vec.gz`, `.txt.gz`; `.bin` (word2vec binary); `.npy` with `X.vocab.txt`
    next to it. Text contains the shortest decimals that are read back as the same 32-bit floats.

    Raises:
        UsageError: no format is given, and the name has another ending.
        DataError: this format cannot represent a word.
        OutputError: the system refuses the writing.
    """
    with writing(path):
        _WRITERS[form or form_of(path)](vectors, path)


def form_of(path: Path) -> VectorForm:
    """The format that belongs to the ending of a name.

    Raises:
        UsageError: no format has this ending.
    """
    name = path.name.lower()
    for suffix, form in _ENDINGS.items():
        if name.endswith(suffix):
            return form
    endings = ", ".join(_ENDINGS)
    raise UsageError("the name tells no format of word vectors", where=str(path), hint=f"endings: {endings}")


def write_arrays(vectors: WordVectors, path: Path, words: Path, *, dtype: DTypeLike = np.float32) -> None:
    """Write the matrix as `.npy`, and the words one per line.

    Raises:
        DataError: a word cannot be written, or a number is too large for `dtype`.
        OutputError: the system refuses the writing.
    """
    if len(vectors) and max(vectors.matrix.max(), -vectors.matrix.min()) > np.finfo(dtype).max:
        what = f"a number is too large for {np.dtype(dtype).name}"
        raise DataError(what, where=vectors.source or str(path), hint="keep float32")
    write_matrix_stream(path, (vectors.matrix,), shape=(len(vectors), vectors.dimension), dtype=dtype)
    save_words(vectors.words, words)


def save_words(words: Iterable[str], path: Path) -> None:
    """Write words, one per line, in UTF-8 with LF.

    Raises:
        DataError: a word is empty or holds a line break.
        OutputError: the system refuses the writing.
    """
    with writing(path), path.open("w", encoding="utf-8", newline="\n") as out:
        for word in words:
            _check(word, holds=bool(word) and not _LINE_BREAK.search(word), path=path)
            out.write(word + "\n")


def write_matrix_stream(
    path: Path, blocks: Iterable[NDArray[np.floating]], *, shape: tuple[int, int], dtype: DTypeLike = np.float32
) -> str:
    """Write blocks of rows as one `.npy` array, with at most one block in memory.

    Args:
        path: the file.
        blocks: arrays of shape [n, D], which together have the shape `shape`.
        shape: number of rows and columns of the array.
        dtype: type of the numbers, float32 or float16.

    Returns:
        SHA-256 of the file.

    Raises:
        ValueError: the blocks do not have this shape together.
        OutputError: the system refuses the writing.
    """
    digest, rows = hashlib.sha256(), 0
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    with writing(path), path.open("w+b") as out:
        np.lib.format.write_array_header_1_0(out, described)
        out.seek(0)
        digest.update(out.read())
        for block in blocks:
            if block.ndim != 2 or block.shape[1] != shape[1]:
                raise ValueError(f"a block of shape {block.shape} in a matrix of shape {shape}")
            data = np.ascontiguousarray(block, dtype=dtype).data.cast("B") if block.size else b""
            digest.update(data)
            out.write(data)
            rows += len(block)
    if rows != shape[0]:
        raise ValueError(f"{rows} rows were written, {shape[0]} were announced")
    return digest.hexdigest()


def _write_arrays(vectors: WordVectors, path: Path) -> None:
    write_arrays(vectors, path, words_path(path))


def _write_text(vectors: WordVectors, path: Path) -> None:
    with path.open("wb") as out:
        _write_lines(vectors, out, path)


def _write_packed_text(vectors: WordVectors, path: Path) -> None:
    # The gzip header contains no name and no time, so the same vectors give the same bytes.
    with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as out:
        _write_lines(vectors, cast(BinaryIO, out), path)


def _write_lines(vectors: WordVectors, out: BinaryIO, path: Path) -> None:
    out.write(f"{len(vectors)} {vectors.dimension}\n".encode())
    names = [str(column) for column in range(vectors.dimension)]
    for start in range(0, len(vectors), _BLOCK_ROWS):
        words = vectors.words[start : start + _BLOCK_ROWS]
        for word in words:
            _check(word, holds=_fits_line(word), path=path)
        numbers = pl.DataFrame(np.asarray(vectors.matrix[start : start + _BLOCK_ROWS]), schema=names, orient="row")
        frame = numbers.insert_column(0, pl.Series("word", words, dtype=pl.String))
        text = frame.write_csv(include_header=False, separator=" ", quote_style="never")
        out.write(text.encode())


def _write_binary(vectors: WordVectors, path: Path) -> None:
    matrix = vectors.matrix
    with path.open("wb") as out:
        out.write(f"{len(vectors)} {vectors.dimension}\n".encode())
        for word, row in zip(vectors.words, matrix, strict=True):
            _check(word, holds=bool(word) and " " not in word and not _LINE_BREAK.search(word), path=path)
            out.write(word.encode() + b" " + np.asarray(row, dtype="<f4").tobytes() + b"\n")


def _fits_line(word: str) -> bool:
    """Whether the text reader reads the word back: `route 66` would look like a word and an extra number."""
    return bool(word) and not _BLANKS.search(word) and not (" " in word and is_number(word.rpartition(" ")[2].encode()))


def _check(word: str, *, holds: bool, path: Path) -> None:
    if not holds:
        hint = "an .npy holds every word without a line break"
        raise DataError(f"the word {word!r} cannot be written in this format", where=str(path), hint=hint)


_WRITERS: dict[VectorForm, Callable[[WordVectors, Path], None]] = {
    VectorForm.vec: _write_text,
    VectorForm.vec_gz: _write_packed_text,
    VectorForm.word2vec: _write_binary,
    VectorForm.npy: _write_arrays,
}
_ENDINGS = {
    ".vec": VectorForm.vec,
    ".txt": VectorForm.vec,
    ".vec.gz": VectorForm.vec_gz,
    ".txt.gz": VectorForm.vec_gz,
    ".bin": VectorForm.word2vec,
    ".npy": VectorForm.npy,
}
