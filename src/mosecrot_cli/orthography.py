"""How languages are written: scripts without spaces, marks inside words, letter case, and splitting text into words.

The fragments are bodies of character classes with the same meaning for the `regex` package and Oniguruma (the
`tokenizers` library).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

import regex

UNSPACED: Final = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}"
    "ーｰﾞﾟ〆〱-〵"
)
"""Scripts that write no space between words, and the Japanese letters that Unicode counts to no script (`ー`)."""

SYLLABIC: Final = r"\p{Hangul}\p{Ethiopic}\p{Cherokee}"
"""Scripts with spaces whose single character is a syllable, and often a word or particle that is joined to others."""

WORD_CHARACTER: Final = r"\p{L}\p{M}\p{N}"
"""Letters, the marks on them, and digits."""

APOSTROPHES: Final = "'’ʼʻ‘`´′＇ʹʽ‛՚ꞌ׳"
"""Characters that stand for an apostrophe, or a letter like it (`oʻzbek`), inside a word; the plainest one first."""

HYPHENS: Final = "-‐‑﹣－֊־"
"""Characters that stand for a hyphen inside a word, the plainest one first."""

ONE_APOSTROPHE: Final = {ord(mark): APOSTROPHES[0] for mark in APOSTROPHES}
"""A table for `str.translate` that replaces every apostrophe by the plain one."""

_LOWERCASED_TOLERANCE = 0.01
# Persian and Indic words contain joiners and non-joiners; other control characters are not text.
_WORD = rf"[{WORD_CHARACTER}]+(?:[{APOSTROPHES}\u200c\u200d]+[{WORD_CHARACTER}]+)*"
_TOKEN = regex.compile(rf"{_WORD}|[^\s\p{{C}}]")
_UNSEGMENTED = regex.compile(rf"[{UNSPACED}]{{8,}}")


def is_punctuation(string: str) -> bool:
    """Whether a string consists of punctuation and symbols only."""
    return bool(string) and all(unicodedata.category(character)[0] in "PS" for character in string)


def is_number(string: str) -> bool:
    """Whether a string has digits, possibly with punctuation between them, and no letter."""
    categories = {unicodedata.category(character)[0] for character in string}
    return "N" in categories and categories <= set("NPS")


def opens(string: str) -> bool:
    """Whether punctuation belongs before a word (opening brackets and quotation marks), not after one."""
    return bool(string) and unicodedata.category(string[-1]) in {"Ps", "Pi"}


def normalised_lower(word: str) -> str:
    """Lower case, NFC-normalised again: lowering can leave a letter and a combining mark."""
    return unicodedata.normalize("NFC", word.lower())


def is_lowercased(words: Iterable[str]) -> bool:
    """Whether fewer than 1 % of the words that have letter case hold an upper-case letter.

    False if no word has letter case, as in Chinese or Arabic, because nothing then shows that texts were lower-cased.
    """
    cased = upper = 0
    for word in words:
        if word != word.lower():
            cased += 1
            upper += 1
        elif word != word.upper():
            cased += 1
    return cased > 0 and upper < _LOWERCASED_TOLERANCE * cased


def tokenize(text: str, *, lowercase: bool) -> list[str]:
    """The words and signs of a text, in order, split as the tokenizer of a stitched model will split them.

    That tokenizer normalises to NFC, lower-cases if the vectors are lower-cased, and takes the longest known words
    between white space. So punctuation is a token of its own, but an apostrophe inside a word is not.

    Args:
        text: running text; words of unspaced scripts are expected to be separated by spaces.
        lowercase: whether to lower-case it.
    """
    normal = normalised_lower(unicodedata.normalize("NFC", text)) if lowercase else unicodedata.normalize("NFC", text)
    return [token.translate(ONE_APOSTROPHE) if len(token) > 1 else token for token in _TOKEN.findall(normal)]


def is_unsegmented(token: str) -> bool:
    """Whether a token looks like a phrase of a script without spaces between words (8 characters or more)."""
    return _UNSEGMENTED.fullmatch(token) is not None
