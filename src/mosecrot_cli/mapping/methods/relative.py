"""Relative representations, top-k, weighting and weighted mean, fused block by block (paper, section 3, steps 2-3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import embedding_bag

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.base import MapStatistics, Matrix, RowOutput, checked, checked_anchors, checked_output
from mosecrot_cli.mapping.csls import Queries, hubness
from mosecrot_cli.mapping.devices import exact_device, scratch_bytes, torch_device
from mosecrot_cli.mapping.search import AnchorIndex, Nearest
from mosecrot_cli.mapping.units import UnitRows, unit_rows
from mosecrot_cli.mapping.weighting import WEIGHTINGS
from mosecrot_cli.settings import Weighting
from mosecrot_cli.threads import in_blocks

_MOST_AMPLIFICATION = 5.0
"""Float32 cosines are off by about 1e-7. A weighting that amplifies this further is computed in float64."""

_MOST_ROWS, _MOST_ROWS_CPU, _FEWEST_ROWS = 16_384, 2_048, 16
"""On a CPU what is computed for a block of rows should still be in the cache when it is used."""


@dataclass(frozen=True, slots=True)
class RelativeStatistics(MapStatistics):
    """What `RelativeMap` found in the rows it transformed.

    Attributes:
        cancelled_rows: rows, not zero, that took their nearest anchor because their similarities cancel (`standard`).
        mean_anchors_used: mean number of anchors with a weight other than 0.
        mean_top_similarity: mean cosine with the nearest anchor; with CSLS, less half the hubness of that anchor.
    """

    cancelled_rows: int
    mean_anchors_used: float
    mean_top_similarity: float


class RelativeMap:
    """`F[i] = sum_n w[i, n] E^s[n]` over the k anchors nearest to row `i` (paper, section 3, steps 2 and 3).

    A zero vector has the similarity 0 to every anchor and so takes the first `k` of them. Fewer anchors than `k`: all.
    The same input gives the same bytes on one machine, whatever the size of the blocks.

    With `queries` the similarity is half of CSLS, `cos(x, a) - r(a) / 2`, for neighbours and weights alike; see `csls`.

    Args:
        k: how many anchors; a number larger than that of the anchors takes all.
        weighting: how their similarities become weights.
        temperature: `T`, larger than 0.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
        queries: all rows that will be mapped, for neighbours under CSLS (not with `standard`); None: by cosine.
    """

    def __init__(
        self, k: int, weighting: Weighting, temperature: float, device: str = "cpu", *, queries: Queries | None = None
    ) -> None:
        self.k, self.weighting, self.temperature, self.device = k, weighting, temperature, device
        self.queries = queries

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Take the anchors' vectors `[A, Dx]` and the source embeddings `[A, D]` of the same anchors.

        Raises:
            UsageError: k < 1, T not above 0, an unknown weighting or device, or CSLS with `standard`.
            ValueError: no anchor, numbers of rows that differ, or a row (named) that is not finite.
        """
        if self.k < 1:
            raise UsageError(f"k must be at least 1, not {self.k}")
        if not 0 < self.temperature < math.inf:
            raise UsageError(f"the temperature must be above 0, not {self.temperature}")
        if self.weighting not in WEIGHTINGS:
            raise UsageError(f"unknown weighting {self.weighting!r}", hint="one of " + ", ".join(WEIGHTINGS))
        self._rule = WEIGHTINGS[self.weighting]
        if self.queries is not None and self._rule.signed:
            raise UsageError(
                f"{self.weighting} divides by the sum of the similarities, which under CSLS has no meaning"
            )
        device = torch_device(self.device)
        vectors, values = checked_anchors(anchor_vectors, anchor_values)
        self.k_ = min(self.k, len(vectors))
        self._width = vectors.shape[1]
        penalties = None if self.queries is None else hubness(vectors, self.queries, device=device) / 2
        self._index = AnchorIndex(vectors, device, penalties)
        self._values = _Values(torch.from_numpy(values.astype(np.float32)).to(device))
        self._tally = Tally()
        return self

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`; errors as in `EmbeddingMap`."""
        self._check(block)
        out = np.empty((len(block), self._values.width), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: RowOutput) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self._check(matrix)
        checked_output(matrix, out, self._values.width)

        def fill(part: slice) -> Tally:
            out[part], tally = self.mapped(matrix[part], first_row=part.start)
            return tally

        for tally in self.in_blocks(fill, len(matrix)):
            yield tally.rows

    def in_blocks(self, fill: Callable[[slice], Tally], rows: int) -> Iterator[Tally]:
        """Call `fill`, which calls `mapped`, with slices of so many rows, several at once, and count what it tells."""
        self._index.prepare(self.k_)
        threaded = self._index.device.type == "cpu"
        for tally in in_blocks(fill, rows, self._block_rows(), threaded=threaded):
            self._tally.add(tally)
            yield tally

    def mapped(self, block: NDArray[Any], *, first_row: int = 0) -> tuple[Matrix, Tally]:
        """The embeddings of some vectors and what there is to count, which is not counted yet.

        Args:
            block: vectors `[n, Dx]`.
            first_row: number of the first row, for errors.

        Raises:
            ValueError: a row (named) is not finite.
        """
        rows, tally = unit_rows(block, "vectors", first_row=first_row), Tally()
        with torch.inference_mode():  # holds for one thread
            return self._mean(rows, tally).float().cpu().numpy(), tally

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
        device = self._index.device
        most, at_once = (_MOST_ROWS_CPU, torch.get_num_threads()) if device.type == "cpu" else (_MOST_ROWS, 1)
        return min(most, max(_FEWEST_ROWS, scratch_bytes(device) // (a_row * at_once)))

    def _mean(self, rows: UnitRows, tally: Tally) -> Tensor:
        if self.k_ == len(self._index):
            return self._weigh(rows, self._index.exact_similarities(rows.exact()), tally) @ self._values.double
        found = self._index.search(rows, self.k_)
        fragile = self._rule.amplification(found.similarities, self.temperature) > _MOST_AMPLIFICATION
        if fragile.all():
            exact = self._exactly(rows, found)
            return self._mean_of_few(self._weigh(rows, exact.similarities, tally), exact.indices)
        weights = self._weigh(rows, found.similarities.to(self._values.finest), tally)
        mean = self._values.mean(weights.float(), found.indices)
        if fragile.any():
            exact = self._exactly(rows.part(fragile.cpu().numpy()), Nearest(*(part[fragile] for part in found)))
            weights = self._rule(exact.similarities, self.temperature)
            mean[fragile] = self._mean_of_few(weights, exact.indices).to(mean)
        return mean

    def _exactly(self, rows: UnitRows, found: Nearest) -> Nearest:
        """The anchors found, with their similarities in float64."""
        indices = found.indices.to(exact_device(self._index.device))
        return Nearest(self._index.exact_similarities(rows.exact(), indices), indices)

    def _mean_of_few(self, weights: Tensor, indices: Tensor) -> Tensor:
        """The mean for weights in float64; summed so too where signs may cancel."""
        if self._rule.signed:
            return self._values.mean(weights, indices)
        return self._values.mean(weights.float().to(self._index.device), indices.to(self._index.device))

    def _weigh(self, rows: UnitRows, similarities: Tensor, tally: Tally) -> Tensor:
        weights = self._rule(similarities, self.temperature)
        lost = self._rule.cancelled(similarities).cpu().numpy() & ~rows.zero
        tally.rows += len(rows)
        tally.zero += int(rows.zero.sum())
        tally.cancelled += int(lost.sum())
        tally.anchors_used += int(torch.count_nonzero(weights))
        tally.top_similarity += float(similarities.amax(dim=1).sum(dtype=self._values.finest))
        return weights


class _Values:
    """The anchors' source embeddings in both precisions."""

    def __init__(self, single: Tensor) -> None:
        self.single = single
        self.width = single.shape[1]
        self.finest = torch.float64 if exact_device(single.device) == single.device else torch.float32

    @cached_property
    def double(self) -> Tensor:
        return self.single.to(exact_device(self.single.device)).double()

    def mean(self, weights: Tensor, indices: Tensor) -> Tensor:
        """The weighted mean of the rows `indices` `[n, k]` with weights `[n, k]`, in their precision."""
        if weights.dtype == torch.float64:
            return embedding_bag(indices, self.double, mode="sum", per_sample_weights=weights)
        return embedding_bag(indices, self.single, mode="sum", per_sample_weights=weights)


@dataclass
class Tally:
    """What `RelativeStatistics` is computed from."""

    rows: int = 0
    zero: int = 0
    cancelled: int = 0
    anchors_used: int = 0
    top_similarity: float = 0.0

    def add(self, other: Tally) -> None:
        """Count the rows of another block as well."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
