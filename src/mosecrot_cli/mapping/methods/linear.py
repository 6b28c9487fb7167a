"""Linear maps between the two spaces, learnt from anchors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.base import (
    BLOCK_ROWS,
    MapStatistics,
    Matrix,
    RowOutput,
    checked,
    checked_anchors,
    checked_output,
    finite,
)
from mosecrot_cli.mapping.cross_validation import LeaveOneOut
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.settings import Normalize


class Solution(NamedTuple):
    """What a linear map learns from its anchors.

    Attributes:
        matrix: `W` `[Dx, D]`.
        ridge: strength of the penalty; None: there is none.
    """

    matrix: NDArray[np.float64]
    ridge: float | None = None


Solver = Callable[[NDArray[np.float64], NDArray[np.float64]], Solution]
"""Of anchors in both spaces, `[A, Dx]` and `[A, D]`."""

LINEAR_SIDES = Normalize.none
"""How the sides of a linear map are normalised unless told otherwise."""


class Images(NamedTuple):
    """Images of `n` vectors.

    Attributes:
        rows: float64 `[n, D]`.
        zero: which of the vectors are zero, `[n]`.
    """

    rows: NDArray[np.float64]
    zero: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LinearStatistics(MapStatistics):
    """What `LinearMap` found.

    Attributes:
        rank: rank of `W`.
        relative_residual: `||X W - Y|| / ||Y||` (Frobenius) over the anchors' normalised sides; 0 where `Y` is zero.
        ridge: strength of the penalty; None: there is none.
    """

    rank: int
    relative_residual: float
    ridge: float | None


def lstsq(anchor_vectors: NDArray[np.float64], anchor_values: NDArray[np.float64]) -> Solution:
    """`W = argmin ||A^t W - A^s||_F`, of several solutions the smallest (the paper's LS baseline).

    Several arise with fewer anchors than dimensions, or when the anchors span only a part of the space.
    """
    import scipy.linalg  # slow to import, and `RelativeMap` needs none of it

    # scipy's own cut-off is one rounding error: too tight to see a rank deficiency in a large matrix.
    cutoff = np.finfo(np.float64).eps * max(anchor_vectors.shape)
    return Solution(scipy.linalg.lstsq(anchor_vectors, anchor_values, cond=cutoff)[0])


def ridge_solver(strength: float | None, *, centred: bool = False) -> Solver:
    """Ridge regression (Hoerl and Kennard, 1970): `W = argmin ||X W - Y||_F^2 + strength e ||W||_F^2`.

    `e` is the mean eigenvalue of `X^T X`, so that the strength, above 0, means the same for any number and length of
    anchor vectors. The solution is unique also with fewer anchors than dimensions. Without a strength it is the one of
    `leave_one_out.RIDGES` whose maps translate left-out anchors best (`centred`: see there).

    Raises:
        UsageError: the strength is not above 0.
    """
    if strength is not None and not 0 < strength < math.inf:
        raise UsageError(f"the ridge must be above 0, not {strength}")

    def solve(anchor_vectors: NDArray[np.float64], anchor_values: NDArray[np.float64]) -> Solution:
        import scipy.linalg

        chosen = strength or LeaveOneOut(anchor_vectors, anchor_values, centred=centred).best_ridge()
        gram = anchor_vectors.T @ anchor_vectors
        mean_eigenvalue = float(np.trace(gram)) / len(gram)
        if mean_eigenvalue == 0:
            return Solution(np.zeros((len(gram), anchor_values.shape[1])), chosen)
        gram[np.diag_indices_from(gram)] += chosen * mean_eigenvalue
        return Solution(scipy.linalg.solve(gram, anchor_vectors.T @ anchor_values, assume_a="pos"), chosen)

    return solve


def procrustes(anchor_vectors: NDArray[np.float64], anchor_values: NDArray[np.float64]) -> Solution:
    """The orthogonal map with the least squared error (Schönemann, 1966): `W = U V^T` of the SVD of `X^T Y`.

    With unequal dimensions the rows or the columns of `W`, whichever are fewer, are orthonormal.
    """
    import scipy.linalg

    left, _, right = scipy.linalg.svd(anchor_vectors.T @ anchor_values, full_matrices=False)
    return Solution(left @ right)


def relative_residual(image: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """`||image - values|| / ||values||` (Frobenius); 0 where the values are zero."""
    size = float(np.linalg.norm(values))
    return float(np.linalg.norm(image - values)) / size if size > 0 else 0.0


class LinearMap:
    """`F = X W` with a matrix `W` learnt from the anchors; no intercept, so zero vectors map to zero.

    Args:
        solve: how `W` is learnt, such as `lstsq`.
        normalize: how both sides are normalised before, a name in `NORMALIZATIONS`. Unless `none`, `F` is `X W` with
            the mean and the distance of the source embeddings restored; see `Sides`.

    Raises:
        UsageError: no such normalisation.
    """

    def __init__(self, solve: Solver, normalize: Normalize = LINEAR_SIDES) -> None:
        self.solve = solve
        self.sides = Sides(normalize, normalize)

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Learn `W` from the anchors' vectors `[A, Dx]` and their source embeddings `[A, D]`.

        Raises:
            ValueError: no anchor, numbers of rows that differ, or a row (named) that is not finite.
        """
        vectors, values = checked_anchors(anchor_vectors, anchor_values)
        self.sides.fit(vectors, values)
        vectors, values = self.sides.vectors.transform(vectors), self.sides.values.transform(values)
        self.matrix_, self._ridge = self.solve(vectors, values)
        self._residual = relative_residual(vectors @ self.matrix_, values)
        self._rank = int(np.linalg.matrix_rank(self.matrix_))
        self._rows = self._zero_rows = 0
        return self

    def images(self, block: NDArray[Any], *, first_row: int = 0) -> Images:
        """Images `X W` of vectors `[n, Dx]`, to be compared with normalised source embeddings; not counted.

        Raises:
            ValueError: a row, counted from `first_row`, is not finite.
        """
        rows = finite(np.asarray(block, dtype=np.float64), "vectors", first_row=first_row)
        zero: NDArray[np.bool_] = np.logical_not(rows.any(axis=1))
        return Images(self.sides.vectors.transform(rows) @ self.matrix_, zero)

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`, summed in float64; errors as in `EmbeddingMap`."""
        self.check(block)
        out = np.empty((len(block), self.matrix_.shape[1]), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: RowOutput) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self.check(matrix)
        checked_output(matrix, out, self.matrix_.shape[1])
        for start in range(0, len(matrix), BLOCK_ROWS):
            rows, zero = self.images(matrix[start : start + BLOCK_ROWS], first_row=start)
            out[start : start + len(rows)] = self.sides.restore(rows, zero)
            self._rows += len(rows)
            self._zero_rows += int(zero.sum())
            yield len(rows)

    @property
    def statistics_(self) -> LinearStatistics:
        """The quality of the fit, and counts over the rows transformed since."""
        return LinearStatistics(self._rows, self._zero_rows, self._rank, self._residual, self._ridge)

    def check(self, matrix: NDArray[Any]) -> None:
        """Refuse vectors to map before the fit, or of another width.

        Raises:
            ValueError: one of the two.
        """
        if not hasattr(self, "matrix_"):
            raise ValueError("the map is not fitted")
        checked(matrix, "vectors", width=self.matrix_.shape[0])
