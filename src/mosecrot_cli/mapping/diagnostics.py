"""The shape of a cloud of embeddings: lengths, distances from its mean, and hubs among nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.units import exact_units


@dataclass(frozen=True, slots=True)
class NormStatistics:
    """How long and how far apart the rows of a matrix are.

    Attributes:
        mean: mean length of a row.
        std: standard deviation of the lengths.
        spread: mean distance of a row from the mean row.
        mean_cosine: mean cosine of a row with the mean row of the source side.
        mean_distance: distance of the mean row from that of the source side.
    """

    mean: float
    std: float
    spread: float
    mean_cosine: float
    mean_distance: float


def norm_statistics(rows: NDArray[Any], source_mean: NDArray[Any]) -> NormStatistics:
    """Lengths, spread, and direction of rows `[n, D]`, `n` at least 1, against the mean `[D]` of the source side."""
    exact = np.asarray(rows, dtype=np.float64)
    centre = np.asarray(source_mean, dtype=np.float64)
    lengths = np.linalg.norm(exact, axis=1)
    own = exact.mean(axis=0)
    cosines = exact_units(exact) @ exact_units(centre[None])[0]
    return NormStatistics(
        mean=float(lengths.mean()),
        std=float(lengths.std()),
        spread=float(np.linalg.norm(exact - own, axis=1).mean()),
        mean_cosine=float(cosines.mean()),
        mean_distance=float(np.linalg.norm(own - centre)),
    )


def k_occurrences(neighbours: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """N_k: how often each of `size` candidates is among the nearest (Radovanović et al. 2010, section 2), `[size]`.

    Args:
        neighbours: rows of the candidates, `[n, k]`.
        size: number of candidates.
    """
    return np.bincount(neighbours.ravel(), minlength=size).astype(np.int64)


def skewness(counts: NDArray[Any]) -> float:
    """Third standardised moment: of N_k, how much there are hubs (Radovanović et al. 2010); 0 where all are equal."""
    offsets = np.asarray(counts, dtype=np.float64) - np.mean(counts)
    variance = float((offsets**2).mean())
    return float((offsets**3).mean()) / variance**1.5 if variance > 0 else 0.0


_BLOCK_BYTES = 64 << 20


class TranslationRanks(NamedTuple):
    """The places of the right answers to `n` queries.

    Attributes:
        cosine: among the candidates ordered by cosine, `[n]`.
        csls: among the candidates ordered by CSLS, `[n]`.
    """

    cosine: NDArray[np.int64]
    csls: NDArray[np.int64]


def translation_ranks(
    queries: NDArray[Any],
    base: NDArray[Any],
    right: Sequence[NDArray[np.int64]],
    *,
    hubness: NDArray[np.float64],
) -> TranslationRanks:
    """At which place (from 1) each query finds the first of its right answers; ties go to the lowest row.

    Args:
        queries: mapped words, `[n, D]`.
        base: candidates, `[m, D]`.
        right: rows of the candidates that are right answers, at least one for each query.
        hubness: `csls.hubness` of the candidates, `[m]`.
    """
    candidates = exact_units(base).astype(np.float32)
    step = max(1, _BLOCK_BYTES // (4 * len(candidates)))
    by_cosine, by_csls = [], []
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        scores = exact_units(queries[block]).astype(np.float32) @ candidates.T
        sorted_rows = [np.sort(rows) for rows in right[block]]
        by_cosine += [_best_rank(row, rows) for row, rows in zip(scores, sorted_rows, strict=True)]
        scores -= (hubness / 2).astype(np.float32)  # CSLS but for the scale and what all candidates share
        by_csls += [_best_rank(row, rows) for row, rows in zip(scores, sorted_rows, strict=True)]
    return TranslationRanks(np.array(by_cosine, dtype=np.int64), np.array(by_csls, dtype=np.int64))


def precision_at(ranks: NDArray[np.int64], k: int) -> float:
    """Share of queries with a right answer among the first `k`; 0 for no query."""
    return float((ranks <= k).mean()) if len(ranks) else 0.0


def _best_rank(scores: NDArray[np.float32], right: NDArray[np.int64]) -> int:
    best = right[np.argmax(scores[right])]
    value = scores[best]
    return 1 + int(np.count_nonzero(scores > value)) + int(np.count_nonzero(scores[:best] == value))
