"""Reading a file once from start to end, while it is hashed, counted, unpacked and extracted from its archive."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Protocol, cast

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import regular_file, sha256
from mosecrot_cli.packing import MOST_RATIO, MOST_UNPACKED, Packing, Unpacked, check_unpacked, packing_of

_PACKED_READ_BYTES = 1 << 20
_START_BYTES = 512
_ZIP_MAGIC = b"PK\x03\x04"
_TAR_MAGIC, _TAR_MAGIC_PLACE = b"ustar", 257
_DAMAGED_ARCHIVE = (
    *(OSError, EOFError, ValueError, RuntimeError, NotImplementedError, KeyError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
)
_NO_VECTORS = (".md", ".pdf", ".json", ".html", ".py", ".sh")
_ABOUT = ("readme", "license", "licence", "copying", "citation")


class _HashedFile(io.RawIOBase):
    """A file that hashes the bytes that are read, and reports how many."""

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


class _Stream(Protocol):
    def read(self, size: int = -1, /) -> bytes | None: ...


class SourceFile:
    """The content of a file, unpacked if it is compressed or an archive of one file, and the SHA-256 of the file.

    Attributes:
        path: the file.
        size: its size on the disk in bytes.
        packed: whether it is compressed or an archive.
        most_bytes: an upper bound of the unpacked size.
    """

    def __init__(
        self, path: Path, file: BinaryIO, advance: Callable[[int], None], stack: ExitStack, most_bytes: int | None
    ) -> None:
        self.path, self.size, self.packed = path, path.stat().st_size, True
        self.most_bytes = max(MOST_UNPACKED, MOST_RATIO * self.size) if most_bytes is None else most_bytes
        start = file.read(_START_BYTES)
        file.seek(0)
        hashed = _HashedFile(file, advance)
        self._hashed: _HashedFile | None = hashed
        self._stream: _Stream
        if start.startswith(_ZIP_MAGIC):
            self._hashed, self._stream = None, self._zip_member(stack, advance)
        elif _is_tar(start):
            self._stream = self._tar_member(io.BufferedReader(hashed, _PACKED_READ_BYTES), most_bytes, stack)
        elif packing := packing_of(start):
            unpacked = _unpacked(hashed, packing, path, most_bytes)
            in_tar = _is_tar(unpacked.peek(_START_BYTES))
            self._stream = self._tar_member(unpacked, most_bytes, stack) if in_tar else unpacked
        else:
            self._stream, self.packed, self.most_bytes = hashed, False, self.size

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; `b""` means the end.

        Raises:
            DataError: the packed data are damaged, truncated, or unpack to far more than any real file.
        """
        try:
            data = self._stream.read(size) or b""
        except _DAMAGED_ARCHIVE as error:
            raise _damaged(self.path, error) from error
        return bytes(data)

    def read_all(self, size: int) -> bytes:
        """Read `size` bytes, or fewer at the end of the file."""
        parts, left = [], size
        while left > 0 and (data := self.read(left)):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def digest(self) -> str:
        """SHA-256 of the whole file. The part that was not read is hashed now, without unpacking it."""
        if self._hashed is None:
            return sha256(self.path)
        buffer = memoryview(bytearray(_PACKED_READ_BYTES))
        while self._hashed.readinto(buffer):
            pass
        return self._hashed.sha256.hexdigest()

    def _zip_member(self, stack: ExitStack, advance: Callable[[int], None]) -> _Stream:
        try:
            archive = stack.enter_context(zipfile.ZipFile(self.path))
            found = {info.filename: info for info in archive.infolist() if not info.is_dir()}
            info = found[_only_file(list(found), self.path)]
            self.most_bytes = min(self.most_bytes, info.file_size)
            return _ZipMember(stack.enter_context(archive.open(info)), info, self.path, advance)
        except _DAMAGED_ARCHIVE as error:
            raise _damaged(self.path, error) from error

    def _tar_member(self, stream: io.BufferedReader, most_bytes: int | None, stack: ExitStack) -> _Stream:
        name = _name_in_tar(self.path, most_bytes)
        try:
            archive = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))  # noqa: SIM115 - it does
            member = next(member for member in archive if member.name == name and member.isreg())
            found = archive.extractfile(member)
        except _DAMAGED_ARCHIVE as error:
            raise _damaged(self.path, error) from error
        assert found is not None  # a regular file
        return found


class _ZipMember:
    """A file in a zip archive, whose unpacked size is bounded."""

    def __init__(self, stream: IO[bytes], info: zipfile.ZipInfo, path: Path, advance: Callable[[int], None]) -> None:
        self._stream, self._info, self._path, self._advance = stream, info, path, advance
        self._total = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._total += len(data)
        packed = self._info.compress_size
        check_unpacked(self._total, packed, where=str(self._path), name="zip")
        self._advance(len(data) * packed // max(1, self._info.file_size))
        return data


def _unpacked(raw: _HashedFile, packing: Packing, path: Path, most_bytes: int | None) -> io.BufferedReader:
    inside = Unpacked(io.BufferedReader(raw, _PACKED_READ_BYTES), packing, str(path), most_bytes=most_bytes)
    return io.BufferedReader(inside, _PACKED_READ_BYTES)


def _is_tar(start: bytes) -> bool:
    return start[_TAR_MAGIC_PLACE:].startswith(_TAR_MAGIC)


def _name_in_tar(path: Path, most_bytes: int | None) -> str:
    """Name of the only file in a tar archive that can contain vectors; this reads the whole archive."""
    with path.open("rb") as file:
        packing = packing_of(file.peek(_START_BYTES)[:_START_BYTES])
        stream = file if packing is None else Unpacked(file, packing, str(path), most_bytes=most_bytes)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                return _only_file([member.name for member in archive if member.isreg()], path)
        except _DAMAGED_ARCHIVE as error:
            raise _damaged(path, error) from error


def _only_file(names: Sequence[str], path: Path) -> str:
    """The only file of an archive that can contain vectors.

    Raises:
        DataError: there is no such file, or more than one.
    """
    candidates = [name for name in names if _may_hold_vectors(PurePosixPath(name).name.lower())]
    if len(candidates) != 1:
        shown = ", ".join(map(ascii, candidates[:5])) + (", …" if len(candidates) > 5 else "")
        what = f"an archive of {len(candidates)} files ({shown})" if candidates else "an archive without vectors"
        raise DataError(what, where=str(path), hint="unpack it and name the file that holds the vectors")
    return candidates[0]


def _may_hold_vectors(name: str) -> bool:
    return bool(name) and not name.startswith((".", "__", *_ABOUT)) and not name.endswith(_NO_VECTORS)


def _damaged(path: Path, error: Exception) -> DataError:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return DataError("the archive is encrypted", where=str(path), hint="unpack it with its password first")
    reason = "truncated" if isinstance(error, EOFError) else " ".join(str(error).split()) or type(error).__name__
    return DataError(f"damaged archive ({reason})", where=str(path), hint="fetch the file again")


@contextmanager
def open_source(
    path: Path, advance: Callable[[int], None] = lambda count: None, *, most_bytes: int | None = None
) -> Iterator[SourceFile]:
    """Open a file that is plain, compressed (gzip, bzip2, xz, zstd), or a zip or tar archive with one file of vectors.

    Args:
        path: the file.
        advance: called with the number of bytes after each read from the disk.
        most_bytes: how many bytes it may unpack to; None for the general bound (`packing.MOST_RATIO`).

    Raises:
        DataError: the file cannot be read, or the archive does not contain exactly one file of vectors.
    """
    with regular_file(path).open("rb", buffering=0) as file, ExitStack() as stack:
        yield SourceFile(path, cast(BinaryIO, file), advance, stack, most_bytes)


def is_packed(path: Path) -> bool:
    """Whether the file is compressed or an archive, by its first bytes, because names mislead."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    return packing_of(start) is not None or start.startswith(_ZIP_MAGIC) or _is_tar(start)


def read_head(path: Path, size: int) -> bytes:
    """The first `size` bytes, unpacked."""
    with open_source(path) as source:
        return source.read_all(size)
