"""Leave-one-out predictions against refitting without each anchor."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from mosecrot_cli.mapping import cross_validation
from mosecrot_cli.mapping.cross_validation import JUDGED, RIDGES, LeaveOneOut, plausible
from mosecrot_cli.mapping.methods.linear import ridge_solver

ANCHORS, WIDTH, VALUE_WIDTH = 40, 12, 7
EVERY = np.arange(ANCHORS)


@pytest.fixture
def anchors() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(ANCHORS, WIDTH)) * np.linspace(2, 0.2, WIDTH)
    return vectors, vectors @ random.normal(size=(WIDTH, VALUE_WIDTH)) + 3 * random.normal(size=(ANCHORS, VALUE_WIDTH))


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("strength", [0.03, 1.0, 10.0])
def test_predictions_are_those_of_maps_learnt_without_each_anchor(anchors, strength, centred):
    vectors, values = anchors
    vectors, values = vectors + 0.5, values + 2
    if centred:
        vectors, values = vectors - vectors.mean(axis=0), values - values.mean(axis=0)
    penalty = strength * np.trace(vectors.T @ vectors) / WIDTH
    expected = []
    for left_out in range(ANCHORS):
        rest = np.arange(ANCHORS) != left_out
        model = Ridge(alpha=penalty, fit_intercept=centred).fit(vectors[rest], values[rest])
        expected.append(model.predict(vectors[left_out : left_out + 1])[0])
    judge = LeaveOneOut(vectors, values, centred=centred)
    assert judge.predictions(strength, EVERY) == pytest.approx(np.array(expected), abs=1e-8)
    ranks = [rankdata([cosine(row, value) for value in values])[own] for own, row in enumerate(expected)]
    assert judge.ranks(strength, EVERY).tolist() == ranks


def test_the_best_ridge_has_the_highest_mean_reciprocal_rank_and_is_what_the_solver_takes(anchors):
    judge = LeaveOneOut(*anchors, centred=False)
    means = [(1 / judge.ranks(strength, EVERY)).mean() for strength in RIDGES]
    assert len(set(means)) > 1
    best = RIDGES[int(np.argmax(means))]
    assert judge.best_ridge() == best
    chosen, given = ridge_solver(None)(*anchors), ridge_solver(best)(*anchors)
    assert chosen.ridge == best
    np.testing.assert_array_equal(chosen.matrix, given.matrix)


def test_equal_values_are_one_translation():
    vectors = np.array([[1.0, 0.1], [1.0, -0.1], [0.1, 1.0], [-0.1, 1.0]])
    values = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert LeaveOneOut(vectors, values, centred=False).ranks(0.1, np.arange(4)).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("most_close", [0, 64])
@pytest.mark.parametrize("alike", [0, 25])
def test_ranks_equal_those_of_all_cosines_in_float64(anchors, most_close, alike, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cross_validation, "_MOST_CLOSE", most_close)
    vectors, values = (side.copy() for side in anchors)
    values[:alike] = values[0]
    judge, rows = LeaveOneOut(vectors, values, centred=False), np.arange(0, len(values), 3)
    predicted = judge.predictions(0.3, rows)
    units = values / np.linalg.norm(values, axis=1, keepdims=True)
    cosines = predicted / np.linalg.norm(predicted, axis=1, keepdims=True) @ units.T
    own = cosines[np.arange(len(rows)), rows]
    expected = 1 + (cosines > own[:, None] + 1e-12).sum(axis=1)
    assert len(set(expected.tolist())) > 1
    np.testing.assert_array_equal(judge.ranks(0.3, rows), expected)


def test_with_many_anchors_a_sample_is_judged():
    vectors = np.random.default_rng(0).normal(size=(JUDGED + 500, 3))
    judge = LeaveOneOut(vectors, vectors, centred=False)
    assert len(judge.sample) == JUDGED == len(set(judge.sample.tolist()))
    assert judge.sample.max() > JUDGED


def test_fewer_anchors_want_a_larger_ridge():
    random = np.random.default_rng(1)
    vectors = random.normal(size=(2000, 60)) * np.geomspace(3, 0.3, 60)
    values = vectors @ random.normal(size=(60, 40)) + 10 * random.normal(size=(2000, 40))
    few = LeaveOneOut(vectors[:80], values[:80], centred=False).best_ridge()
    many = LeaveOneOut(vectors, values, centred=False).best_ridge()
    assert few > many


def test_anchors_without_a_direction_are_not_divided_by():
    judge = LeaveOneOut(np.zeros((3, 2)), np.ones((3, 2)), centred=False)
    assert judge.predictions(0.1, np.arange(3)) == pytest.approx(np.zeros((3, 2)))
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


@pytest.mark.parametrize("count", [12, 40, 200])
def test_few_unrelated_pairs_do_not_betray_each_other(count):
    """The last of centred rows is the sum of all others: without its share in the means, each would be found."""
    random = np.random.default_rng(4)
    vectors, values = random.normal(size=(count, 100)), random.normal(size=(count, 30))
    vectors, values = vectors - vectors.mean(axis=0), values - values.mean(axis=0)
    first = [
        (LeaveOneOut(vectors, values, centred=how).ranks(0.1, np.arange(count)) == 1).mean() for how in (False, True)
    ]
    assert first[1] < 0.1
    if count == 12:
        assert first[0] > 0.5
