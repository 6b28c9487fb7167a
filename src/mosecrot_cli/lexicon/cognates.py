"""Words that are spelt alike in two languages, whatever their scripts: names, and words that both have borrowed.

Identical strings are the usual seeds where no lexicon is at hand (Artetxe et al. 2017), and romanised spellings are
those of languages of another script (Riley and Gildea 2020; Severini et al. 2022). Spelling alone is a weak witness, so
what is found here are candidates: the vectors have to confirm them (`mapping.confirmation`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.lexicon.scripts import has_han

LEAST_LETTERS = 5
"""Letters of a target word that can be a cognate: shorter ones are alike by chance."""

LEAST_KEY = 4
"""Letters of a spelling key that can be compared."""

LETTERS_PER_EDIT = 7
"""A source key may differ from a target key by one edit for so many of its letters; a shorter one has to be equal."""

_BATCH = 500

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
        similarities: 1 less the edits for each letter of the longer key, float32 `[n]`.
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
    """All pairs of a source and a target word whose keys are alike (`LETTERS_PER_EDIT`).

    Args:
        sources: words of the source language.
        targets: words of the target language.
        advance: called with the number of source words that were compared.
    """
    by_length = _KeysByLength(targets)
    groups: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for place, word in enumerate(sources):
        key = spelling_key(word)
        groups[len(key)].append((place, key))
    found = [np.empty((0, 3), dtype=np.float64)]
    for length, group in sorted(groups.items()):
        for start in range(0, len(group) if length >= LEAST_KEY else 0, _BATCH):
            batch = group[start : start + _BATCH]
            found.append(by_length.near([key for _, key in batch], [place for place, _ in batch], length))
        advance(len(group))
    pairs = np.concatenate(found)
    return Candidates(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), pairs[:, 2].astype(np.float32))


class _KeysByLength:
    """The keys of words, grouped by their length."""

    def __init__(self, words: Sequence[str]) -> None:
        self._keys: defaultdict[int, list[str]] = defaultdict(list)
        self._places: defaultdict[int, list[int]] = defaultdict(list)
        for place, word in enumerate(words):
            key = spelling_key(word)
            if len(key) >= LEAST_KEY:
                self._keys[len(key)].append(key)
                self._places[len(key)].append(place)

    def near(self, keys: Sequence[str], places: Sequence[int], length: int) -> NDArray[np.float64]:
        """Place of the source word, place of the target word and similarity `[n, 3]`, for keys of one length."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist

        edits, found = length // LETTERS_PER_EDIT, [np.empty((0, 3), dtype=np.float64)]
        for other in range(length - edits, length + edits + 1):
            if not self._keys[other]:
                continue
            distances = cdist(keys, self._keys[other], scorer=Levenshtein.distance, score_cutoff=edits, dtype=np.uint8)
            rows, columns = np.nonzero(distances <= edits)
            similarities = 1 - distances[rows, columns] / max(length, other)
            sources, targets = np.asarray(places)[rows], np.asarray(self._places[other])[columns]
            found.append(np.stack([sources, targets, similarities], axis=1))
        return np.concatenate(found)
