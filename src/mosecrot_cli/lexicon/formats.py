"""From the bytes of a lexicon file to its rows: decompression, encoding, and how the columns are split."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from mosecrot_cli.errors import DataError
from mosecrot_cli.text_lines import display_name, plain_suffix, read_text

_COLUMNS_HINT = "columns are split by a tab or a comma, or by a space where every line has just two words"


class Separator(StrEnum):
    """What splits the columns of a file."""

    TAB = "tab"
    SPACE = "space"
    COMMA = "comma"


_PREFERENCE = {
    ".csv": (Separator.COMMA, Separator.TAB, Separator.SPACE),
    ".txt": (Separator.TAB, Separator.SPACE, Separator.COMMA),
}


class LexiconRow(NamedTuple):
    """The cells of one line that is not blank."""

    line: int
    cells: list[str]


def read_rows(path: str) -> Iterator[LexiconRow]:
    """The rows that are not blank of a table of two columns at least; what splits them is found once for the file.

    Raises:
        DataError: as `read_text`, or a line that does not fit the others (`path:line`).
    """
    lines = unicodedata.normalize("NFC", read_text(path)).split("\n")
    separator = detect_separator(lines, suffix=plain_suffix(path))
    name = display_name(path)
    split = {Separator.TAB: _tab_rows, Separator.SPACE: _space_rows, Separator.COMMA: _comma_rows}[separator]
    for row in split(lines, name):
        if len(row.cells) < 2:
            raise DataError(
                "one column, but a source and a target are wanted", where=f"{name}:{row.line}", hint=_COLUMNS_HINT
            )
        yield row


def detect_separator(lines: Sequence[str], *, suffix: str = "") -> Separator:
    """What splits the columns: the separator that fits most lines; the file's suffix decides between equals."""
    counts = {
        Separator.TAB: sum("\t" in line for line in lines),
        Separator.COMMA: sum("," in line for line in lines),
        Separator.SPACE: sum(map(_is_two_words, lines)),
    }
    order = _PREFERENCE.get(suffix, (Separator.TAB, Separator.COMMA, Separator.SPACE))
    return max(order, key=lambda separator: counts[separator])


def _is_two_words(line: str) -> bool:
    """Whether the line is of MUSE's form: two words, a space or a tab between them. `dog, chien` is CSV."""
    words = _split_at_spaces(line)
    return len(words) == 2 and not words[0].endswith(",")


def _split_at_spaces(line: str) -> list[str]:
    # Not `split()`: a no-break space is part of a word.
    return [word for word in line.replace("\t", " ").split(" ") if word]


def _tab_rows(lines: Sequence[str], name: str) -> Iterator[LexiconRow]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield LexiconRow(number, line.split("\t"))


def _space_rows(lines: Sequence[str], name: str) -> Iterator[LexiconRow]:
    for number, line in enumerate(lines, start=1):
        words = _split_at_spaces(line)
        if len(words) > 2:
            raise DataError(
                f"{len(words)} words, but this file has two words a line, split by a space",
                where=f"{name}:{number}",
                hint="entries of several words need a tab between source and target, in every line",
            )
        if line.strip():
            yield LexiconRow(number, words)


def _comma_rows(lines: Sequence[str], name: str) -> Iterator[LexiconRow]:
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
            yield LexiconRow(number, [cell.replace("\t", " ").replace("\n", " ") for cell in cells])
