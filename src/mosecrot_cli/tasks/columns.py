"""Which column of a table holds the identifier, the text and the label."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.types import Columns

# In order of preference, compared in lower case.
TEXT_NAMES = (
    *("text", "sentence", "verse", "review_body", "content", "body", "review", "utterance", "document", "comment"),
    *("tweet", "headline"),
)
# `label_text` before `label`: where a file has both (the SetFit layout), `label` is a bare number.
LABEL_NAMES = (
    *("label_text", "label", "labels", "category", "class", "classification", "topic", "sentiment", "intent", "gold"),
    *("stars", "star_rating"),
)
ID_NAMES = ("id", "index_id", "review_id", "verse_id", "idx", "guid")

SAMPLE = 500
"""Rows of a table without a header that are read to find out which column is which."""

_KNOWN = {*TEXT_NAMES, *LABEL_NAMES, *ID_NAMES}
_PAIR = re.compile(
    r"(?:sentence|sent|text|question|query|utterance|document|s|q|string|input)[ _-]?[12ab]"
    r"|premise|hypothesis"
)
_COLUMN_NAME = re.compile(r"[^\W\d][\w .-]{0,30}")
_MEND = "name the columns with `text_column` and `label_column`, by their number from 1 or by their name in the header"
_MEND_TEXT = "name the column of the texts with `text_column`, by its number from 1 or by its name in the header"
_DISTINCT = 0.9  # share of the rows that have an identifier of their own
_FEW = 8  # below this number of rows, values that differ say nothing


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Positions of the columns, counted from 0.

    Attributes:
        text: the text.
        label: the label, None where there is none.
        id: the identifier, None where there is none.
        label_name: the name of the label column in lower case, empty without a header.
    """

    text: int
    label: int | None
    id: int | None
    label_name: str = ""


def normal(name: str) -> str:
    """A column name in the form in which names are compared."""
    return name.strip().lower()


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether the first row of a table is a header.

    It is one if the user gave a column name, if a cell is a usual name of a text column, if two cells are usual names
    of any kind, or if one is and all others could be names.
    """
    names = [normal(cell) for cell in cells]
    if any(name and not name.isdigit() for name in (columns.text, columns.label)):
        return True
    known = sum(name in _KNOWN or _PAIR.fullmatch(name) is not None for name in names)
    # A lone "text" is more likely a header than a text: plain lines come without tabs and are not asked.
    if known > 1 or any(name in TEXT_NAMES for name in names):
        return True
    return known == 1 and len(names) > 1 and all(_COLUMN_NAME.fullmatch(name) for name in names)


def named_layout(names: Sequence[str], columns: Columns, *, require_labels: bool, where: str) -> ColumnLayout:
    """Find the columns of a table with a header.

    Args:
        names: the header.
        columns: the columns that the user named, or numbered from 1.
        require_labels: whether a table without labels is an error.
        where: the place of the header, for messages.

    Raises:
        DataError: a column is missing, or the table holds pairs of sentences.
    """
    if not columns.text:
        _refuse_pairs(names, where)
    text = _by_name(names, columns.text, TEXT_NAMES)
    label = _by_name(names, columns.label, LABEL_NAMES)
    listed = ", ".join(names)
    if text is None:
        raise DataError(_missing("text", columns.text, listed), where=where, hint=_mend(labels=require_labels))
    if label is None and (require_labels or columns.label):
        raise DataError(_missing("label", columns.label, listed), where=where, hint=_MEND)
    if text == label:
        raise DataError(f"column {names[text]!r} cannot be both text and label", where=where, hint=_MEND)
    return ColumnLayout(text, label, _by_name(names, None, ID_NAMES), normal(names[label]) if label is not None else "")


def numbered_layout(
    sample: Sequence[Sequence[str]], columns: Columns, *, require_labels: bool, where: str
) -> ColumnLayout:
    """Find the columns of a table without a header: as the user numbered them, else `id, label, text` or `id, text`.

    The guess is made only where the columns look the part: identifiers do not repeat, labels do.

    Args:
        sample: the first rows, at least one, all of the same length.
        columns: the columns that the user numbered from 1.
        require_labels: whether a table without labels is an error.
        where: the place of the first row, for messages.

    Raises:
        DataError: it is unclear which column is which, or the first row looks like a header.
    """
    width, mend = len(sample[0]), _mend(labels=require_labels)
    if columns.text or columns.label:
        text = _number(columns.text, width, where, mend) if columns.text else 0 if width == 1 else None
        label = _number(columns.label, width, where, mend) if columns.label else None
        if text is None or (label is None and require_labels):
            raise DataError("there is no header, so both columns are needed", where=where, hint=_MEND)
        if text == label:
            raise DataError(f"column {text + 1} cannot be both text and label", where=where, hint=_MEND)
        _refuse_header(sample, text, label, where, labels=require_labels)
        return ColumnLayout(text, label, 0 if width > 2 and 0 not in (text, label) else None)
    if width == 1:
        if require_labels:
            raise DataError("there is only one column, so there are no labels", where=where, hint=_MEND)
        return ColumnLayout(text=0, label=None, id=None)
    if width == 2 and not require_labels and _are_ids(sample):
        return ColumnLayout(text=1, label=None, id=0)
    problem = _problem_with_guess(sample)
    if problem:
        raise DataError(problem, where=where, hint=_suggestion(sample, labels=require_labels))
    _refuse_header(sample, 2, 1, where, labels=require_labels)
    return ColumnLayout(text=2, label=1, id=0)


def _mend(*, labels: bool) -> str:
    """How to name the columns; a command that wants no labels has no parameter for their column."""
    return _MEND if labels else _MEND_TEXT


def _missing(role: str, given: str | None, listed: str) -> str:
    if given:
        return f"there is no {role} column {given!r}: the columns are {listed}"
    return f"no column is called like a {role} column: the columns are {listed}"


def _by_name(names: Sequence[str], given: str | None, guesses: Sequence[str]) -> int | None:
    normalised = [normal(name) for name in names]
    if given:
        if normal(given) in normalised:
            return normalised.index(normal(given))
        return int(given) - 1 if given.isdecimal() and 0 < int(given) <= len(names) else None
    return next((normalised.index(guess) for guess in guesses if guess in normalised), None)


def _number(given: str, width: int, where: str, hint: str) -> int:
    if not given.isdecimal() or not 0 < int(given) <= width:
        what = f"there is no column {given!r}: the table has {width} columns and no header"
        raise DataError(what, where=where, hint=hint)
    return int(given) - 1


def _refuse_pairs(names: Sequence[str], where: str) -> None:
    pairs = [name for name in names if _PAIR.fullmatch(normal(name))]
    if len(pairs) > 1:
        raise DataError(
            f"the columns {' and '.join(pairs)} hold pairs of sentences, which are not supported",
            where=where,
            hint="to classify one sentence of each pair, name its column with `text_column`",
        )


def _refuse_header(sample: Sequence[Sequence[str]], text: int, label: int | None, where: str, *, labels: bool) -> None:
    """Refuse to take a row of unknown column names for data: it would become a class of its own."""
    first, rest = sample[0], sample[1:]
    if label is None or len(rest) < _FEW or not all(_COLUMN_NAME.fullmatch(cell.strip()) for cell in first):
        return
    values = [row[label].strip() for row in rest]
    unlike = first[label].strip() not in values and len(set(values)) <= len(values) / 2
    if unlike and len(first[text]) < fmean(len(row[text]) for row in rest) / 2:
        name = f"`text_column` {first[text].strip()}"
        raise DataError(
            f"the first row looks like a header ({', '.join(first)})",
            where=where,
            hint=f"name its columns with `label_column` {first[label].strip()} {name}"
            if labels
            else f"name the column of the texts with {name}",
        )


def _are_ids(sample: Sequence[Sequence[str]]) -> bool:
    """Whether the first column holds identifiers: one word with a digit in it, mostly another one in each row."""
    ids = [row[0].strip() for row in sample]
    words = all(len(each.split()) == 1 and any(map(str.isdigit, each)) for each in ids)
    return words and len(set(ids)) >= _DISTINCT * len(ids)


def _problem_with_guess(sample: Sequence[Sequence[str]]) -> str:
    """Why the columns are not `id, label, text`; empty if they look the part."""
    neither = "the table has neither a header that names the text nor the columns id, label, text"
    if len(sample[0]) != 3 or not any(character.isdigit() for character in sample[0][0]):
        return neither
    rows = len(sample)
    ids, labels = ({row[column].strip() for row in sample} for column in (0, 1))
    if len(ids) < _DISTINCT * rows:
        return f"the table has no header, and its first column is not an identifier: {len(ids)} values in {rows} rows"
    if rows >= _FEW and len(labels) > rows / 2:
        return f"the table has no header, and its second column is not a label: {len(labels)} values in {rows} rows"
    return ""


def _suggestion(sample: Sequence[Sequence[str]], *, labels: bool) -> str:
    """Which columns may be meant: the label repeats most, the text is longest."""
    rows, width = len(sample), len(sample[0])
    distinct = [len({row[column].strip() for row in sample}) for column in range(width)]
    label = min(range(width), key=lambda column: distinct[column])
    others = [column for column in range(width) if column != label]
    text = max(others, key=lambda column: fmean(len(row[column]) for row in sample))
    if rows < 2 or distinct[label] > rows / 2:
        return _mend(labels=labels)
    if not labels:
        return f"if column {text + 1} is the text, give `text_column` {text + 1}"
    return f"if column {label + 1} is the label, give `label_column` {label + 1} `text_column` {text + 1}"
