"""The numbers that a study has so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from mosecrot_cli.pipeline.study.plan import Measurement, Plan
from mosecrot_cli.structured import read_json


@dataclass(frozen=True)
class _Coverage:
    unknown_word_share: float | None = None


@dataclass(frozen=True)
class _Scores:
    """What the report needs of the JSON of `evaluate`."""

    n: int
    macro_f1: float
    accuracy: float
    macro_f1_interval: tuple[float, float] | None = None
    coverage: _Coverage = field(default_factory=_Coverage)
    data_notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finished:
    """A number of the study.

    Attributes:
        run: what was run.
        n: texts.
        macro_f1, accuracy: the scores.
        low, high: ends of the bootstrap interval of the macro-F1 over the texts.
        unknown_words: share of the words that are not whole in the vocabulary; None where not counted.
        anchors: number of anchors; None where there are none.
        notes: licence and citation of the data.
        predictions: the file.
    """

    run: Measurement
    n: int
    macro_f1: float
    accuracy: float
    low: float | None
    high: float | None
    unknown_words: float | None
    anchors: int | None
    notes: dict[str, Any]
    predictions: Path


@dataclass(frozen=True)
class Spread:
    """Several runs as one number.

    Attributes:
        mean: of the macro-F1.
        deviation: sample standard deviation; 0 for one run.
        runs: how many.
    """

    mean: float
    deviation: float
    runs: int


def collect(plan: Plan) -> list[Finished]:
    """The finished runs of a study, in its order.

    Raises:
        DataError: a file of scores is damaged.
    """
    folder, counts = plan.study.folder, dict[str, int]()
    found = []
    for run in plan.runs:
        path = folder / run.scores
        if not (folder / run.chain[-1].target).exists() or not path.exists():
            continue
        scores = read_json(path, _Scores)
        low, high = scores.macro_f1_interval or (None, None)
        told = (scores.n, scores.macro_f1, scores.accuracy, low, high, scores.coverage.unknown_word_share)
        anchors, predictions = _anchors(run, folder, counts), folder / run.predictions
        found.append(Finished(run, *told, anchors, scores.data_notes, predictions))
    return found


def spread(found: Sequence[Finished]) -> Spread:
    """Mean and standard deviation of runs."""
    values = [each.macro_f1 for each in found]
    return Spread(fmean(values), stdev(values) if len(values) > 1 else 0.0, len(values))


def _anchors(run: Measurement, folder: Path, counts: dict[str, int]) -> int | None:
    """Lines of the anchors that the row's own map reads."""
    if run.row.map is None:
        return None
    place = f"{run.model}/{run.language}/"
    mapped = [job for job in run.chain if job.kind == "map" and job.name.startswith(place)][-1]
    path = folder / str(mapped.after[0].output)
    if not path.is_file():
        return None
    if str(path) not in counts:
        with path.open("rb") as stream:
            counts[str(path)] = sum(1 for _ in stream)
    return counts[str(path)]
