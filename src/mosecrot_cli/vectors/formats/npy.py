"""A matrix in `X.npy`, with its words, one per line, in `X.vocab.txt` or `X.txt`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.arrays import NPY_MAGIC, map_npy, require_finite
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file
from mosecrot_cli.progress import Reporter
from mosecrot_cli.staging import check_whole
from mosecrot_cli.vectors.formats.collector import Keep, WordCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.formats.streams import is_packed
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

_BLOCK_NUMBERS = 1 << 22


def words_path(path: Path) -> Path:
    """Where the words of `X.npy` are written: `X.vocab.txt`."""
    return path.with_name(path.stem + ".vocab.txt")


def peek_arrays(path: Path) -> VectorPreview:
    """Read the sizes from the header of the array.

    Raises:
        DataError: the file is not an array of word vectors.
    """
    rows, dimension = _open_array(path).shape
    return VectorPreview(str(path), FORMAT.name, rows, dimension, path.stat().st_size)


def read_arrays(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Memory-map a float32 matrix (others are cast) and read its words.

    Raises:
        DataError: see `readers.read_vectors`.
    """
    stored = _open_array(path)
    vocabulary = _find_words(path)
    words = _read_words(vocabulary)
    if len(words) != len(stored):
        what = f"{len(words)} words for the {len(stored)} rows of {path.name}"
        raise DataError(what, where=str(vocabulary), hint="one word a line")
    collector = WordCollector(max_vocab, keep)
    kept = collector.add(words)
    with reporter.track(f"reading {path.name}", len(kept)) as advance:
        mapped = stored.dtype == np.float32 and len(kept) == collector.rows
        shape = (len(kept), stored.shape[1])
        matrix: NDArray[np.float32] = stored[: len(kept)] if mapped else np.empty(shape, dtype=np.float32)
        step = max(1, _BLOCK_NUMBERS // stored.shape[1])
        for start in range(0, len(kept), step):
            rows, block = kept[start : start + step], matrix[start : start + step]
            if not mapped:
                with np.errstate(over="ignore"):
                    block[:] = stored[rows]
            require_finite(block, str(path), rows=rows)
            advance(len(block))
    return collector.vectors(
        np.ascontiguousarray(matrix),
        source=str(path),
        digest=None,
        companions=(str(vocabulary),),
    )


def _open_array(path: Path) -> NDArray[np.floating]:
    if not path.name.endswith(".npy") and is_packed(path):
        hint = "unpack it (an .npz with `unzip`) and name the .npy"
        raise DataError("a packed array, which cannot be memory-mapped", where=str(path), hint=hint)
    array: NDArray[np.floating] = map_npy(path)
    if not array.size or array.shape[1] > MAX_DIMENSION:
        raise DataError(f"not word vectors: an array of shape {list(array.shape)}", where=str(path))
    return array


def _find_words(path: Path) -> Path:
    check_whole(path)
    candidates = [words_path(path), path.with_suffix(".txt")]
    for candidate in candidates:
        if candidate.is_file():
            return existing_file(candidate)
    names = " or ".join(candidate.name for candidate in candidates)
    raise DataError("the words are missing", where=str(path), hint=f"put {names} beside it, one word a line")


def _read_words(path: Path) -> list[str]:
    # Only LF ends a line: str.splitlines() also splits at U+2028 and others, which occur inside words.
    lines = path.read_bytes().split(b"\n")
    if not lines[-1]:
        lines.pop()
    if lines and all(line.endswith(b"\r") for line in lines):
        lines = [line[:-1] for line in lines]
    words = []
    for number, line in enumerate(lines, 1):
        try:
            words.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            hint = "wrong encoding: convert the file"
            raise DataError(f"not UTF-8 ({error.reason})", where=f"{path}:{number}", hint=hint) from error
    if words:
        words[0] = words[0].removeprefix("\ufeff")
    return words


def _matches(sample: Sample) -> bool:
    return sample.path.name.endswith((".npy", ".npz")) or sample.head.startswith(NPY_MAGIC)


# The array is memory-mapped from its file, so an entry in the cache would only be a copy.
FORMAT = VectorFormat("numpy", _matches, peek_arrays, read_arrays, cached=False)
