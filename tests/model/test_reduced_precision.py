"""When bfloat16 is chosen, by a measurement that the test gives, and which answers are too close to call."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.model.reduced_precision import SMALLEST_MODEL, NearTies, bf16_pays, bf16_share


class Model(torch.nn.Module):
    """A model with embeddings and a body of so many weights, which take no memory."""

    def __init__(self, body: int, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.embeddings = torch.nn.Embedding(2, 10**9, device="meta")
        self.body = torch.nn.Linear(body, 1, bias=False, device="meta", dtype=dtype)


@pytest.mark.parametrize(("share", "pays"), [(0.4, True), (0.79, True), (0.81, False), (9.0, False)])
def test_a_large_model_takes_bf16_where_the_cpu_is_faster_in_it(share, pays):
    assert bf16_pays(Model(SMALLEST_MODEL), lambda: share) is pays


@pytest.mark.parametrize("model", [Model(SMALLEST_MODEL - 1), Model(SMALLEST_MODEL, torch.bfloat16)])
def test_a_small_or_rounded_model_stays_as_it_is_and_nothing_is_measured(model):
    assert not bf16_pays(model, lambda: pytest.fail("measured"))


def test_the_measurement_is_made_once_and_gives_a_ratio():
    assert bf16_share() > 0
    assert bf16_share() == bf16_share()


@given(st.integers(2, 6), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_no_text_whose_error_is_not_above_that_of_the_sample_changes_its_class_unseen(classes, count, seed):
    chance = np.random.default_rng(seed)
    exact = chance.normal(size=(count, classes)).astype(np.float32)
    reduced = exact + chance.normal(scale=0.3, size=exact.shape).astype(np.float32)
    ties = NearTies()
    ties.learn(reduced, exact)  # every text is in the sample
    changed = np.flatnonzero(reduced.argmax(axis=1) != exact.argmax(axis=1))
    assert set(changed) <= set(ties.among(reduced))


def test_what_is_learnt_stays():
    ties = NearTies()
    ties.learn(np.array([[1, 0]], np.float32), np.array([[0, 0.5]], np.float32))
    assert ties.error == 1.5
    ties.learn(np.array([[1, 0]], np.float32), np.array([[1, 0]], np.float32))
    ties.learn(np.empty((0, 2), np.float32), np.empty((0, 2), np.float32))
    assert ties.error == 1.5
    np.testing.assert_array_equal(ties.among(np.array([[2, 0], [0, 1], [1.5, 0]], np.float32)), [1, 2])
