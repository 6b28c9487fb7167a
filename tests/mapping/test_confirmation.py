"""Pairs that the vectors confirm: cosines of scikit-learn's ridge regression, and what random pairs reach."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mosecrot_cli.mapping.confirmation import NEARER_THAN, confirm

ANCHORS, PAIRS = 300, 400


@pytest.fixture(scope="module")
def spaces():
    """Vectors `[n, 30]` and source embeddings `[n, 40]` of the same words, less alike than a rotation."""
    random = np.random.default_rng(1)
    vectors = random.normal(size=(ANCHORS + PAIRS, 30)) + random.normal(size=30)
    values = vectors @ random.normal(size=(30, 40)) + random.normal(scale=4, size=(ANCHORS + PAIRS, 40))
    return vectors.astype(np.float32), values.astype(np.float32)


def units(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_cosines_are_those_of_a_ridge_regression(spaces):
    vectors, values = spaces
    found = confirm(vectors[:ANCHORS], values[:ANCHORS], vectors[ANCHORS:], values[ANCHORS:], seed=1)
    mean, centre = units(vectors[:ANCHORS]).mean(axis=0), values[:ANCHORS].mean(axis=0)
    x, pairs = (units(units(part) - mean) for part in (vectors[:ANCHORS], vectors[ANCHORS:]))
    strength = np.linalg.eigvalsh(x.T @ x).mean()
    model = Ridge(alpha=strength, fit_intercept=False).fit(x, values[:ANCHORS] - centre)
    expected = (units(model.predict(pairs)) * units(values[ANCHORS:] - centre)).sum(axis=1)
    np.testing.assert_allclose(found.cosines, expected, atol=1e-5)


def test_right_pairs_are_confirmed_and_few_wrong_ones(spaces):
    vectors, values = spaces
    wrong = np.roll(values[ANCHORS:], 1, axis=0)
    right, chance = (
        confirm(vectors[:ANCHORS], values[:ANCHORS], vectors[ANCHORS:], given, seed=1)
        for given in (values[ANCHORS:], wrong)
    )
    assert (right.cosines >= right.least).mean() > 0.9
    assert (chance.cosines >= chance.least).mean() == pytest.approx(1 - NEARER_THAN, abs=0.03)
    assert right.least == chance.least


def test_more_rows_than_a_block(spaces):
    vectors, values = spaces
    repeated = np.tile(np.arange(ANCHORS, ANCHORS + PAIRS), 20)
    found = confirm(vectors[:ANCHORS], values[:ANCHORS], vectors[repeated], values[repeated], seed=1)
    np.testing.assert_allclose(found.cosines, np.tile(found.cosines[:PAIRS], 20))
