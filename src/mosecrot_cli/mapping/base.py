"""What every embedding map can do, and what it can tell about itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

BLOCK_ROWS = 16_384
"""Rows that are computed at a time where they need no more than their own width in scratch memory."""


@dataclass(frozen=True, slots=True)
class MapStatistics:
    """Counts over all rows that a map has transformed since it was fitted.

    Attributes:
        rows: rows transformed.
        zero_rows: rows among them that are zero vectors.
    """

    rows: int
    zero_rows: int


class RowOutput(Protocol):
    """Takes blocks of rows: an array, or a file that is written (`arrays.NewArray`)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """`[n, D]`."""

    def __setitem__(self, rows: slice, values: NDArray[Any], /) -> None: ...


class EmbeddingMap(Protocol):
    """A map from target vectors to embeddings of the source model's width, learnt from anchors.

    The object follows scikit-learn: the constructor stores, `fit` learns and returns the object.
    """

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Learn from `A` anchors.

        Args:
            anchor_vectors: the anchors in the space of the vectors to map, `[A, Dx]`.
            anchor_values: the source embeddings of the same anchors in the same order, `[A, D]`.

        Raises:
            ValueError: no anchor, shapes that do not fit, or a value that is not finite (the row is named).
        """

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `[n, D]` of vectors `[n, Dx]`.

        Raises:
            ValueError: the map is not fitted, the width does not fit, or a row (named) is not finite.
        """

    def transform_into(self, matrix: NDArray[Any], out: RowOutput) -> Iterator[int]:
        """Map a matrix of any size (a memory map, say) into `out`, block by block.

        It works as the iterator is advanced, and yields the number of rows of each block once they are written.

        Args:
            matrix: vectors `[n, Dx]`.
            out: `[n, D]`, of any floating type.

        Raises:
            ValueError: as `transform`, or `out` has another shape; then the rows of earlier blocks are written.
        """

    @property
    def statistics_(self) -> MapStatistics:
        """Counts over the rows transformed since `fit`."""


def checked(matrix: NDArray[Any], what: str, *, width: int | None = None) -> NDArray[Any]:
    """`matrix`, which must have two dimensions (and `width` columns).

    Raises:
        ValueError: it has not.
    """
    if matrix.ndim != 2:
        raise ValueError(f"{what}: a matrix is wanted, not an array of {matrix.ndim} dimensions")
    if width is not None and matrix.shape[1] != width:
        raise ValueError(f"{what}: rows of {matrix.shape[1]} numbers, but the anchors have {width}")
    return matrix


def finite(matrix: NDArray[Any], what: str, *, first_row: int = 0) -> NDArray[Any]:
    """`matrix`, which must hold neither NaN nor infinity.

    Raises:
        ValueError: it does; the message names the first such row, counted from `first_row`.
    """
    good = np.isfinite(matrix).all(axis=1)
    if not good.all():
        raise ValueError(f"{what}: row {first_row + int(np.argmin(good))} holds NaN or infinity")
    return matrix


def checked_anchors(vectors: NDArray[Any], values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both sides of the anchors: float32 numbers, held as float64.

    Raises:
        ValueError: there is none, the numbers of rows differ, or a value is not finite.
    """
    vectors, values = checked(vectors, "anchor vectors"), checked(values, "anchor values")
    if len(vectors) != len(values):
        raise ValueError(f"{len(vectors)} anchor vectors, but {len(values)} anchor values")
    if len(vectors) == 0:
        raise ValueError("there is no anchor")
    with np.errstate(over="ignore"):
        vectors, values = (side.astype(np.float32, copy=False) for side in (vectors, values))
    return (
        finite(vectors, "anchor vectors").astype(np.float64),
        finite(values, "anchor values").astype(np.float64),
    )


def checked_output(matrix: NDArray[Any], out: RowOutput, width: int) -> None:
    """Refuse an output array that does not take the `[n, width]` embeddings of `matrix`.

    Raises:
        ValueError: its shape is another.
    """
    if out.shape != (len(matrix), width):
        raise ValueError(f"the output has shape {out.shape}, but {(len(matrix), width)} is wanted")
