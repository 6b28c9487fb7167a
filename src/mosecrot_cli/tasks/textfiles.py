"""Texts in files: tables (TSV, CSV, JSON lines) with or without labels, and plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.columns import SAMPLE, ColumnLayout, is_header, named_layout, numbered_layout
from mosecrot_cli.tasks.rows import NestedValue, OpenTable, TableRow, open_table
from mosecrot_cli.tasks.stars import STAR_COLUMNS, sentiment
from mosecrot_cli.tasks.types import Columns, TextDataset
from mosecrot_cli.text_lines import display_name, plain_suffix, read_lines

_MISSING = {"nan", "#n/a", "<na>", "null"}
TABLES = (".tsv", ".csv", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Item:
    """One text of a file.

    Attributes:
        id: the file's identifier, else the number of the record, counted from 1.
        text: the text.
        label: its gold label, None where the file has none.
        line: the line on which the record starts.
        has_id: whether the identifier is the file's own.
    """

    id: str
    text: str
    label: str | None
    line: int
    has_id: bool = False


def stream_file(
    path: str, columns: Columns | None = None, *, require_labels: bool = True, read_labels: bool = True
) -> Iterator[Item]:
    """Read a file of texts record by record: TSV, CSV, JSON lines, or (without labels) plain lines; `-` is stdin.

    Columns that are not given are guessed from the header (`text`, `sentence`, `verse`, `review_body`, ...; `label`,
    `category`, `class`, `stars`, ...; `id`, `index_id`, ...), or, without a header, are `id TAB label TAB text`.
    The ratings of a label column named `stars` or `star_rating` are grouped: 1-2 negative, 3 neutral, 4-5 positive.

    Args:
        path: the file.
        columns: names or numbers of columns.
        require_labels: every record must have a text and a label; otherwise both may be empty (label None).
        read_labels: read the label column, if there is one.

    Raises:
        DataError: wrong encoding, a missing column, a ragged row, a missing label; with `path:line`.
    """
    columns = columns or Columns()
    table = open_table(path, is_header=lambda cells: is_header(cells, columns))
    layout, rows = _layout(table, columns, require_labels=require_labels and read_labels)
    if not read_labels:
        layout = replace(layout, label=None)
    for number, row in enumerate(rows, start=1):
        yield _item(table, row, layout, number, require_labels=require_labels)


def read_file(
    path: str, columns: Columns | None = None, *, language: str | None = None, require_labels: bool = True
) -> TextDataset:
    """Read a whole file of texts; see `stream_file`.

    Without `require_labels` the labels of the data set are None unless every text has one.

    Raises:
        DataError: as `stream_file`, or the file has no records.
    """
    return collect(
        stream_file(path, columns, require_labels=require_labels), source=display_name(path), language=language
    )


def stream_texts(path: str, text_column: str | None = None) -> Iterator[str]:
    """Read only the texts of a file: the text column of a table (`.tsv`, `.csv`, `.jsonl`), else its lines.

    Args:
        path: the file; `-` is stdin.
        text_column: name or number of the column; None: guessed. A file of any name is then read as a table.

    Raises:
        DataError: missing, not UTF-8 (with the line), a damaged table, or no such column.
    """
    return (text for _, text in identified_texts(path, text_column))


def identified_texts(path: str, text_column: str | None = None) -> Iterator[tuple[str | None, str]]:
    """As `stream_texts`, each text with its identifier; None where the file gives it none.

    Raises:
        DataError: as `stream_texts`.
    """
    if text_column or _is_table(path):
        columns = Columns(text_column, None)
        items = stream_file(path, columns, require_labels=False, read_labels=False)
        return ((item.id if item.has_id else None, item.text) for item in items)
    return ((None, line) for _, line in read_lines(path))


def stream_strings(path: str) -> Iterator[str]:
    """Read everything in a file: every cell of a table, else its lines.

    Raises:
        DataError: as `stream_texts`.
    """
    if _is_table(path):
        return (cell for row in open_table(path, is_header=lambda cells: False).rows for cell in row.cells)
    return (line for _, line in read_lines(path))


def collect(items: Iterator[Item], *, source: str, language: str | None) -> TextDataset:
    """Gather items into a data set.

    Raises:
        DataError: there are none.
    """
    found = list(items)
    if not found:
        raise DataError("the data set is empty", where=source, hint="it needs at least one record below the header")
    labels = [item.label for item in found if item.label is not None]
    return TextDataset(
        ids=tuple(item.id for item in found),
        texts=tuple(item.text for item in found),
        labels=tuple(labels) if len(labels) == len(found) else None,
        source=source,
        language=language,
        lines=tuple(item.line for item in found),
    )


def _layout(table: OpenTable, columns: Columns, *, require_labels: bool) -> tuple[ColumnLayout, Iterator[TableRow]]:
    """The columns of a table, and its rows, of which a few were read if there is no header."""
    where = f"{table.where}:{table.first_line}"
    if table.names is not None:
        return named_layout(table.names, columns, require_labels=require_labels, where=where), table.rows
    sample = list(islice(table.rows, SAMPLE if table.width > 1 else 1))
    layout = numbered_layout([row.cells for row in sample], columns, require_labels=require_labels, where=where)
    return layout, chain(sample, table.rows)


def _is_table(path: str) -> bool:
    return plain_suffix(path) in TABLES


def _item(table: OpenTable, row: TableRow, layout: ColumnLayout, number: int, *, require_labels: bool) -> Item:
    where = f"{table.where}:{row.line}"
    text = _plain(row.cells[layout.text], where)
    label = _plain(row.cells[layout.label], where).strip() if layout.label is not None else ""
    if require_labels and not text.strip():
        raise DataError("the text is empty", where=where, hint="remove the row")
    gold = checked_label(label, layout, where, required=require_labels)
    identifier = row.cells[layout.id].strip() if layout.id is not None else ""
    return Item(identifier or str(number), text, gold, row.line, has_id=bool(identifier))


def checked_label(label: str, layout: ColumnLayout, where: str, *, required: bool) -> str | None:
    """A label as it counts: star ratings grouped, and None for a missing one.

    `NaN` and the like are what pandas and spreadsheets write for a missing value, and never a class.

    Raises:
        DataError: a required label is missing, or a rating is not one.
    """
    if layout.label_name in STAR_COLUMNS and label:
        return sentiment(label, where=where)
    if label and label.casefold() not in _MISSING:
        return label
    if not required:
        return None
    what = f"the label is {label!r}, which stands for a missing value" if label else "the label is empty"
    raise DataError(what, where=where, hint="give every text a label, or remove the row")


def _plain(value: str, where: str) -> str:
    if isinstance(value, NestedValue):
        raise DataError("a list or an object where a text or a label is expected", where=where)
    return value
