"""Which of a model's own answers to learn from: confident ones, and not too many of one class.

Self-training with pseudo-labels (Lee 2013), class-balanced (Zou et al. 2018): without a balance, what a model answers
too often it soon answers always.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PseudoLabels:
    """Texts to learn from, and as what.

    Attributes:
        rows: positions of the texts, ascending, `n`.
        labels: position of the label of each, `n`.
        confident: how many texts were confident enough, before the balance.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    confident: int


def choose_pseudo_labels(probabilities: NDArray[np.float32], *, confidence: float, balance: bool) -> PseudoLabels:
    """The likeliest label of each text that is likely enough.

    Args:
        probabilities: of the labels, `texts x labels`, rows sum to 1.
        confidence: the least probability of the likeliest label.
        balance: take at most an equal share (the confident texts divided by the labels, rounded up) for each label,
            the most confident ones; ties go to the earlier text.
    """
    labels, highest = probabilities.argmax(axis=1), probabilities.max(axis=1)
    confident = np.flatnonzero(highest >= confidence)
    rows = confident
    if balance:
        share = -(-len(confident) // probabilities.shape[1])
        best_first = confident[np.argsort(-highest[confident], kind="stable")]
        rows = np.sort(
            np.concatenate([best_first[labels[best_first] == label][:share] for label in range(probabilities.shape[1])])
        )
    return PseudoLabels(rows, labels[rows], len(confident))
