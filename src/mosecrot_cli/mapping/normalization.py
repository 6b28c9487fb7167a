"""Scaling and centring the two sides of a fit, and giving what comes out the place and the lengths of embeddings back.

As in Artetxe, Labaka and Agirre (2016; VecMap: 2018), where rows of unit length make the fit one of cosines, and
centred sides let words that have nothing in common be orthogonal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.units import exact_units
from mosecrot_cli.settings import Normalize

Rows = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Normalization:
    """One way to normalise the rows of a side.

    Attributes:
        before: applied to the rows before their mean is taken.
        after: applied to the rows, once the mean of the anchors' is taken off.
        centred: whether it is taken off.
    """

    before: Callable[[NDArray[Any]], Rows]
    after: Callable[[Rows], Rows]
    centred: bool


def _as_they_are(rows: NDArray[Any]) -> Rows:
    return np.asarray(rows, dtype=np.float64)


NORMALIZATIONS: dict[Normalize, Normalization] = {
    Normalize.none: Normalization(_as_they_are, _as_they_are, centred=False),
    Normalize.unit: Normalization(exact_units, _as_they_are, centred=False),
    Normalize.centred: Normalization(_as_they_are, _as_they_are, centred=True),
    Normalize.both: Normalization(exact_units, exact_units, centred=True),
}


class Side:
    """Normalises rows of one side of a fit as it did the anchors; zero rows that are only scaled stay zero.

    Args:
        how: see `NORMALIZATIONS`.

    Raises:
        UsageError: no such normalisation.
    """

    def __init__(self, how: Normalize) -> None:
        if how not in NORMALIZATIONS:
            raise UsageError(f"unknown normalization {how!r}", hint="one of " + ", ".join(NORMALIZATIONS))
        self.how = NORMALIZATIONS[how]

    def fit(self, anchors: Rows) -> Self:
        """Take the mean of the anchors' rows `[A, D]`, finite ones."""
        if self.how.centred:
            self.mean_ = self.how.before(anchors).mean(axis=0)
        return self

    def transform(self, rows: NDArray[Any]) -> Rows:
        """The normalised rows `[n, D]` in float64."""
        scaled = self.how.before(rows)
        return self.how.after(scaled - self.mean_) if self.how.centred else scaled


class Sides:
    """Both sides of a fit, and the way back to source embeddings.

    A map of normalised sides tells a direction; and what is fitted or averaged is too near the mean. So unless neither
    side is normalised, each image gets the anchors' mean distance `s` from their mean `m` (0 where the source side is
    not centred): `m + s u(image)`, with `u` of unit length. A zero vector has no direction: it becomes `m`.

    Args:
        vectors: normalisation of the vectors.
        values: of the source embeddings.

    Raises:
        UsageError: no such normalisation.
    """

    def __init__(self, vectors: Normalize, values: Normalize) -> None:
        self.vectors, self.values = Side(vectors), Side(values)
        self.restores = (vectors, values) != (Normalize.none, Normalize.none)

    def fit(self, vectors: Rows, values: Rows) -> Self:
        """Learn the means and the distance from the anchors' vectors `[A, Dx]` and source embeddings `[A, D]`."""
        self.vectors.fit(vectors)
        self.values.fit(values)
        self.mean_ = values.mean(axis=0) if self.values.how.centred else np.zeros(values.shape[1])
        self.distance_ = float(np.linalg.norm(values - self.mean_, axis=1).mean())
        return self

    def restore(self, images: Rows, zero: NDArray[np.bool_]) -> Rows:
        """Source embeddings `[n, D]` of images `[n, D]`, those of the rows `zero` zero vectors."""
        if not self.restores:
            return images
        embeddings = self.distance_ * exact_units(images) + self.mean_
        embeddings[zero] = self.mean_
        return embeddings
