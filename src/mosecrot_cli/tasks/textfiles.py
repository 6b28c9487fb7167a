"""Data sets in files: TSV, CSV, JSON lines, plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.columns import Layout, find_layout, is_header
from mosecrot_cli.tasks.rows import NestedValue, Row, Table, open_table
from mosecrot_cli.tasks.stars import STAR_COLUMNS, sentiment
from mosecrot_cli.tasks.types import Columns, TextDataset
from mosecrot_cli.text_lines import display_name


@dataclass(frozen=True, slots=True)
class Item:
    """One text of a file.

    Attributes:
        id: the file's identifier, else the number of the record from 1.
        text: the text.
        label: its gold label, None where the file has none.
        line: the line it starts on.
    """

    id: str
    text: str
    label: str | None
    line: int


def stream_file(
    path: str, columns: Columns | None = None, *, require_labels: bool = True, read_labels: bool = True
) -> Iterator[Item]:
    """Read a file of texts as it comes: TSV, CSV, JSON lines, or (without labels) plain lines; `.gz` too, `-` is stdin.

    The columns are the ones given, else guessed from the header (`text`, `sentence`, `verse`, `review_body`, ...;
    `label`, `category`, `class`, `stars`, ...; `id`, `index_id`, ...), else, without a header, `id TAB label TAB text`.
    A label column named `stars` or `star_rating` is grouped: 1-2 negative, 3 neutral, 4-5 positive.

    Args:
        path: the file.
        columns: names or numbers of columns.
        require_labels: every record must have a text and a label; without, empty texts and labels pass (label None).
        read_labels: look at the label column, if there is one.

    Raises:
        DataError: wrong encoding, no such column, ragged row, missing label; with `path:line`.
    """
    columns = columns or Columns()
    table = open_table(path, is_header=lambda cells: is_header(cells, columns))
    layout: Layout | None = None
    for number, row in enumerate(table.rows, start=1):
        layout = layout or find_layout(
            table.names, row.cells, columns, require_labels=require_labels, where=f"{table.where}:{table.first_line}"
        )
        layout = layout if read_labels else replace(layout, label=None)
        yield _item(table, row, layout, number, require_labels=require_labels)


def read_file(
    path: str, columns: Columns | None = None, *, language: str | None = None, require_labels: bool = True
) -> TextDataset:
    """Read a file of texts whole; see `stream_file`.

    Without `require_labels` the labels are None unless every text has one.

    Raises:
        DataError: as `stream_file`, or no record at all.
    """
    return collect(
        stream_file(path, columns, require_labels=require_labels), source=display_name(path), language=language
    )


def collect(items: Iterator[Item], *, source: str, language: str | None) -> TextDataset:
    """The items as a data set.

    Raises:
        DataError: there are none.
    """
    found = list(items)
    if not found:
        raise DataError("the data set is empty", where=source, hint="a header alone is not enough")
    labels = [item.label for item in found if item.label is not None]
    return TextDataset(
        ids=tuple(item.id for item in found),
        texts=tuple(item.text for item in found),
        labels=tuple(labels) if len(labels) == len(found) else None,
        source=source,
        language=language,
        lines=tuple(item.line for item in found),
    )


def _item(table: Table, row: Row, layout: Layout, number: int, *, require_labels: bool) -> Item:
    where = f"{table.where}:{row.line}"
    text = row.cells[layout.text]
    label = row.cells[layout.label].strip() if layout.label is not None else ""
    for value in (text, row.cells[layout.label] if layout.label is not None else ""):
        if isinstance(value, NestedValue):
            raise DataError("a list or an object where a text or a label is wanted", where=where)
    if require_labels and not text.strip():
        raise DataError("empty text", where=where, hint="remove the row")
    if require_labels and not label:
        raise DataError("empty label", where=where, hint="give every text a label or remove the row")
    if label and layout.label_name in STAR_COLUMNS:
        label = sentiment(label, where=where)
    identifier = row.cells[layout.id].strip() if layout.id is not None else ""
    return Item(identifier or str(number), text, label or None, row.line)
