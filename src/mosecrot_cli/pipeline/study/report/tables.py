"""The result tables: a row of the study by language, compared with the reference, next to what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from mosecrot_cli.evaluation.bootstrap import RunsComparison, bootstrap_of_means, holm
from mosecrot_cli.evaluation.predictions import Predictions, read_predictions
from mosecrot_cli.pipeline.study.definition import Published
from mosecrot_cli.pipeline.study.plan import Plan
from mosecrot_cli.pipeline.study.report.collect import Finished, Spread, spread
from mosecrot_cli.settings.choices import DEFAULT_SEED

LEVEL = 0.05
"""The level at which a difference is marked."""


@dataclass(frozen=True)
class ResultCell:
    """A row in a language.

    Attributes:
        score: mean and spread over the runs.
        comparison: with the reference; None for the reference, and where it was not run.
        adjusted: p-value of that after Holm's correction over the table.
        best: no other row of the column has a higher mean.
        published: figures of others.
    """

    score: Spread
    comparison: RunsComparison | None = None
    adjusted: float | None = None
    best: bool = False
    published: tuple[Published, ...] = ()

    @property
    def mark(self) -> str:
        """`+` or `-` where the difference to the reference passes the level, else nothing."""
        if self.comparison is None or self.adjusted is None or self.adjusted >= LEVEL:
            return ""
        return "+" if self.comparison.difference > 0 else "-"


@dataclass(frozen=True)
class ResultTable:
    """Results on one task with one source model.

    Attributes:
        task, model: which.
        title: of the grids whose rows these are; empty where they have none.
        languages: the columns.
        rows: the rows, in the order of the study.
        cells: by row and language.
        reference: the row that others are compared with.
    """

    task: str
    model: str
    languages: tuple[str, ...]
    rows: tuple[str, ...]
    cells: Mapping[tuple[str, str], ResultCell]
    reference: str | None
    title: str = ""

    @property
    def heading(self) -> str:
        """What stands above the table."""
        place = f"{self.task}, {self.model}"
        return f"{self.title} ({place})" if self.title else place

    @property
    def shown(self) -> list[str]:
        """The rows with a number in a target language."""
        return [row for row in self.rows if any((row, language) in self.cells for language in self.languages)]

    def mean(self, row: str) -> float | None:
        """Mean over the languages; None where the row lacks one of the target languages."""
        found = [self.cells.get((row, language)) for language in self.languages]
        scores = [cell.score.mean for cell in found if cell is not None]
        return fmean(scores) if len(scores) == len(self.languages) else None


def result_tables(
    plan: Plan, finished: Sequence[Finished], reference: str | None, *, resamples: int
) -> list[ResultTable]:
    """A table for each task, source model and title of grids. The reference is a row of those that share a language.

    Args:
        plan: the study.
        finished: its numbers.
        reference: the row that others are compared with.
        resamples: of each bootstrap.

    Raises:
        DataError: a file of predictions is damaged.
    """
    groups: dict[tuple[str, str], list[Finished]] = {}
    for each in finished:
        groups.setdefault((each.run.task, each.run.model), []).append(each)
    tables = []
    for title, rows in plan.tables.items():
        for (task, model), found in groups.items():
            own = [each for each in found if each.run.row.name in rows]
            languages = {each.run.language for each in own}
            if reference not in rows:
                shared = [each for each in found if each.run.language in languages]
                own += [each for each in shared if each.run.row.name == reference]
            if languages:
                table = _table(plan, task, model, own, reference, resamples=resamples)
                tables.append(replace(table, title=title))
    return tables


def _table(
    plan: Plan, task: str, model: str, finished: Sequence[Finished], reference: str | None, *, resamples: int
) -> ResultTable:
    by_cell: dict[tuple[str, str], list[Finished]] = {}
    for each in finished:
        by_cell.setdefault((each.run.row.name, each.run.language), []).append(each)
    languages = tuple(language for language in plan.study.languages if any(key[1] == language for key in by_cell))
    cells = {key: ResultCell(spread(found)) for key, found in by_cell.items()}
    for key in cells:
        figures = tuple(figure for figure in plan.study.published
                        if (figure.row, figure.language) == key and figure.task in (None, task))  # fmt: skip
        cells[key] = replace(cells[key], published=figures)
    _compare(cells, by_cell, reference, resamples)
    for language in {language for _, language in cells}:
        column = {key: cell.score.mean for key, cell in cells.items() if key[1] == language}
        for key, mean in column.items():
            cells[key] = replace(cells[key], best=len(column) > 1 and mean >= max(column.values()))
    rows = tuple(row for row in plan.rows if any(key[0] == row for key in cells))
    return ResultTable(task, model, languages, rows, cells, reference)


def _compare(
    cells: dict[tuple[str, str], ResultCell],
    by_cell: Mapping[tuple[str, str], Sequence[Finished]],
    reference: str | None,
    resamples: int,
) -> None:
    """Compare every cell with the reference of its language, on the same texts, and correct for their number."""
    read: dict[tuple[str, str], list[Predictions]] = {}

    def predictions(key: tuple[str, str]) -> list[Predictions]:
        if key not in read:
            read[key] = [read_predictions(each.predictions) for each in by_cell[key]]
        return read[key]

    compared = []
    for key in cells:
        other = (str(reference), key[1])
        if key == other or other not in cells:
            continue
        ours, theirs = predictions(key), predictions(other)
        gold = theirs[0].gold
        if gold is None or any(each.ids != theirs[0].ids or each.gold != gold for each in [*ours, *theirs]):
            continue
        found = bootstrap_of_means(
            gold,
            [each.predicted for each in ours],
            [each.predicted for each in theirs],
            resamples=resamples,
            seed=DEFAULT_SEED,
        )
        cells[key] = replace(cells[key], comparison=found)
        compared.append((key, found.p_value))
    for (key, _), adjusted in zip(compared, holm([p_value for _, p_value in compared]), strict=True):
        cells[key] = replace(cells[key], adjusted=adjusted)
