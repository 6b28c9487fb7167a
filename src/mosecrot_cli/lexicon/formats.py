"""Lexica that are tables: detecting the separator of their columns, and reading their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import takewhile
from typing import NamedTuple

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.entries import OddLines

_COLUMNS_HINT = "a tab, a comma, a semicolon or a bar splits columns, or a space where every line has just two words"


class Separator(StrEnum):
    """The separator of the columns of a file."""

    TAB = "tab"
    SPACE = "space"
    COMMA = "comma"
    SEMICOLON = "semicolon"
    BAR = "bar"


_SIGNS = {Separator.TAB: "\t", Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.BAR: "|"}
_ORDER = (Separator.TAB, Separator.COMMA, Separator.SPACE, Separator.SEMICOLON, Separator.BAR)
_PREFERENCE = {
    ".csv": (Separator.COMMA, Separator.SEMICOLON, Separator.TAB, Separator.SPACE, Separator.BAR),
    ".txt": (Separator.TAB, Separator.SPACE, Separator.COMMA, Separator.SEMICOLON, Separator.BAR),
}


class LexiconRow(NamedTuple):
    """The number and the cells of one line that is not blank."""

    line: int
    cells: list[str]


def read_rows(text: str, name: str, *, suffix: str, odd: OddLines, comments: bool = True) -> Iterator[LexiconRow]:
    """Read a table of at least two columns, without its blank lines; the separator is detected once for the file.

    Args:
        text: the whole file.
        name: its name in messages.
        suffix: the suffix of its name, which decides between separators that fit equally well.
        odd: how to treat lines that do not fit the others (`name:line`).
        comments: whether lines at the start of the file that begin with `#` are comments.

    Raises:
        DataError: a line does not fit, and `odd` does not skip such lines.
    """
    lines = without_header(text.split("\n")) if comments else text.split("\n")
    separator = detect_separator(lines, suffix=suffix)
    if separator is Separator.TAB:
        rows = _tab_rows(lines)
    elif separator is Separator.SPACE:
        rows = _space_rows(lines, name, odd)
    else:
        rows = _csv_rows(lines, name, _SIGNS[separator], odd)
    for row in rows:
        if len(row.cells) < 2:
            where = f"{name}:{row.line}"
            odd.report(DataError("one column, but a source and a target are wanted", where=where, hint=_COLUMNS_HINT))
        else:
            yield row


def without_header(lines: Sequence[str]) -> list[str]:
    """The lines, with comments (`# …`) at the start, as in the exports of dict.cc, replaced by blank lines.

    A pair whose source word is `#`, as in `# 5` or `#` and a tab, is not a comment.
    """
    header = list(takewhile(lambda line: not line.strip() or _is_comment(line), lines))
    return ["" for _ in header] + list(lines[len(header) :])


def _is_comment(line: str) -> bool:
    words = line.split()
    if not line.startswith("#") or line.startswith("#\t"):
        return False
    return len(words) > 2 or any(map(str.isalpha, words[-1]))


def detect_separator(lines: Sequence[str], *, suffix: str = "") -> Separator:
    """The separator that fits most lines; the suffix of the file decides between equally good ones."""
    counts = {separator: sum(sign in line for line in lines) for separator, sign in _SIGNS.items()}
    counts[Separator.SPACE] = sum(map(_is_two_words, lines))
    return max(_PREFERENCE.get(suffix, _ORDER), key=lambda separator: counts[separator])


def _is_two_words(line: str) -> bool:
    """Whether the line is in MUSE's format: two words, separated by a space or a tab. `dog, chien` is CSV."""
    words = _split_at_spaces(line)
    return len(words) == 2 and not words[0].endswith(",")


def _split_at_spaces(line: str) -> list[str]:
    # `split()` would also split at a no-break space, which is part of a word.
    return [word for word in line.replace("\t", " ").split(" ") if word]


def _tab_rows(lines: Sequence[str]) -> Iterator[LexiconRow]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield LexiconRow(number, line.split("\t"))


def _space_rows(lines: Sequence[str], name: str, odd: OddLines) -> Iterator[LexiconRow]:
    for number, line in enumerate(lines, start=1):
        words = _split_at_spaces(line)
        if len(words) > 2:
            error = DataError(
                f"{len(words)} words, but this file has two words a line, split by a space",
                where=f"{name}:{number}",
                hint="entries of several words need a tab between source and target, in every line",
            )
            odd.report(error)
        elif line.strip():
            yield LexiconRow(number, words)


def _csv_rows(lines: Sequence[str], name: str, sign: str, odd: OddLines) -> Iterator[LexiconRow]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=sign, skipinitialspace=True, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            odd.report(DataError(f"no CSV ({error})", where=f"{name}:{number}", hint="check the quotes"))
            continue
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            # A quoted field may contain characters that would break a line of `anchors.tsv`.
            yield LexiconRow(number, [cell.replace("\t", " ").replace("\n", " ") for cell in cells])
