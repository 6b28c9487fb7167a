"""Results as plain tables; how they are drawn is the command line's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mosecrot_cli.evaluation.bootstrap import PairedComparison
    from mosecrot_cli.evaluation.metrics import Scores
    from mosecrot_cli.evaluation.runs import Summary

Cell = str | int | float


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
    """The overall scores, one a row."""
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
    """One row per class."""
    rows = tuple((item.label, item.precision, item.recall, item.f1, item.support) for item in scores.per_class)
    return Table("per class", ("class", "precision", "recall", "F1", "texts"), rows)


def confusion_table(scores: Scores | Summary) -> Table:
    """Gold labels down, predictions across; over several seeds the sum."""
    pairs = zip(scores.labels, scores.confusion, strict=True)
    rows: tuple[tuple[Cell, ...], ...] = tuple((label, *counts) for label, counts in pairs)
    return Table("confusion: gold down, predicted across", ("gold", *scores.labels), rows)


def results_table(results: Mapping[str, Summary], title: str = "results") -> Table:
    """Several systems, one a row, in the order given."""
    rows = tuple(
        (name, summary.macro_f1, summary.macro_f1_std, summary.accuracy, len(summary.runs), summary.n)
        for name, summary in results.items()
    )
    return Table(title, ("system", "macro-F1", "std", "accuracy", "seeds", "texts"), rows)


def comparison_table(comparison: PairedComparison, names: tuple[str, str]) -> Table:
    """A paired comparison, one number a row, under the names of the two lists."""
    interval = comparison.interval
    rows = (
        ("texts", comparison.n),
        (f"macro-F1 of {names[0]}", comparison.first),
        (f"macro-F1 of {names[1]}", comparison.second),
        ("difference", comparison.difference),
        (f"{interval.level:.0%} interval, low", interval.low),
        (f"{interval.level:.0%} interval, high", interval.high),
        ("p-value (two-sided)", comparison.p_value),
        (f"share of resamples in which {names[0]} is better", comparison.first_wins),
    )
    return Table(f"paired bootstrap, {interval.resamples:,} resamples", ("", "value"), rows)
