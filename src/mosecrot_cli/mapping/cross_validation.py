"""What all other anchors predict for each anchor: the judge of the ridge, and of the anchors.

Ridge regression has its leave-one-out predictions in closed form (Allen, 1974, PRESS): with the leverage `h` of an
anchor, its fitted value `f` and its own value `y`, the map learnt without it gives `(f - h y) / (1 - h)`.

They are judged as translations: by the rank of the anchor's own value among the values of all anchors, not by their
distance from it. A strong ridge leads all predictions to where most values are: nearer on average, and less distinct.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import EmbeddingMap, Matrix, checked_anchors
from mosecrot_cli.mapping.units import exact_units

RIDGES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""The strengths to choose from, see `linear.ridge_solver`."""
JUDGED = 2_000
"""How many anchors, at most, choose a ridge."""
_BLOCK_ROWS, _MOST_CLOSE = 512, 64

Rows = NDArray[np.float64]


class LeaveOneOut:
    """Ridge regressions of any strength over the same anchors, from one eigendecomposition.

    Args:
        vectors: the anchors in one space, normalised, `[A, Dx]`.
        values: the anchors in the other, normalised, `[A, D]`.
        centred: whether the means of all anchors are taken off both sides. Then an anchor has a share in what the
            others are, which would betray it where anchors are few: its leverage on the means is counted as well, as
            in regression with an intercept.
    """

    def __init__(self, vectors: Rows, values: Rows, *, centred: bool) -> None:
        self._mean = values.mean(axis=0) if centred else np.zeros(values.shape[1])
        self._mean_leverage = 1 / len(vectors) if centred else 0.0
        if centred:
            vectors = vectors - vectors.mean(axis=0)
        self._eigenvalues, axes = np.linalg.eigh(vectors.T @ vectors)
        self._rotated, self._values = vectors @ axes, values
        self._moments = self._rotated.T @ (values - self._mean)
        self._units = exact_units(values)
        self._rounded = self._units.astype(np.float32)
        self.sample = np.sort(np.random.default_rng(0).permutation(len(vectors))[:JUDGED])

    def predictions(self, strength: float, rows: NDArray[np.int64]) -> Rows:
        """Of each anchor of the rows, what the map learnt from all others gives, `[n, D]`; a zero vector gives 0."""
        mean = float(self._eigenvalues.mean())
        rotated = self._rotated[rows]
        scaled = rotated / (self._eigenvalues + strength * mean if mean > 0 else 1.0)
        leverage = self._mean_leverage + np.einsum("nd,nd->n", scaled, rotated)[:, None]
        fitted = self._mean + scaled @ self._moments
        # A leverage of 1: nothing but the anchor itself knows of its direction.
        predicted: Rows = (fitted - leverage * self._values[rows]) / np.maximum(1 - leverage, 1e-9)
        return predicted

    def ranks(self, strength: float, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rank by cosine, from 1, of the own value of each anchor of the rows among those of all anchors, `[n]`.

        Equal values are one translation: none of them is before another.
        """
        ranks = np.empty(len(rows), dtype=np.int64)
        for start in range(0, len(rows), _BLOCK_ROWS):
            part = rows[start : start + _BLOCK_ROWS]
            predicted = exact_units(self.predictions(strength, part))
            ranks[start : start + len(part)] = 1 + self._nearer(predicted, part)
        return ranks

    def _nearer(self, predicted: Rows, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many values are nearer to unit vectors `[n, D]` than those of the rows are, `[n]`.

        A product in float32 tells which cosines are too close to call; these are computed in float64.
        """
        own = np.einsum("nd,nd->n", predicted, self._units[rows])
        least = own + 1e-12  # equal to the last digits is equal
        above = predicted.astype(np.float32) @ self._rounded.T
        above -= own.astype(np.float32)[:, None]
        error = np.float32((self._units.shape[1] + 8) * 2.0**-23)
        sure: NDArray[np.int64] = (above > error).sum(axis=1)
        close = np.flatnonzero(np.abs(above, out=above) <= error)
        if len(close) > _MOST_CLOSE * len(rows):  # equal values
            count: NDArray[np.int64] = (predicted @ self._units.T > least[:, None]).sum(axis=1)
            return count
        which, values = np.divmod(close, len(self._units))
        nearer = np.einsum("nd,nd->n", predicted[which], self._units[values]) > least[which]
        return sure + np.bincount(which[nearer], minlength=len(rows))

    def best_ridge(self) -> float:
        """The strength of `RIDGES` with the highest mean reciprocal rank; of equal ones the first."""
        return max(RIDGES, key=lambda strength: float((1 / self.ranks(strength, self.sample)).mean()))


def plausible(vectors: Rows, values: Rows, share: float, *, ridge: float | None = None) -> NDArray[np.bool_]:
    """Which anchors are what the others make one expect, `[A]`.

    A right translation is among the nearest of the leave-one-out prediction; a wrong one is anywhere. So of wrong pairs
    no more than the share is kept.

    Args:
        vectors: the anchors in one space, centred, `[A, Dx]`.
        values: the anchors in the other, centred, `[A, D]`.
        share: an anchor's own value must be among the nearest so many of all anchors', above 0 and at most 1.
        ridge: strength of the regression, see `linear.ridge_solver`; None: the best of `RIDGES`.
    """
    judge = LeaveOneOut(vectors, values, centred=True)
    return judge.ranks(ridge or judge.best_ridge(), np.arange(len(vectors))) <= max(1.0, share * len(vectors))


FOLDS = 5


def out_of_fold(
    build: Callable[[], EmbeddingMap],
    vectors: NDArray[Any],
    values: NDArray[Any],
    words: NDArray[np.int64],
    *,
    folds: int = FOLDS,
    seed: int = 0,
    wanted: NDArray[np.bool_] | None = None,
) -> Matrix:
    """The embeddings `[A, D]` of anchors, float32, each by a map that was fitted without its word.

    Args:
        build: makes a map that is not fitted yet; called once for each fold.
        vectors: of the anchors, `[A, Dx]`.
        values: their source embeddings, `[A, D]`.
        words: number of each anchor's word, `[A]`; anchors of one word are held out together.
        folds: parts that the words are dealt into, at least 2; of fewer words each is a fold.
        seed: of the dealing.
        wanted: which anchors are asked for, `[A]`; the rows of the others are zero. None: all.

    Raises:
        ValueError: fewer than two words or folds, numbers of rows that differ, or a value that is not finite.
    """
    vectors, values = checked_anchors(vectors, values)
    distinct, which = np.unique(words, return_inverse=True)
    if folds < 2 or len(distinct) < 2:
        raise ValueError("two words and two folds at least are needed to hold some out")
    if len(words) != len(vectors):
        raise ValueError(f"{len(words):,} words for {len(vectors):,} anchors")
    order = np.random.default_rng(seed).permutation(len(distinct))
    fold = (order % min(folds, len(distinct)))[which]
    out = np.zeros(values.shape, dtype=np.float32)
    for number in range(fold.max() + 1):
        held = fold == number
        asked = held if wanted is None else held & wanted
        if asked.any():
            out[asked] = build().fit(vectors[~held], values[~held]).transform(vectors[asked])
    return out
