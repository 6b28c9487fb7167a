"""Arrays in files: `.npy` files as memory maps, small arrays of an `.npz` archive, and new `.npy` files.

A header is data, too: what it claims is compared with the size of the file before any memory is reserved, and an array
of objects, which numpy would unpickle, is refused. `numpy.load` raises nine kinds of exceptions for odd headers and
reserves what they claim; here every fault is a `DataError`.
"""

from __future__ import annotations

import ast
import errno
import math
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import numpy.lib.format as npy
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import regular_file, writing
from mosecrot_cli.packing import check_unpacked

NPY_MAGIC = b"\x93NUMPY"
FLOATS = ("float16", "float32", "float64")

_TYPE = re.compile(r"[<>|=]?[fiu][1248]")
_LONGEST_HEADER_BYTES = 64 << 10
_MOST_DIMENSIONS = 8
_BLOCK_NUMBERS = 1 << 22
_READ_BYTES = 8 << 20
_HINT = "save it again with numpy.save; pickled objects are never loaded"
_UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True, slots=True)
class _Header:
    """What an `.npy` header says, found sound: a numeric type, a shape, and how many bytes of numbers follow."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def map_npy(path: Path, *, dimensions: int = 2, dtypes: Sequence[str] = FLOATS) -> NDArray[Any]:
    """An array in an `.npy` file as a read-only memory map. Its numbers are not looked at: see `require_finite`.

    Args:
        path: the file.
        dimensions: how many dimensions the array must have.
        dtypes: names of the types that it may have, in either byte order.

    Raises:
        DataError: no such file, no `.npy`, another type or number of dimensions, or fewer or more numbers than the
            header says.
    """
    where = str(regular_file(path))
    with path.open("rb") as file:
        header = _read_header(file, where)
        start, size = file.tell(), path.stat().st_size
    _check_kind(header, where, dimensions, dtypes)
    if size - start != header.nbytes:
        relation = "truncated" if size - start < header.nbytes else "damaged"
        what = f"{relation}: an array of shape {list(header.shape)} takes {header.nbytes:,} bytes, the file has "
        raise DataError(what + f"{size - start:,}", where=where)
    order: Any = "F" if header.fortran_order else "C"
    if not header.nbytes:
        return np.empty(header.shape, header.dtype, order=order)
    return np.memmap(path, dtype=header.dtype, mode="r", offset=start, shape=header.shape, order=order)


class NewArray:
    """A new `.npy` file that is filled by blocks of rows, in any order, by several threads; used in a `with` statement.

    Written blocks cost less than a memory map, of which the system has to map and clear each page. All the room on the
    disk is taken at once.

    Args:
        path: the file.
        shape: of the array.
        dtype: of its numbers; those of the blocks are cast.

    Raises:
        OutputError: there is no room, or the system refuses the writing.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: str = "float32") -> None:
        self.shape, self.dtype, self._path = shape, np.dtype(dtype), path
        header = {"descr": npy.dtype_to_descr(self.dtype), "fortran_order": False, "shape": shape}
        with writing(path):
            self._file = path.open("wb", buffering=0)
            npy.write_array_header_1_0(self._file, header)
            self._start = self._file.tell()
            try:
                os.posix_fallocate(self._file.fileno(), 0, self._place(shape[0]))
            except (AttributeError, OSError) as error:  # no such call on this system, or for this file system
                if getattr(error, "errno", errno.EOPNOTSUPP) not in (errno.EOPNOTSUPP, errno.EINVAL):
                    raise
                self._file.truncate(self._place(shape[0]))

    def __setitem__(self, rows: slice, values: NDArray[Any], /) -> None:
        start, stop, _ = rows.indices(self.shape[0])
        block = np.ascontiguousarray(values, dtype=self.dtype)
        if block.shape != (stop - start, self.shape[1]):
            raise ValueError(f"a block of shape {block.shape} for the rows {start} to {stop} of {self.shape}")
        rest, place = block.view(np.uint8).reshape(-1).data, self._place(start)
        with writing(self._path):
            while rest:
                written = os.pwrite(self._file.fileno(), rest, place)
                rest, place = rest[written:], place + written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _place(self, row: int) -> int:
        return self._start + row * self.shape[1] * self.dtype.itemsize


def read_npz(
    path: Path, expected: Mapping[str, tuple[int, Sequence[str]]], *, hint: str = _HINT
) -> dict[str, NDArray[Any]]:
    """Arrays of an `.npz` archive, in memory; together no more than any real file unpacks to (`packing.MOST_RATIO`).

    Args:
        path: the file.
        expected: name of each array that is wanted, its number of dimensions, and the names of the types that it may
            have.
        hint: how to mend the file, for messages.

    Raises:
        DataError: no such file, no such archive, an array is missing, encrypted, of another type or number of
            dimensions, cut, or larger than allowed.
    """
    where, found, total = str(regular_file(path)), {}, 0
    try:
        with zipfile.ZipFile(path) as archive:
            for name, (dimensions, dtypes) in expected.items():
                with archive.open(f"{name}.npy") as member:
                    header = _read_header(member, f"{where}: {name}")
                    _check_kind(header, f"{where}: {name}", dimensions, dtypes)
                    total += header.nbytes
                    check_unpacked(total, path.stat().st_size, where=where, name="npz")
                    found[name] = _read_numbers(member, header, f"{where}: {name}")
    except _UNREADABLE as error:
        reason = " ".join(str(error).strip("'\"").split()) or type(error).__name__
        raise DataError(f"no readable archive of arrays: {reason}", where=where, hint=hint) from error
    return found


def require_finite(matrix: NDArray[Any], where: str, *, rows: Sequence[int] | None = None) -> None:
    """Check that a matrix `[n, D]` holds finite numbers, block by block.

    Args:
        matrix: the numbers.
        where: what holds them, for the message.
        rows: number of each row in `where`, if they are not all of its rows in order.

    Raises:
        DataError: a row holds NaN or infinity; the message has its number, from 1.
    """
    step = max(1, _BLOCK_NUMBERS // max(1, matrix.shape[1]))
    for start in range(0, len(matrix), step):
        finite = np.isfinite(matrix[start : start + step]).all(axis=1)
        if not finite.all():
            row = start + int(np.argmin(finite))
            number = (row if rows is None else rows[row]) + 1
            raise DataError(f"NaN or infinite numbers (as {matrix.dtype})", where=f"{where}: row {number}")


def _read_header(file: IO[bytes], where: str) -> _Header:
    """The header of an `.npy`, versions 1 to 3; the file stands at the first number afterwards."""
    start = file.read(len(NPY_MAGIC) + 2)
    if start[:4] == b"PK\x03\x04":
        raise DataError("an archive of arrays (.npz), but one array (.npy) is wanted", where=where, hint=_HINT)
    if len(start) < len(NPY_MAGIC) + 2 or not start.startswith(NPY_MAGIC) or start[-2] not in (1, 2, 3):
        raise DataError("no array in the .npy format", where=where, hint=_HINT)
    width = 2 if start[-2] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    text = file.read(min(length, _LONGEST_HEADER_BYTES + 1))
    if length > _LONGEST_HEADER_BYTES or len(text) < length:
        raise DataError("a damaged .npy header", where=where, hint=_HINT)
    try:
        fields = ast.literal_eval(text.decode("latin-1").strip())
        described, order, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise DataError("a damaged .npy header", where=where, hint=_HINT) from error
    if not isinstance(described, str) or not _TYPE.fullmatch(described):
        raise DataError(f"not an array of numbers but of {str(described)[:40]!r}", where=where, hint=_HINT)
    sound = isinstance(shape, tuple) and len(shape) <= _MOST_DIMENSIONS and isinstance(order, bool)
    if not sound or not all(type(count) is int and 0 <= count < 1 << 62 for count in shape):
        raise DataError("a damaged .npy header: its shape makes no sense", where=where, hint=_HINT)
    try:
        return _Header(np.dtype(described), shape, order)
    except TypeError as error:  # such as f1
        raise DataError(f"not an array of numbers but of {described!r}", where=where, hint=_HINT) from error


def _check_kind(header: _Header, where: str, dimensions: int, dtypes: Sequence[str]) -> None:
    if len(header.shape) != dimensions or header.dtype.newbyteorder("=").name not in dtypes:
        what = f"an array of shape {list(header.shape)} and type {header.dtype.name}, but {dimensions} "
        what += f"{'dimension' if dimensions == 1 else 'dimensions'} of {' or '.join(dtypes)} are wanted"
        raise DataError(what, where=where, hint=_HINT)


def _read_numbers(member: IO[bytes], header: _Header, where: str) -> NDArray[Any]:
    """The numbers that follow a header. Memory grows with what is really there."""
    data = bytearray()
    while len(data) <= header.nbytes and (block := member.read(min(_READ_BYTES, header.nbytes + 1 - len(data)))):
        data += block
    if len(data) != header.nbytes:
        raise DataError("truncated" if len(data) < header.nbytes else "data after the end of the array", where=where)
    flat = np.frombuffer(data, dtype=header.dtype)
    return flat.reshape(header.shape, order="F" if header.fortran_order else "C")
