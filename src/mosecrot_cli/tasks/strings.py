"""Files as mere text: for vocabularies and for the training of vectors, where no label is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from mosecrot_cli.tasks.rows import open_table
from mosecrot_cli.tasks.textfiles import stream_file
from mosecrot_cli.tasks.types import Columns
from mosecrot_cli.text_lines import plain_suffix, read_lines

TABLES = (".tsv", ".csv", ".jsonl", ".ndjson")


def stream_texts(path: str, text_column: str | None = None) -> Iterator[str]:
    """The texts of a file as they come: the text column of a table (`.tsv`, `.csv`, `.jsonl`), else each line.

    Args:
        path: the file, `.gz` or not.
        text_column: name or number of the column; None: guessed. Makes a file of any name a table.

    Raises:
        DataError: missing, not UTF-8 (with the line), a damaged table, or no such column.
    """
    if text_column or _is_table(path):
        columns = Columns(text_column, None)
        return (item.text for item in stream_file(path, columns, require_labels=False, read_labels=False))
    return (line for _, line in read_lines(path))


def stream_strings(path: str) -> Iterator[str]:
    """All there is to read in a file: every cell of a table, else each line.

    Raises:
        DataError: as `stream_texts`.
    """
    if _is_table(path):
        return (cell for row in open_table(path, is_header=lambda cells: False).rows for cell in row.cells)
    return (line for _, line in read_lines(path))


def _is_table(path: str) -> bool:
    return plain_suffix(path) in TABLES
