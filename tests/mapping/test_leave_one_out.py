"""Leave-one-out predictions against refitting without each anchor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from mosecrot_cli.mapping.leave_one_out import JUDGED, RIDGES, LeaveOneOut, plausible
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
    ranks = [rankdata([cosine(row, value) for value in values])[own] for own, row in enumerate(expected)]
    assert judge.ranks(strength).tolist() == ranks


def test_the_best_ridge_has_the_highest_mean_reciprocal_rank_and_is_what_the_solver_takes(anchors):
    judge = LeaveOneOut(*anchors)
    means = [(1 / judge.ranks(strength)).mean() for strength in RIDGES]
    assert len(set(means)) > 1
    best = RIDGES[int(np.argmax(means))]
    assert judge.best_ridge() == best
    chosen, given = ridge_solver(None)(*anchors), ridge_solver(best)(*anchors)
    assert chosen.ridge == best
    np.testing.assert_array_equal(chosen.matrix, given.matrix)


def test_equal_values_are_one_translation():
    vectors = np.array([[1.0, 0.1], [1.0, -0.1], [0.1, 1.0], [-0.1, 1.0]])
    values = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert LeaveOneOut(vectors, values).ranks(0.1).tolist() == [1, 1, 1, 1]


def test_with_many_anchors_a_sample_is_judged():
    vectors = np.random.default_rng(0).normal(size=(JUDGED + 500, 3))
    judge = LeaveOneOut(vectors, vectors)
    assert len(judge.ranks(1.0)) == JUDGED == len(set(judge.judged.tolist()))
    assert judge.judged.max() > JUDGED


def test_fewer_anchors_want_a_larger_ridge():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(2000, 60)) * np.geomspace(3, 0.3, 60)
    values = vectors @ random.normal(size=(60, 40)) + 10 * random.normal(size=(2000, 40))
    few = LeaveOneOut(vectors[:80], values[:80]).best_ridge()
    many = LeaveOneOut(vectors, values).best_ridge()
    assert few > many


def test_anchors_without_a_direction_are_not_divided_by():
    judge = LeaveOneOut(np.zeros((3, 2)), np.ones((3, 2)))
    assert judge.predictions(0.1) == pytest.approx(np.zeros((3, 2)))
    assert judge.best_ridge() in RIDGES


def test_shuffled_pairs_are_told_from_right_ones():
    random = np.random.default_rng(3)
    vectors = random.normal(size=(600, 20))
    values = vectors @ random.normal(size=(20, 30)) + random.normal(size=(600, 30))
    wrong = np.arange(600) % 3 == 0
    values[wrong] = values[wrong][::-1]
    kept = plausible(vectors, values, 0.05)
    assert kept[~wrong].mean() > 0.9
    assert kept[wrong].mean() < 0.1
    assert plausible(vectors, values, 1.0).all()
