"""Which answers are learnt from, against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.model.training.pseudo_labels import choose_pseudo_labels


def by_hand(probabilities: np.ndarray, confidence: float, balance: bool) -> dict[int, int]:
    answers = [(max(row), number, int(np.argmax(row))) for number, row in enumerate(probabilities.tolist())]
    confident = [answer for answer in answers if answer[0] >= confidence]
    if not balance:
        return {number: label for _, number, label in confident}
    share, taken, kept = -(-len(confident) // probabilities.shape[1]), {}, {}
    for _, number, label in sorted(confident, key=lambda answer: (-answer[0], answer[1])):
        if taken.get(label, 0) < share:
            taken[label] = taken.get(label, 0) + 1
            kept[number] = label
    return kept


@given(
    st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), max_size=40),
    st.sampled_from([0.0, 0.4, 0.5, 0.75, 1.0]),
    st.booleans(),
)
def test_they_are_those_of_a_plain_loop(rows, confidence, balance):
    scores = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    probabilities = scores / scores.sum(axis=1, keepdims=True)  # with ties
    found = choose_pseudo_labels(probabilities, confidence=confidence, balance=balance)
    expected = by_hand(probabilities, confidence, balance)
    assert dict(zip(found.rows.tolist(), found.labels.tolist(), strict=True)) == expected
    assert found.rows.tolist() == sorted(expected)
    assert found.confident == int((probabilities.max(axis=1) >= confidence).sum() if len(rows) else 0)


def test_a_balance_keeps_the_surest_of_what_is_answered_too_often():
    high = np.array([0.9, 0.6, 0.8, 0.7, 0.95, 0.55])
    probabilities = np.stack([high, 1 - high], axis=1)
    probabilities[5] = [0.1, 0.9]
    found = choose_pseudo_labels(probabilities.astype(np.float32), confidence=0.0, balance=True)
    assert found.rows.tolist() == [0, 2, 4, 5]
    assert found.labels.tolist() == [0, 0, 0, 1]
