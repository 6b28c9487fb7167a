"""The description of a format, and the sample of a file by which a format is recognised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.formats.collector import Keep
from mosecrot_cli.vectors.formats.streams import is_packed, read_head
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

MAX_DIMENSION = 1 << 16
"""The maximum number of columns. A header that claims more is damaged and must not reserve memory."""

_RAW_BYTES = 512
_HEAD_BYTES = 64 << 10


@dataclass(frozen=True)
class Sample:
    """A file (or folder) whose format is not known yet.

    Attributes:
        path: the file or folder.
    """

    path: Path

    @cached_property
    def raw(self) -> bytes:
        """The first bytes as stored on the disk; empty for a folder."""
        if self.path.is_dir():
            return b""
        with self.path.open("rb") as file:
            return file.read(_RAW_BYTES)

    @cached_property
    def packed(self) -> bool:
        """Whether the file is compressed or an archive."""
        return is_packed(self.path)

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB, unpacked."""
        return read_head(self.path, _HEAD_BYTES)


class ReadVectors(Protocol):
    """A function that reads the vectors of one format."""

    def __call__(
        self, path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None
    ) -> WordVectors:
        """The vectors; see `readers.read_vectors`."""


@dataclass(frozen=True, slots=True)
class VectorFormat:
    """A format of word vectors.

    Attributes:
        name: its name in messages.
        matches: whether a file is of this format; the formats are tried in the order of the registry.
        peek: reads the sizes from the first bytes of a file.
        read: reads the vectors.
        cached: whether the vectors are stored in the cache of vectors after reading.
    """

    name: str
    matches: Callable[[Sample], bool]
    peek: Callable[[Path], VectorPreview]
    read: ReadVectors
    cached: bool = True
