"""fastText models (`.bin`): vectors of words, and of words outside the vocabulary from their character n-grams.

The `fasttext` library trusts the sizes inside a file, so a damaged file can crash the whole process. This module checks
them against the real size of the file before the library opens it. Layout (version 12): magic, version, settings (12
integers and a double); the dictionary; the input matrix (words, then n-gram buckets); the output matrix.
"""

from __future__ import annotations

import mmap
import struct
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import sha256, writing
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.formats.collector import Keep, RowCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.formats.streams import is_packed, open_source, read_head
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

MAGIC = struct.pack("<i", 793712314)
_NEWEST_VERSION = 12
_HEAD = struct.Struct("<14id3i2q")  # magic, version, 12 settings, sampling threshold; dictionary sizes
_COUNT_AND_TYPE = 9
_MATRIX = struct.Struct("<?2q")  # quantized, rows, columns
_SUPERVISED = 3
_LOSSES, _MODELS = range(1, 5), range(1, 4)
_BLOCK_ROWS = 1024
_COPY_BYTES = 8 << 20
_LONGEST_WORD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class _Head:
    """The settings and sizes that this module uses."""

    dimension: int
    model: int
    buckets: int
    longest_ngram: int
    words: int
    labels: int


def peek_fasttext(path: Path) -> VectorPreview:
    """Read the sizes from the head of the model.

    Raises:
        DataError: the model is damaged, or of an unknown version.
    """
    head = _read_head(read_head(path, _HEAD.size), str(path))
    size, subwords = path.stat().st_size, head.longest_ngram > 0
    return VectorPreview(str(path), FORMAT.name, head.words, head.dimension, size, subwords)


def read_fasttext(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Read the word vectors of a fastText model, as the library computes them (the mean of word and n-grams).

    The library loads the whole model, which takes as much memory as the file is large. Words that are not valid UTF-8,
    which arise because fastText truncates long words, are left out with a warning.

    Raises:
        DataError: see `readers.read_vectors`; also raised for quantized models (`.ftz`).
    """
    with _unpacked(path, reporter) as (model_path, digest):
        head, raw_words = _checked_dictionary(model_path, str(path))
        model = _load(model_path, str(path))
    words = [word for raw in raw_words if (word := _decoded(raw)) is not None]
    undecodable = len(raw_words) - len(words)
    if undecodable:
        reporter.warn(f"{path}: {undecodable} words are not UTF-8 and are left out")
    collector = RowCollector(head.dimension, limit=max_vocab, expected=len(words), keep=keep)
    with reporter.track(f"reading {path.name}", min(len(words), max_vocab or len(words))) as advance:
        start = 0
        while start < len(words) and not collector.words.full:
            block = words[start : start + int(min(_BLOCK_ROWS, collector.words.rows_ahead))]
            collector.add(block, _vectors(model, block, str(path)))
            start += len(block)
            advance(len(block))
    subwords = _subwords(model, str(path)) if head.longest_ngram > 0 else None
    return collector.finish(source=str(path), digest=digest, subwords=subwords, undecodable=undecodable)


@contextmanager
def _unpacked(path: Path, reporter: Reporter) -> Iterator[tuple[Path, str | None]]:
    """The model as an uncompressed file, which the library needs, and the SHA-256 of `path`."""
    if not is_packed(path):
        yield path, sha256(path)
        return
    most = _most_bytes(_read_head(read_head(path, _HEAD.size), str(path)))
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "model.bin"
        with (
            reporter.track(f"unpacking {path.name}", path.stat().st_size) as advance,
            open_source(path, advance, most_bytes=most) as file,
        ):
            with writing(plain), plain.open("wb") as out:
                while data := file.read(_COPY_BYTES):
                    out.write(data)
            digest = file.digest()
        yield plain, digest


def _most_bytes(head: _Head) -> int:
    """An upper bound of the size of a model. The general ratio is too low for it, as rows of zeros pack very well."""
    rows = 2 * (head.words + head.labels) + head.buckets
    return _HEAD.size + 4 * rows * head.dimension + _LONGEST_WORD_BYTES * (head.words + head.labels) + 2 * _MATRIX.size


def _read_head(data: bytes, path: str) -> _Head:
    if len(data) < _HEAD.size:
        raise DataError("a truncated fastText model", where=path)
    magic, version, dim, *settings, _, size, words, labels, _, pruned = _HEAD.unpack(data)
    _, _, _, _, _, loss, model, buckets, _, longest_ngram, _ = settings
    if struct.pack("<i", magic) != MAGIC or version > _NEWEST_VERSION:
        raise DataError(f"no fastText model of version {_NEWEST_VERSION} or older", where=path)
    if version == 11 and model == _SUPERVISED:
        longest_ngram = 0  # such models have no character n-grams, whatever the field says
    sound = 0 < dim <= MAX_DIMENSION and words > 0 and labels >= 0 and size == words + labels
    sound = sound and loss in _LOSSES and model in _MODELS
    sound = sound and buckets >= 0 and longest_ngram >= 0 and (buckets > 0 or longest_ngram == 0)
    if not sound:
        raise DataError("a damaged fastText model: its settings make no sense", where=path)
    if pruned >= 0:
        raise DataError("a pruned or quantized fastText model", where=path, hint="use the .bin, not the .ftz")
    return _Head(dim, model, buckets, longest_ngram, words, labels)


def _checked_dictionary(model_path: Path, path: str) -> tuple[_Head, list[bytes]]:
    """The head and the words, after every size in the file has been checked.

    Raises:
        DataError: a size is wrong.
    """
    with model_path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        head = _read_head(data[: _HEAD.size], path)
        words: list[bytes] = []
        position = _HEAD.size
        for entry in range(head.words + head.labels):
            end = data.find(b"\0", position)
            after = end + 1 + _COUNT_AND_TYPE
            if end < 0 or after > len(data) or data[after - 1] != (entry >= head.words):
                raise DataError(f"a truncated or damaged fastText model, at word {entry + 1}", where=path)
            if entry < head.words:
                words.append(data[position:end])
            position = after
        outputs = head.labels if head.model == _SUPERVISED else head.words
        for rows in (head.words + head.buckets, outputs):
            position = _after_matrix(data, position, rows, head.dimension, path)
        if position != len(data):
            raise DataError("data after the end of the fastText model: damaged", where=path)
    return head, words


def _after_matrix(data: mmap.mmap, position: int, rows: int, columns: int, path: str) -> int:
    """The end of the matrix that should start at `position`."""
    start = position + _MATRIX.size
    if start > len(data):
        raise DataError("a truncated fastText model", where=path)
    quantized, found_rows, found_columns = _MATRIX.unpack_from(data, position)
    if quantized:
        raise DataError("a quantized fastText model", where=path, hint="use the .bin, not the .ftz")
    if (found_rows, found_columns) != (rows, columns):
        what = f"a damaged fastText model: a matrix of {found_rows} x {found_columns}, not {rows} x {columns}"
        raise DataError(what, where=path)
    end = start + 4 * rows * columns
    if end > len(data):
        missing = end - len(data)
        raise DataError(f"a truncated fastText model: at least {missing} bytes are missing", where=path)
    return end


def _load(model_path: Path, path: str) -> Any:
    import fasttext.FastText

    try:
        # `load_model` is avoided, because it prints a warning to stderr in some releases.
        return fasttext.FastText._FastText(model_path=str(model_path))
    except (ValueError, RuntimeError, MemoryError) as error:
        raise DataError(f"the fastText model cannot be loaded: {error}", where=path) from error


def _decoded(word: bytes) -> str | None:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _vectors(model: Any, words: list[str], path: str) -> NDArray[np.float32]:
    block = np.array([model.get_word_vector(word) for word in words], dtype=np.float32)
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        raise DataError(f"NaN or infinite numbers for '{words[int(np.argmin(finite))]}'", where=path)
    return block


def _subwords(model: Any, path: str) -> Callable[[str], NDArray[np.float32]]:
    def vector(word: str) -> NDArray[np.float32]:
        return _vectors(model, [unicodedata.normalize("NFC", word)], path)[0]  # type: ignore[no-any-return]

    return vector


def _matches(sample: Sample) -> bool:
    return sample.head.startswith(MAGIC)


FORMAT = VectorFormat("fastText binary", _matches, peek_fasttext, read_fasttext)
