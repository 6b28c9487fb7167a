"""Tables as rows of cells, each with the line it starts on: TSV, CSV, JSON lines, or plain lines of text."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import Literal

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.lines import STDIN, display_name, read_lines

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
_LONGEST_FIELD = 1000  # lines: how far a quoted field with line breaks is looked for


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        line: the line it starts on.
        cells: its values; of JSON lines in the order of the first record's keys, "" for a missing or null one.
    """

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """An open table.

    Attributes:
        where: its name in messages.
        names: column names, None when it has no header.
        width: number of columns.
        first_line: line of the first record (or header), for messages on the whole.
        rows: the records, read as they are asked for.
    """

    where: str
    names: list[str] | None
    width: int
    first_line: int
    rows: Iterator[Row]


def open_table(path: str, *, is_header: Callable[[list[str]], bool]) -> Table:
    """Open a table.

    The format follows the suffix (`.tsv`, `.csv`, `.jsonl`, each with or without `.gz`); of other files and of standard
    input it is guessed from the first line. Plain lines of text are a table of one column without a name.

    Args:
        path: a file, or `-` for standard input.
        is_header: whether the cells of the first row are names.

    Raises:
        DataError: the file is empty, damaged, or its rows differ in length (with the line).
    """
    where = display_name(path)
    lines = read_lines(path, keep_ends=True)
    first = next(((number, text) for number, text in lines if text.strip()), None)
    if first is None:
        raise DataError("the file is empty", where=where)
    lines = chain([first], lines)
    kind = _SUFFIXES.get(PurePath(path.removesuffix(".gz")).suffix.lower()) if path != STDIN else None
    kind = kind or _guess_format(first[1], is_header)
    if kind == "jsonl":
        return _json_table(lines, where)
    if kind == "text":
        return Table(where, None, 1, first[0], (Row(number, [_chomp(text)]) for number, text in lines))
    rows = _csv_rows(lines, where, _separator(first[1])) if kind == "csv" else _tsv_rows(lines, where)
    head = next(rows)
    if is_header(head.cells):
        return Table(where, head.cells, len(head.cells), head.line, rows)
    return Table(where, None, len(head.cells), head.line, chain([head], rows))


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


def _check_width(row: Row, width: int, where: str, hint: str) -> None:
    if len(row.cells) != width:
        raise DataError(f"{len(row.cells)} columns, {width} expected", where=f"{where}:{row.line}", hint=hint)


def _csv_rows(lines: Iterator[tuple[int, str]], where: str, separator: str) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    offset, line, width = 0, 0, None

    def texts() -> Iterator[str]:
        nonlocal offset
        for count, (number, text) in enumerate(lines, start=1):
            offset = number - count
            yield text

    reader = csv.reader(texts(), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = 'a cell with quotes is written "like ""this"""'
            raise DataError(f"malformed CSV: {error}", where=f"{where}:{line + offset}", hint=hint) from error
        if cells is None:
            return
        if cells:
            row = Row(line + offset, cells)
            width = width or len(cells)
            _check_width(row, width, where, f"cells are separated by {separator!r}, one with that sign in it is quoted")
            yield row


def _json_table(lines: Iterator[tuple[int, str]], where: str) -> Table:
    records = ((number, _json_record(text, f"{where}:{number}")) for number, text in lines if text.strip())
    number, first = next(records)
    names = list(first)
    rows = (Row(line, [_json_cell(record, name, f"{where}:{line}") for name in names]) for line, record in records)
    head = Row(number, [_json_cell(first, name, f"{where}:{number}") for name in names])
    return Table(where, names, len(names), number, chain([head], rows))


def _json_record(text: str, where: str) -> dict[str, object]:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise DataError(f"no JSON ({error})", where=where, hint="one object a line is wanted") from error
    if not isinstance(record, dict):
        raise DataError("not a JSON object", where=where, hint="`jq -c '.[]'` turns an array into lines")
    return record


def _json_cell(record: dict[str, object], name: str, where: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    # Nested values (lists, objects) matter only where they are the text or the label, and are told apart there.
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tsv_rows(lines: Iterator[tuple[int, str]], where: str) -> Iterator[Row]:
    """Rows of a tab-separated file.

    Quotes in natural text are mostly just quotes, and a reader that lets them span lines swallows rows in silence. So a
    field is unquoted only when it is quoted as a whole with its inner quotes doubled, as pandas and spreadsheets write
    it, and tabs or line breaks inside such a field are believed only where the rows do not add up otherwise.
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
        row = Row(number, [_unquote(cell) for cell in cells])
        _check_width(row, width, where, "columns are separated by exactly one tab")
        yield row


def _is_open(cell: str) -> bool:
    return cell.startswith('"') and _unquote(cell) is cell


def _unquote(cell: str) -> str:
    if len(cell) < 2 or cell[0] != '"' or cell[-1] != '"' or '"' in cell[1:-1].replace('""', ""):
        return cell
    return cell[1:-1].replace('""', '"')


def _regroup(
    line: str, width: int, following: Iterator[tuple[int, str]], pushed: list[tuple[int, str]]
) -> list[str] | None:
    """The cells of a row some of whose quoted fields hold tabs or line breaks, or None when it is no such row.

    Lines that are not used go back to `pushed`.
    """
    cells = _split_quoted(line)
    if cells and len(cells) == width:
        return cells
    taken: list[tuple[int, str]] = []
    for number, text in following:
        taken.append((number, text))
        if len(_chomp(text).split("\t")) == width or len(taken) > _LONGEST_FIELD:
            break
        line = f"{line}\n{_chomp(text)}"
        cells = _split_quoted(line)
        if cells and len(cells) == width:
            return cells
    pushed[:0] = taken
    return None


def _split_quoted(text: str) -> list[str] | None:
    cells, position = [], 0
    while True:
        match = _FIELD.match(text, position)
        if match is None:
            return None
        cells.append(match.group())
        position = match.end() + 1
        if match.end() == len(text):
            return cells
        if text[match.end()] != "\t":
            return None
