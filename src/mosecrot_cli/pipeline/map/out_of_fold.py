"""Out-of-fold rows: each anchor mapped by a model fitted without it. `map` writes them for `finetune --augment`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.arrays import FLOATS, read_npz, require_finite
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import writing
from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.cross_validation import out_of_fold
from mosecrot_cli.pipeline.map.fit import Fit

OUT_OF_FOLD = "out_of_fold.npz"
"""Name of the file in a `mapped/` folder."""
_EARLIER_NAME = "held_out.npz"
_MAP_AGAIN = "map again"


@dataclass(frozen=True)
class OutOfFoldRows:
    """Anchors of one token, mapped by maps that were fitted without them.

    Attributes:
        tokens: ids of their source words, int64 `[n]`.
        rows: rows of their target words in `target.npy`, int64 `[n]`.
        vectors: the embeddings predicted for these words, of the width of `target.npy`, `[n, D]`.
    """

    tokens: NDArray[np.int64]
    rows: NDArray[np.int64]
    vectors: NDArray[np.floating]

    def save(self, path: Path) -> None:
        """Write them as an `.npz` file."""
        with writing(path):
            np.savez(path, tokens=self.tokens, rows=self.rows, vectors=self.vectors)

    @classmethod
    def find(cls, folder: Path) -> Path | None:
        """The file in a `mapped/` folder, under its present or its earlier name; None where there is none."""
        places = (folder / name for name in (OUT_OF_FOLD, _EARLIER_NAME))
        return next((path for path in places if path.is_file()), None)

    @classmethod
    def load(cls, path: Path) -> OutOfFoldRows:
        """Read what `save` has written.

        Raises:
            DataError: the file is damaged or of another kind, or holds ids, rows or numbers that make no sense.
        """
        where = str(path)
        found = read_npz(path, _ARRAYS, hint=_MAP_AGAIN)
        tokens, rows, vectors = found["tokens"], found["rows"], found["vectors"]
        if not len(tokens) == len(rows) == len(vectors) > 0:
            problem = f"{len(tokens):,} tokens, {len(rows):,} rows and {len(vectors):,} vectors do not belong together"
            raise DataError(problem, where=where, hint=_MAP_AGAIN)
        for name, ids in (("tokens", tokens), ("rows", rows)):
            if ids.min() < 0:
                raise DataError(f"`{name}` holds {ids.min()}, which cannot be", where=where, hint=_MAP_AGAIN)
        require_finite(vectors, f"{where}: vectors")
        return cls(tokens.astype(np.int64), rows.astype(np.int64), vectors)


_INTEGERS = ("int32", "int64")
_ARRAYS = {"tokens": (1, _INTEGERS), "rows": (1, _INTEGERS), "vectors": (2, FLOATS)}


def out_of_fold_rows(fit: Fit, build: Callable[[], EmbeddingMap], dtype: str) -> OutOfFoldRows | None:
    """Map the anchors of a fit by maps that were fitted without them.

    Args:
        fit: what the map was learnt from.
        build: makes a map of the same kind.
        dtype: of the vectors.

    Returns:
        The rows; None where the anchors are not target words (a pivot), belong to one word, or all have several tokens.
    """
    if fit.rows is None or fit.tokens is None or len(np.unique(fit.rows)) < 2:
        return None
    single = np.flatnonzero(fit.tokens >= 0)
    _, first = np.unique(np.stack([fit.tokens[single], fit.rows[single]]), axis=1, return_index=True)
    chosen = single[np.sort(first)]
    if not len(chosen):
        return None
    vectors = out_of_fold(build, fit.vectors, fit.values, fit.rows)[chosen]
    return OutOfFoldRows(fit.tokens[chosen], fit.rows[chosen], vectors.astype(dtype))
