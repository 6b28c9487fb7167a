"""Whether the vectors confirm that two words translate each other, where something else has suggested it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import BLOCK_ROWS, checked_anchors
from mosecrot_cli.mapping.methods.linear import ridge_solver
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.mapping.units import exact_units
from mosecrot_cli.settings import Normalize

NEARER_THAN = 0.95
"""A pair is confirmed that is nearer to each other than this share of random pairs."""

_RANDOM_PAIRS = 20_000
_RIDGE = 1.0
"""Strong, since the few anchors of the case that this is made for would be fitted too closely by less."""


class Confirmation(NamedTuple):
    """What the vectors say of `n` pairs.

    Attributes:
        cosines: of the image of the target word and the source word, both less the anchors' mean, float64 `[n]`.
        least: `NEARER_THAN` of random pairs have a lower cosine.
    """

    cosines: NDArray[np.float64]
    least: float


def confirm(
    anchor_vectors: NDArray[Any],
    anchor_values: NDArray[Any],
    vectors: NDArray[Any],
    values: NDArray[Any],
    *,
    seed: int,
) -> Confirmation:
    """Map target words by a ridge regression on the anchors, and compare them with the source words suggested for them.

    Args:
        anchor_vectors: target vectors of the anchors `[A, Dx]`.
        anchor_values: source embeddings of the anchors `[A, D]`.
        vectors: target vectors of the pairs `[n, Dx]`, at least one.
        values: source embeddings of the pairs `[n, D]`.
        seed: of the random pairs, which join these target words and source words of the anchors.

    Raises:
        ValueError: no anchor, numbers of rows that differ, or a row that is not finite.
    """
    fitted, known = checked_anchors(anchor_vectors, anchor_values)
    sides = Sides(Normalize.both, Normalize.centred).fit(fitted, known)
    solution = ridge_solver(_RIDGE)(sides.vectors.transform(fitted), sides.values.transform(known))

    images = _Images(sides, solution.matrix, vectors)
    every = np.arange(len(vectors))
    generator = np.random.default_rng(seed)
    rows, others = generator.integers([[len(vectors)], [len(known)]], size=(2, _RANDOM_PAIRS))
    chance = images.cosines(rows, known, others)
    return Confirmation(images.cosines(every, values, every), float(np.quantile(chance, NEARER_THAN)))


@dataclass(frozen=True, slots=True)
class _Images:
    """Target vectors `[n, Dx]`, mapped by `matrix` between normalised sides."""

    sides: Sides
    matrix: NDArray[np.float64]
    vectors: NDArray[Any]

    def cosines(self, rows: NDArray[np.int64], values: NDArray[Any], others: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of the images of `rows` `[m]` and the source embeddings `values[others]` `[m, D]`, less the mean."""
        found = np.empty(len(rows))
        for start in range(0, len(rows), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            images = exact_units(self.sides.vectors.transform(self.vectors[rows[block]]) @ self.matrix)
            words = exact_units(self.sides.values.transform(values[others[block]]))
            found[block] = np.einsum("nd,nd->n", images, words)
        return found
