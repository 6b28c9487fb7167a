"""Ranges of statistics that were measured on real material (`docs/inspect.md`), and verdicts against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

_LENIENCY = 2.0
"""Values from half of the smallest to twice the greatest measured value count as normal."""


class Verdict(StrEnum):
    """How a number compares with its reference."""

    low = "low"
    normal = "normal"
    high = "high"
    open = "no verdict"


@dataclass(frozen=True, slots=True)
class Reference:
    """The range of a statistic on real material.

    Attributes:
        least, greatest: the smallest and greatest value among the languages that were measured.
        low: what to do about a low value; empty if a low value is good.
        high: what to do about a high value; empty if a high value is good.
        leniency: the factor, at least 1, by which a value may lie outside the range and still count as normal.
    """

    least: float
    greatest: float
    low: str = ""
    high: str = ""
    leniency: float = _LENIENCY

    def judge(self, value: float) -> tuple[Verdict, str]:
        """The verdict, and what to do."""
        if value < self.least / self.leniency:
            return Verdict.low, self.low
        if value > self.greatest * self.leniency:
            return Verdict.high, self.high
        return Verdict.normal, ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A number with its verdict.

    Attributes:
        statistic: its name.
        value: the number.
        least, greatest: the reference range; None if there is none.
        verdict: low, normal, high, or no verdict.
        advice: what to do, or why there is no verdict; may be empty.
    """

    statistic: str
    value: float
    least: float | None
    greatest: float | None
    verdict: Verdict
    advice: str

    @property
    def needs_action(self) -> bool:
        """Whether the number is out of its range and there is advice on what to do."""
        return self.verdict in (Verdict.low, Verdict.high) and bool(self.advice)


# The names of the statistics as they are shown. Precision is measured with CSLS, and words are running words. N_10 is
# how often a source token is among the ten nearest neighbours of a target word.
ANCHORS = "anchors"
PRECISION = "held-out precision@1"
KNOWN_WORDS = "words in the vocabulary"
ANCHOR_WORDS = "words that are anchors"
SPREAD = "spread, target / source"
HUBNESS = "skewness of N_10"

_BEST_WITH_FEW = "residual"
"""The method of the preset that is advised with few anchors."""
_NO_LEXICON = (
    "the lexicon does not carry over to other words: check some of its pairs, its columns and languages, and that the "
    "vectors are of its language; otherwise find a larger lexicon"
)
_BETTER = "better than any lexicon measured: are the pairs mere copies of each other?"
_TOO_NEAR = "averages are too close to the mean embedding: `map.preset=transfer` restores the distance"
_HUBS = "a few tokens are neighbours of very many words: try `map.preset=transfer` or fewer anchors a word"

REFERENCES: Mapping[str, Reference] = {
    ANCHORS: Reference(
        8_838,
        14_555,
        low="more pairs help (`mosecrot anchors` with a second lexicon, cognates or words of several tokens)",
    ),
    KNOWN_WORDS: Reference(
        0.66,
        0.96,
        low="check that the vectors are of this language, map all of their words, or train vectors on such texts",
        leniency=1.2,
    ),
    ANCHOR_WORDS: Reference(0.16, 0.39, low="add pairs for frequent words: a second lexicon or identical strings"),
}
"""Statistic -> reference, for all kinds of maps."""

BY_METHOD: Mapping[str, Mapping[str, tuple[float, float]]] = {
    PRECISION: {
        "relative F^s": (0.045, 0.094),
        "relative": (0.081, 0.148),
        "lstsq": (0.148, 0.230),
        "ridge": (0.148, 0.227),
        "procrustes": (0.128, 0.215),
        "residual": (0.159, 0.183),
    },
    # Procrustes keeps the lengths of the vectors, so it has no reference.
    SPREAD: {
        "relative F^s": (0.405, 0.680),
        "relative": (0.220, 0.513),
        "lstsq": (0.322, 0.431),
        "ridge": (0.301, 0.361),
        "residual": (1.066, 1.096),
    },
    HUBNESS: {
        "relative F^s": (3.4, 10.4),
        "relative": (6.3, 15.3),
        "lstsq": (3.9, 12.4),
        "ridge": (4.1, 13.0),
        "procrustes": (4.6, 9.4),
        "residual": (3.8, 14.0),
    },
}
"""Statistic -> kind of map (`kind_of_map`) -> smallest and greatest value over all weightings."""

_ADVICE: Mapping[str, tuple[str, str]] = {
    PRECISION: (_NO_LEXICON, _BETTER),
    SPREAD: (
        _TOO_NEAR,
        "vectors are longer than the model's own: `map.preset=transfer` restores the distance",
    ),
    HUBNESS: ("", _HUBS),
}


def kind_of_map(method: str, *, keeps_source: bool) -> str:
    """The name of a map in `BY_METHOD`: the method and, for `relative`, whether the source side was mapped too."""
    return f"{method} F^s" if method == "relative" and not keeps_source else method


def reference(statistic: str, kind: str) -> Reference | None:
    """The reference of a statistic for a kind of map, or None if none was measured."""
    if statistic == ANCHORS and kind != _BEST_WITH_FEW:
        found = REFERENCES[ANCHORS]
        return replace(found, low=f"{found.low}; with few pairs use `map.preset=transfer`")
    if statistic in REFERENCES:
        return REFERENCES[statistic]
    ranges = BY_METHOD[statistic].get(kind)
    return None if ranges is None else Reference(*ranges, *_ADVICE[statistic])


def judge(statistic: str, value: float, kind: str, *, obstacle: str = "") -> Judgement:
    """Compare a number with its reference.

    Args:
        statistic: one of this module's names.
        value: the number.
        kind: the kind of map, see `kind_of_map`.
        obstacle: the reason if there can be no verdict (such as a small sample).
    """
    found = reference(statistic, kind)
    if found is None or obstacle:
        return Judgement(statistic, value, None, None, Verdict.open, obstacle or f"no reference for {kind}")
    verdict, advice = found.judge(value)
    return Judgement(statistic, value, found.least, found.greatest, verdict, advice)
