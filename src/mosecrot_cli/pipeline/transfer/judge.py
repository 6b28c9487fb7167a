"""Whether learnt anchors help, as the lexicon tells: without labels, without texts, and before anything is mapped.

Pairs of the lexicon are held out in turn, and the others map them, once alone and once together with learnt anchors. If
these are right, words that are no anchors land nearer to their translations with them. Cognates map like other anchors,
but are never held out, since the vectors have confirmed them already. docs/transfer.md has the settings in which this
foresaw what the labels of the target language said later.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.lexicon.files import read_anchor_pairs, scores_of
from mosecrot_cli.lexicon.types import COGNATE, LEARNT
from mosecrot_cli.mapping.cross_validation import out_of_fold
from mosecrot_cli.mapping.units import exact_units
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline.map import run as mapping
from mosecrot_cli.pipeline.map.fit import AnchorRows, anchor_rows
from mosecrot_cli.pipeline.map.method import ChosenMethod
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import MapSettings
from mosecrot_cli.vectors.types import WordVectors

JUDGED = 10_000
"""How many pairs of the lexicon, at most, are held out."""

RIDGE = 0.1
"""Strength of the ridge where the map would choose it: the anchors are compared, and not the strengths."""

FEWEST = 2
"""With fewer held-out pairs there is no standard error."""

NOISE = 2.0
"""So many standard errors of the difference may be chance."""


@dataclass(frozen=True)
class HeldOut:
    """What became of the held-out pairs.

    Attributes:
        pairs: how many there are; with fewer than `FEWEST`, the rest is 0.
        without: mean cosine of a mapped target word and its translation, with the anchors of the lexicon alone.
        with_learnt: the same, with the learnt anchors too.
        error: standard error of the difference of the two.
    """

    pairs: int
    without: float
    with_learnt: float
    error: float

    @property
    def helps(self) -> bool:
        """Whether the learnt anchors bring held-out words nearer to their translations, by more than the noise."""
        return self.with_learnt - self.without > NOISE * self.error


def judge(lexicon: MapSettings, learnt: MapSettings, opened: Opened, reporter: Reporter) -> HeldOut:
    """Map held-out pairs of the lexicon with and without learnt anchors.

    Args:
        lexicon: of the map with the anchors of the lexicon, whose table of scores and origins is next to them.
        learnt: of the map with learnt anchors too.
        opened: takes the model and the target vectors.
        reporter: hears of progress.

    Raises:
        UsageError, DataError: see `map`.
    """
    job = mapping.resolve(lexicon, reporter, opened)
    vectors = opened.vectors(job.target_vectors, job.limit, reporter)
    sides = [
        anchor_rows(read_anchor_pairs(told.anchors), job.source_model, vectors, where=told.anchors)
        for told in (lexicon, learnt)
    ]
    known = _of_lexicon(sides[0], scores_of(Path(lexicon.anchors)), job.source_model, vectors)
    order = np.random.default_rng(0).permutation(len(known))[:JUDGED]
    asked = {known[number]: place for place, number in enumerate(order.tolist())}
    centre = sides[0].values.mean(axis=0, dtype=np.float64)
    with reporter.track("judging the learnt anchors", len(sides)) as advance:
        found = []
        for side in sides:
            found.append(_cosines(side, asked, vectors, job.method, centre))
            advance(1)
    both = np.isfinite(found[0]) & np.isfinite(found[1])
    if (pairs := int(both.sum())) < FEWEST:
        return HeldOut(pairs, 0.0, 0.0, 0.0)
    without, with_learnt = (cosines[both] for cosines in found)
    error = float((with_learnt - without).std(ddof=1)) / math.sqrt(pairs)
    return HeldOut(pairs, float(without.mean()), float(with_learnt.mean()), error)


def _of_lexicon(side: AnchorRows, scores: Path, model: SourceModel, vectors: WordVectors) -> list[tuple[Any, ...]]:
    """The anchors, as `_pairs` has them, that no vectors have confirmed yet."""
    found = [pair for pair in read_anchor_pairs(scores) if pair.origin in (COGNATE, LEARNT)]
    confirmed = set(_pairs(anchor_rows(found, model, vectors, where=str(scores)))) if found else set()
    return [pair for pair in dict.fromkeys(_pairs(side)) if pair not in confirmed]


def _pairs(side: AnchorRows) -> list[tuple[Any, ...]]:
    """The ids of the source word and the row of the target word of each anchor."""
    return [(*ids, row) for ids, row in zip(side.ids, side.rows.tolist(), strict=True)]


def _cosines(
    side: AnchorRows,
    asked: dict[tuple[Any, ...], int],
    vectors: WordVectors,
    method: ChosenMethod,
    centre: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Cosine, less the centre, of each pair that is asked for with what the anchors of other words make of it, `[n]`.

    It is NaN for a pair that is not among the anchors.
    """
    places = [asked.get(pair) for pair in _pairs(side)]
    wanted = np.array([place is not None for place in places])
    cosines = np.full(len(asked), np.nan)
    if len(np.unique(side.rows)) < 2 or not wanted.any():
        return cosines
    ridge = RIDGE if method.options.ridge is None else None
    predicted = out_of_fold(
        lambda: method.build(ridge=ridge), vectors.matrix[side.rows], side.values, side.rows, wanted=wanted
    )
    units = [exact_units(rows - centre) for rows in (predicted[wanted], side.values[wanted])]
    cosines[[place for place in places if place is not None]] = np.einsum("nd,nd->n", *units)
    return cosines
