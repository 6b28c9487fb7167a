"""Opening text files, in the one way that all commands share: plain or packed, or standard input, always UTF-8.

Whether a file is packed is decided by its first bytes, because names mislead. Unpacking is bounded: a file that
unpacks to hundreds of times its size is refused before it fills the memory.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Final

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file
from mosecrot_cli.packing import PACKINGS, Unpacked, packing_of

STDIN: Final = "-"
"""The path that means standard input."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def display_name(path: str) -> str:
    """How messages name the file."""
    return "stdin" if path == STDIN else path


def plain_suffix(path: str) -> str:
    """The suffix in lower case, that of a compression left out: `.tsv` for `de.TSV.gz`."""
    name = PurePath(path)
    if name.suffix.lower() in {packing.suffix for packing in PACKINGS}:
        name = name.with_suffix("")
    return name.suffix.lower()


def is_utf16(start: bytes) -> bool:
    """Whether a text that starts with these bytes is UTF-16, by its byte order mark or by a NUL beside a letter."""
    return start.startswith(_UTF16_MARKS) or (len(start) > 1 and start[:2].count(0) == 1)


@contextmanager
def open_bytes(path: str) -> Iterator[io.BufferedReader]:
    """Open a file, or standard input for `-`, and unpack it where its first bytes say that it is packed.

    Args:
        path: a plain file or one of gzip, bzip2, xz or zstd, or `-`.

    Raises:
        DataError: no such file; while reading, packed data that are damaged or unpack to far too much.
    """
    with _open_raw(path) as raw:
        packing = packing_of(raw.peek(8))
        yield raw if packing is None else io.BufferedReader(Unpacked(raw, packing, display_name(path)))


def read_lines(path: str, *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers from 1, read as they come.

    Only a line feed (or CR LF) ends a line: the other Unicode line separators belong to the text. A last line without
    a line feed counts. A byte order mark is dropped.

    Args:
        path: a file, packed or not, or `-` for standard input.
        keep_ends: leave the line feed on.

    Raises:
        DataError: no such file, damaged packed data, or bytes that are not UTF-8 (with the line).
    """
    where = display_name(path)
    number = 0
    with open_bytes(path) as stream:
        while True:
            try:
                raw = stream.readline()
            except DataError as error:
                raise DataError(error.what, where=f"{where}:{number + 1}", hint=error.hint) from error
            if not raw:
                return
            number += 1
            text = _decode(raw, where, first_line=number)
            yield number, text if keep_ends else text.removesuffix("\n").removesuffix("\r")


def read_text(path: str) -> str:
    """The whole text of a UTF-8 file, packed or not, or of standard input, with every line ended by a line feed.

    Raises:
        DataError: as `read_lines`, and for a text with NUL characters or without any text.
    """
    where = display_name(path)
    with open_bytes(path) as stream:
        data = stream.read()
    text = _decode(data, where).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError("a NUL character, so this is not a text file", where=f"{where}:{line}")
    if not text.strip():
        hint = "the command before the pipe may have failed" if path == STDIN else None
        raise DataError("the input is empty", where=where, hint=hint)
    return text


def _decode(data: bytes, where: str, *, first_line: int = 1) -> str:
    if first_line == 1 and is_utf16(data[:2]):
        raise DataError("the file is UTF-16, not UTF-8", where=f"{where}:1", hint=_recode("UTF-16"))
    try:
        return data.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + error.object.count(b"\n", 0, error.start)
        byte = error.object[error.start]
        raise DataError(f"not UTF-8 (byte 0x{byte:02x})", where=f"{where}:{line}", hint=_recode("ENCODING")) from error


def _recode(encoding: str) -> str:
    return f"convert it with `iconv -f {encoding} -t UTF-8`"


@contextmanager
def _open_raw(path: str) -> Iterator[io.BufferedReader]:
    if path != STDIN:
        with existing_file(Path(path)).open("rb") as stream:
            yield stream
        return
    if sys.stdin is None:
        raise DataError("standard input is closed", where=display_name(path))
    buffer = getattr(sys.stdin, "buffer", None)
    if isinstance(buffer, io.BufferedReader):
        yield buffer
        return
    # Standard input that a notebook or a test replaced.
    raw = buffer if buffer is not None else io.BytesIO(sys.stdin.read().encode())
    reader = io.BufferedReader(raw)
    try:
        yield reader
    finally:
        reader.detach()  # else the end of the reader would close standard input
