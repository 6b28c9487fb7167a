"""The pairs of sentences that `align` learns from, and those that it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import SentencePair, parallel_files, read_parallel
from mosecrot_cli.manifest import Facts
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion, text_key
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AlignSettings

FEWEST = 50
"""With fewer pairs, next to nothing is held out, and what is learnt is chance."""
FEW = 500
"""Below, a warning: with 197 pairs, held-out sentences came closer and classification became worse."""
HELD_OUT_SHARE = 10
"""One pair in so many is held out."""
MOST_HELD_OUT = 300


@dataclass(frozen=True)
class Split:
    """Which pairs are learnt from, and which are held out; no sentence is on both sides.

    Attributes:
        trained, held_out: numbers of pairs, ascending.
        same: number of the source and of the target sentence of each pair, `[2, n]`; equal for sentences with the same
            words.
    """

    trained: NDArray[np.int64]
    held_out: NDArray[np.int64]
    same: NDArray[np.int64]


def read_pairs(settings: AlignSettings, facts: Facts, reporter: Reporter) -> list[SentencePair]:
    """The different pairs of all parallel texts, without what may not be read.

    Raises:
        DataError: a file is missing, damaged or has no pair, or every pair is excluded.
    """
    exclusion = Exclusion.of(settings.exclude)
    found: list[SentencePair] = []
    for value in settings.parallel:
        pairs = read_parallel(parallel_files(value), src=facts.src, tgt=facts.tgt)
        found += exclusion.sentences(pairs, value, reporter)
    return list({(pair.source, pair.target): pair for pair in found}.values())


def check_number(count: int, where: str, reporter: Reporter | None = None) -> None:
    """Refuse too few pairs, and warn about few.

    Raises:
        DataError: there are fewer than `FEWEST`.
    """
    pairs = "one pair" if count == 1 else f"{count:,} pairs"
    if count < FEWEST:
        what = f"{pairs} of sentences {'is' if count == 1 else 'are'} left, too few to learn from"
        raise DataError(what, where=where, hint=f"at least {FEWEST} are needed; {FEW:,} or more are better")
    if reporter and count < FEW:
        reporter.warn(f"only {pairs} of sentences: with fewer than {FEW:,}, classification may become worse")


def split(pairs: Sequence[SentencePair], seed: int) -> Split:
    """Hold out one pair in ten, at most 300; other pairs that share a sentence with one of these are left out.

    Args:
        pairs: different pairs.
        seed: of the choice.
    """
    same = np.stack([_numbered([pair.source for pair in pairs]), _numbered([pair.target for pair in pairs])])
    wanted = min(MOST_HELD_OUT, len(pairs) // HELD_OUT_SHARE)
    taken: tuple[set[int], set[int]] = set(), set()
    held_out: list[int] = []
    for number in np.random.default_rng(seed).permutation(len(pairs)).tolist():
        if len(held_out) == wanted:
            break
        sides = same[:, number].tolist()
        if sides[0] not in taken[0] and sides[1] not in taken[1]:
            held_out.append(number)
            for place, side in zip(taken, sides, strict=True):
                place.add(side)
    judged = [np.isin(numbers, sorted(place)) for numbers, place in zip(same, taken, strict=True)]
    return Split(np.flatnonzero(~(judged[0] | judged[1])), np.sort(np.array(held_out, dtype=np.int64)), same)


def _numbered(texts: Sequence[str]) -> NDArray[np.int64]:
    """A number for each text, equal for texts with the same words."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text_key(text) or text, len(numbers)) for text in texts], dtype=np.int64)
