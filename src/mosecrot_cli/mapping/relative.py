"""Relative representations, top-k, weighting and weighted mean, fused block by block (paper, section 3, steps 2-3)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as nn_functional
from numpy.typing import NDArray
from torch import Tensor

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.base import MapStatistics, Matrix, checked, checked_anchors, checked_output
from mosecrot_cli.mapping.devices import scratch_bytes, torch_device
from mosecrot_cli.mapping.search import AnchorIndex, Neighbours, cosines, ranked, snapped
from mosecrot_cli.mapping.units import UnitRows, unit_rows
from mosecrot_cli.mapping.weighting import WEIGHTINGS

_LARGEST_AMPLIFICATION = 5.0
"""Float32 cosines are off by about 1e-7. A weighting that amplifies this further is computed in float64."""

_MOST_ROWS, _FEWEST_ROWS = 16_384, 16


@dataclass(frozen=True, slots=True)
class RelativeStatistics(MapStatistics):
    """What `RelativeMap` found in the rows it transformed.

    Attributes:
        cancelled_rows: rows, not zero, that took their nearest anchor because their similarities cancel (`standard`).
        mean_anchors_used: mean number of anchors with a weight other than 0.
        mean_top_similarity: mean cosine with the nearest anchor.
    """

    cancelled_rows: int
    mean_anchors_used: float
    mean_top_similarity: float


class RelativeMap:
    """`F[i] = sum_n w[i, n] E^s[n]` over the k anchors nearest to row `i` (paper, section 3, steps 2 and 3).

    A zero vector has the similarity 0 to every anchor and so takes the first `k` of them. Fewer anchors than `k`: all.
    The same input gives the same bytes on one machine, whatever the size of the blocks.

    Args:
        k: how many anchors; a number larger than that of the anchors takes all.
        weighting: a name in `WEIGHTINGS`.
        temperature: `T`, larger than 0.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
    """

    def __init__(self, k: int, weighting: str, temperature: float, device: str = "cpu") -> None:
        self.k, self.weighting, self.temperature, self.device = k, weighting, temperature, device

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Take the anchors' vectors `[A, Dx]` and the source embeddings `[A, D]` of the same anchors.

        Raises:
            UsageError: k < 1, T not above 0, an unknown weighting or device.
            ValueError: no anchor, numbers of rows that differ, or a row (named) that is not finite.
        """
        if self.k < 1:
            raise UsageError(f"k must be at least 1, not {self.k}")
        if not 0 < self.temperature < math.inf:
            raise UsageError(f"the temperature must be above 0, not {self.temperature}")
        if self.weighting not in WEIGHTINGS:
            raise UsageError(f"unknown weighting {self.weighting!r}", hint="one of " + ", ".join(WEIGHTINGS))
        device = torch_device(self.device)
        vectors, values = checked_anchors(anchor_vectors, anchor_values)
        self.k_ = min(self.k, len(vectors))
        self._width = vectors.shape[1]
        self._index = AnchorIndex(vectors, device)
        self._values = _Values(torch.from_numpy(values.astype(np.float32)).to(device))
        self._tally = _Tally()
        return self

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`; errors as in `EmbeddingMap`."""
        self._check(block)
        out = np.empty((len(block), self._values.width), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: NDArray[Any]) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self._check(matrix)
        checked_output(matrix, out, self._values.width)
        step = self._block_rows()
        for start in range(0, len(matrix), step):
            rows = unit_rows(matrix[start : start + step], "vectors", first_row=start)
            out[start : start + step] = self._mapped(rows)
            yield len(rows)

    @property
    def statistics_(self) -> RelativeStatistics:
        """Counts over the rows transformed since `fit`."""
        tally, rows = self._tally, max(1, self._tally.rows)
        return RelativeStatistics(
            tally.rows, tally.zero, tally.cancelled, tally.anchors_used / rows, tally.top_similarity / rows
        )

    def _check(self, matrix: NDArray[Any]) -> None:
        if not hasattr(self, "k_"):
            raise ValueError("the map is not fitted")
        checked(matrix, "vectors", width=self._width)

    def _block_rows(self) -> int:
        # For all anchors: float64 cosines, weights and what sorting them takes. Else: neighbours and their weights.
        a_row = 64 * len(self._index) if self.k_ == len(self._index) else 48 * self.k_
        return min(_MOST_ROWS, max(_FEWEST_ROWS, scratch_bytes(self._index.device) // a_row))

    @torch.inference_mode()
    def _mapped(self, rows: UnitRows) -> Matrix:
        if self.k_ == len(self._index):
            return self._mean_of_all(rows).float().cpu().numpy()
        weighting = WEIGHTINGS[self.weighting]
        found = self._index.search(rows, self.k_)
        fragile = weighting.amplification(found.similarities, self.temperature) > _LARGEST_AMPLIFICATION
        some = fragile.nonzero()[:, 0]
        if len(some) == len(rows):
            return self._mean_exactly(rows, found).float().cpu().numpy()
        weights = weighting(found.similarities, self.temperature)
        mapped = _weighted_sum(self._values.single, weights, found.indices)
        keep = ~fragile
        self._tally.add(rows.zero[keep.cpu().numpy()], found.similarities[keep], weights[keep], cancelled=0)
        if len(some):
            chosen = some.cpu().numpy()
            part = UnitRows(rows.raw[chosen], rows.units[chosen], rows.zero[chosen])
            exact = self._mean_exactly(part, Neighbours(found.similarities[some], found.indices[some]))
            mapped[some] = exact.to(mapped)
        return mapped.cpu().numpy()

    def _mean_exactly(self, rows: UnitRows, found: Neighbours) -> Tensor:
        """The weighted mean of the anchors found, in float64."""
        anchors = self._index.exact_units
        queries = torch.from_numpy(rows.exact(slice(None))).to(anchors.device)
        indices = found.indices.to(anchors.device).sort(dim=1).values
        neighbours = ranked(Neighbours(snapped(cosines(queries, anchors, indices)), indices))
        weights = self._weigh(rows, neighbours.similarities)
        return _weighted_sum(self._values.double, weights, neighbours.indices)

    def _mean_of_all(self, rows: UnitRows) -> Tensor:
        weights = self._weigh(rows, self._index.exact_cosines(rows.exact(slice(None))))
        return weights @ self._values.double

    def _weigh(self, rows: UnitRows, similarities: Tensor) -> Tensor:
        weighting = WEIGHTINGS[self.weighting]
        weights = weighting(similarities, self.temperature)
        lost = weighting.cancelled(similarities).cpu().numpy() & ~rows.zero
        self._tally.add(rows.zero, similarities, weights, cancelled=int(lost.sum()))
        return weights


class _Values:
    """The anchors' source embeddings in both precisions."""

    def __init__(self, single: Tensor) -> None:
        self.single = single
        self.width = single.shape[1]

    @cached_property
    def double(self) -> Tensor:
        return (self.single.cpu() if self.single.device.type == "mps" else self.single).double()


@dataclass
class _Tally:
    rows: int = 0
    zero: int = 0
    cancelled: int = 0
    anchors_used: float = 0.0
    top_similarity: float = 0.0

    def add(self, zero: NDArray[np.bool_], similarities: Tensor, weights: Tensor, *, cancelled: int) -> None:
        if len(similarities) == 0:
            return
        self.rows += len(similarities)
        self.zero += int(zero.sum())
        self.cancelled += cancelled
        self.anchors_used += int(torch.count_nonzero(weights))
        self.top_similarity += float(similarities.amax(dim=1).sum(dtype=torch.float64))


def _weighted_sum(values: Tensor, weights: Tensor, indices: Tensor) -> Tensor:
    return nn_functional.embedding_bag(indices, values, mode="sum", per_sample_weights=weights)
