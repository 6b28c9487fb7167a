"""The uncertainty of a macro-F1, by bootstrap over the test items.

An item is resampled together with its gold label and all predictions. Items that agree in these are exchangeable,
so a resample of n items is one multinomial draw of the counts of the distinct patterns (some dozens for a few classes),
and thousands of resamples are three matrix products.

References: Koehn (2004), Statistical significance tests for machine translation evaluation, EMNLP (paired bootstrap);
Berg-Kirkpatrick, Burkett and Klein (2012), An empirical investigation of statistical significance in NLP, EMNLP
(the p-value: how often a difference of resamples, centred on the observed one, is as large as the observed one).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import CompareSettings, EvaluateSettings

LEVEL = 0.95
_CHUNK = 8_000_000  # cells of a block of resamples (64 MB)


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval.

    Attributes:
        low: lower end.
        high: upper end.
        level: share of the resamples between the two.
        resamples: how many resamples were drawn.
        seed: the seed of the draws.
    """

    low: float
    high: float
    level: float
    resamples: int
    seed: int


@dataclass(frozen=True, slots=True)
class ClassDifference:
    """Two lists of predictions compared on one class.

    Attributes:
        label: the class.
        support: number of texts with this gold label.
        first: F1 of the first list.
        second: F1 of the second.
        difference: first minus second.
        low: lower end of the bootstrap interval of the difference.
        high: upper end.
    """

    label: str
    support: int
    first: float
    second: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two lists of predictions for the same texts.

    Attributes:
        n: number of texts.
        first: macro-F1 of the first list.
        second: macro-F1 of the second list.
        difference: first minus second.
        interval: bootstrap interval of the difference.
        p_value: two-sided; the share of resamples whose difference is as far from the observed one as that is from
            zero, counting the observed data as one resample, so it is never 0.
        first_wins: share of the resamples in which the first list is better; ties count half.
        per_class: the comparison of each class that occurs, sorted by label.
    """

    n: int
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    first_wins: float
    per_class: tuple[ClassDifference, ...]


@dataclass(frozen=True, slots=True)
class RunsComparison:
    """The mean macro-F1 of several runs (seeds) compared with that of others on the same texts.

    Attributes:
        n: texts.
        first: mean macro-F1 of the first runs.
        second: mean macro-F1 of the second runs.
        difference: first minus second.
        interval: bootstrap interval of the difference, over the texts.
        p_value: two-sided, as of `PairedComparison`.
    """

    n: int
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float


def macro_f1_interval(
    gold: Sequence[str],
    predictions: Sequence[Sequence[str]],
    *,
    resamples: int = EvaluateSettings.resamples,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Interval of the macro-F1, or of its mean over several runs (seeds) on the same items.

    It reflects the choice of test items, not the choice of seeds.

    Args:
        gold: the right label of each of n texts.
        predictions: one list of n predicted labels for each run.
        resamples: how many resamples to draw; 1,000 to 10,000 make sense.
        level: coverage.
        seed: of the draws.

    Raises:
        UsageError: no resamples, or a level outside of (0, 1).
    """
    means = _resampled_macro_f1(gold, predictions, resamples=resamples, seed=seed).mean(axis=1)
    return _interval(means, resamples=resamples, level=level, seed=seed)


def paired_bootstrap(
    gold: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    *,
    resamples: int = CompareSettings.resamples,
    level: float = LEVEL,
    seed: int = 0,
) -> PairedComparison:
    """Compare two lists of predictions for the same n texts by macro-F1.

    Args:
        gold: the right labels.
        first: predictions.
        second: predictions.
        resamples: how many resamples to draw.
        level: coverage of the interval.
        seed: of the draws.

    Raises:
        UsageError: no resamples, or a level outside of (0, 1).
    """
    patterns = _patterns(gold, [first, second])
    observed, scores = _scores_of_counts(patterns.counts[None, :].astype(np.float64), patterns)
    difference = float(observed[0, 0] - observed[0, 1])
    drawn: list[NDArray[np.float64]] = []
    by_class: list[NDArray[np.float64]] = []
    for counts in _resamples(patterns, resamples=resamples, seed=seed):
        values, f1 = _scores_of_counts(counts, patterns)
        drawn.append(values)
        by_class.append(f1[0] - f1[1])
    macro = np.concatenate(drawn)
    differences = macro[:, 0] - macro[:, 1]
    interval = _interval(differences, resamples=resamples, level=level, seed=seed)
    wins = np.mean((differences > 1e-12) + 0.5 * (np.abs(differences) <= 1e-12))
    return PairedComparison(
        n=len(gold),
        first=float(observed[0, 0]),
        second=float(observed[0, 1]),
        difference=difference,
        interval=interval,
        p_value=_p_value(differences, difference),
        first_wins=float(wins),
        per_class=_class_differences(patterns, scores[:, 0], np.concatenate(by_class), level),
    )


def bootstrap_of_means(
    gold: Sequence[str],
    first: Sequence[Sequence[str]],
    second: Sequence[Sequence[str]],
    *,
    resamples: int = CompareSettings.resamples,
    level: float = LEVEL,
    seed: int = 0,
) -> RunsComparison:
    """Compare the mean macro-F1 of some runs with that of others on the same n texts.

    All runs of both sides are scored on the same resamples of the texts, so the comparison is paired by text; it
    reflects the choice of texts, not the choice of seeds. With one run on each side it is `paired_bootstrap`.

    Args:
        gold: the right labels.
        first: predictions of each run.
        second: predictions of each run; the number of runs may differ.
        resamples: how many resamples to draw.
        level: coverage of the interval.
        seed: of the draws.

    Raises:
        UsageError: no resamples, or a level outside of (0, 1).
    """
    patterns = _patterns(gold, [*first, *second])
    observed, _ = _scores_of_counts(patterns.counts[None, :].astype(np.float64), patterns)
    one, other = float(observed[0, : len(first)].mean()), float(observed[0, len(first) :].mean())
    blocks = _resamples(patterns, resamples=resamples, seed=seed)
    drawn = np.concatenate([_scores_of_counts(counts, patterns)[0] for counts in blocks])
    differences = drawn[:, : len(first)].mean(axis=1) - drawn[:, len(first) :].mean(axis=1)
    interval = _interval(differences, resamples=resamples, level=level, seed=seed)
    return RunsComparison(len(gold), one, other, one - other, interval, _p_value(differences, one - other))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979), in the order given.

    The adjusted values may be compared with the level that the whole family shall keep.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, greatest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        greatest = max(greatest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = greatest
    return adjusted


def _p_value(differences: NDArray[np.float64], observed: float) -> float:
    """How often a difference of resamples is as far from the observed one as that is from zero."""
    # Differences that are equal up to rounding count as equal.
    as_far = np.abs(differences - observed) >= abs(observed) - 1e-12
    return float((as_far.sum() + 1) / (len(differences) + 1))


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The distinct combinations of gold label and predictions: U of them, over K classes and R runs.

    labels [K], sorted; counts [U]; gold [U, K], predicted [R, U, K] and right [R, U, K] are 0/1.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    gold: NDArray[np.float64]
    predicted: NDArray[np.float64]
    right: NDArray[np.float64]


def _patterns(gold: Sequence[str], predictions: Sequence[Sequence[str]]) -> _Patterns:
    if not gold or not predictions or any(len(run) != len(gold) for run in predictions):
        raise ValueError(f"{len(gold)} gold labels and runs of {[len(run) for run in predictions]} predictions")
    labels, codes = np.unique(np.array([gold, *predictions], dtype=object).astype(str), return_inverse=True)
    items = codes.reshape(len(predictions) + 1, len(gold)).T
    distinct, counts = np.unique(items, axis=0, return_counts=True)
    one_hot = np.eye(len(labels))[distinct]  # [U, 1 + R, K]
    truth, predicted = one_hot[:, 0], one_hot[:, 1:].transpose(1, 0, 2)
    return _Patterns(tuple(map(str, labels)), counts, truth, predicted, predicted * truth)


def _scores_of_counts(
    counts: NDArray[np.float64], patterns: _Patterns
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Macro-F1 [B, R] and F1 [R, B, K] of B resamples given as counts [B, U].

    A class that is absent from a resample has F1 0 and does not count in the macro-F1.
    """
    support = counts @ patterns.gold  # [B, K]
    predicted, right = counts @ patterns.predicted, counts @ patterns.right  # [R, B, K]
    total = support + predicted
    f1 = np.divide(2 * right, total, out=np.zeros_like(total), where=total > 0)
    macro: NDArray[np.float64] = (f1.sum(axis=2) / (total > 0).sum(axis=2)).T
    return macro, f1


def _resamples(patterns: _Patterns, *, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Counts [B, U] of resamples of the items, in blocks that bound the memory."""
    if resamples < 1:
        raise UsageError(f"{resamples} resamples", hint="at least one is needed; 1,000 to 10,000 make sense")
    generator = np.random.default_rng(seed)
    items = int(patterns.counts.sum())
    shares = patterns.counts / items
    runs, distinct, classes = patterns.predicted.shape
    block = max(1, _CHUNK // max(distinct, runs * classes))
    for start in range(0, resamples, block):
        yield generator.multinomial(items, shares, size=min(block, resamples - start)).astype(np.float64)


def _resampled_macro_f1(
    gold: Sequence[str], predictions: Sequence[Sequence[str]], *, resamples: int, seed: int
) -> NDArray[np.float64]:
    """Macro-F1 [B, R] of each run on each of B resamples of the items."""
    patterns = _patterns(gold, predictions)
    blocks = _resamples(patterns, resamples=resamples, seed=seed)
    return np.concatenate([_scores_of_counts(counts, patterns)[0] for counts in blocks])


def _class_differences(
    patterns: _Patterns, scores: NDArray[np.float64], differences: NDArray[np.float64], level: float
) -> tuple[ClassDifference, ...]:
    """The classes, from their F1 [R, K] and the differences [B, K] of the resamples."""
    tail = (1 - level) / 2
    low, high = np.quantile(differences, [tail, 1 - tail], axis=0)
    support = patterns.counts @ patterns.gold
    return tuple(
        ClassDifference(
            label,
            int(support[column]),
            float(scores[0, column]),
            float(scores[1, column]),
            float(scores[0, column] - scores[1, column]),
            float(low[column]),
            float(high[column]),
        )
        for column, label in enumerate(patterns.labels)
    )


def _interval(values: NDArray[np.float64], *, resamples: int, level: float, seed: int) -> Interval:
    if not 0 < level < 1:
        raise UsageError(f"a level of {level}", hint="between 0 and 1")
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(float(low), float(high), level, resamples, seed)
