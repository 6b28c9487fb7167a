"""A dictionary out of a few pairs, between two spaces of static vectors.

Such spaces are nearly rotations of each other. So a dictionary gives a rotation, and the words that are each other's
nearest after it are a larger and better dictionary, until it grows no better: self-learning as in Artetxe, Labaka and
Agirre (2017; 2018, section 3.3), with the neighbours under CSLS of Conneau, Lample et al. (2018, section 2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import BLOCK_ROWS, checked, checked_anchors
from mosecrot_cli.mapping.csls import CSLS_K, first_rows, mutual_near
from mosecrot_cli.mapping.methods.linear import procrustes
from mosecrot_cli.mapping.normalization import Side, Sides
from mosecrot_cli.mapping.units import exact_units
from mosecrot_cli.settings import Normalize

GAIN = 5e-4
"""A round that makes the pairs' mean cosine larger by less is the last one."""

_SIDES = Normalize.both


@dataclass(frozen=True, slots=True)
class InductionRound:
    """One round.

    Attributes:
        pairs: words that were each other's nearest.
        similarity: their mean cosine, after the rotation that found them.
    """

    pairs: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Words that translate each other.

    Attributes:
        pairs: rows of the source and of the target vectors, int64 `[n, 2]`, by ascending source row; each row once.
        similarities: cosine of each pair after the last rotation, float32 `[n]`.
        rounds: how it came about.
    """

    pairs: NDArray[np.int64]
    similarities: NDArray[np.float32]
    rounds: tuple[InductionRound, ...]


def induce_dictionary(
    source: NDArray[Any],
    target: NDArray[Any],
    seed_source: NDArray[Any],
    seed_target: NDArray[Any],
    *,
    rounds: int,
    csls_k: int = CSLS_K,
    device: str = "cpu",
    advance: Callable[[int], None] = lambda rounds: None,
) -> Dictionary:
    """Find the translations of source words among the target words.

    The seeds give the first rotation only: what they say of a word does not bind the dictionary. Of equal target
    vectors the first stands for all. Memory is needed for both matrices twice more.

    Args:
        source: static vectors `[S, D]` of source words; the 20,000 most frequent, say.
        target: static vectors `[T, Dx]` of target words, `D` and `Dx` may differ.
        seed_source: vectors `[A, D]` of the source words of the seeds.
        seed_target: vectors `[A, Dx]` of their translations.
        rounds: at most so many, at least 1; see `GAIN`.
        csls_k: neighbours of the hubness.
        device: of the neighbour search.
        advance: told 1 after each round.

    Raises:
        ValueError: no seed, no round, widths that differ, or a value that is not finite.
    """
    if rounds < 1:
        raise ValueError("at least one round is needed")
    seeds = checked_anchors(seed_target, seed_source)
    checked(source, "source vectors", width=seeds[1].shape[1])
    checked(target, "target vectors", width=seeds[0].shape[1])
    rows = first_rows(target)
    distinct = target if len(rows) == len(target) else target[rows]
    history: list[InductionRound] = []
    target_side, source_side = seeds
    while True:
        rotated, own = _rotated(source, distinct, source_side, target_side)
        pairs = mutual_near(own, rotated, csls_k=csls_k, device=device)
        similarities = np.einsum("nd,nd->n", own[pairs[:, 0]], rotated[pairs[:, 1]])
        history.append(InductionRound(len(pairs), float(similarities.mean()) if len(pairs) else 0.0))
        advance(1)
        converged = len(history) > 1 and history[-1].similarity - history[-2].similarity < GAIN
        if converged or len(history) == rounds or not len(pairs):
            pairs[:, 1] = rows[pairs[:, 1]]
            return Dictionary(pairs, similarities, tuple(history))
        source_side, target_side = source[pairs[:, 0]], distinct[pairs[:, 1]]


def _rotated(
    source: NDArray[Any], target: NDArray[Any], source_side: NDArray[Any], target_side: NDArray[Any]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit rows of the target vectors, turned towards the source vectors, and of these, `[T, D]` and `[S, D]`."""
    sides = Sides(_SIDES, _SIDES).fit(target_side, source_side)
    turn = procrustes(sides.vectors.transform(target_side), sides.values.transform(source_side)).matrix
    return _units(target, sides.vectors, turn), _units(source, sides.values, None)


def _units(matrix: NDArray[Any], side: Side, turn: NDArray[np.float64] | None) -> NDArray[np.float32]:
    out = np.empty((len(matrix), matrix.shape[1] if turn is None else turn.shape[1]), dtype=np.float32)
    for start in range(0, len(matrix), BLOCK_ROWS):
        block = side.transform(matrix[start : start + BLOCK_ROWS])
        out[start : start + len(block)] = exact_units(block if turn is None else block @ turn)
    return out
