"""A linear map, and then the nearest tokens of the whole source vocabulary, weighted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import BLOCK_ROWS, Matrix, RowOutput, checked, checked_output, finite
from mosecrot_cli.mapping.csls import Queries, changed
from mosecrot_cli.mapping.methods.linear import LinearMap, LinearStatistics
from mosecrot_cli.mapping.methods.relative import RelativeMap
from mosecrot_cli.settings import Weighting


@dataclass(frozen=True, slots=True)
class VocabularyStatistics(LinearStatistics):
    """What `VocabularyMap` found.

    Attributes:
        cancelled_rows: rows, not zero, that took their nearest token because their similarities cancel (`standard`).
        mean_tokens_used: mean number of tokens with a weight other than 0.
        mean_top_similarity: mean cosine of the images with the nearest token; see `RelativeStatistics`.
    """

    cancelled_rows: int
    mean_tokens_used: float
    mean_top_similarity: float


class VocabularyMap:
    """`F = sum_n w[n] E^s[n]` over the `k` source tokens `n` nearest to the linear image of a vector.

    So the basis is the whole source vocabulary, not the anchors, as in WECHSEL (Minixhofer, Paischer and Rekabsaz,
    2022), where the common space is that of static vectors. Weights are those of the paper's relative representations.

    Images and tokens are compared as the linear map has normalised its source side; then the mean, whose distance from
    the anchors' mean is restored as for the linear map itself (`Sides`). Unless the sides are normalised, `F` is the
    plain mean. A zero vector maps to what the linear map makes of it.

    Args:
        linear: a map that is not yet fitted.
        tokens: source embeddings of the basis, finite ones `[V, D]`.
        k: how many tokens; a number larger than `V` takes all.
        weighting: how their similarities become weights.
        temperature: `T`, larger than 0.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
        queries: all vectors that will be mapped, for neighbours under CSLS (not with `standard`); None: by cosine.
    """

    def __init__(
        self,
        linear: LinearMap,
        tokens: NDArray[Any],
        k: int,
        weighting: Weighting,
        temperature: float,
        device: str = "cpu",
        *,
        queries: Queries | None = None,
    ) -> None:
        self.linear, self.tokens = linear, tokens
        self.k, self.weighting, self.temperature, self.device = k, weighting, temperature, device
        self.queries = queries

    def fit(self, anchor_vectors: NDArray[Any], anchor_values: NDArray[Any]) -> Self:
        """Learn the linear map from the anchors' vectors `[A, Dx]` and their source embeddings `[A, D]`.

        Raises:
            UsageError: k < 1, T not above 0, an unknown weighting or device, or CSLS with `standard`.
            ValueError: no anchor or token, shapes that do not fit, or a row (named) that is not finite.
        """
        self.linear.fit(anchor_vectors, anchor_values)
        tokens = checked(self.tokens, "tokens", width=self.linear.matrix_.shape[1])
        tokens = finite(np.asarray(tokens, dtype=np.float64), "tokens")
        sides = self.linear.sides
        queries = changed(self.queries, lambda block: self.linear.images(block).rows)
        relative = RelativeMap(self.k, self.weighting, self.temperature, self.device, queries=queries)
        self._relative = relative.fit(sides.values.transform(tokens), tokens - sides.mean_)
        self._rows = self._zero_rows = 0
        return self

    def transform(self, block: NDArray[Any]) -> Matrix:
        """The embeddings `F` `[n, D]` of vectors `[n, Dx]`; errors as in `EmbeddingMap`."""
        self.linear.check(block)
        out = np.empty((len(block), self.linear.matrix_.shape[1]), dtype=np.float32)
        for _ in self.transform_into(block, out):
            pass
        return out

    def transform_into(self, matrix: NDArray[Any], out: RowOutput) -> Iterator[int]:
        """Map `matrix` `[n, Dx]` into `out` `[n, D]`, yielding the number of rows of each block; see `EmbeddingMap`."""
        self.linear.check(matrix)
        checked_output(matrix, out, self.linear.matrix_.shape[1])
        for start in range(0, len(matrix), BLOCK_ROWS):
            images, zero = self.linear.images(matrix[start : start + BLOCK_ROWS], first_row=start)
            means = self._relative.transform(images).astype(np.float64)
            means[zero] = 0.0
            out[start : start + len(means)] = self.linear.sides.restore(means, zero)
            self._rows += len(means)
            self._zero_rows += int(zero.sum())
            yield len(means)

    @property
    def statistics_(self) -> VocabularyStatistics:
        """The quality of the fit, and counts over the rows transformed since."""
        fit, found = self.linear.statistics_, self._relative.statistics_
        return VocabularyStatistics(
            self._rows,
            self._zero_rows,
            fit.rank,
            fit.relative_residual,
            fit.ridge,
            found.cancelled_rows,
            found.mean_anchors_used,
            found.mean_top_similarity,
        )
