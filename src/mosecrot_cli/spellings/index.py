"""Looking up the words of a list in any spelling."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

from mosecrot_cli.spellings.equivalence import fold
from mosecrot_cli.spellings.rules import SpellingRules


class SpellingIndex:
    """Looks up the words of a list in any spelling.

    Args:
        words: the words, the most frequent first.
        language: code of their language, if it is known.
    """

    def __init__(self, words: Sequence[str], *, language: str | None = None) -> None:
        self._words = words
        self.rules = SpellingRules.of(words, language=language)
        self._further: dict[str, list[int]] = defaultdict(list)

    @cached_property
    def _rows(self) -> dict[str, int]:
        """Key -> the first row that has it."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self._words):
            key = fold(word)
            # Most words are their own keys; sharing the string saves memory.
            first = rows.setdefault(word if key == word else key, row)
            if first != row:
                self._further[key].append(row)
        return rows

    def find(self, word: str) -> int | None:
        """Row of the nearest spelling of the word, the first of equally near ones; None if there is none.

        The nearest spelling shares the most characters with the word. In a language with a dotless i, an `I`
        means `ı`.
        """
        first = self._rows.get(key := fold(self.rules.lower(word))) if self.rules.dotless else None
        if first is None:
            first = self._rows.get(key := fold(word))
        if first is None:
            return None
        rows: tuple[int, ...] = (first, *self._further.get(key, ()))
        return min(rows, key=lambda row: (_distance(self._words[row], word), row))


def _distance(word: str, other: str) -> int:
    mine, theirs = Counter(word), Counter(other)
    return sum(((mine - theirs) + (theirs - mine)).values())
