"""Lists of stop words for `--drop-stopwords`."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from mosecrot_cli.text_lines import read_text

ENGLISH = "english"


def load_stopwords(name: str | Path = ENGLISH) -> frozenset[str]:
    """Stop words, case-folded.

    Args:
        name: `english` for scikit-learn's list (the paper's), else a UTF-8 file with one word a line.

    Raises:
        DataError: the file is missing, empty or not UTF-8.
    """
    if str(name) == ENGLISH:
        # Takes a second: only for those who ask for it.
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(word.casefold() for word in ENGLISH_STOP_WORDS)
    lines = unicodedata.normalize("NFC", read_text(str(name))).split("\n")
    return frozenset(line.strip().casefold() for line in lines if line.strip())


def is_stopword(word: str, stopwords: frozenset[str]) -> bool:
    """Whether the word is on the list, whatever its letter case."""
    return word.casefold() in stopwords
