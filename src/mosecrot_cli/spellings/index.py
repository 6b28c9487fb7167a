"""Finding the words of a list in whichever spelling they are asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

from mosecrot_cli.spellings.equivalence import fold
from mosecrot_cli.spellings.rules import SpellingRules


class SpellingIndex:
    """Finds the words of a list in whichever spelling they are asked for.

    Args:
        words: the words, the most frequent first.
        language: code of their language, where it is known.
    """

    def __init__(self, words: Sequence[str], *, language: str | None = None) -> None:
        self._words = words
        self.rules = SpellingRules.of(words, language=language)

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, word in enumerate(self._words):
            rows[fold(word)].append(row)
        return dict(rows)

    def find(self, word: str) -> int | None:
        """Row of the nearest spelling of the word; None where there is none. Of equally near ones the first.

        Nearest is the spelling that shares the most characters with the word; in a language with a dotless i, an `I`
        means `ı`.
        """
        rows: Sequence[int] = ()
        if self.rules.dotless:
            rows = self._rows.get(fold(self.rules.lower(word)), ())
        rows = rows or self._rows.get(fold(word), ())
        return min(rows, key=lambda row: (_distance(self._words[row], word), row), default=None)


def _distance(word: str, other: str) -> int:
    mine, theirs = Counter(word), Counter(other)
    return sum(((mine - theirs) + (theirs - mine)).values())
