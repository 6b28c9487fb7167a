"""How scripts write words: which put no space between them, and how small a useful piece of a word can be.

The fragments are bodies of character classes that the `regex` package and Oniguruma (the `tokenizers` library) read
alike.
"""

from __future__ import annotations

import unicodedata
from typing import Final

UNSPACED: Final = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}"
)
"""Scripts that write no space between words."""

SYLLABIC: Final = r"\p{Hangul}\p{Ethiopic}\p{Cherokee}"
"""Scripts with spaces whose single character is a syllable, and often a word or particle that is joined to others."""

WORD_CHARACTER: Final = r"\p{L}\p{M}\p{N}"
"""Letters, the marks on them, and digits."""


def is_punctuation(string: str) -> bool:
    """Whether a string holds punctuation and symbols only."""
    return bool(string) and all(unicodedata.category(character)[0] in "PS" for character in string)


def is_number(string: str) -> bool:
    """Whether a string holds digits, with punctuation between them if any, and no letter."""
    categories = {unicodedata.category(character)[0] for character in string}
    return "N" in categories and categories <= set("NPS")


def opens(string: str) -> bool:
    """Whether punctuation stands before a word (opening brackets and quotation marks), not after one."""
    return bool(string) and unicodedata.category(string[-1]) in {"Ps", "Pi"}
