"""How well mapped words find their translations among the source tokens: cosine, CSLS, ranks, precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.search import topk_cosine
from mosecrot_cli.mapping.units import exact_units

_BLOCK_BYTES = 64 << 20


def mean_similarity(rows: NDArray[Any], others: NDArray[Any], k: int, device: str = "cpu") -> NDArray[np.float32]:
    """Mean cosine of each row with its `k` nearest of the others (Conneau et al. 2018, section 2.3: r), `[n]`.

    Args:
        rows: vectors `[n, D]`.
        others: vectors `[m, D]`.
        k: how many; more than `m` means all.
        device: see `search.topk_cosine`.

    Raises:
        ValueError: as `search.topk_cosine`.
    """
    means: NDArray[np.float32] = topk_cosine(rows, others, k, device)[0].mean(axis=1)
    return means


def csls_scores(
    similarities: NDArray[np.float32], query_means: NDArray[np.float32], base_means: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Cross-domain similarity local scaling, `2 cos(x, y) - r(x) - r(y)` (Conneau et al. 2018, equation 5), `[n, m]`.

    What is near to everything (a hub) is moved away from everything.

    Args:
        similarities: cosines of queries and candidates, `[n, m]`.
        query_means: `mean_similarity` of the queries to the candidates, `[n]`.
        base_means: that of the candidates to the queries' side, `[m]`.
    """
    return 2 * similarities - query_means[:, None] - base_means


def translation_ranks(
    queries: NDArray[Any],
    base: NDArray[Any],
    right: Sequence[NDArray[np.int64]],
    *,
    query_means: NDArray[np.float32] | None = None,
    base_means: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """At which place (from 1) each query finds the first of its right answers; ties go to the lowest row.

    Args:
        queries: mapped words, `[n, D]`.
        base: candidates, `[m, D]`.
        right: rows of the candidates that are right answers, at least one for each query.
        query_means: `mean_similarity` of the queries; with that of the base, candidates are ordered by CSLS.
        base_means: `mean_similarity` of the candidates; without them, they are ordered by cosine.

    Returns:
        The places, `[n]`.
    """
    candidates = exact_units(base).astype(np.float32)
    step = max(1, _BLOCK_BYTES // (4 * len(candidates)))
    ranks = []
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        scores = exact_units(queries[block]).astype(np.float32) @ candidates.T
        if query_means is not None and base_means is not None:
            scores = csls_scores(scores, query_means[block], base_means)
        ranks += [_best_rank(row, np.sort(rows)) for row, rows in zip(scores, right[block], strict=True)]
    return np.array(ranks, dtype=np.int64)


def precision_at(ranks: NDArray[np.int64], k: int) -> float:
    """Share of queries with a right answer among the first `k`; 0 for no query."""
    return float((ranks <= k).mean()) if len(ranks) else 0.0


def _best_rank(scores: NDArray[np.float32], right: NDArray[np.int64]) -> int:
    best = right[np.argmax(scores[right])]
    value = scores[best]
    return 1 + int(np.count_nonzero(scores > value)) + int(np.count_nonzero(scores[:best] == value))
