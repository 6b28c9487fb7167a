"""Cutting plain text into the words that vectors are trained on, as the tokenizer of a stitched model will read them.

That tokenizer takes NFC, lower case where the vectors are lower-cased, and between white space the longest known words;
so punctuation stands apart from words here, an apostrophe inside a word does not.
"""

from __future__ import annotations

import unicodedata

import regex

from mosecrot_cli.vectors.types import normalised_lower

ONE_APOSTROPHE = str.maketrans("’ʼ", "''")
# Persian and Indic words hold (non-)joiners; controls are no text.
_WORD = r"[\p{L}\p{M}\p{N}]+(?:['’\u200c\u200d]+[\p{L}\p{M}\p{N}]+)*"
_TOKEN = regex.compile(rf"{_WORD}|[^\s\p{{C}}]")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}\p{Javanese}\p{Yi}]{8,}"
)


def tokenize(text: str, *, lowercase: bool) -> list[str]:
    """The words and signs of a text, in order. Words of unspaced scripts are expected to be separated by spaces."""
    normal = normalised_lower(unicodedata.normalize("NFC", text)) if lowercase else unicodedata.normalize("NFC", text)
    return [token.translate(ONE_APOSTROPHE) if len(token) > 1 else token for token in _TOKEN.findall(normal)]


def is_unsegmented(token: str) -> bool:
    """Whether a token looks like a phrase of a script without spaces between words (8 characters or more)."""
    return _UNSPACED.fullmatch(token) is not None
