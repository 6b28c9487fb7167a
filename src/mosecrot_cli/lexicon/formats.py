"""From the bytes of a lexicon file to its rows: decompression, encoding, and how the columns are split."""

from __future__ import annotations

import codecs
import csv
import gzip
import sys
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file

STDIN = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_COLUMNS_HINT = "columns are split by a tab or a comma, or by a space where every line has just two words"


class Layout(StrEnum):
    """What splits the columns of a file."""

    TAB = "tab"
    SPACE = "space"
    COMMA = "comma"


_PREFERENCE = {
    ".csv": (Layout.COMMA, Layout.TAB, Layout.SPACE),
    ".txt": (Layout.TAB, Layout.SPACE, Layout.COMMA),
}


class Row(NamedTuple):
    """The cells of one line that is not blank."""

    line: int
    cells: list[str]


def display_name(path: str) -> str:
    """How messages call an input."""
    return "stdin" if path == STDIN else path


def read_text(path: str) -> str:
    """The text of a UTF-8 file, plain or gzipped, or of stdin (`-`): NFC, every line ended by a plain newline.

    Raises:
        DataError: the file is missing, not UTF-8 (with the line), damaged, or holds no text.
    """
    name = display_name(path)
    text = _decode(_decompress(_read_bytes(path), name), name)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        hint = "the command before the pipe may have failed" if path == STDIN else None
        raise DataError("the input is empty", where=name, hint=hint)
    return text


def read_rows(path: str) -> Iterator[Row]:
    """The rows that are not blank of a table of two columns at least; what splits them is found once for the file.

    Raises:
        DataError: as `read_text`, or a line that does not fit the others (`path:line`).
    """
    lines = read_text(path).split("\n")
    layout = detect_layout(lines, suffix=Path(path.removesuffix(".gz")).suffix.lower())
    name = display_name(path)
    split = {Layout.TAB: _tab_rows, Layout.SPACE: _space_rows, Layout.COMMA: _comma_rows}[layout]
    for row in split(lines, name):
        if len(row.cells) < 2:
            raise DataError(
                "one column, but a source and a target are wanted", where=f"{name}:{row.line}", hint=_COLUMNS_HINT
            )
        yield row


def detect_layout(lines: Sequence[str], *, suffix: str = "") -> Layout:
    """What splits the columns: the separator that fits most lines; the file's suffix decides between equals."""
    counts = {
        Layout.TAB: sum("\t" in line for line in lines),
        Layout.COMMA: sum("," in line for line in lines),
        Layout.SPACE: sum(map(_is_two_words, lines)),
    }
    order = _PREFERENCE.get(suffix, (Layout.TAB, Layout.COMMA, Layout.SPACE))
    return max(order, key=lambda layout: counts[layout])


def _is_two_words(line: str) -> bool:
    """Whether the line is of MUSE's form: two words, a space or a tab between them. `dog, chien` is CSV."""
    words = _split_at_spaces(line)
    return len(words) == 2 and not words[0].endswith(",")


def _split_at_spaces(line: str) -> list[str]:
    # Not `split()`: a no-break space is part of a word.
    return [word for word in line.replace("\t", " ").split(" ") if word]


def _tab_rows(lines: Sequence[str], name: str) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield Row(number, line.split("\t"))


def _space_rows(lines: Sequence[str], name: str) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        words = _split_at_spaces(line)
        if len(words) > 2:
            raise DataError(
                f"{len(words)} words, but this file has two words a line, split by a space",
                where=f"{name}:{number}",
                hint="entries of several words need a tab between source and target, in every line",
            )
        if line.strip():
            yield Row(number, words)


def _comma_rows(lines: Sequence[str], name: str) -> Iterator[Row]:
    reader = csv.reader((line + "\n" for line in lines), skipinitialspace=True, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise DataError(f"no CSV ({error})", where=f"{name}:{number}", hint="check the quotes") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            # A quoted field may hold what would break a line of `anchors.tsv`.
            yield Row(number, [cell.replace("\t", " ").replace("\n", " ") for cell in cells])


def _read_bytes(path: str) -> bytes:
    if path != STDIN:
        return existing_file(Path(path)).read_bytes()
    if sys.stdin is None:
        raise DataError("stdin is closed", where=STDIN)
    buffer = getattr(sys.stdin, "buffer", None)
    data: bytes = buffer.read() if buffer is not None else sys.stdin.read().encode()
    return data


def _decompress(data: bytes, name: str) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"damaged gzip file ({error})", where=name, hint="fetch it again") from error


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # `error.object` is without a byte-order mark, `data` is not.
        line = error.object.count(b"\n", 0, error.start) + 1
        encoding = "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "ENCODING"
        raise DataError(
            f"not UTF-8 (byte 0x{error.object[error.start]:02x})",
            where=f"{name}:{line}",
            hint=f"convert it: iconv -f {encoding} -t UTF-8",
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError("a NUL character: not a text file, or UTF-16", where=f"{name}:{line}")
    return text
