"""Self-learning against planted translations and against refitting without each seed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from mosecrot_cli.mapping.self_learning import learn_anchors
from mosecrot_cli.mapping.units import exact_units

Matrix = NDArray[np.float32]
WORDS, SEEDS = 600, 60


def spaces(*, noise: float, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Target vectors `[600, 24]`, and source embeddings `[600, 32]`: the same turned, moved, scaled, and noise."""
    random = np.random.default_rng(seed)
    target = random.normal(size=(WORDS, 24)) * np.linspace(2, 0.5, 24)
    turn, _ = np.linalg.qr(random.normal(size=(32, 24)))
    source = 0.1 * (target @ turn.T + noise * random.normal(size=(WORDS, 32))) + 0.5
    return target.astype(np.float32), source.astype(np.float32)


def test_translations_are_found_from_a_tenth_of_them() -> None:
    target, source = spaces(noise=0.3)
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, seeds, source[seeds], rounds=5, ridge=0.1)
    assert found.best >= 1
    right = found.pairs[:, 0] == found.pairs[:, 1]
    assert len(found.pairs) > 0.5 * (WORDS - SEEDS)
    assert right.mean() > 0.9
    assert found.rounds[found.best].learnt == len(found.pairs)
    assert found.rounds[found.best].agreement > found.rounds[0].agreement


def test_seeds_stay_as_they_are() -> None:
    target, source = spaces(noise=0.3)
    seeds = np.arange(100, 100 + SEEDS)
    found = learn_anchors(target, source, seeds, source[seeds], rounds=3, ridge=0.1)
    assert not set(found.pairs[:, 1].tolist()) & set(seeds.tolist())
    assert len(np.unique(found.pairs[:, 0])) == len(found.pairs) == len(np.unique(found.pairs[:, 1]))


def test_the_agreement_is_that_of_maps_fitted_without_each_seed() -> None:
    """scikit-learn's ridge regression, refitted for every seed on all others; the sides centred as with all of them."""
    target, source = spaces(noise=0.3)
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, seeds, source[seeds], rounds=0, ridge=0.1)
    vectors = exact_units(target[:SEEDS])
    vectors = exact_units(vectors - vectors.mean(axis=0))
    values = source[:SEEDS].astype(np.float64)
    values -= values.mean(axis=0)
    penalty = 0.1 * np.trace(vectors.T @ vectors) / vectors.shape[1]
    cosines = []
    for left_out in range(SEEDS):
        rest = np.arange(SEEDS) != left_out
        model = Ridge(alpha=penalty, fit_intercept=False).fit(vectors[rest], values[rest])
        predicted = model.predict(vectors[left_out : left_out + 1])[0]
        cosines.append(predicted @ values[left_out] / np.linalg.norm(predicted) / np.linalg.norm(values[left_out]))
    assert found.rounds[0].agreement == pytest.approx(np.mean(cosines), abs=1e-6)
    assert found.best == 0
    assert len(found.pairs) == 0


def test_learnt_anchors_that_do_not_help_are_not_used() -> None:
    """Between unrelated spaces there is nothing to learn: no round may be taken because it came last."""
    target, _ = spaces(noise=0.3)
    _, source = spaces(noise=0.3, seed=1)
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, seeds, source[seeds], rounds=4, ridge=0.1)
    assert found.best == int(np.argmax([step.agreement for step in found.rounds]))
    assert len(found.pairs) == found.rounds[found.best].learnt


def test_each_round_is_told() -> None:
    target, source = spaces(noise=0.3)
    told: list[int] = []
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, seeds, source[seeds], rounds=5, ridge=0.1, advance=told.append)
    assert told == [1] * (len(found.rounds) - 1)


@pytest.mark.parametrize(("seeds", "width"), [([], 32), ([0, 1], 31)])
def test_impossible_input_is_refused(seeds: list[int], width: int) -> None:
    target, source = spaces(noise=0.3)
    rows = np.array(seeds, dtype=np.int64)
    with pytest.raises(ValueError, match=r"no anchor|numbers"):
        learn_anchors(target, source[:, :width], rows, source[rows], rounds=1, ridge=0.1)
