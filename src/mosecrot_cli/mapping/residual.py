"""A linear map, and what it leaves unexplained passed on from anchors to their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import MapStatistics, Matrix, checked, checked_anchors, checked_output
from mosecrot_cli.mapping.linear import ridge_solver
from mosecrot_cli.mapping.relative import RelativeMap
from mosecrot_cli.mapping.units import exact_units, unit_rows

_BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class ResidualStatistics(MapStatistics):
    """What `ResidualMap` found.

    Attributes:
        mean_anchors_used: mean number of anchors whose residual has a weight other than 0.
        mean_top_similarity: mean centred cosine with the nearest anchor.
    """

    mean_anchors_used: float
    mean_top_similarity: float


class ResidualMap:
    """`F = m + s u(x W + sum_n w[n] r[n])`: ridge regression and the weighted residuals of the nearest anchors.

    Both sides are centred: vectors are scaled to unit length, less the anchors' mean, scaled again (as in VecMap,
    Artetxe et al. 2018); of the source embeddings the anchors' mean `m` is taken off. `W` is the ridge regression over
    the anchors, `r[n] = y[n] - x[n] W` what it leaves over, and `w` the weights of the paper's relative representation
    (section 3) over the `k` nearest anchors. So an anchor keeps its own translation, and a word far from all anchors
    still gets its linear image. Averages are shorter than what they average: the result, `u` of unit length, gets the
    anchors' mean distance `s` from their mean back.

    A zero vector has no direction: it becomes `m`.

    Args:
        k: how many anchors; a number larger than that of the anchors takes all.
        weighting: a name in `WEIGHTINGS`.
        temperature: `T`, larger than 0.
        ridge: see `linear.ridge_solver`.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
    """

    def __init__(self, k: int, weighting: str, temperature: float, ridge: float, device: str = "cpu") -> None:
        self.k, self.weighting, self.temperature, self.ridge, self.device = k, weighting, temperature, ridge, device

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Learn from the anchors' vectors `[A, Dx]` and their source embeddings `[A, D]`.

        Raises:
            UsageError: k < 1, T or the ridge not above 0, an unknown weighting or device.
            ValueError: no anchor, numbers of rows that differ, or a row (named) that is not finite.
        """
        vectors, values = checked_anchors(anchor_vectors, anchor_values)
        self.vector_mean_ = exact_units(vectors).mean(axis=0)
        self.value_mean_ = values.mean(axis=0)
        centred, offsets = self._centre(vectors), values - self.value_mean_
        self.distance_ = float(np.linalg.norm(offsets, axis=1).mean())
        self.matrix_ = ridge_solver(self.ridge)(centred, offsets)
        relative = RelativeMap(self.k, self.weighting, self.temperature, self.device)
        self._relative = relative.fit(centred, offsets - centred @ self.matrix_)
        self._rows = self._zero_rows = 0
        return self

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`; errors as in `EmbeddingMap`."""
        self._check(block)
        out = np.empty((len(block), len(self.value_mean_)), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: NDArray[Any]) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self._check(matrix)
        checked_output(matrix, out, len(self.value_mean_))
        for start in range(0, len(matrix), _BLOCK_ROWS):
            rows = unit_rows(matrix[start : start + _BLOCK_ROWS], "vectors", first_row=start)
            centred = self._centre(rows.raw)
            centred[rows.zero] = 0.0
            offsets = centred @ self.matrix_ + self._relative.transform(centred)
            offsets[rows.zero] = 0.0
            out[start : start + len(rows)] = self.value_mean_ + self.distance_ * exact_units(offsets)
            self._rows += len(rows)
            self._zero_rows += int(rows.zero.sum())
            yield len(rows)

    @property
    def statistics_(self) -> ResidualStatistics:
        """Counts over the rows transformed since `fit`."""
        found = self._relative.statistics_
        return ResidualStatistics(self._rows, self._zero_rows, found.mean_anchors_used, found.mean_top_similarity)

    def _centre(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        return exact_units(exact_units(vectors) - self.vector_mean_)

    def _check(self, matrix: NDArray[Any]) -> None:
        if not hasattr(self, "matrix_"):
            raise ValueError("the map is not fitted")
        checked(matrix, "vectors", width=len(self.vector_mean_))
