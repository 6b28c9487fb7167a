"""Out-of-fold rows: each anchor mapped by a model fitted without it. `map` writes them for `finetune --augment`."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import writing
from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.cross_validation import out_of_fold
from mosecrot_cli.pipeline.map.fit import Fit
from mosecrot_cli.progress import Reporter

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
        try:
            with np.load(path, allow_pickle=False) as content:
                tokens, rows, vectors = (content[name] for name in ("tokens", "rows", "vectors"))
        except _UNREADABLE as error:
            problem = f"not the out-of-fold rows of a map ({error})"
            raise DataError(problem, where=where, hint=_MAP_AGAIN) from error
        for name, ids in (("tokens", tokens), ("rows", rows)):
            _check_ids(name, ids, where)
        if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.floating):
            problem = f"`vectors` must be a matrix of floats, not {vectors.dtype} of shape {list(vectors.shape)}"
            raise DataError(problem, where=where, hint=_MAP_AGAIN)
        if not len(tokens) == len(rows) == len(vectors):
            problem = f"{len(tokens):,} tokens, {len(rows):,} rows and {len(vectors):,} vectors do not belong together"
            raise DataError(problem, where=where, hint=_MAP_AGAIN)
        if not (good := np.isfinite(vectors).all(axis=1)).all():
            raise DataError(f"row {int(np.argmin(good))} holds NaN or infinity", where=where, hint=_MAP_AGAIN)
        return cls(tokens.astype(np.int64), rows.astype(np.int64), vectors)


# What numpy and zipfile raise for odd headers, encrypted members, unknown compression and cut files.
_UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, OverflowError, MemoryError, RuntimeError),
    *(NotImplementedError, SyntaxError, zipfile.BadZipFile, zlib.error),
)


def _check_ids(name: str, ids: NDArray[Any], where: str) -> None:
    if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
        problem = f"`{name}` must be a list of whole numbers, not {ids.dtype} of shape {list(ids.shape)}"
        raise DataError(problem, where=where, hint=_MAP_AGAIN)
    if len(ids) == 0:
        raise DataError("there is no row", where=where, hint=_MAP_AGAIN)
    if ids.min() < 0:
        raise DataError(f"`{name}` holds {ids.min()}, which cannot be", where=where, hint=_MAP_AGAIN)


def out_of_fold_rows(
    fit: Fit, build: Callable[[], EmbeddingMap], dtype: str, reporter: Reporter
) -> OutOfFoldRows | None:
    """Map the anchors of a fit by maps that were fitted without them.

    Args:
        fit: what the map was learnt from.
        build: makes a map of the same kind.
        dtype: of the vectors.
        reporter: hears of progress.

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
    with reporter.track("mapping anchors out of fold", None):
        vectors = out_of_fold(build, fit.vectors, fit.values, fit.rows)[chosen]
    return OutOfFoldRows(fit.tokens[chosen], fit.rows[chosen], vectors.astype(dtype))
