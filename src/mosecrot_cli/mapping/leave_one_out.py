"""What all other anchors predict for each anchor: the judge of the ridge, and of the anchors.

Ridge regression has its leave-one-out predictions in closed form (Allen, 1974, PRESS): with the leverage `h` of an
anchor, its fitted value `f` and its own value `y`, the map learnt without it gives `(f - h y) / (1 - h)`.

They are judged as translations: by the rank of the anchor's own value among the values of all anchors, not by their
distance from it. A strong ridge leads all predictions to where most values are: nearer on average, and less distinct.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.units import exact_units

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""The strengths to choose from, see `linear.ridge_solver`."""
JUDGED = 2_000
"""How many anchors choose a ridge."""
_BLOCK_ROWS = 2_048

Rows = NDArray[np.float64]


class LeaveOneOut:
    """Ridge regressions of any strength over the same anchors, from one eigendecomposition.

    Args:
        vectors: the anchors in one space, normalised, `[A, Dx]`.
        values: the anchors in the other, normalised, `[A, D]`.
        judged: so many anchors, chosen at random, are judged at most.
    """

    def __init__(self, vectors: Rows, values: Rows, *, judged: int = JUDGED) -> None:
        self._eigenvalues, axes = np.linalg.eigh(vectors.T @ vectors)
        rotated = vectors @ axes
        self._moments = rotated.T @ values
        self._units = exact_units(values)
        self.judged = np.sort(np.random.default_rng(0).permutation(len(vectors))[:judged])
        self._rotated, self._values = rotated[self.judged], values[self.judged]

    def predictions(self, strength: float) -> Rows:
        """Of each judged anchor, what the map learnt from all others gives, `[n, D]`; a zero vector gives 0."""
        mean = float(self._eigenvalues.mean())
        scaled = self._rotated / (self._eigenvalues + strength * mean if mean > 0 else 1.0)
        leverage = np.einsum("nd,nd->n", scaled, self._rotated)[:, None]
        # A leverage of 1: nothing but the anchor itself knows of its direction.
        predicted: Rows = (scaled @ self._moments - leverage * self._values) / np.maximum(1 - leverage, 1e-9)
        return predicted

    def ranks(self, strength: float) -> NDArray[np.int64]:
        """The rank by cosine, from 1, of each judged anchor's own value among those of all anchors, `[n]`.

        Equal values are one translation: none of them is before another.
        """
        predictions = exact_units(self.predictions(strength))
        ranks = np.empty(len(predictions), dtype=np.int64)
        for start in range(0, len(predictions), _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            cosines = predictions[part] @ self._units.T
            own = cosines[np.arange(len(cosines)), self.judged[part]]
            # Equal to the last digits is equal.
            ranks[part] = 1 + (cosines > own[:, None] + 1e-12).sum(axis=1)
        return ranks

    def best_ridge(self) -> float:
        """The strength of `RIDGES` with the highest mean reciprocal rank; of equal ones the first."""
        return max(RIDGES, key=lambda strength: float((1 / self.ranks(strength)).mean()))


def plausible(vectors: Rows, values: Rows, share: float, *, ridge: float | None = None) -> NDArray[np.bool_]:
    """Which anchors are what the others make one expect, `[A]`.

    A right translation is among the nearest of the leave-one-out prediction; a wrong one is anywhere. So of wrong pairs
    no more than the share is kept.

    Args:
        vectors: the anchors in one space, normalised, `[A, Dx]`.
        values: the anchors in the other, normalised, `[A, D]`.
        share: an anchor's own value must be among the nearest so many of all anchors', above 0 and at most 1.
        ridge: strength of the regression, see `linear.ridge_solver`; None: the best of `RIDGES`.
    """
    judge = LeaveOneOut(vectors, values, judged=len(vectors))
    strength = ridge or LeaveOneOut(vectors, values).best_ridge()
    return judge.ranks(strength) <= max(1.0, share * len(vectors))
