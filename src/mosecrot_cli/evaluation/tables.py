"""Results as plain tables that fit a terminal; the command line draws them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mosecrot_cli.evaluation.bootstrap import PairedComparison
    from mosecrot_cli.evaluation.metrics import Scores
    from mosecrot_cli.evaluation.runs import Summary

Cell = str | int | float
WIDTH = 80
"""Columns that a table may take: those of a terminal."""
_CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: what it shows.
        columns: heads of the columns; the first column is text.
        rows: cells; floats are scores, shares, or differences of them.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def summary_table(summary: Summary) -> Table:
    """The overall scores, one per row."""
    rows: list[tuple[Cell, ...]] = [("texts", summary.n), ("macro-F1", summary.macro_f1)]
    if len(summary.runs) > 1:
        rows.append((f"standard deviation over {len(summary.runs)} seeds", summary.macro_f1_std))
    if summary.interval is not None:
        percent = f"{summary.interval.level:.0%} interval over texts"
        rows += [(f"{percent}, low", summary.interval.low), (f"{percent}, high", summary.interval.high)]
    rows += [
        ("accuracy", summary.accuracy),
        (f"always {summary.majority.label!r}: macro-F1", summary.majority.macro_f1),
        (f"always {summary.majority.label!r}: accuracy", summary.majority.accuracy),
    ]
    return Table("scores", ("score", "value"), tuple(rows))


def per_class_table(scores: Scores | Summary) -> Table:
    """Precision, recall and F1, one class per row."""
    rows = tuple(
        (shortened(item.label, 30), item.precision, item.recall, item.f1, item.support) for item in scores.per_class
    )
    return Table("per class", ("class", "precision", "recall", "F1", "texts"), rows)


def confusion_tables(scores: Scores | Summary, *, width: int = WIDTH) -> list[Table]:
    """The confusion matrix, summed over seeds, in a form that fits `width` columns.

    Rows are gold labels and columns are predictions. If the labels are too wide for the head, they are numbered, and
    the rows contain the key. A matrix that still does not fit becomes a list of the most frequent confusions.
    """
    title = "confusion: gold down, predicted across"
    labels, counts = scores.labels, scores.confusion
    if _fits(labels, [display_width(label) for label in labels], counts, width):
        rows: tuple[tuple[Cell, ...], ...] = tuple((label, *row) for label, row in zip(labels, counts, strict=True))
        return [Table(title, ("gold", *labels), rows)]
    numbers = [str(number) for number in range(1, len(labels) + 1)]
    keys = [f"{number} {shortened(label, 30)}" for number, label in zip(numbers, labels, strict=True)]
    if _fits(keys, [len(number) for number in numbers], counts, width):
        rows = tuple((key, *row) for key, row in zip(keys, counts, strict=True))
        return [Table(title, ("gold", *numbers), rows)]
    return [_most_confused(scores)]


def _fits(names: Sequence[str], heads: Sequence[int], counts: Sequence[Sequence[int]], width: int) -> bool:
    """Whether a matrix of counts fits, given the row names and head widths; each column adds two spaces and a line."""
    cells = [max(head, *(len(f"{row[column]:,}") for row in counts)) for column, head in enumerate(heads)]
    first = max(4, *map(display_width, names))
    return first + sum(cells) + 3 * (len(cells) + 1) + 1 <= width


def _most_confused(scores: Scores | Summary) -> Table:
    labels = scores.labels
    wrong = [
        (count, labels[gold], labels[predicted])
        for gold, row in enumerate(scores.confusion)
        for predicted, count in enumerate(row)
        if count and gold != predicted
    ]
    wrong.sort(key=lambda item: -item[0])
    rows = tuple((f"{shortened(gold, 28)} → {shortened(predicted, 28)}", count) for count, gold, predicted in wrong)
    return Table(f"most frequent confusions of {len(wrong):,}", ("gold → predicted", "texts"), rows[:_CONFUSIONS])


def results_tables(results: Sequence[tuple[str, str, Summary]]) -> list[Table]:
    """Several results (system, data set, scores): a table for each data set, or one for the only system.

    The rows keep the order of `results`.
    """
    if len({system for system, _, _ in results}) == 1:
        return [_results(f"results of {results[0][0]}", "data", [(data, found) for _, data, found in results])]
    return [
        _results(f"results on {data}", "system", [(system, found) for system, own, found in results if own == data])
        for data in dict.fromkeys(data for _, data, _ in results)
    ]


def _results(title: str, head: str, results: Sequence[tuple[str, Summary]]) -> Table:
    several = any(len(summary.runs) > 1 for _, summary in results)
    rows: list[tuple[Cell, ...]] = []
    for name, summary in results:
        interval = summary.interval
        ends = f"{interval.low:.3f}-{interval.high:.3f}" if interval else ""
        spread: tuple[Cell, ...] = (summary.macro_f1_std,) if several else ()
        shown = shortened(name, 32 - 8 * several, start=False)
        rows.append((shown, summary.macro_f1, *spread, ends, summary.accuracy, summary.n))
    deviation = ("std",) if several else ()
    return Table(title, (head, "macro-F1", *deviation, "95% interval", "accuracy", "texts"), tuple(rows))


def comparison_table(comparison: PairedComparison, names: tuple[str, str]) -> Table:
    """A paired comparison, one number per row, with the names of the two lists."""
    interval = comparison.interval
    first, second = (shortened(name, 44, start=False) for name in names)
    rows: tuple[tuple[Cell, ...], ...] = (
        ("texts", comparison.n),
        (f"macro-F1 of {first}", comparison.first),
        (f"macro-F1 of {second}", comparison.second),
        ("difference", comparison.difference),
        (f"{interval.level:.0%} interval, low", interval.low),
        (f"{interval.level:.0%} interval, high", interval.high),
        ("p-value (two-sided)", comparison.p_value),
        (f"share of resamples won by {first}", comparison.first_wins),
    )
    return Table(f"paired bootstrap, {interval.resamples:,} resamples", ("", "value"), rows)


def class_comparison_table(comparison: PairedComparison) -> Table:
    """The F1 of two lists of predictions and their difference, one class per row."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (shortened(item.label, 28), item.first, item.second, item.difference, f"{item.low:.3f} to {item.high:.3f}")
        for item in comparison.per_class
    )
    return Table("F1 per class", ("class", "first", "second", "difference", "95% interval"), rows)


def display_width(text: str) -> int:
    """Columns that a text takes in a terminal: East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def distinct(texts: Sequence[str], width: int) -> list[str]:
    """Texts of at most `width` columns as by `shortened`; any that look alike keep their ends too, or get a number."""
    found = [shortened(text, width) for text in texts]
    for cut in (_without_middle, _numbered):
        alike = {text for text, count in Counter(found).items() if count > 1}
        found = [cut(texts[place], place, width) if text in alike else text for place, text in enumerate(found)]
    return found


def _without_middle(text: str, place: int, width: int) -> str:
    start = shortened(text, width // 2 + 1)
    return start + shortened(text, width - display_width(start) + 1, start=False)[1:]


def _numbered(text: str, place: int, width: int) -> str:
    end = f" {place + 1}"
    return shortened(text, width - len(end)) + end


def shortened(text: str, width: int, *, start: bool = True) -> str:
    """A text of at most `width` columns: its start, or its end, with an ellipsis for the rest."""
    if display_width(text) <= width:
        return text
    kept = text
    while display_width(kept) > width - 1:
        kept = kept[:-1] if start else kept[1:]
    return f"{kept}…" if start else f"…{kept}"
