"""What all other anchors predict for each anchor: the judge of the ridge.

Ridge regression has its leave-one-out predictions in closed form (Allen, 1974, PRESS): with the leverage `h` of an
anchor, its fitted value `f` and its own value `y`, the map learnt without it gives `(f - h y) / (1 - h)`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.units import exact_units

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""The strengths to choose from, see `linear.ridge_solver`."""

Rows = NDArray[np.float64]


class LeaveOneOut:
    """Ridge regressions of any strength over the same anchors, from one eigendecomposition.

    Args:
        vectors: the anchors in one space, normalised, `[A, Dx]`.
        values: the anchors in the other, normalised, `[A, D]`.
    """

    def __init__(self, vectors: Rows, values: Rows) -> None:
        self.eigenvalues, axes = np.linalg.eigh(vectors.T @ vectors)
        rotated = vectors @ axes
        self._moments = rotated.T @ values
        self._rotated, self._values = rotated, values

    def predictions(self, strength: float) -> Rows:
        """Of each anchor, what the map learnt from all others gives, `[A, D]`; a zero vector gives 0."""
        scaled = self._rotated / self._denominators(strength)
        leverage = np.einsum("nd,nd->n", scaled, self._rotated)[:, None]
        # A leverage of 1: nothing but the anchor itself knows of its direction.
        predicted: Rows = (scaled @ self._moments - leverage * self._values) / np.maximum(1 - leverage, 1e-9)
        return predicted

    def cosines(self, strength: float) -> NDArray[np.float64]:
        """Cosines between the predictions and the anchors' own values, `[A]`."""
        agreement: NDArray[np.float64] = np.einsum(
            "nd,nd->n", exact_units(self.predictions(strength)), self._unit_values
        )
        return agreement

    def best_ridge(self) -> float:
        """The strength of `RIDGES` with the highest mean cosine."""
        return max(RIDGES, key=lambda strength: float(self.cosines(strength).mean()))

    @cached_property
    def _unit_values(self) -> Rows:
        return exact_units(self._values)

    def _denominators(self, strength: float) -> NDArray[np.float64]:
        mean = float(self.eigenvalues.mean())
        denominators: NDArray[np.float64] = (
            self.eigenvalues + strength * mean if mean > 0 else np.ones_like(self.eigenvalues)
        )
        return denominators
