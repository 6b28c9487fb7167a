"""More anchors out of few: mutual nearest neighbours after a map are the next map's anchors.

After Artetxe et al. (2017; 2018, section 3.3), with the mutual neighbours under CSLS of Conneau, Lample et al. (2018,
section 2.2). Two differences: the seeds are kept, and a tenth of them takes no part. Each round is judged by how well
its map predicts these, and by how many of them its pairs translate rightly, so that learnt anchors that help nothing
are not used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import BLOCK_ROWS, checked, checked_anchors
from mosecrot_cli.mapping.csls import first_rows, mutual_near
from mosecrot_cli.mapping.methods.linear import ridge_solver
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.mapping.units import exact_units
from mosecrot_cli.settings import Normalize

HELD_OUT = 0.1
"""Share of the seeds that judge."""

LEAST_RIGHT = 0.03
"""If a smaller share of the judged pairs is right, or none, nearly all learnt anchors are wrong (docs/transfer.md)."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of self-learning.

    Attributes:
        learnt: anchors that it added to the seeds.
        agreement: mean cosine between the held-out seeds' embeddings and their images, both centred.
        judged: pairs that were found for the target word of a held-out seed.
        right: how many of these are the seed itself.
    """

    learnt: int
    agreement: float
    judged: int = 0
    right: int = 0

    @property
    def is_wrong(self) -> bool:
        """Whether nearly all of its pairs must be wrong, or none is known to be right."""
        return self.learnt > 0 and (self.right == 0 or self.right < LEAST_RIGHT * self.judged)


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


class SeedAnchors(NamedTuple):
    """Anchors to start from.

    Attributes:
        rows: of their target words, `[A]`.
        values: their source embeddings, `[A, D]`.
    """

    rows: NDArray[np.int64]
    values: NDArray[Any]


class _Anchors(NamedTuple):
    """Vectors `[A, Dx]` and source embeddings `[A, D]`."""

    vectors: NDArray[Any]
    values: NDArray[Any]

    def part(self, chosen: NDArray[np.bool_]) -> _Anchors:
        return _Anchors(self.vectors[chosen], self.values[chosen])


def learn_anchors(
    target: NDArray[Any],
    source: NDArray[Any],
    seeds: SeedAnchors,
    *,
    rounds: int,
    ridge: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    advance: Callable[[int], None] = lambda rounds: None,
) -> LearntAnchors:
    """Find further anchors between the target vectors and the source embeddings.

    Rounds stop as soon as one is worse than the one before, or its pairs are mostly wrong. Target words that are not
    among the `csls.CSLS_K` nearest of any source word cannot become anchors. Memory is needed for the target vectors
    once more, at the width of the source.

    Args:
        target: vectors `[T, Dx]` of the words that can become anchors.
        source: embeddings `[S, D]` of the words that can be their translations.
        seeds: the anchors to start from, at least two.
        rounds: at most so many.
        ridge: strength of the ridge regression between the centred sides; see `linear.ridge_solver`.
        seed: of the choice of the seeds that judge.
        device: of the neighbour search.
        advance: told 1 after each round.

    Raises:
        ValueError: fewer than two seeds, widths that differ, or a value that is not finite.
    """
    seed_rows = seeds.rows
    known = _Anchors(*checked_anchors(target[seed_rows], seeds.values))
    checked(source, "source vectors", width=seeds.values.shape[1])
    if len(seed_rows) < 2:
        raise ValueError("one anchor is too few: some must judge what is learnt from the others")
    judges = np.zeros(len(seed_rows), dtype=np.bool_)
    order = np.random.default_rng(seed).permutation(len(judges))
    judges[order[: max(1, round(HELD_OUT * len(judges)))]] = True
    source_rows, target_rows = first_rows(source), first_rows(target)
    own, others = source[source_rows], target[target_rows]
    pairs = np.empty((0, 2), dtype=np.int64)
    history: list[Round] = []
    found, counts = [pairs], (0, 0)
    for number in range(rounds + 1):
        kept, learnt = known.part(~judges), _Anchors(target[pairs[:, 1]], source[pairs[:, 0]])
        fit = _Fit(kept, learnt, ridge)
        history.append(Round(len(pairs), fit.agreement(known.part(judges)), *counts))
        if number:
            advance(1)
            found.append(pairs)
        worse = number and history[-1].agreement < history[-2].agreement
        if number == rounds or worse or history[-1].is_wrong:
            break
        near = mutual_near(fit.source_units(own), fit.target_units(others), device=device).pairs
        pairs = np.stack([source_rows[near[:, 0]], target_rows[near[:, 1]]], axis=1)
        counts = _judged(_Anchors(target[pairs[:, 1]], source[pairs[:, 0]]), known.part(judges))
        pairs = pairs[~np.isin(pairs[:, 1], seed_rows)]
    best = int(np.argmax([-np.inf if step.is_wrong else step.agreement for step in history]))
    return LearntAnchors(found[best], tuple(history), best)


def _judged(learnt: _Anchors, judges: _Anchors) -> tuple[int, int]:
    """How many learnt anchors have the target word of a judge, and how many of these its embedding, too.

    Target words with the same vector are the same word here.
    """
    translations: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for vector, value in _bytes_of(judges):
        translations[vector].add(value)
    found = [(translations[vector], value) for vector, value in _bytes_of(learnt) if vector in translations]
    return len(found), sum(value in values for values, value in found)


def _bytes_of(anchors: _Anchors) -> Iterator[tuple[bytes, bytes]]:
    for vector, value in zip(*(side.astype(np.float32, copy=False) for side in anchors), strict=True):
        yield vector.tobytes(), value.tobytes()


class _Fit:
    """A ridge regression between the centred sides of seeds and learnt anchors."""

    def __init__(self, seeds: _Anchors, learnt: _Anchors, ridge: float | None) -> None:
        vectors, values = (np.concatenate(side) for side in zip(seeds, learnt, strict=True))
        self.sides = Sides(Normalize.both, Normalize.centred).fit(vectors, values)
        vectors, values = self.sides.vectors.transform(vectors), self.sides.values.transform(values)
        self.matrix = ridge_solver(ridge, centred=True)(vectors, values).matrix

    def agreement(self, anchors: _Anchors) -> float:
        images = exact_units(self.sides.vectors.transform(anchors.vectors) @ self.matrix)
        values = exact_units(self.sides.values.transform(anchors.values))
        return float(np.einsum("nd,nd->n", images, values).mean())

    def source_units(self, source: NDArray[Any]) -> NDArray[np.float32]:
        return exact_units(self.sides.values.transform(source)).astype(np.float32)

    def target_units(self, target: NDArray[Any]) -> NDArray[np.float32]:
        out = np.empty((len(target), self.matrix.shape[1]), dtype=np.float32)
        for start in range(0, len(target), BLOCK_ROWS):
            block = self.sides.vectors.transform(target[start : start + BLOCK_ROWS])
            out[start : start + len(block)] = exact_units(block @ self.matrix)
        return out
