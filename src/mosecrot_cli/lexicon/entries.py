"""Cells of dictionaries, which may contain notes on grammar and use, and several translations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from mosecrot_cli.errors import DataError

# {n}, [sports] and <lamp> do not belong to the word; (round) is often an optional part of it.
_NOTE = regex.compile(r"(?:(?<=\s)|^)(?:\{[^{}]*\}|\[[^\[\]]*\]|<[^<>]*>)(?=\s|$|[,;|])")
_ROUND = regex.compile(r"\([^()]*\)")
_INFINITIVE = regex.compile(r"^to (?=\p{L})")
_SYNONYMS = regex.compile(r"\s*;\s+|,\s+|\s+/\s+|\s*;$")
_SPACES = regex.compile(r"\s+")


@dataclass(slots=True)
class OddLines:
    """How to treat lines that do not fit their file: raise an error, or skip and count them.

    Attributes:
        skip: whether to skip them.
        count: how many were skipped.
        first: the error message for the first one.
    """

    skip: bool = False
    count: int = 0
    first: str = ""

    def report(self, error: DataError) -> None:
        """Raise the error, or count it."""
        if not self.skip:
            advice = "`skip_bad_lines` passes over such lines"
            raise DataError(error.what, where=error.where, hint=f"{error.hint}; {advice}" if error.hint else advice)
        self.count += 1
        self.first = self.first or str(error)


def has_notes(text: str) -> bool:
    """Whether a cell contains a word and a note in brackets, as in exports of dict.cc."""
    return _NOTE.search(text) is not None and bool(without_notes(text))


def without_notes(text: str) -> str:
    """The text without notes in braces, square or angle brackets; empty if it consists of notes only."""
    return str(_SPACES.sub(" ", _NOTE.sub(" ", text))).strip()


def headword(text: str) -> str:
    """The word of a dictionary entry, without notes, parts in round brackets, and the `to` of infinitives."""
    bare = str(_SPACES.sub(" ", _ROUND.sub(" ", without_notes(text)))).strip()
    return str(_INFINITIVE.sub("", bare))


def synonyms(text: str) -> list[str]:
    """The words of a cell that lists several: `Auto, Wagen`, `Auto; Wagen` or `Auto / Wagen`."""
    parts = [part.strip() for part in _SYNONYMS.split(text)]
    return [part for part in parts if part] or [text]


def translations(source: str, target: str, *, dictionary: bool) -> Iterator[tuple[str, str]]:
    """The pairs of words in a row: every synonym of the source with every synonym of the target.

    Args:
        source: the source cell.
        target: the target cell.
        dictionary: whether the file is a dictionary with notes, so that only headwords are kept.
    """
    for word in synonyms(source):
        for translation in synonyms(target):
            yield (headword(word), headword(translation)) if dictionary else (word, translation)
