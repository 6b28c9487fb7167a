"""navec's archives (`.tar`): a list of words and product-quantized vectors, whose parts index tables of centroids.

Layout: `meta.json`; `vocab.bin`, compressed, with the number of words, a count for each word, and the words, one per
line; `pq.bin` with four sizes (vectors, dimension, parts, centroids), an index (one byte) for each part of each vector,
and the centroids (float32). All numbers are little-endian; sizes and counts have 32 bits.
"""

from __future__ import annotations

import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import sha256
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.formats.collector import Keep, RowCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

_NO_WORDS = frozenset({"<unk>", "<pad>"})
_SIZES = struct.Struct("<4I")
_BLOCK_ROWS = 16_384
_LONGEST_WORD_BYTES = 256
_DAMAGED = (OSError, EOFError, ValueError, KeyError, tarfile.TarError, zlib.error, struct.error)


def peek_navec(path: Path) -> VectorPreview:
    """Read the sizes from the head of the vectors.

    Raises:
        DataError: the archive is damaged.
    """
    rows, dimension, _, _ = _SIZES.unpack(_member(path, "pq.bin", _SIZES.size))
    return VectorPreview(str(path), FORMAT.name, rows, dimension, path.stat().st_size)


def read_navec(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Read the words and compose their vectors; `<unk>` and `<pad>` are left out.

    The words are in alphabetical order in the archives of the navec project, so `max_vocab` cuts at a letter.

    Raises:
        DataError: see `readers.read_vectors`.
    """
    where = str(path)
    data = _member(path, "pq.bin")
    rows, dimension, parts, centroids = _SIZES.unpack_from(data)
    sound = 0 < dimension <= MAX_DIMENSION and 0 < parts <= dimension and dimension % parts == 0
    expected = _SIZES.size + rows * parts + 4 * centroids * dimension
    if not sound or not 0 < centroids <= 256 or len(data) != expected:
        raise DataError("a damaged navec archive: its sizes make no sense", where=where)
    indexes = np.frombuffer(data, np.uint8, rows * parts, _SIZES.size).reshape(rows, parts)
    codes = np.frombuffer(data, "<f4", offset=_SIZES.size + rows * parts).reshape(parts, centroids, dimension // parts)
    if not np.isfinite(codes).all():
        raise DataError("NaN or infinite numbers", where=f"{where}: pq.bin")
    if rows and indexes.max() >= centroids:
        raise DataError("a damaged navec archive: an index beyond its table", where=where)
    words = _words(path, rows)
    collector = RowCollector(dimension, limit=max_vocab, expected=rows, keep=_real(keep))
    with reporter.track(f"reading {path.name}", rows) as advance:
        for start in range(0, rows, _BLOCK_ROWS):
            if collector.words.full:
                break
            block = indexes[start : start + _BLOCK_ROWS]
            vectors = codes[np.arange(parts), block].reshape(len(block), dimension)
            collector.add(words[start : start + _BLOCK_ROWS], vectors)
            advance(len(block))
    return collector.finish(source=where, digest=sha256(path))


def _real(keep: Keep | None) -> Keep:
    return lambda word: word not in _NO_WORDS and (keep is None or keep(word))


def _words(path: Path, rows: int) -> list[str]:
    packed = _member(path, "vocab.bin")
    unpacker = zlib.decompressobj(wbits=31)
    most = 4 + rows * (4 + _LONGEST_WORD_BYTES)
    try:
        data = unpacker.decompress(packed, most)
    except zlib.error as error:
        raise DataError(f"a damaged navec archive ({error})", where=f"{path}: vocab.bin") from error
    text = data[4 + 4 * rows :]
    try:
        words = text.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 ({error.reason})", where=f"{path}: vocab.bin") from error
    if not unpacker.eof or int.from_bytes(data[:4], "little") != rows or len(words) != rows:
        raise DataError(f"a damaged navec archive: {len(words):,} words for {rows:,} vectors", where=str(path))
    return words


def _member(path: Path, name: str, size: int = -1) -> bytes:
    """A file of the (uncompressed) archive, or its first `size` bytes."""
    try:
        with tarfile.open(path, "r:") as archive:
            found = archive.extractfile(name)
            data = found.read(size) if found is not None else b""
    except _DAMAGED as error:
        raise DataError(f"a damaged navec archive ({error})", where=str(path)) from error
    if len(data) < max(size, _SIZES.size):
        raise DataError("a truncated navec archive", where=f"{path}: {name}")
    return data


def _matches(sample: Sample) -> bool:
    return sample.raw.startswith(b"meta.json\0") and sample.raw[257:262] == b"ustar"


FORMAT = VectorFormat("navec", _matches, peek_navec, read_navec)
