"""Leave-one-out predictions against refitting without each anchor."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mosecrot_cli.mapping.leave_one_out import RIDGES, LeaveOneOut
from mosecrot_cli.mapping.linear import ridge_solver

ANCHORS, WIDTH, VALUE_WIDTH = 40, 12, 7


@pytest.fixture
def anchors() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(ANCHORS, WIDTH)) * np.linspace(2, 0.2, WIDTH)
    return vectors, vectors @ random.normal(size=(WIDTH, VALUE_WIDTH)) + 3 * random.normal(size=(ANCHORS, VALUE_WIDTH))


@pytest.mark.parametrize("strength", [0.03, 1.0, 10.0])
def test_predictions_are_those_of_maps_learnt_without_each_anchor(anchors, strength):
    vectors, values = anchors
    penalty = strength * np.trace(vectors.T @ vectors) / WIDTH
    expected = []
    for left_out in range(ANCHORS):
        rest = np.arange(ANCHORS) != left_out
        model = Ridge(alpha=penalty, fit_intercept=False).fit(vectors[rest], values[rest])
        expected.append(model.predict(vectors[left_out : left_out + 1])[0])
    judge = LeaveOneOut(vectors, values)
    assert judge.predictions(strength) == pytest.approx(np.array(expected), abs=1e-8)
    norms = np.linalg.norm(expected, axis=1) * np.linalg.norm(values, axis=1)
    assert judge.cosines(strength) == pytest.approx((np.array(expected) * values).sum(axis=1) / norms)


def test_the_best_ridge_has_the_highest_mean_cosine_and_is_what_the_solver_takes(anchors):
    judge = LeaveOneOut(*anchors)
    means = [judge.cosines(strength).mean() for strength in RIDGES]
    assert len({round(mean, 6) for mean in means}) == len(RIDGES)
    best = RIDGES[int(np.argmax(means))]
    assert judge.best_ridge() == best
    chosen, given = ridge_solver(None)(*anchors), ridge_solver(best)(*anchors)
    assert chosen.ridge == best
    np.testing.assert_array_equal(chosen.matrix, given.matrix)


def test_noise_wants_a_larger_ridge(anchors):
    vectors, values = anchors
    random = np.random.default_rng(1)
    noisy = values + 30 * random.normal(size=values.shape)
    clean = vectors @ random.normal(size=(WIDTH, VALUE_WIDTH))
    assert LeaveOneOut(vectors, clean).best_ridge() == min(RIDGES)
    assert LeaveOneOut(vectors, noisy).best_ridge() > min(RIDGES)


def test_anchors_without_a_direction_are_not_divided_by():
    judge = LeaveOneOut(np.zeros((3, 2)), np.ones((3, 2)))
    assert judge.cosines(0.1) == pytest.approx([0, 0, 0])
