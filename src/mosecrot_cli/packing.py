"""Compressed files: detecting the compression by the first bytes, and a reader that limits the unpacked size.

A compressed file of some kilobytes can unpack to gigabytes, so every reader has a limit. Damaged data raise a
`DataError`, whichever exception the library raises.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from mosecrot_cli.errors import DataError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_UNPACKED: Final = 64 << 20
"""How many bytes any packed file may unpack to, regardless of the ratio."""

MOST_RATIO: Final = 200
"""How many bytes each packed byte may unpack to beyond `MOST_UNPACKED`. Running text reaches about 10."""


class Readable(Protocol):
    """Something to read bytes from."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; an empty result means the end."""
        ...


@dataclass(frozen=True, slots=True)
class Packing:
    """A compression: its name, the suffix and first bytes of its files, and a reader for their content."""

    name: str
    suffix: str
    magic: bytes
    unpack: Callable[[Any], Readable]


PACKINGS = (
    Packing("gzip", ".gz", b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw, mode="rb")),
    Packing("bzip2", ".bz2", b"BZh", bz2.BZ2File),
    Packing("xz", ".xz", b"\xfd7zXZ\x00", lzma.LZMAFile),
    Packing("zstd", ".zst", b"\x28\xb5\x2f\xfd", zstd.ZstdFile),
)
DAMAGED = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)
"""The exceptions that the readers raise for damaged data."""


def packing_of(start: bytes) -> Packing | None:
    """The compression of a file with these first bytes (at least 6); None for a file that is not compressed."""
    return next((packing for packing in PACKINGS if start.startswith(packing.magic)), None)


class _Counted:
    """The packed bytes, counted as they are read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.total = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.total += len(data)
        return data


class Unpacked(io.RawIOBase):
    """The content of packed data; damaged data raise a `DataError`.

    Args:
        stream: the packed data.
        packing: the compression.
        where: the file, for messages.
        most_bytes: how many bytes they may unpack to; None for the limit of `MOST_RATIO` and `MOST_UNPACKED`.
    """

    def __init__(self, stream: Readable, packing: Packing, where: str, *, most_bytes: int | None = None) -> None:
        self._packed = _Counted(stream)
        self._inside = packing.unpack(self._packed)
        self._name, self._where, self._most = packing.name, where, most_bytes
        self._total = 0

    def readable(self) -> bool:
        """True, as `io.BufferedReader` asks."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer; see `io.RawIOBase`."""
        try:
            data = self._inside.read(len(buffer))
        except DAMAGED as error:
            reason = "truncated" if isinstance(error, EOFError) else str(error) or type(error).__name__
            hint = "fetch the file again, or compress it anew"
            raise DataError(f"damaged {self._name} file ({reason})", where=self._where, hint=hint) from error
        buffer[: len(data)] = data
        self._total += len(data)
        check_unpacked(self._total, self._packed.total, where=self._where, name=self._name, most_bytes=self._most)
        return len(data)


def check_unpacked(unpacked: int, packed: int, *, where: str, name: str, most_bytes: int | None = None) -> None:
    """Refuse data that unpack to far more than any real file.

    Args:
        unpacked: number of unpacked bytes so far.
        packed: number of packed bytes that they come from.
        where: the file, for the message.
        name: what it is, for the message.
        most_bytes: how many bytes are allowed; None for the limit of `MOST_RATIO` and `MOST_UNPACKED`.

    Raises:
        DataError: the limit is exceeded.
    """
    if unpacked <= (max(MOST_UNPACKED, MOST_RATIO * packed) if most_bytes is None else most_bytes):
        return
    bound = f"{MOST_RATIO} times its size" if most_bytes is None else f"{most_bytes:,} bytes, which it should hold"
    hint = "if that is right, unpack it first and name the unpacked file"
    raise DataError(f"the {name} file unpacks to more than {bound}", where=where, hint=hint)
