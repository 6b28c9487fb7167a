"""Results as plain tables; how they are drawn is the command line's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mosecrot_cli.evaluation.metrics import Scores
    from mosecrot_cli.evaluation.seeds import Summary

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        title: what it shows.
        header: heads of the columns; the first column is text.
        cells: the rows; floats are scores, shares, or differences of them.
    """

    title: str
    header: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The cells as text: floats with three decimals, a p-value that would be 0.000 as it is."""
        return tuple(tuple(_text(cell) for cell in row) for row in self.cells)


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.3f}" if cell == 0 or abs(cell) >= 0.0005 else f"{cell:.1g}"
    return f"{cell:,}" if isinstance(cell, int) else cell


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
