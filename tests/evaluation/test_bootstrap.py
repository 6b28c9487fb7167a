"""The bootstrap. Oracles: scikit-learn on every resample of a plain loop, scipy.stats.bootstrap, the sign of a
difference that is there by construction, and the rate of false alarms where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap, ks_2samp
from sklearn.metrics import f1_score

from mosecrot_cli.errors import UsageError
from mosecrot_cli.evaluation.bootstrap import (
    _patterns,
    _resampled_macro_f1,
    _scores_of_counts,
    bootstrap_of_means,
    holm,
    macro_f1_interval,
    paired_bootstrap,
)


def labels(seed: int, n: int, error: float, k: int = 4) -> tuple[list[str], list[str]]:
    """Gold labels over k unequally frequent classes, and predictions a share of which is drawn anew."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, k + 1) / np.arange(1, k + 1).sum()
    gold = rng.choice(k, n, p=weights)
    predicted = np.where(rng.random(n) < error, rng.choice(k, n), gold)
    return [f"c{label}" for label in gold], [f"c{label}" for label in predicted]


def macro(gold: np.ndarray, predicted: np.ndarray) -> float:
    return float(f1_score(gold, predicted, average="macro", zero_division=0))


def test_scores_of_counts_is_that_of_the_items() -> None:
    """Any resample, also one that lacks classes, scores what scikit-learn says of its items."""
    gold, predicted = labels(0, 30, 0.4)
    other = labels(0, 30, 0.6)[1]
    patterns = _patterns(gold, [predicted, other])
    items, counts = np.unique(np.array([gold, predicted, other]).T, axis=0, return_counts=True)
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(8, counts / counts.sum(), size=50)
    values = _scores_of_counts(drawn.astype(float), patterns)[0]
    for row in range(50):
        resample = np.repeat(items, drawn[row], axis=0)
        assert values[row] == pytest.approx([macro(resample[:, 0], resample[:, run]) for run in (1, 2)])


def test_resamples_are_distributed_as_those_of_a_plain_loop() -> None:
    gold, predicted = labels(3, 60, 0.4)
    fast = _resampled_macro_f1(gold, [predicted], resamples=1500, seed=0)[:, 0]
    rng = np.random.default_rng(9)
    pairs = np.array([gold, predicted])
    plain = [macro(*pairs[:, rng.integers(60, size=60)]) for _ in range(700)]
    assert ks_2samp(fast, plain).pvalue > 0.01


def test_interval_agrees_with_scipy() -> None:
    gold, predicted = labels(1, 200, 0.35)
    names, codes = np.unique([gold, predicted], return_inverse=True)
    codes = codes.reshape(2, -1)
    expected = bootstrap(
        (codes[0], codes[1]),
        macro,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=600,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    interval = macro_f1_interval(gold, [predicted], resamples=5000)
    width = interval.high - interval.low
    assert len(names) == 4
    assert interval.low == pytest.approx(expected.low, abs=0.15 * width)
    assert interval.high == pytest.approx(expected.high, abs=0.15 * width)
    assert interval.low < macro(*np.array([gold, predicted])) < interval.high


def test_interval_of_a_mean_over_runs() -> None:
    gold, predicted = labels(1, 100, 0.35)
    single = macro_f1_interval(gold, [predicted], seed=4)
    assert macro_f1_interval(gold, [predicted, predicted], seed=4) == single
    runs = [labels(1, 100, 0.35)[1], *(labels(seed, 100, 1.0)[1] for seed in range(2))]
    both = macro_f1_interval(gold, runs, seed=4)
    assert both.high < single.low


def test_a_perfect_list_has_no_spread() -> None:
    gold, _ = labels(1, 50, 0)
    interval = macro_f1_interval(gold, [gold])
    assert (interval.low, interval.high) == (1, 1)


def test_the_same_seed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, predicted = labels(1, 50, 0.3)
    first = macro_f1_interval(gold, [predicted], seed=7)
    assert macro_f1_interval(gold, [predicted], seed=7) == first
    assert macro_f1_interval(gold, [predicted], seed=8) != first
    monkeypatch.setattr("mosecrot_cli.evaluation.bootstrap._CHUNK", 100)
    assert macro_f1_interval(gold, [predicted], seed=7) == first  # blocks of memory change nothing


def test_a_real_difference_is_found() -> None:
    gold, good = labels(1, 300, 0.1)
    bad = labels(1, 300, 0.6)[1]
    found = paired_bootstrap(gold, good, bad)
    assert found.first == pytest.approx(macro(np.array(gold), np.array(good)))
    assert found.second == pytest.approx(macro(np.array(gold), np.array(bad)))
    assert found.difference == pytest.approx(found.first - found.second)
    assert found.p_value < 0.001
    assert found.interval.low > 0
    assert found.first_wins > 0.999
    back = paired_bootstrap(gold, bad, good)
    assert back.difference == -found.difference
    assert back.p_value == pytest.approx(found.p_value, abs=0.002)


def test_no_difference_is_no_difference() -> None:
    gold, predicted = labels(1, 100, 0.3)
    same = paired_bootstrap(gold, predicted, predicted)
    assert (same.difference, same.p_value, same.first_wins) == (0, 1, 0.5)
    assert (same.interval.low, same.interval.high) == (0, 0)


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Two equally good systems: p < .1 in about a tenth of the experiments."""
    alarms = 0
    for experiment in range(200):
        rng = np.random.default_rng(experiment)
        gold = rng.choice(3, 120)
        runs = [np.where(rng.random(120) < 0.4, rng.choice(3, 120), gold).astype(str).tolist() for _ in range(2)]
        alarms += paired_bootstrap(gold.astype(str).tolist(), *runs, resamples=400, seed=experiment).p_value < 0.1
    assert 6 <= alarms <= 38  # 20 expected; 0.1 % tails of a binomial, and a margin for the approximation


def test_bad_settings() -> None:
    gold, predicted = labels(1, 20, 0.3)
    with pytest.raises(UsageError, match="0 resamples"):
        macro_f1_interval(gold, [predicted], resamples=0)
    with pytest.raises(UsageError, match=r"a level of 95"):
        macro_f1_interval(gold, [predicted], level=95)
    with pytest.raises(ValueError, match="20 gold labels and runs of"):
        paired_bootstrap(gold, predicted, predicted[:-1])


def test_classes_are_compared_one_by_one() -> None:
    gold, good = labels(1, 300, 0.1)
    bad = labels(1, 300, 0.6)[1]
    found = paired_bootstrap(gold, good, bad)
    names = sorted(set(gold))
    assert [item.label for item in found.per_class] == names
    expected = [f1_score(gold, run, average=None, labels=names) for run in (good, bad)]
    for column, item in enumerate(found.per_class):
        assert (item.first, item.second) == pytest.approx((expected[0][column], expected[1][column]))
        assert item.support == gold.count(item.label)
        assert item.low < item.difference == item.first - item.second < item.high
    assert np.mean([item.difference for item in found.per_class]) == pytest.approx(found.difference)


def test_means_of_single_runs_are_compared_like_two_lists() -> None:
    gold, first = labels(1, 120, 0.2)
    second = labels(1, 120, 0.4)[1]
    pair = paired_bootstrap(gold, first, second, resamples=500, seed=3)
    means = bootstrap_of_means(gold, [first], [second], resamples=500, seed=3)
    assert (means.first, means.second, means.p_value) == (pair.first, pair.second, pair.p_value)
    assert means.interval == pair.interval
    # The same run twice is the same mean.
    twice = bootstrap_of_means(gold, [first, first], [second], resamples=500, seed=3)
    assert twice.difference == pytest.approx(means.difference) and twice.p_value == means.p_value


def test_means_over_runs_are_those_of_scikit_learn() -> None:
    gold, _ = labels(2, 150, 0.2)
    runs = [labels(2, 150, error)[1] for error in (0.2, 0.3, 0.5)]
    scores = [f1_score(gold, run, average="macro") for run in runs]
    found = bootstrap_of_means(gold, runs[:2], runs[2:], resamples=300)
    assert found.first == pytest.approx((scores[0] + scores[1]) / 2) and found.second == pytest.approx(scores[2])
    assert found.interval.low < found.difference < found.interval.high


def test_holm_is_its_definition() -> None:
    """The example of Holm (1979) as textbooks give it, and its two properties on random values."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.2]) == [0.2]
    values = list(np.random.default_rng(0).random(30) ** 3)
    adjusted = holm(values)
    assert all(low <= high <= min(1.0, 30 * low) for low, high in zip(values, adjusted, strict=True))
    assert np.array_equal(np.argsort(adjusted, kind="stable")[:5], np.argsort(values)[:5])
