"""A linear map, and what it leaves unexplained passed on from anchors to their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import MapStatistics, Matrix, RowOutput, checked, checked_anchors, checked_output
from mosecrot_cli.mapping.csls import Queries, changed
from mosecrot_cli.mapping.methods.linear import relative_residual, ridge_solver
from mosecrot_cli.mapping.methods.relative import RelativeMap, Tally
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.mapping.units import UnitRows, unit_rows
from mosecrot_cli.settings import Normalize, Weighting

RESIDUAL_SIDES = Normalize.both
"""How the sides are normalised unless told otherwise."""
_SOURCE_SIDE = {Normalize.unit: Normalize.none, Normalize.both: Normalize.centred}


@dataclass(frozen=True, slots=True)
class ResidualStatistics(MapStatistics):
    """What `ResidualMap` found.

    Attributes:
        mean_anchors_used: mean number of anchors whose residual has a weight other than 0.
        mean_top_similarity: mean cosine of normalised vectors with the nearest anchor; see `RelativeStatistics`.
        relative_residual: what the ridge regression leaves over, as in `LinearStatistics`.
        ridge: strength of its penalty.
    """

    mean_anchors_used: float
    mean_top_similarity: float
    relative_residual: float
    ridge: float | None


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
        weighting: how their similarities become weights.
        temperature: `T`, larger than 0.
        ridge: see `linear.ridge_solver`.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
        normalize: how both sides are normalised, if not by the `both` described above. The source side is only ever
            centred: an anchor's residual is passed on at its own length.
        queries: all vectors that will be mapped, for neighbours under CSLS (not with `standard`); None: by cosine.

    Raises:
        UsageError: no such normalisation.
    """

    def __init__(
        self,
        k: int,
        weighting: Weighting,
        temperature: float,
        ridge: float | None,
        device: str = "cpu",
        *,
        normalize: Normalize = RESIDUAL_SIDES,
        queries: Queries | None = None,
    ) -> None:
        self.k, self.weighting, self.temperature, self.ridge, self.device = k, weighting, temperature, ridge, device
        self.sides = Sides(normalize, _SOURCE_SIDE.get(normalize, normalize))
        self.queries = queries

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Learn from the anchors' vectors `[A, Dx]` and their source embeddings `[A, D]`.

        Raises:
            UsageError: k < 1, T or the ridge not above 0, an unknown weighting or device, or CSLS with `standard`.
            ValueError: no anchor, numbers of rows that differ, or a row (named) that is not finite.
        """
        vectors, values = checked_anchors(anchor_vectors, anchor_values)
        self.sides.fit(vectors, values)
        vectors, values = self.sides.vectors.transform(vectors), self.sides.values.transform(values)
        self.matrix_, self._strength = ridge_solver(self.ridge, centred=self.sides.values.how.centred)(vectors, values)
        explained = vectors @ self.matrix_
        self._residual = relative_residual(explained, values)
        queries = changed(self.queries, lambda block: self._normalised(unit_rows(block, "vectors")))
        relative = RelativeMap(self.k, self.weighting, self.temperature, self.device, queries=queries)
        self._relative = relative.fit(vectors, values - explained)
        return self

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`; errors as in `EmbeddingMap`."""
        self._check(block)
        out = np.empty((len(block), self.matrix_.shape[1]), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: RowOutput) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self._check(matrix)
        checked_output(matrix, out, self.matrix_.shape[1])
        explained = torch.from_numpy(self.matrix_)

        def fill(part: slice) -> Tally:
            rows = unit_rows(matrix[part], "vectors", first_row=part.start)
            vectors = self._normalised(rows)
            passed_on, tally = self._relative.mapped(vectors)
            # By torch, which keeps to the one thread of a block.
            images: NDArray[np.float64] = (torch.from_numpy(vectors) @ explained).numpy()
            images += passed_on
            images[rows.zero] = 0.0
            tally.zero = int(rows.zero.sum())  # not those that are zero when they are normalised
            out[part] = self.sides.restore(images, rows.zero)
            return tally

        for tally in self._relative.in_blocks(fill, len(matrix)):
            yield tally.rows

    @property
    def statistics_(self) -> ResidualStatistics:
        """Counts over the rows transformed since `fit`."""
        found = self._relative.statistics_
        return ResidualStatistics(
            rows=found.rows,
            zero_rows=found.zero_rows,
            mean_anchors_used=found.mean_anchors_used,
            mean_top_similarity=found.mean_top_similarity,
            relative_residual=self._residual,
            ridge=self._strength,
        )

    def _normalised(self, rows: UnitRows) -> NDArray[np.float64]:
        vectors = self.sides.vectors.transform(rows.raw)
        vectors[rows.zero] = 0.0
        return vectors

    def _check(self, matrix: NDArray[Any]) -> None:
        if not hasattr(self, "matrix_"):
            raise ValueError("the map is not fitted")
        checked(matrix, "vectors", width=len(self.matrix_))
