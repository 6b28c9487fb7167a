"""Text files as numbered lines: plain or gzipped, or standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file

STDIN = "-"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_RECODE = "the file must be UTF-8; `iconv -f ENCODING -t UTF-8` converts it"


def display_name(path: str) -> str:
    """How messages name the file."""
    return "<stdin>" if path == STDIN else path


def read_lines(path: str, *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers from 1, read as they come.

    Only a line feed (or CR LF) ends a line: the other Unicode line separators belong to the text. A last line without
    a line feed counts. A byte order mark is dropped.

    Args:
        path: a file, `.gz` or not, or `-` for standard input.
        keep_ends: leave the line feed on.

    Raises:
        DataError: no such file, damaged gzip, or bytes that are not UTF-8 (with the line).
    """
    where = display_name(path)
    number = 0
    with _open(path) as stream:
        try:
            for number, raw in enumerate(stream, start=1):
                yield number, _decode(raw, f"{where}:{number}", first=number == 1, keep_end=keep_ends)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(
                f"damaged gzip file ({error})", where=f"{where}:{number + 1}", hint="fetch or compress it anew"
            ) from error


@contextmanager
def _open(path: str) -> Iterator[Iterable[bytes]]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    existing_file(Path(path))
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as stream:
        yield stream


def _decode(raw: bytes, where: str, *, first: bool, keep_end: bool) -> str:
    if first and raw.startswith(_UTF16_MARKS):
        raise DataError("the file is UTF-16", where=where, hint=_RECODE)
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte 0x{raw[error.start]:02x})", where=where, hint=_RECODE) from error
    return text if keep_end else text.removesuffix("\n").removesuffix("\r")
