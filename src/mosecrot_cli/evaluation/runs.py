"""Several runs (seeds) of one experiment as one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

from mosecrot_cli.evaluation.bootstrap import Interval
from mosecrot_cli.evaluation.metrics import ClassScores, Majority, Scores, per_class_dict


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        seed: the training seed, None if it is not known.
        scores: its scores.
    """

    seed: int | None
    scores: Scores


@dataclass(frozen=True, slots=True)
class Summary:
    """Runs over the same test set.

    Attributes:
        n: number of texts.
        macro_f1: mean over the runs.
        macro_f1_std: sample standard deviation over the runs (n - 1 in the denominator); 0 for a single run.
        accuracy: mean over the runs.
        accuracy_std: its sample standard deviation.
        labels: order of the classes.
        per_class: means over the runs.
        confusion: sum over the runs; rows are gold labels.
        majority: the baseline.
        interval: bootstrap interval of the mean macro-F1 over test items, if it was computed.
        runs: the single runs.
    """

    n: int
    macro_f1: float
    macro_f1_std: float
    accuracy: float
    accuracy_std: float
    labels: tuple[str, ...]
    per_class: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    majority: Majority
    interval: Interval | None
    runs: tuple[Run, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: the means at the top, the single runs under `runs`, the known seeds under `seeds`.

        `macro_f1_interval` has the two ends of the interval, `bootstrap` says how it was drawn.
        """
        content = asdict(self)
        interval = content.pop("interval")
        content["macro_f1_interval"] = None if interval is None else [interval.pop("low"), interval.pop("high")]
        content["bootstrap"] = interval
        content["per_class"] = per_class_dict(self.per_class)
        content["runs"] = [
            {"seed": run.seed, "macro_f1": run.scores.macro_f1, "accuracy": run.scores.accuracy} for run in self.runs
        ]
        content["seeds"] = [run.seed for run in self.runs if run.seed is not None]
        return content


def summarise(runs: Sequence[Run], interval: Interval | None = None) -> Summary:
    """Mean and spread of one or more runs.

    Args:
        runs: scores on the same gold labels, with the same order of labels.
        interval: bootstrap interval of the mean macro-F1.

    Raises:
        ValueError: no runs, or runs on different data.
    """
    if not runs:
        raise ValueError("no runs")
    scores = [run.scores for run in runs]
    first = scores[0]
    if any(other.n != first.n or other.labels != first.labels for other in scores):
        raise ValueError("runs on different data")
    return Summary(
        n=first.n,
        macro_f1=fmean(item.macro_f1 for item in scores),
        macro_f1_std=_spread([item.macro_f1 for item in scores]),
        accuracy=fmean(item.accuracy for item in scores),
        accuracy_std=_spread([item.accuracy for item in scores]),
        labels=first.labels,
        per_class=tuple(_mean_class(column) for column in zip(*(item.per_class for item in scores), strict=True)),
        confusion=tuple(
            tuple(sum(cell) for cell in zip(*row, strict=True))
            for row in zip(*(item.confusion for item in scores), strict=True)
        ),
        majority=first.majority,
        interval=interval,
        runs=tuple(runs),
    )


def _spread(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


def _mean_class(column: Sequence[ClassScores]) -> ClassScores:
    return ClassScores(
        label=column[0].label,
        precision=fmean(item.precision for item in column),
        recall=fmean(item.recall for item in column),
        f1=fmean(item.f1 for item in column),
        support=column[0].support,
    )
