"""Words that are spelt alike in two languages, whatever their scripts: names, and words that both have borrowed.

Identical strings are the usual seeds where no lexicon is at hand (Artetxe et al. 2017), and romanised spellings are
those of languages of another script (Riley and Gildea 2020; Severini et al. 2022). Spelling alone is a weak witness, so
what is found here are candidates: the vectors have to confirm them (`mapping.confirmation`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.lexicon.scripts import has_han

LEAST_LETTERS = 5
"""Letters of a target word that can be a cognate: shorter ones are alike by chance."""

LEAST_KEY = 4
"""Letters of a spelling key that can be compared."""

LETTERS_FOR_EDIT = 7
"""A source key of so many letters may differ from a target key by one edit; a shorter one has to be equal."""

_BATCH = 10_000

_SPELLINGS = (
    ("sch", "sh"),
    ("ph", "f"),
    ("th", "t"),
    ("ck", "k"),
    ("qu", "kv"),
    ("x", "ks"),
    ("w", "v"),
    ("y", "i"),
    ("j", "i"),
    ("z", "s"),
)
"""Spellings of one sound, or of sounds that transcriptions take for each other, in this order."""

_HARD_C = re.compile("c(?!h)")
_REPEATED = re.compile(r"(.)\1+")


class Candidates(NamedTuple):
    """Pairs of words with keys that are alike.

    Attributes:
        sources: places of the source words, int64 `[n]`.
        targets: places of the target words, int64 `[n]`.
        similarities: 1 for equal keys, 1 - 1 / n for keys of which the longer one has n letters, float32 `[n]`.
    """

    sources: NDArray[np.int64]
    targets: NDArray[np.int64]
    similarities: NDArray[np.float32]


def spelling_key(word: str) -> str:
    """The word in lower-case Latin letters a to z, with one spelling for sounds that languages write differently.

    `президент` and `president` have the key `president`, `футбол` has `futbol` and `football` has `fotbal`.
    """
    from anyascii import anyascii

    key = re.sub("[^a-z]", "", anyascii(word).lower())
    for spelling, sound in _SPELLINGS:
        key = key.replace(spelling, sound)
    return _REPEATED.sub(r"\1", _HARD_C.sub("k", key))


def can_be_cognate(word: str) -> bool:
    """Whether a target word is long enough, made of letters, and written by its sounds (not in Han characters)."""
    return len(word) >= LEAST_LETTERS and word.isalpha() and not has_han(word)


def is_source_word(word: str) -> bool:
    """Whether a token of the model can be one: long enough, and of letters a to z, as the keys are."""
    return len(word) >= LEAST_KEY and word.isascii() and word.isalpha()


def find_candidates(
    sources: Sequence[str], targets: Sequence[str], advance: Callable[[int], None] = lambda words: None
) -> Candidates:
    """All pairs of a source and a target word whose keys are equal, or one edit apart (`LETTERS_FOR_EDIT`).

    Args:
        sources: words of the source language.
        targets: words of the target language.
        advance: called with the number of target words that were compared.
    """
    keys, found = _SourceKeys(sources), list[tuple[int, int, float]]()
    for start in range(0, len(targets), _BATCH):
        batch = targets[start : start + _BATCH]
        for place, word in enumerate(batch, start):
            key = spelling_key(word)
            if len(key) >= LEAST_KEY:
                found += [(source, place, similarity) for source, similarity in keys.near(key)]
        advance(len(batch))
    pairs = np.array(found, dtype=np.float64).reshape(-1, 3)
    return Candidates(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), pairs[:, 2].astype(np.float32))


class _SourceKeys:
    """The keys of the source words, by their halves: one edit leaves one of the two halves as it is."""

    def __init__(self, words: Sequence[str]) -> None:
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            key = spelling_key(word)
            if len(key) >= LEAST_KEY:
                self._places[key].append(place)
        self._starts: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        self._ends: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        for key in self._places:
            if (length := len(key)) >= LETTERS_FOR_EDIT:
                self._starts[length, key[: length // 2]].append(key)
                self._ends[length, key[length // 2 :]].append(key)

    def near(self, key: str) -> Iterator[tuple[int, float]]:
        """The places of the source words whose keys are alike, each with its similarity."""
        from rapidfuzz.distance import Levenshtein

        yield from ((place, 1.0) for place in self._places.get(key, ()))
        for length in range(max(len(key) - 1, LETTERS_FOR_EDIT), len(key) + 2):
            half = length // 2
            halves = self._starts.get((length, key[:half]), []) + self._ends.get((length, key[half - length :]), [])
            for other in dict.fromkeys(halves):
                if Levenshtein.distance(key, other, score_cutoff=1) == 1:
                    similarity = 1 - 1 / max(length, len(key))
                    yield from ((place, similarity) for place in self._places[other])
