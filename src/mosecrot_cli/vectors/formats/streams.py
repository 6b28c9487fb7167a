"""Files read once, front to back: hashed, counted and unpacked on the way."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file

_GZIP_MAGIC = b"\x1f\x8b"
_PACKED_READ_BYTES = 1 << 20
_BEST_COMPRESSION = 1032  # deflate cannot do better


class _HashedFile(io.RawIOBase):
    """A file that hashes the bytes that pass, and tells how many."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file, self._advance = file, advance
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = cast(int, self._file.readinto(buffer))  # type: ignore[attr-defined]
        self.sha256.update(buffer[:count])
        self._advance(count)
        return count


class SourceFile:
    """The (unpacked) bytes of a file, and the SHA-256 of the file as it lies on the disk.

    Attributes:
        path: the file.
        size: its bytes on the disk.
        packed: whether it is gzip-compressed.
    """

    def __init__(self, path: Path, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.packed = is_packed(path)
        self._hashed = _HashedFile(file, advance)
        self._stream: io.RawIOBase | gzip.GzipFile = self._hashed
        if self.packed:
            buffered = io.BufferedReader(self._hashed, _PACKED_READ_BYTES)
            self._stream = gzip.GzipFile(fileobj=buffered, mode="rb")

    @property
    def most_bytes(self) -> int:
        """A bound of the unpacked size."""
        return self.size * (_BEST_COMPRESSION if self.packed else 1)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, `b""` only at the end.

        Raises:
            DataError: the compressed data are damaged or cut off.
        """
        try:
            data = self._stream.read(size) or b""
        except EOFError as error:
            raise DataError("the compressed file is truncated", where=str(self.path)) from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"damaged gzip file: {error}", where=str(self.path)) from error
        return data

    def read_all(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end."""
        parts, left = [], size
        while left > 0 and (data := self.read(left)):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def digest(self) -> str:
        """SHA-256 of the whole file. What was not read of it is hashed now, and not unpacked."""
        buffer = memoryview(bytearray(_PACKED_READ_BYTES))
        while self._hashed.readinto(buffer):
            pass
        return self._hashed.sha256.hexdigest()


@contextmanager
def open_source(path: Path, advance: Callable[[int], None] = lambda count: None) -> Iterator[SourceFile]:
    """Open a plain or gzip-compressed file.

    Args:
        path: the file.
        advance: told the number of bytes each time that some are taken from the disk.

    Raises:
        DataError: the file cannot be read.
    """
    with existing_file(path).open("rb", buffering=0) as file:
        yield SourceFile(path, cast(BinaryIO, file), advance)


def is_packed(path: Path) -> bool:
    """Whether the file is gzip-compressed, by its first bytes: names mislead."""
    with path.open("rb") as file:
        return file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC


def read_head(path: Path, size: int) -> bytes:
    """The first `size` bytes, unpacked."""
    with open_source(path) as source:
        return source.read_all(size)
