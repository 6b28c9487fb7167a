"""Reading lexica (MUSE's two words per line, TSV, CSV, with or without scores); reading and writing anchor files."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.dictionaries import read_dictionary
from mosecrot_cli.lexicon.entries import OddLines, has_notes, translations
from mosecrot_cli.lexicon.formats import LexiconRow, read_rows
from mosecrot_cli.lexicon.types import Pair, ScoredPair
from mosecrot_cli.text_lines import STDIN, display_name, plain_suffix, read_text

_HEADER = {
    "source": "source",
    "src": "source",
    "target": "target",
    "tgt": "target",
    "trg": "target",
    "score": "score",
    "origin": "origin",
}
SCORES_HEADER = ("source", "target", "score", "origin")
_NO_SCORE = frozenset({"", "-", "?", "na", "n/a", "nan", "none", "null"})


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the fields of a pair; without a header, a third column may or may not contain scores."""

    source: int = 0
    target: int = 1
    score: int | None = 2
    origin: int | None = None
    named: bool = False


@dataclass(slots=True)
class _Table:
    """The pairs of a file, column by column; scores stay text until it is clear that they are scores."""

    sources: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, row: LexiconRow, columns: _Columns, origin: str) -> None:
        line, cells = row
        self.sources.append(_cell(cells, columns.source))
        self.targets.append(_cell(cells, columns.target))
        self.scores.append(_cell(cells, columns.score))
        self.origins.append((_cell(cells, columns.origin) or origin) if columns.named else origin)
        self.lines.append(line)

    def drop_first(self) -> None:
        for column in (self.sources, self.targets, self.scores, self.origins, self.lines):
            del column[0]


def read_lexicon(path: str | Path, *, origin: str | None = None, odd: OddLines | None = None) -> list[Pair]:
    """The pairs of a lexicon file, in its order.

    The function reads tables and dictionaries, also compressed ones. It detects the format once for the whole file:

    * MUSE's format (two words per line, separated by a space or a tab), TSV (fields may contain spaces) and CSV, with
      commas, semicolons or vertical bars. A header with `source` and `target` names the columns. Without a header, a
      third column is the score if most of its cells are numbers; otherwise it is ignored, like all further columns.
    * Ding (`source :: target`), TEI (FreeDict), Apertium's `.dix`, and JSON lines with `source` and `target`.

    A cell with several translations (`Auto, Wagen`) yields several pairs. In a dictionary, and in a table with notes
    like those of dict.cc (`ball [sports]`, `Ball {m}`), notes and the `to` of infinitives are not part of the word. A
    file with the header of `anchors.scores.tsv` is read unchanged. Lines at the start of the file that begin with `#`
    are comments. Text is NFC-normalised and stripped; blank lines are skipped; pairs with an empty side are kept,
    because the selection counts them.

    Args:
        path: the file, or `-` for stdin.
        origin: the name of the lexicon for `Pair.origin` if the file has no such column; by default, the file name.
        odd: how to treat lines that do not fit their file; by default they are an error.

    Raises:
        DataError: the file is missing, empty or damaged, is in a wrong encoding, or has a malformed line (`path:line`).
    """
    given, odd = str(path), odd or OddLines()
    name = display_name(given)
    named_origin = origin or (name if given == STDIN else Path(given).name)
    text = unicodedata.normalize("NFC", read_text(given))
    if text.partition("\n")[0].rstrip("\r") == "\t".join(SCORES_HEADER):
        rows = read_rows(text, name, suffix=plain_suffix(given), odd=odd, comments=False)
        return _read_pairs(rows, name, origin=named_origin, header_of_two=True, odd=odd)
    entries = read_dictionary(text, name, odd)
    if entries is not None:
        pairs = [Pair(source, target, origin=named_origin, line=line) for line, source, target in entries]
        if not pairs:
            raise DataError("no pair of words in the dictionary", where=name)
        return pairs
    rows = read_rows(text, name, suffix=plain_suffix(given), odd=odd)
    table = list(_read_pairs(rows, name, origin=named_origin, header_of_two=True, odd=odd))
    dictionary = any(has_notes(pair.source) or has_notes(pair.target) for pair in table)
    return [
        replace(pair, source=source, target=target)
        for pair in table
        for source, target in translations(pair.source, pair.target, dictionary=dictionary)
    ]


def scores_of(anchors: Path) -> Path:
    """The table of scores and origins that belongs to a file of anchors: `anchors.scores.tsv` to `anchors.tsv`."""
    return anchors.with_name(anchors.stem + ".scores.tsv")


def read_anchor_pairs(path: str | Path) -> list[Pair]:
    """The pairs of `anchors.tsv` or `anchors.scores.tsv` (or of stdin, `-`), unchanged and in order.

    Unlike a lexicon, an anchor file of two columns has no header: `source TAB target` would be a pair.

    Raises:
        DataError: as for `read_lexicon`; also if a pair has an empty side.
    """
    given = str(path)
    name = display_name(given)
    text = unicodedata.normalize("NFC", read_text(given))
    rows = read_rows(text, name, suffix=plain_suffix(given), odd=OddLines(), comments=False)
    pairs = _read_pairs(rows, name, origin="", header_of_two=False, odd=OddLines())
    for pair in pairs:
        if not pair.source or not pair.target:
            side = "target" if pair.source else "source"
            raise DataError(f"an anchor without a {side} word", where=f"{name}:{pair.line}")
    return pairs


def _read_pairs(
    rows: Iterable[LexiconRow], name: str, *, origin: str, header_of_two: bool, odd: OddLines
) -> list[Pair]:
    table = _Table()
    columns = _Columns()
    for number, row in enumerate(rows):
        if number == 0 and (header_of_two or len(row.cells) > 2):
            found = _header(row.cells)
            if found:
                columns = found
                continue
        table.add(row, columns, origin)
    if not columns.named and _starts_with_header(table.scores):
        table.drop_first()
    if not table.sources:
        raise DataError("a header and no pair", where=name)
    scores = _parse_scores(table, name, named=columns.named, odd=odd)
    pairs = map(Pair, table.sources, table.targets, scores, table.origins, table.lines)
    return [pair for pair in pairs if pair.score is None or not math.isnan(pair.score)]


def _cell(cells: Sequence[str], column: int | None) -> str:
    return cells[column].strip() if column is not None and column < len(cells) else ""


def _header(cells: Sequence[str]) -> _Columns | None:
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        meaning = _HEADER.get(cell.strip().lower())
        if meaning:
            places.setdefault(meaning, place)
    if "source" not in places or "target" not in places:
        return None
    return _Columns(places["source"], places["target"], places.get("score"), places.get("origin"), named=True)


def _starts_with_header(scores: Sequence[str]) -> bool:
    """Whether only the first cell of the third column is a word, as in `english TAB tatar TAB quality`."""
    first = scores[0] if scores else ""
    if first.lower() in _NO_SCORE or _is_number(first):
        return False
    rest = [cell for cell in scores[1:] if cell.lower() not in _NO_SCORE]
    return bool(rest) and all(map(_is_number, rest))


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _parse_scores(table: _Table, name: str, *, named: bool, odd: OddLines) -> list[float | None]:
    """The scores; NaN for a line that is skipped."""
    given = [cell for cell in table.scores if cell.lower() not in _NO_SCORE]
    # A third column without a name may contain anything, such as a part of speech or a comment.
    if not named and 2 * sum(map(_is_number, given)) <= len(given):
        return [None] * len(table.scores)
    scores: list[float | None] = []
    for cell, line in zip(table.scores, table.lines, strict=True):
        if cell.lower() in _NO_SCORE:
            scores.append(None)
        elif _is_number(cell):
            scores.append(float(cell))
        else:
            odd.report(DataError(f"the score {cell!r} is no finite number", where=f"{name}:{line}"))
            scores.append(math.nan)
    return scores


def write_anchors(anchors: Iterable[ScoredPair], output: TextIO | Path) -> None:
    """Write `source TAB target` lines without a header, which MUSE and VecMap can read.

    Raises:
        ValueError: a word holds a tab or a line break.
        OSError: the output cannot be written.
    """
    with _opened(output) as stream:
        for anchor in anchors:
            stream.write(_line(anchor.source, anchor.target))


def write_anchor_scores(anchors: Iterable[ScoredPair], output: TextIO | Path) -> None:
    """Write a table of source, target, score (may be empty) and origin, with a header.

    Raises:
        ValueError: a field holds a tab or a line break.
        OSError: the output cannot be written.
    """
    with _opened(output) as stream:
        stream.write(_line(*SCORES_HEADER))
        for anchor in anchors:
            score = "" if anchor.score is None else repr(anchor.score)
            stream.write(_line(anchor.source, anchor.target, score, anchor.origin))


def _opened(output: TextIO | Path) -> AbstractContextManager[TextIO]:
    if isinstance(output, Path):
        return output.open("w", encoding="utf-8", newline="\n")
    return nullcontext(output)


def _line(*fields: str) -> str:
    line = "\t".join(fields)
    if line.count("\t") != len(fields) - 1 or "\n" in line or "\r" in line:
        raise ValueError(f"a tab or a line break inside a field: {fields!r}")
    return line + "\n"
