"""A cache of word vectors that were read before: one memory-mapped binary file for each file of vectors.

An entry is found by the path of its source. It is valid only while the source has the same size, modification time and
SHA-256 of its first and last MiB, and it serves every `max_vocab` up to its own. Opening an entry checks the sizes, the
words (by their SHA-256) and the matrix (by a sum for every MiB). An entry that is damaged, foreign or outdated is
ignored and replaced. No fault of the cache makes a command fail.

MOSECROT_VECTOR_CACHE is `off`, or the number of gigabytes that all entries together may take (20 if it is unset); the
least recently used entries are removed first. The folder is `parsed/` inside `files.cache_folder`.

The format is our own because the alternatives were measured and cost more. For 250,000 x 300 numbers, the safetensors
library took 0.6 s and 293 MB of memory, because it copies the matrix; mapping it and adding up its numbers took 0.03 s
and no memory of its own. An `.npy` can be mapped as well, but the words, counts and digest would need further files,
which might come from another run.

Layout: magic; SHA-256 of the body; sizes of the header and of the body in bytes; the body, which consists of the header
(JSON) and sections of bytes (the words, the positions of oddities, the sums); zeros up to the end of the page; the
matrix (float32).
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import secrets
import struct
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import disk_usage
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import cache_folder
from mosecrot_cli.progress import Reporter
from mosecrot_cli.structured import decode_json
from mosecrot_cli.vectors.types import WordVectors, notes_of

VECTOR_CACHE = "MOSECROT_VECTOR_CACHE"
DEFAULT_GIGABYTES = 20.0

_OFF = frozenset({"off", "no", "false", "0"})
_FOLDER, _SUFFIX, _PARTIAL = "parsed", ".vectors", ".partial"
_MAGIC = b"mosecrot vectors"
_HEAD = struct.Struct("<16s32s2Q")
_ALIGNMENT = 4096
_MIB = 1 << 20
_READER = f"{__version__}, Unicode {unicodedata.unidata_version}"
_FORGOTTEN_SECONDS = 24 * 3600
# An entry that raises one of these, for example because its header holds unexpected types, is treated as missing.
_UNUSABLE = (OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError, RecursionError, struct.error)


@dataclass(frozen=True, slots=True)
class Identity:
    """What shows whether a file is still the one that was read.

    Attributes:
        path: its real path.
        size: its size in bytes.
        modified: its modification time in nanoseconds.
        ends: SHA-256 of its first and last MiB.
        reader: version of the program that read it.
    """

    path: str
    size: int
    modified: int
    ends: str
    reader: str = _READER

    @classmethod
    def of(cls, path: Path) -> Self:
        """The identity of a file as it is now."""
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            ends = hashlib.sha256(file.read(_MIB))
            file.seek(max(0, state.st_size - _MIB))
            ends.update(file.read(_MIB))
        return cls(os.path.realpath(path), state.st_size, state.st_mtime_ns, ends.hexdigest())


@dataclass(frozen=True)
class _About:
    """The header of an entry.

    Attributes:
        identity: of the file that was read.
        shape: of the matrix.
        limit: the `max_vocab` that it was read with.
        digest: SHA-256 of the whole file, if it was computed.
        oddities: names of the sections with positions of oddities.
        notes: further counts.
        sections: name -> size of each section in bytes.
    """

    identity: Identity
    shape: tuple[int, int]
    limit: int | None
    digest: str | None
    oddities: tuple[str, ...]
    notes: dict[str, Any]
    sections: dict[str, int]


@dataclass(frozen=True)
class VectorCache:
    """A folder of vectors that were read before.

    Attributes:
        folder: the folder of the entries.
        most_bytes: how many bytes they may take together; 0 disables the cache.
    """

    folder: Path
    most_bytes: int

    @classmethod
    def of_environment(cls) -> Self:
        """The cache that MOSECROT_CACHE and MOSECROT_VECTOR_CACHE name.

        Raises:
            UsageError: the latter is neither `off` nor a number of gigabytes.
        """
        said = os.environ.get(VECTOR_CACHE, "").strip().lower()
        try:
            gigabytes = 0.0 if said in _OFF else float(said or DEFAULT_GIGABYTES)
            return cls(cache_folder() / _FOLDER, max(0, int(gigabytes * 1e9)))
        except (ValueError, OverflowError):
            hint = "'off', or how many gigabytes the cache of vectors may take"
            raise UsageError(f"{said!r} makes no sense", where=VECTOR_CACHE, hint=hint) from None

    def through(
        self, path: Path, max_vocab: int | None, read: Callable[[], WordVectors], reporter: Reporter
    ) -> WordVectors:
        """The vectors from their entry; without a valid entry, those that `read` returns, which are then cached.

        Args:
            path: the file that `read` reads.
            max_vocab: how many of its words are wanted; None for all.
            read: reads them.
            reporter: receives a detail on where they came from, or why they were not cached.
        """
        if not self.most_bytes:
            return read()
        entry, identity = self.folder / _entry_name(path), Identity.of(path)
        if (found := _open(entry, identity, max_vocab)) is not None:
            reporter.info(f"{path}: as read before ({entry})")
            return replace(found, source=str(path))
        vectors = read()
        try:
            kept = vectors.subwords is None and self._keep(entry, identity, vectors, max_vocab)
        except OSError as error:
            reporter.info(f"{path}: not kept in the cache of vectors: {error}")
            return vectors
        # From here on the matrix is mapped from the file, so the system can reclaim its memory.
        mapped = _open(entry, identity, max_vocab, just_written=True) if kept else None
        return vectors if mapped is None else replace(vectors, matrix=mapped.matrix)

    def known_digest(self, path: Path) -> str | None:
        """SHA-256 of a file that was read before and has not changed since; None if it is not known."""
        entry = self.folder / _entry_name(path)
        if not self.most_bytes or not entry.is_file() or not path.is_file():
            return None
        try:
            with entry.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                about = _about(memoryview(data[: _HEAD.size + _HEAD.unpack_from(data)[3]]))
        except _UNUSABLE:
            return None
        if about is None or about.identity != Identity.of(path):
            return None
        return about.digest

    def _keep(self, entry: Path, identity: Identity, vectors: WordVectors, max_vocab: int | None) -> bool:
        """Write an entry atomically; False if there is no room, its words cannot be stored, or the file has changed."""
        sections = _sections(vectors)
        size = vectors.matrix.nbytes + sum(map(len, sections.values())) + _MIB
        if sections["words"].count(b"\n") != len(vectors) - 1 or size > self.most_bytes:
            return False
        if Identity.of(Path(identity.path)) != identity:
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        if disk_usage(self.folder).free < 2 * size:
            return False
        derived = notes_of(0, vectors.oddities)
        about = _About(
            identity=identity,
            shape=(len(vectors), vectors.dimension),
            limit=max_vocab,
            digest=vectors.digest,
            oddities=tuple(vectors.oddities),
            notes={name: count for name, count in vectors.notes.items() if name not in derived},
            sections={name: len(content) for name, content in sections.items()},
        )
        partial = entry.with_name(f"{entry.stem}.{secrets.token_hex(4)}{_PARTIAL}")
        try:
            with partial.open("xb") as file:
                file.write(_packed(about, sections))
                file.write(b"\0" * (-file.tell() % _ALIGNMENT))
                file.write(_numbers(vectors.matrix))
            partial.replace(entry)
        finally:
            partial.unlink(missing_ok=True)
        self._tidy(entry)
        return True

    def _tidy(self, newest: Path) -> None:
        """Remove the least recently used entries until the rest fits, and leftovers of killed processes."""
        states = {path: path.stat() for path in self.folder.iterdir() if path.suffix in (_SUFFIX, _PARTIAL)}
        now, total = states[newest].st_mtime, 0
        for path, state in sorted(states.items(), key=lambda item: item[1].st_mtime, reverse=True):
            if path.suffix == _PARTIAL:
                if now - state.st_mtime > _FORGOTTEN_SECONDS:
                    path.unlink(missing_ok=True)
                continue
            total += state.st_size
            if total > self.most_bytes and path != newest:
                path.unlink(missing_ok=True)


def _entry_name(path: Path) -> str:
    return hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogatepass")).hexdigest()[:32] + _SUFFIX


def _numbers(matrix: NDArray[np.float32]) -> memoryview:
    return np.ascontiguousarray(matrix, dtype="<f4").data.cast("B")


def _sections(vectors: WordVectors) -> dict[str, bytes]:
    """What an entry holds besides the header and the matrix."""
    oddities = {name: before.astype("<i8").tobytes() for name, before in vectors.oddities.items()}
    words = "\n".join(vectors.words).encode("utf-8", "surrogatepass")
    return {"words": words, **oddities, "sums": _sums(_numbers(vectors.matrix)).tobytes()}


def _packed(about: _About, sections: Mapping[str, bytes]) -> bytes:
    header = json.dumps(asdict(about)).encode()
    body = header + b"".join(sections.values())
    return _HEAD.pack(_MAGIC, hashlib.sha256(body).digest(), len(header), len(body)) + body


def _sums(data: memoryview) -> NDArray[np.uint64]:
    """A checksum for each MiB, at the speed of memory; changing any single number of the matrix changes one of them.

    A last block of less than a MiB has a checksum of its own.
    """
    blocks = np.array([np.add.reduce(_words64(data[start : start + _MIB])) for start in range(0, len(data), _MIB)])
    return blocks.astype("<u8")


def _words64(data: memoryview) -> NDArray[np.uint64]:
    odd = len(data) % 8  # the numbers of the matrix have 4 bytes
    return np.frombuffer(bytes(data) + b"\0" * (8 - odd) if odd else data, dtype="<u8")


def _open(entry: Path, identity: Identity, max_vocab: int | None, *, just_written: bool = False) -> WordVectors | None:
    """The first `max_vocab` words of an entry, or None if it does not hold them or is damaged.

    The matrix of an entry that was just written is not checked, so that it takes no memory besides the original.
    """
    try:
        with entry.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        found = _vectors(data, identity, max_vocab, check_matrix=not just_written)
    except _UNUSABLE:
        return None
    if found is not None:
        with suppress(OSError):  # a read-only folder
            os.utime(entry)
    return found


def _about(data: memoryview) -> _About | None:
    """The header of an entry, or None if its body is damaged."""
    magic, digest, header_bytes, body_bytes = _HEAD.unpack_from(data)
    body = data[_HEAD.size : _HEAD.size + body_bytes]
    if magic != _MAGIC or hashlib.sha256(body).digest() != digest:
        return None
    try:
        return decode_json(bytes(body[:header_bytes]), _About, where="the cache of vectors")
    except DataError:
        return None


def _vectors(data: memoryview, identity: Identity, max_vocab: int | None, *, check_matrix: bool) -> WordVectors | None:
    about = _about(data)
    if about is None:
        return None
    _, _, header_bytes, body_bytes = _HEAD.unpack_from(data)
    body = data[_HEAD.size : _HEAD.size + body_bytes]
    (rows, dimension), limit = about.shape, about.limit
    start = -(-(_HEAD.size + body_bytes) // _ALIGNMENT) * _ALIGNMENT
    if about.identity != identity or len(data) != start + 4 * rows * dimension:
        return None
    # A limit above the number of words had no effect.
    if (max_vocab is None or max_vocab > rows) and limit is not None and limit <= rows:
        return None
    sections, position = {}, header_bytes
    for name, size in about.sections.items():
        sections[name] = body[position : position + size]
        position += size
    wanted = rows if max_vocab is None else min(rows, max_vocab)
    matrix = data[start:][: -(-4 * wanted * dimension // _MIB) * _MIB]
    if check_matrix:
        sums = _sums(matrix)
        if not np.array_equal(sums, np.frombuffer(sections["sums"], dtype="<u8")[: len(sums)]):
            return None
    oddities = {name: np.frombuffer(sections[name], dtype="<i8").astype(np.int64) for name in about.oddities}
    if wanted == max_vocab:  # in this case reading stops at the last word
        oddities = {name: before[before < wanted] for name, before in oddities.items()}
    words = str(sections["words"], "utf-8", "surrogatepass").split("\n")
    return WordVectors(
        words=words if wanted == rows else words[:wanted],
        matrix=np.frombuffer(matrix, dtype="<f4", count=wanted * dimension).reshape(wanted, dimension),
        digest=about.digest,
        oddities=oddities,
        notes=notes_of(wanted, oddities) | about.notes,
    )
