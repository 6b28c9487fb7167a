"""Averages of log-probabilities. Oracle: scipy's softmax of the mean of the logarithms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from mosecrot_cli.evaluation.ensembles import average_log_probabilities


@given(st.integers(0, 1000), st.integers(2, 5), st.integers(1, 6), st.integers(2, 7))
def test_agrees_with_scipy(seed: int, members: int, texts: int, labels: int) -> None:
    random = np.random.default_rng(seed)
    found = [softmax(random.normal(scale=4, size=(texts, labels)), axis=1).astype(np.float32) for _ in range(members)]
    averaged = average_log_probabilities(found)
    expected = softmax(np.mean(np.log(np.array(found, dtype=np.float64)), axis=0), axis=1)
    np.testing.assert_allclose(averaged, expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(averaged.sum(axis=1), 1)
    np.testing.assert_array_equal(averaged, average_log_probabilities(found[::-1])) if members == 2 else None
    np.testing.assert_allclose(average_log_probabilities([found[0]] * members), found[0], rtol=1e-5)


def test_a_zero_vetoes_nothing() -> None:
    averaged = average_log_probabilities([np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])])
    np.testing.assert_allclose(averaged, [[0.5, 0.5]])
    assert np.isfinite(average_log_probabilities([np.zeros((1, 3)), np.zeros((1, 3))])).all()


def test_members_must_match() -> None:
    with pytest.raises(ValueError, match="members of shape"):
        average_log_probabilities([np.ones((2, 3)), np.ones((2, 2))])
    with pytest.raises(ValueError, match="members of shape"):
        average_log_probabilities([])
