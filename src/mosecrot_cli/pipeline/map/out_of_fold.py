"""The rows of anchors as they would be if they were none, which `map` leaves for `finetune --augment`."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import writing
from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.out_of_fold import out_of_fold
from mosecrot_cli.pipeline.map.fit import Fit
from mosecrot_cli.progress import Reporter

HELD_OUT = "held_out.npz"
"""Its place in a `mapped/` folder."""


@dataclass(frozen=True)
class HeldOutRows:
    """Anchors of one token, mapped by maps that were learnt without them.

    Attributes:
        tokens: ids of their source words, int64 `[n]`.
        rows: rows of their target words in `target.npy`, int64 `[n]`.
        vectors: embeddings of these that others predict, of the width of `target.npy`, `[n, D]`.
    """

    tokens: NDArray[np.int64]
    rows: NDArray[np.int64]
    vectors: NDArray[np.floating]

    def save(self, path: Path) -> None:
        """Write them as an `.npz` file."""
        with writing(path):
            np.savez(path, tokens=self.tokens, rows=self.rows, vectors=self.vectors)

    @classmethod
    def load(cls, path: Path) -> HeldOutRows:
        """Read what `save` has written.

        Raises:
            DataError: damaged, or another kind of file.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                found = cls(content["tokens"], content["rows"], content["vectors"])
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"not the held-out rows of a map ({error})", where=str(path), hint="map again") from error
        if found.vectors.ndim != 2 or not len(found.tokens) == len(found.rows) == len(found.vectors):
            raise DataError("numbers of tokens and of rows that differ", where=str(path), hint="map again")
        return found


def held_out_rows(fit: Fit, build: Callable[[], EmbeddingMap], dtype: str, reporter: Reporter) -> HeldOutRows | None:
    """Map the anchors of a fit by maps that were learnt without them.

    Args:
        fit: what the map was learnt from.
        build: makes a map of the same kind.
        dtype: of the vectors.
        reporter: told about the progress.

    Returns:
        The rows; None where anchors are no target words (a pivot), are of one word, or have several tokens all.
    """
    if fit.rows is None or fit.tokens is None or len(np.unique(fit.rows)) < 2:
        return None
    single = np.flatnonzero(fit.tokens >= 0)
    _, first = np.unique(np.stack([fit.tokens[single], fit.rows[single]]), axis=1, return_index=True)
    chosen = single[np.sort(first)]
    if not len(chosen):
        return None
    with reporter.track("mapping anchors by others", None):
        vectors = out_of_fold(build, fit.vectors, fit.values, fit.rows)[chosen]
    return HeldOutRows(fit.tokens[chosen], fit.rows[chosen], vectors.astype(dtype))
