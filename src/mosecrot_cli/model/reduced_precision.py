"""When bfloat16 pays on a CPU, and which of its answers are too close to call."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

SMALLEST_MODEL = 1_000_000
"""Weights outside the embeddings: below it a run takes moments in any precision, and stays in float32."""
FEWEST_TEXTS = 256
"""Fewer texts are classified in float32: the texts that the error is measured on would eat the gain."""
SAMPLED_TEXTS = 64
_PAYS = 0.8
_ROUNDS = 5


@cache
def bf16_share() -> float:
    """The time of a bfloat16 product as a share of that of the same float32 product, on this CPU.

    Measured once in a process, within a few hundredths of a second, in CPU time, so that other work counts little.
    """
    left, right = torch.ones(512, 1024), torch.ones(1024, 512)
    halves = left.bfloat16(), right.bfloat16()
    return _least(lambda: halves[0] @ halves[1]) / _least(lambda: left @ right)


def _least(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return max(min(seconds), 1e-9)


def bf16_pays(model: torch.nn.Module, share: Callable[[], float] = bf16_share) -> bool:
    """Whether bfloat16 is worth its rounding for a model on this CPU.

    Args:
        model: float32 weights; a checkpoint in half precision stays as it is.
        share: time of a bfloat16 product as a share of a float32 one; asked only for a model that is large enough.
    """
    weights = [weight for name, weight in model.named_parameters() if "embeddings" not in name]
    if sum(weight.numel() for weight in weights) < SMALLEST_MODEL:
        return False
    if any(weight.dtype is not torch.float32 for weight in weights):
        return False
    return share() <= _PAYS


class NearTies:
    """Tells which answers in reduced precision might be others in float32.

    The difference of two logits is off by at most `max(e) - min(e)` over the errors `e` of a text's logits. A text
    whose best class leads by more than the largest such error of the texts that were computed both ways is taken to
    keep its class; the others are to be computed again.

    Attributes:
        error: the largest error so far, in logits.
    """

    def __init__(self) -> None:
        self.error = 0.0

    def learn(self, reduced: NDArray[np.float32], exact: NDArray[np.float32]) -> None:
        """Take in texts whose logits `[n, K]` are known in both precisions."""
        if len(reduced):
            self.error = max(self.error, float(np.ptp(reduced - exact, axis=1).max()))

    def among(self, logits: NDArray[np.float32]) -> NDArray[np.int64]:
        """Rows of logits `[n, K]` in reduced precision that are too close to call."""
        best = np.partition(logits, -2, axis=1)[:, -2:]
        return np.flatnonzero(best[:, 1] - best[:, 0] <= self.error)
