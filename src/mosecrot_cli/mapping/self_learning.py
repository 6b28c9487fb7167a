"""More anchors out of few: mutual nearest neighbours after a map are the next map's anchors.

After Artetxe et al. (2017; 2018, section 3.3), with the mutual neighbours under CSLS of Conneau, Lample et al. (2018,
section 2.2) and one difference: the seeds are kept, and they say when to stop. Each round is judged by how well the map
predicts the seeds' embeddings from all other anchors (leave-one-out, in closed form); the best round is the result, so
learnt anchors that help nothing are not used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import BLOCK_ROWS, checked, checked_anchors
from mosecrot_cli.mapping.csls import CSLS_K, mutual_nearest
from mosecrot_cli.mapping.leave_one_out import LeaveOneOut, centred_sides
from mosecrot_cli.mapping.units import exact_units

TOLERANCE = 1e-3
"""Rounds go on as long as each raises the agreement by this much."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of self-learning.

    Attributes:
        learnt: anchors that it added to the seeds.
        agreement: mean cosine between the seeds' embeddings and what all other anchors predict, both centred.
    """

    learnt: int
    agreement: float


@dataclass(frozen=True, slots=True)
class LearntAnchors:
    """Anchors found by self-learning.

    Attributes:
        pairs: rows of the source and the target vectors, int64 `[n, 2]`; no target row of a seed among them.
        rounds: of the seeds alone (number 0), and after each round.
        best: number of the round that the pairs come from; 0: none.
    """

    pairs: NDArray[np.int64]
    rounds: tuple[Round, ...]
    best: int


def learn_anchors(
    target: NDArray[Any],
    source: NDArray[Any],
    seed_rows: NDArray[np.int64],
    seed_values: NDArray[Any],
    *,
    rounds: int,
    ridge: float | None = None,
    csls_k: int = CSLS_K,
    device: str = "cpu",
    advance: Callable[[int], None] = lambda rounds: None,
) -> LearntAnchors:
    """Find further anchors between the target vectors and the source embeddings.

    Memory is needed for the target vectors once more, and once at the width of the source.

    Args:
        target: vectors `[T, Dx]` of the words that can become anchors.
        source: embeddings `[S, D]` of the words that can be their translations.
        seed_rows: target rows of the anchors to start from, `[A]`.
        seed_values: their source embeddings, `[A, D]`.
        rounds: at most so many.
        ridge: strength of the ridge regression between the centred sides, see `linear.ridge_solver`; None: the one of
            `leave_one_out.RIDGES` that predicts the seeds best, in each round.
        csls_k: neighbours of the hubness.
        device: of the neighbour search.
        advance: told 1 after each round.

    Raises:
        ValueError: no seed, widths that differ, or a value that is not finite.
    """
    seeds = _Anchors(*checked_anchors(target[seed_rows], seed_values))
    checked(source, "source vectors", width=seeds.values.shape[1])
    is_seed = np.zeros(len(target), dtype=np.bool_)
    is_seed[seed_rows] = True
    none = np.empty((0, 2), dtype=np.int64)
    fit = _Fit(seeds, _Anchors(target[none[:, 1]], source[none[:, 0]]), ridge)
    history, best, best_pairs = [Round(0, fit.agreement)], 0, none
    for number in range(1, rounds + 1):
        found = mutual_nearest(fit.source_units(source), fit.target_units(target), csls_k=csls_k, device=device)
        pairs = found[~is_seed[found[:, 1]]]
        fit = _Fit(seeds, _Anchors(target[pairs[:, 1]], source[pairs[:, 0]]), ridge)
        history.append(Round(len(pairs), fit.agreement))
        advance(1)
        if fit.agreement < history[best].agreement + TOLERANCE:
            break
        best, best_pairs = number, pairs
    return LearntAnchors(best_pairs, tuple(history), best)


class _Anchors(NamedTuple):
    """Vectors `[A, Dx]` and source embeddings `[A, D]`."""

    vectors: NDArray[Any]
    values: NDArray[Any]


class _Fit:
    """A ridge regression between the centred sides of the seeds and the learnt anchors, judged on the seeds."""

    def __init__(self, seeds: _Anchors, learnt: _Anchors, ridge: float | None) -> None:
        vectors, values = (np.concatenate(side) for side in zip(seeds, learnt, strict=True))
        self.sides = centred_sides(vectors, values)
        vectors, values = self.sides.vectors.transform(vectors), self.sides.values.transform(values)
        judge = LeaveOneOut(vectors, values, judged=len(seeds.values))
        strength = ridge or judge.best_ridge()
        self.agreement = float(judge.cosines(strength).mean())
        self.matrix = judge.matrix(strength)

    def source_units(self, source: NDArray[Any]) -> NDArray[np.float32]:
        return exact_units(self.sides.values.transform(source)).astype(np.float32)

    def target_units(self, target: NDArray[Any]) -> NDArray[np.float32]:
        out = np.empty((len(target), self.matrix.shape[1]), dtype=np.float32)
        for start in range(0, len(target), BLOCK_ROWS):
            block = self.sides.vectors.transform(target[start : start + BLOCK_ROWS])
            out[start : start + len(block)] = exact_units(block @ self.matrix)
        return out
