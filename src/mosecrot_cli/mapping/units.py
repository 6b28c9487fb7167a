"""Rows scaled to unit length, with a defined result for zero, huge and tiny ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import Matrix, finite

# Squares of float32 numbers within these norms neither overflow nor lose digits.
_SAFE_NORMS = (1e-15, 1e15)


@dataclass(frozen=True, slots=True)
class UnitRows:
    """Vectors and their unit vectors; a zero vector, whose direction is undefined, stays zero.

    Attributes:
        raw: the vectors as given, float32 `[n, D]`.
        units: the unit vectors, float32 `[n, D]`.
        zero: which rows are zero vectors, `[n]`.
    """

    raw: Matrix
    units: Matrix
    zero: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.units)

    def part(self, chosen: NDArray[np.bool_] | NDArray[np.int64] | slice) -> UnitRows:
        """The chosen rows: `[n]` booleans, their numbers, or a slice, which copies nothing."""
        return UnitRows(self.raw[chosen], self.units[chosen], self.zero[chosen])

    def exact(self) -> NDArray[np.float64]:
        """The unit vectors in float64 `[n, D]`."""
        return exact_units(self.raw)


def exact_units(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """The unit vectors of finite rows in float64; zero rows stay zero. Any float32 or scaled float64 row has one."""
    rows = np.array(matrix, dtype=np.float64)
    ends = rows.max(axis=1, initial=0.0, keepdims=True), rows.min(axis=1, initial=0.0, keepdims=True)
    largest = np.maximum(ends[0], -ends[1])
    rows /= np.where(largest > 0, largest, 1.0)  # so that no square overflows or vanishes
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.where(norms > 0, norms, 1.0)[:, None]
    return rows


def unit_rows(block: NDArray[Any], what: str, *, first_row: int = 0) -> UnitRows:
    """Scale rows to unit length in float32.

    Args:
        block: vectors `[n, D]` of any numeric type; not changed.
        what: how an error names them.
        first_row: number of the first row in the matrix that the block was cut from, for errors.

    Raises:
        ValueError: a row is not finite in float32.
    """
    with np.errstate(over="ignore"):
        raw = np.ascontiguousarray(block, dtype=np.float32)
        norms = np.sqrt(np.einsum("ij,ij->i", raw, raw))
    odd = np.flatnonzero(~((norms > _SAFE_NORMS[0]) & (norms < _SAFE_NORMS[1])))
    zero = np.zeros(len(raw), dtype=np.bool_)
    if len(odd):
        for row in odd[~np.isfinite(norms[odd])]:
            finite(raw[row : row + 1], what, first_row=first_row + int(row))
        norms[odd] = 1.0
    units = raw / norms[:, None]
    if len(odd):
        units[odd] = exact_units(raw[odd])
        zero[odd] = ~units[odd].any(axis=1)
    return UnitRows(raw, units, zero)
