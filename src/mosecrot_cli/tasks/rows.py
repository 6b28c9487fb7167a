"""Tables as rows of cells, each with the line on which it starts: TSV, CSV, JSON lines, or plain lines of text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from mosecrot_cli.errors import DataError
from mosecrot_cli.structured import JsonObject, decode_line
from mosecrot_cli.text_lines import STDIN, display_name, plain_suffix, read_lines

Format = Literal["tsv", "csv", "jsonl", "text"]
_SUFFIXES: dict[str, Format] = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_FIELD = re.compile(r'"(?:[^"]|"")*"(?=\t|\Z)|[^\t\n]*')
_LONGEST_FIELD = 1000  # lines that a quoted field may span
_EXCEL_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class NestedValue(str):
    """A JSON list or object where a plain value is expected: harmless in columns that are not used."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One record.

    Attributes:
        line: the line on which it starts.
        cells: its values; those of JSON lines are in the order of the first record's keys, "" for missing and null.
    """

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class OpenTable:
    """An open table.

    Attributes:
        where: its name in messages.
        names: column names, None when it has no header.
        width: number of columns.
        first_line: line of the first record (or header), for messages on the whole.
        rows: the records, read one by one.
    """

    where: str
    names: list[str] | None
    width: int
    first_line: int
    rows: Iterator[TableRow]


def open_table(path: str, *, is_header: Callable[[list[str]], bool]) -> OpenTable:
    """Open a table.

    The format follows the suffix (`.tsv`, `.csv`, `.jsonl`, also of packed files); for other files and for standard
    input it is guessed from the first line. Plain lines of text are a table of one column without a name. A first line
    `sep=;`, as Excel writes it, sets the separator.

    Args:
        path: a file, or `-` for standard input.
        is_header: whether the cells of the first row are names.

    Raises:
        DataError: the file is empty, damaged, or its rows differ in length (with the line).
    """
    where = display_name(path)
    lines = read_lines(path, keep_ends=True)
    blank = []
    for first in lines:
        if first[1].strip():
            break
        blank.append(first)
    else:
        raise DataError("the file is empty", where=where)
    kind = _SUFFIXES.get(plain_suffix(path)) if path != STDIN else None
    excel = _EXCEL_SEPARATOR.fullmatch(_chomp(first[1])) if kind != "jsonl" else None
    if excel:
        first = next(lines, (first[0], ""))
        kind = "csv"
    lines = chain([first], lines)
    kind = kind or _guess_format(first[1], is_header)
    if kind == "jsonl":
        return _json_table(lines, where)
    if kind == "text":
        # Blank lines are texts too, so that predictions stay in step with the lines.
        texts = (TableRow(number, [_chomp(text)]) for number, text in chain(blank, lines))
        return OpenTable(where, None, 1, 1, texts)
    separator = excel[1] if excel else _separator(first[1])
    rows = _csv_rows(lines, where, separator, first[0]) if kind == "csv" else _tsv_rows(lines, where)
    head = next(rows, None)
    if head is None:
        raise DataError("the file is empty", where=where)
    if is_header(head.cells):
        return OpenTable(where, head.cells, len(head.cells), head.line, rows)
    return OpenTable(where, None, len(head.cells), head.line, chain([head], rows))


def _guess_format(line: str, is_header: Callable[[list[str]], bool]) -> Format:
    if line.lstrip().startswith("{"):
        return "jsonl"
    if "\t" in line:
        return "tsv"
    cells = next(csv.reader([_chomp(line)], delimiter=_separator(line)), [])
    return "csv" if len(cells) > 1 and is_header(cells) else "text"


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _chomp(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _checked(row: TableRow, width: int, where: str, hint: str) -> TableRow:
    if len(row.cells) != width:
        raise DataError(
            f"the row has {len(row.cells)} columns instead of {width}", where=f"{where}:{row.line}", hint=hint
        )
    return row


def _csv_rows(lines: Iterator[tuple[int, str]], where: str, separator: str, first_line: int) -> Iterator[TableRow]:
    csv.field_size_limit(2**31 - 1)  # the default refuses texts of more than 128 KiB
    reader = csv.reader((text for _, text in lines), delimiter=separator, strict=True)
    width = 0
    while True:
        line = first_line + reader.line_num
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = 'quotes inside a cell are doubled: "like ""this"""'
            raise DataError(f"malformed CSV: {error}", where=f"{where}:{line}", hint=hint) from error
        if cells is None:
            return
        if cells:
            width = width or len(cells)
            hint = f"cells are separated by {separator!r}; a cell that contains it must be quoted"
            yield _checked(TableRow(line, cells), width, where, hint)


def _json_table(lines: Iterator[tuple[int, str]], where: str) -> OpenTable:
    records = ((number, _json_record(text, f"{where}:{number}")) for number, text in lines if text.strip())
    number, first = next(records)
    names = list(first)
    rows = (TableRow(line, [_json_cell(record, name) for name in names]) for line, record in records)
    head = TableRow(number, [_json_cell(first, name) for name in names])
    return OpenTable(where, names, len(names), number, chain([head], rows))


def _json_record(text: str, where: str) -> JsonObject:
    hint = "write one JSON object a line; `jq -c '.[]'` turns an array into lines"
    return decode_line(text.encode(), JsonObject, where=where, hint=hint)


def _json_cell(record: JsonObject, name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return NestedValue("[...]" if isinstance(value, list) else "{...}")
    return json.dumps(value)


def _tsv_rows(lines: Iterator[tuple[int, str]], where: str) -> Iterator[TableRow]:
    """Rows of a tab-separated file.

    Quotes in natural text are mostly just quotes, and a reader that lets them span lines drops rows silently. So a
    field is unquoted only if all of it is quoted and its inner quotes are doubled, as pandas and spreadsheets write it,
    and tabs or line breaks inside such a field are accepted only where the rows do not add up otherwise.
    """
    pushed: list[tuple[int, str]] = []
    width = 0

    def following() -> Iterator[tuple[int, str]]:
        while True:
            item = pushed.pop(0) if pushed else next(lines, None)
            if item is None:
                return
            yield item

    for number, text in following():
        line = _chomp(text)
        if not line.strip() and width != 1:
            continue
        cells = line.split("\t")
        width = width or len(cells)
        if len(cells) != width or (width > 1 and _is_open(cells[-1])):
            cells = _regroup(line, width, following(), pushed) or cells
        row = TableRow(number, [_unquote(cell) for cell in cells])
        yield _checked(row, width, where, "columns are separated by exactly one tab")


def _is_open(cell: str) -> bool:
    return cell.startswith('"') and _unquote(cell) is cell


def _unquote(cell: str) -> str:
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in cell[1:-1].replace('""', ""):
        return cell
    return cell[1:-1].replace('""', '"')


def _regroup(
    line: str, width: int, following: Iterator[tuple[int, str]], pushed: list[tuple[int, str]]
) -> list[str] | None:
    """The cells of a row with tabs or line breaks in its quoted fields, or None if it is not such a row.

    Lines that were read but not used go back to `pushed`.
    """
    if line.count("\t") + 1 != width:
        cells = _split_quoted(line)
        if cells and len(cells) == width:
            return cells
    # The line that closes a field has the cells that the opening line lacks; any other complete line is a row itself.
    closing = width - line.count("\t")
    taken: list[tuple[int, str]] = []
    for number, text in following:
        taken.append((number, text))
        line = f"{line}\n{_chomp(text)}"
        count = text.count("\t") + 1
        cells = _split_quoted(line) if count == closing or count != width else None
        if cells and len(cells) == width:
            return cells
        if count == width or len(taken) > _LONGEST_FIELD:
            break
    pushed[:0] = taken
    return None


def _split_quoted(text: str) -> list[str] | None:
    """Split at the tabs outside quoted fields; None if a line break is outside of them."""
    cells, position = [], 0
    while match := _FIELD.match(text, position):
        cells.append(match.group())
        if match.end() == len(text):
            return cells
        if text[match.end()] != "\t":
            break
        position = match.end() + 1
    return None
