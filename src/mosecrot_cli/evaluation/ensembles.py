"""Combining several classifiers by averaging their log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TINY = float(np.finfo(np.float32).tiny)


def average_log_probabilities(members: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.float64]:
    """The normalised geometric mean of class probabilities, softmax(mean(log p)).

    A member's probability of zero counts as the smallest float32 number, so that one member cannot veto a class.

    Args:
        members: class probabilities [n, K] of each member, with the columns in the same order.

    Returns:
        Probabilities [n, K]; each row sums to 1. A single member is returned as it is.

    Raises:
        ValueError: no members, or members of different shape.
    """
    if not members or any(member.shape != members[0].shape for member in members):
        raise ValueError(f"members of shape {[member.shape for member in members]}")
    if len(members) == 1:
        return members[0].astype(np.float64)
    logs = np.mean([np.log(np.maximum(member.astype(np.float64), _TINY)) for member in members], axis=0)
    shares: NDArray[np.float64] = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
