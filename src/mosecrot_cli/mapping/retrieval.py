"""How well mapped words find their translations among the source tokens: ranks and precision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.units import exact_units

_BLOCK_BYTES = 64 << 20


def translation_ranks(
    queries: NDArray[Any],
    base: NDArray[Any],
    right: Sequence[NDArray[np.int64]],
    *,
    hubness: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """At which place (from 1) each query finds the first of its right answers; ties go to the lowest row.

    Args:
        queries: mapped words, `[n, D]`.
        base: candidates, `[m, D]`.
        right: rows of the candidates that are right answers, at least one for each query.
        hubness: `csls.hubness` of the candidates, `[m]`, which are then ordered by CSLS; None: by cosine.

    Returns:
        The places, `[n]`.
    """
    candidates = exact_units(base).astype(np.float32)
    step = max(1, _BLOCK_BYTES // (4 * len(candidates)))
    ranks = []
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        scores = exact_units(queries[block]).astype(np.float32) @ candidates.T
        if hubness is not None:
            scores -= (hubness / 2).astype(np.float32)  # CSLS but for the scale and what all candidates share
        ranks += [_best_rank(row, np.sort(rows)) for row, rows in zip(scores, right[block], strict=True)]
    return np.array(ranks, dtype=np.int64)


def precision_at(ranks: NDArray[np.int64], k: int) -> float:
    """Share of queries with a right answer among the first `k`; 0 for no query."""
    return float((ranks <= k).mean()) if len(ranks) else 0.0


def _best_rank(scores: NDArray[np.float32], right: NDArray[np.int64]) -> int:
    best = right[np.argmax(scores[right])]
    value = scores[best]
    return 1 + int(np.count_nonzero(scores > value)) + int(np.count_nonzero(scores[:best] == value))
