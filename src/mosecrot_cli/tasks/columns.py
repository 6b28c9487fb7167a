"""Which column of a table holds the identifier, the text and the label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
_KNOWN = {*TEXT_NAMES, *LABEL_NAMES, *ID_NAMES}
_MEND = "--text-column and --label-column name a column, or give its number in a file without a header"


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """Positions of the columns, from 0.

    Attributes:
        text: the text.
        label: the label, None where there is none.
        id: the identifier, None where there is none.
        label_name: name of the label column in lower case, "" without a header.
    """

    text: int
    label: int | None
    id: int | None
    label_name: str = ""


def normal(name: str) -> str:
    """A column name as it is compared."""
    return name.strip().lower()


def is_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether the first row holds names: one that means a text, two known ones, or one that the user gave."""
    names = [normal(cell) for cell in cells]
    given = {normal(name) for name in (columns.text, columns.label) if name and not name.isdigit()}
    known = sum(name in _KNOWN for name in names)
    # A lone "text" is more likely a header than a text: plain lines come without tabs and are not asked.
    return bool(given) or any(name in TEXT_NAMES for name in names) or known > 1


def find_layout(
    names: Sequence[str] | None, first: Sequence[str], columns: Columns, *, require_labels: bool, where: str
) -> ColumnLayout:
    """Find the columns.

    Args:
        names: the header, or None.
        first: cells of the first record.
        columns: what the user said.
        require_labels: whether a table without labels is an error.
        where: place of the first line, for messages.

    Raises:
        DataError: a column is missing.
    """
    if names is None:
        return _by_number(first, columns, require_labels=require_labels, where=where)
    text = _by_name(names, columns.text, TEXT_NAMES)
    label = _by_name(names, columns.label, LABEL_NAMES)
    listed = ", ".join(names)
    if text is None:
        raise DataError(_missing("text", columns.text, listed), where=where, hint=_MEND)
    if label is None and (require_labels or columns.label):
        raise DataError(_missing("label", columns.label, listed), where=where, hint=_MEND)
    return ColumnLayout(text, label, _by_name(names, None, ID_NAMES), normal(names[label]) if label is not None else "")


def _missing(role: str, given: str | None, listed: str) -> str:
    return f"no {role} column {given!r}: there are {listed}" if given else f"no {role} column among {listed}"


def _by_name(names: Sequence[str], given: str | None, guesses: Sequence[str]) -> int | None:
    normalised = [normal(name) for name in names]
    if given:
        if normal(given) in normalised:
            return normalised.index(normal(given))
        return int(given) - 1 if given.isdigit() and 0 < int(given) <= len(names) else None
    return next((normalised.index(guess) for guess in guesses if guess in normalised), None)


def _by_number(first: Sequence[str], columns: Columns, *, require_labels: bool, where: str) -> ColumnLayout:
    width = len(first)
    if columns.text or columns.label:
        text = _number(columns.text, width, where) if columns.text else 0 if width == 1 else None
        label = _number(columns.label, width, where) if columns.label else None
        if text is None or (label is None and require_labels):
            raise DataError("no header: both columns are needed", where=where, hint=_MEND)
        return ColumnLayout(text, label, 0 if width > 2 and 0 not in (text, label) else None)
    if width == 3 and any(character.isdigit() for character in first[0]):
        return ColumnLayout(text=2, label=1, id=0)
    if width == 1 and not require_labels:
        return ColumnLayout(text=0, label=None, id=None)
    what = "only one column, so no labels" if width == 1 else "neither a header that names the text nor id, label, text"
    raise DataError(what, where=where, hint=_MEND)


def _number(given: str, width: int, where: str) -> int:
    if not given.isdigit() or not 0 < int(given) <= width:
        raise DataError(f"no column {given!r}: there are {width}, without a header", where=where, hint=_MEND)
    return int(given) - 1
