"""Anchors mapped as if they were none: each by a map that was learnt from others.

An anchor's own row comes out near its translation, for the map has seen it. A word that is no anchor comes out farther
off, and this is what its row would be: out-of-fold predictions, as in stacking (Wolpert 1992; Breiman 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import EmbeddingMap, Matrix, checked_anchors

FOLDS = 5


def out_of_fold(
    build: Callable[[], EmbeddingMap],
    vectors: NDArray[Any],
    values: NDArray[Any],
    words: NDArray[np.int64],
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> Matrix:
    """The embeddings `[A, D]` of anchors, float32, each by a map that was fitted without its word.

    Args:
        build: makes a map that is not fitted yet; called once for each fold.
        vectors: of the anchors, `[A, Dx]`.
        values: their source embeddings, `[A, D]`.
        words: number of each anchor's word, `[A]`; anchors of one word are held out together.
        folds: parts that the words are dealt into, at least 2; of fewer words each is a fold.
        seed: of the dealing.

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
    out = np.empty(values.shape, dtype=np.float32)
    for number in range(fold.max() + 1):
        held = fold == number
        out[held] = build().fit(vectors[~held], values[~held]).transform(vectors[held])
    return out
