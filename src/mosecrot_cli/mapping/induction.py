"""A dictionary out of a few pairs, between two spaces of static vectors.

Such spaces are nearly rotations of each other. So a dictionary gives a rotation, and the words that are each other's
nearest after it make a larger and better dictionary, until it improves no more: self-learning as in Artetxe, Labaka and
Agirre (2017; 2018, section 3.3), with the neighbours under CSLS of Conneau, Lample et al. (2018, section 2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import checked, checked_anchors
from mosecrot_cli.mapping.csls import first_rows, mutual_near
from mosecrot_cli.mapping.methods.linear import procrustes
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.mapping.units import unit_rows
from mosecrot_cli.settings import Normalize
from mosecrot_cli.threads import in_blocks

GAIN = 5e-4
"""The rounds end when one of them raises the mean cosine of the pairs by less than this."""

FREQUENT = 5_000
"""Only the first source words take part until the rotation has settled: they are translated best, and quickly."""

_SIDES = Normalize.both
_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class InductionRound:
    """One round.

    Attributes:
        words: source words that looked for a translation.
        pairs: how many found one: they were each other's nearest.
        similarity: their mean cosine, after the rotation that found them.
    """

    words: int
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
    frequent: int = FREQUENT,
    device: str = "cpu",
    advance: Callable[[int], None] = lambda rounds: None,
) -> Dictionary:
    """Find the translations of source words among the target words.

    The seeds give the first rotation only, so wrong seeds do not bind the dictionary. The first `frequent` source words
    look for translations until a round gains less than `GAIN`: in the first round among all target words, then among
    those that it found near a source word. Finally, all source words look among all target words. Of equal vectors the
    first stands for all. Memory is needed for the unit vectors of both matrices and for the rotated ones.

    Args:
        source: static vectors `[S, D]` of source words; the 20,000 most frequent, say.
        target: static vectors `[T, Dx]` of target words, `D` and `Dx` may differ.
        seed_source: vectors `[A, D]` of the source words of the seeds.
        seed_target: vectors `[A, Dx]` of their translations.
        rounds: maximum number of rounds, at least 1; see `GAIN`.
        frequent: source words of the rounds in which the rotation settles.
        device: of the neighbour search.
        advance: called with 1 after each round.

    Raises:
        ValueError: there is no seed or no round, or there are widths that differ, or a value that is not finite.
    """
    if rounds < 1:
        raise ValueError("at least one round is needed")
    seeds = checked_anchors(seed_target, seed_source)
    checked(source, "source vectors", width=seeds[1].shape[1])
    checked(target, "target vectors", width=seeds[0].shape[1])
    source_rows, target_rows = first_rows(source), first_rows(target)
    source_units, target_units = _units_of(source, source_rows), _units_of(target, target_rows)
    target_side, source_side = _units(seeds[0]), _units(seeds[1])
    history: list[InductionRound] = []
    words = min(frequent, len(source_units)) if rounds > 1 else len(source_units)
    among = every = np.arange(len(target_units))
    while True:
        targets = target_units if among is every else target_units[among]
        own, rotated = _rotated(source_units[:words], targets, source_side, target_side)
        pairs, near = mutual_near(own, rotated, device=device)
        similarities = np.einsum("nd,nd->n", own[pairs[:, 0]], rotated[pairs[:, 1]])
        pairs[:, 1] = among[pairs[:, 1]]
        history.append(InductionRound(words, len(pairs), float(similarities.mean()) if len(pairs) else 0.0))
        advance(1)
        settled = not len(pairs) or (len(history) > 1 and history[-1].similarity - history[-2].similarity < GAIN)
        if words == len(source_units) and (settled or len(history) >= rounds):
            found = np.stack([source_rows[pairs[:, 0]], target_rows[pairs[:, 1]]], axis=1)
            return Dictionary(found, similarities, tuple(history))
        if len(pairs):
            source_side, target_side = source_units[pairs[:, 0]], target_units[pairs[:, 1]]
        if settled or len(history) >= rounds - 1:
            words, among = len(source_units), every
        elif len(history) == 1:
            among = near


def _rotated(
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    source_side: NDArray[np.float32],
    target_side: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre both sides by a dictionary and turn the target towards the source.

    Args:
        source: unit vectors `[S, D]`.
        target: unit vectors `[T, Dx]`.
        source_side: unit vectors `[n, D]` of the dictionary's source words.
        target_side: unit vectors `[n, Dx]` of their translations.

    Returns:
        Unit vectors `[S, D]` of the source words and `[T, D]` of the target words in the same space.
    """
    sides = Sides(_SIDES, _SIDES).fit(target_side.astype(np.float64), source_side.astype(np.float64))
    turn = procrustes(sides.vectors.transform(target_side), sides.values.transform(source_side)).matrix
    centre = (sides.vectors.mean_ @ turn).astype(np.float32)
    out = np.empty((len(target), turn.shape[1]), dtype=np.float32)
    rotation = torch.from_numpy(turn.astype(np.float32))

    def fill(part: slice) -> None:
        # By torch, which keeps to the one thread of a block.
        out[part] = _units((torch.from_numpy(target[part]) @ rotation).numpy() - centre)

    for _ in in_blocks(fill, len(target), _ROWS):
        pass
    return _units(source - sides.values.mean_.astype(np.float32)), out


def _units_of(matrix: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return _units(matrix if len(rows) == len(matrix) else matrix[rows])


def _units(matrix: NDArray[Any]) -> NDArray[np.float32]:
    return unit_rows(matrix, "vectors").units
