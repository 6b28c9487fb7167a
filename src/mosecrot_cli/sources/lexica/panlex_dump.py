"""PanLex from its database download, without a network: CSV (a folder or the zip) or SQLite.

The tables are those of the CSV release (langvar, expr, denotation, meaning, source); an SQLite file has the same tables
or those of PanLex Lite (lv, ex, dnx). Translation quality is defined as by PanLex: each group of sources that attests a
translation contributes the quality of its best source, and these are summed. At distance 2 it is the `geometric`
quality of the API: each path (an intermediate expression and the groups of both steps, which must differ) contributes
the geometric mean of the qualities of its steps, and the sum is rounded.
"""

from __future__ import annotations

import csv
import io
import math
import sqlite3
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from mosecrot_cli.errors import DataError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.lexica.crawl import Translation

_TABLES = ("langvar", "expr", "denotation", "meaning", "source")
_HINT = "`panlex_dump` takes the folder or zip of PanLex's CSV release, or its SQLite file"
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Denotation:
    """One expression of one meaning, with the quality of the source of the meaning."""

    meaning: int
    expression: int
    group: int
    quality: int


class Dump(Protocol):
    """A PanLex database, scanned table by table."""

    name: str

    def variety(self, uid: str) -> int | None:
        """The number of a language variety such as `tat-000`."""

    def expressions(self, variety: int) -> Iterator[tuple[int, str]]:
        """Number and text of each expression of a variety."""

    def meanings(self, expressions: Collection[int]) -> Iterator[tuple[int, int]]:
        """Meaning and expression of each denotation of these expressions."""

    def denotations(self, meanings: Collection[int]) -> Iterator[Denotation]:
        """The denotations of these meanings."""


def read_dump(
    path: Path,
    source: Language,
    target: Language,
    words: Sequence[str],
    *,
    distance: int,
    min_quality: int,
    reporter: Reporter,
) -> list[Translation]:
    """The translations of the words, in the order of the words and best quality first.

    Raises:
        DataError: this is not a PanLex database, it lacks a table, a column or the language, or a line is damaged.
    """
    with _opened(path) as dump:
        steps = 4 if distance == 2 else 2
        with reporter.track(f"PanLex {path.name}", 2 + steps) as advance:
            varieties = [_variety(dump, language) for language in (source, target)]
            order = {word: place for place, word in enumerate(words)}
            asked = {number: text for number, text in dump.expressions(varieties[0]) if text in order}
            advance(1)
            wanted = dict(dump.expressions(varieties[1]))
            advance(1)
            find = _two_steps if distance == 2 else _one_step
            found = find(dump, asked, wanted, advance)
    rows = [
        Translation(asked[start], wanted[end], quality)
        for (start, end), quality in found.items()
        if quality >= min_quality and start != end
    ]
    best = {(row.source, row.target): row for row in sorted(rows, key=lambda row: row.score or 0.0)}
    return sorted(best.values(), key=lambda row: (order[row.source], -(row.score or 0.0), row.target))


def _variety(dump: Dump, language: Language) -> int:
    number = dump.variety(language.panlex)
    if number is None:
        raise DataError(f"no {language.name} ({language.panlex})", where=dump.name, hint="is it a whole release?")
    return number


_Qualities = dict[tuple[int, int], float]


def _one_step(
    dump: Dump, asked: Mapping[int, str], wanted: Mapping[int, str], advance: Callable[[int], None]
) -> _Qualities:
    """Qualities of the translations that share a meaning with one of the given expressions."""
    edges = _edges(dump, asked.keys(), advance, ends=wanted.keys())
    return {pair: float(sum(groups.values())) for pair, groups in edges.items()}


def _two_steps(
    dump: Dump, asked: Mapping[int, str], wanted: Mapping[int, str], advance: Callable[[int], None]
) -> _Qualities:
    """Qualities of the translations through one intermediate expression."""
    first = _edges(dump, asked.keys(), advance)
    between: dict[int, list[tuple[int, dict[int, int]]]] = defaultdict(list)
    for (start, middle), groups in first.items():
        between[middle].append((start, groups))
    found: dict[tuple[int, int], float] = defaultdict(float)
    for (middle, end), groups in _edges(dump, between.keys(), advance, ends=wanted.keys()).items():
        for start, earlier in between[middle]:
            means = [
                math.sqrt(quality * other)
                for group, quality in groups.items()
                for other_group, other in earlier.items()
                if group != other_group
            ]
            if means and start != end:
                found[start, end] += math.fsum(means)
    return {pair: float(round(quality)) for pair, quality in found.items()}


def _edges(
    dump: Dump, starts: Collection[int], advance: Callable[[int], None], *, ends: Collection[int] | None = None
) -> dict[tuple[int, int], dict[int, int]]:
    """(expression, other expression of one of its meanings) -> group of sources -> best quality."""
    meanings: dict[int, list[int]] = defaultdict(list)
    for meaning, expression in dump.meanings(starts):
        meanings[meaning].append(expression)
    advance(1)
    edges: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for item in dump.denotations(meanings.keys()):
        if ends is not None and item.expression not in ends:
            continue
        for start in meanings[item.meaning]:
            if start != item.expression:
                groups = edges[start, item.expression]
                groups[item.group] = max(groups.get(item.group, 0), item.quality)
    advance(1)
    return edges


@contextmanager
def _opened(path: Path) -> Iterator[Dump]:
    try:
        with _database(path) as dump:
            yield dump
    except ValueError as error:
        raise DataError(f"a damaged number: {error}", where=str(path)) from None


@contextmanager
def _database(path: Path) -> Iterator[Dump]:
    if path.is_dir():
        yield _CsvDump(str(path), lambda table: (path / f"{table}.csv").open("rb"))
    elif not path.is_file():
        raise DataError("no such file or folder", where=str(path), hint=_HINT)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            members = {Path(name).name: name for name in archive.namelist()}
            yield _CsvDump(str(path), lambda table: archive.open(members.get(f"{table}.csv", f"{table}.csv")))
    else:
        with path.open("rb") as stream:
            start = stream.read(len(_SQLITE))
        if start != _SQLITE:
            raise DataError("no database of PanLex", where=str(path), hint=_HINT)
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            try:
                yield _SqliteDump(str(path), database)
            except sqlite3.Error as error:
                raise DataError(f"no database of PanLex: {error}", where=str(path), hint=_HINT) from error


class _CsvDump:
    """The CSV release; every scan reads a file from the start, which takes little memory."""

    def __init__(self, name: str, opener: Callable[[str], IO[bytes]]) -> None:
        self.name, self.opener = name, opener

    def variety(self, uid: str) -> int | None:
        """See `Dump`."""
        code, _, number = uid.partition("-")
        rows = self._rows("langvar", "id", "lang_code", "var_code")
        return next((int(row[0]) for row in rows if row[1] == code and int(row[2]) == int(number)), None)

    def expressions(self, variety: int) -> Iterator[tuple[int, str]]:
        """See `Dump`."""
        wanted = str(variety)
        rows = self._rows("expr", "id", "langvar", "txt")
        return ((int(row[0]), row[2]) for row in rows if row[1] == wanted)

    def meanings(self, expressions: Collection[int]) -> Iterator[tuple[int, int]]:
        """See `Dump`."""
        texts = {str(number) for number in expressions}
        return ((int(row[0]), int(row[1])) for row in self._rows("denotation", "meaning", "expr") if row[1] in texts)

    def denotations(self, meanings: Collection[int]) -> Iterator[Denotation]:
        """See `Dump`."""
        texts = {str(number) for number in meanings}
        origins = self._origin_of(texts)
        for row in self._rows("denotation", "meaning", "expr"):
            if row[0] in texts:
                yield Denotation(int(row[0]), int(row[1]), *origins.get(row[0], (0, 0)))

    def _origin_of(self, meanings: set[str]) -> dict[str, tuple[int, int]]:
        sources = {row[0]: (int(row[1]), int(row[2])) for row in self._rows("source", "id", "grp", "quality")}
        rows = self._rows("meaning", "id", "source")
        return {row[0]: sources.get(row[1], (0, 0)) for row in rows if row[0] in meanings}

    def _rows(self, table: str, *columns: str) -> Iterator[list[str]]:
        where = f"{self.name}/{table}.csv"
        try:
            raw = self.opener(table)
        except (OSError, KeyError):
            raise DataError("no such table", where=where, hint=_HINT) from None
        with raw, io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
            reader = csv.reader(text)
            try:
                header = next(reader, [])
                missing = [column for column in columns if column not in header]
                if missing:
                    raise DataError(f"no column {', '.join(missing)}", where=f"{where}:1", hint=_HINT)
                places = [header.index(column) for column in columns]
                for row in reader:
                    yield [row[place] for place in places]
            except (IndexError, csv.Error, UnicodeDecodeError, zipfile.BadZipFile, EOFError) as error:
                raise DataError(f"a damaged line: {error}", where=f"{where}:{reader.line_num}") from None


class _SqliteDump:
    """An SQLite file with the tables of the CSV release or of PanLex Lite."""

    def __init__(self, name: str, database: sqlite3.Connection) -> None:
        self.name, self.database = name, database
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        self.lite = {"lv", "ex", "dnx"} <= tables
        if not self.lite and not tables.issuperset(_TABLES):
            missing = ", ".join(table for table in _TABLES if table not in tables)
            raise DataError(f"no table {missing}", where=name, hint=_HINT)
        database.execute("CREATE TEMP TABLE wanted (id INTEGER PRIMARY KEY)")

    def variety(self, uid: str) -> int | None:
        """See `Dump`."""
        if self.lite:
            row = self.database.execute("SELECT lv FROM lv WHERE uid = ?", (uid,)).fetchone()
        else:
            code, _, number = uid.partition("-")
            query = "SELECT id FROM langvar WHERE lang_code = ? AND CAST(var_code AS INTEGER) = ?"
            row = self.database.execute(query, (code, int(number))).fetchone()
        return int(row[0]) if row else None

    def expressions(self, variety: int) -> Iterator[tuple[int, str]]:
        """See `Dump`."""
        query = "SELECT ex, tt FROM ex WHERE lv = ?" if self.lite else "SELECT id, txt FROM expr WHERE langvar = ?"
        return ((int(number), str(text)) for number, text in self.database.execute(query, (variety,)))

    def meanings(self, expressions: Collection[int]) -> Iterator[tuple[int, int]]:
        """See `Dump`."""
        self._want(expressions)
        query = "SELECT mn, ex FROM dnx WHERE ex" if self.lite else "SELECT meaning, expr FROM denotation WHERE expr"
        for meaning, expression in self.database.execute(f"{query} IN (SELECT id FROM wanted)").fetchall():
            yield int(meaning), int(expression)

    def denotations(self, meanings: Collection[int]) -> Iterator[Denotation]:
        """See `Dump`."""
        self._want(meanings)
        lite = "SELECT mn, ex, ui, uq FROM dnx WHERE mn IN (SELECT id FROM wanted)"
        full = (
            "SELECT d.meaning, d.expr, s.grp, s.quality FROM denotation d JOIN meaning m ON m.id = d.meaning "
            "JOIN source s ON s.id = m.source WHERE d.meaning IN (SELECT id FROM wanted)"
        )
        for meaning, expression, group, quality in self.database.execute(lite if self.lite else full):
            yield Denotation(int(meaning), int(expression), int(group or 0), int(quality or 0))

    def _want(self, numbers: Collection[int]) -> None:
        self.database.execute("DELETE FROM wanted")
        self.database.executemany("INSERT INTO wanted VALUES (?)", ((number,) for number in numbers))
