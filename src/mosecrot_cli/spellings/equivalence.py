"""The ways in which two spellings of one word can differ, and one key for all spellings.

The data come from Unicode (properties, combining classes, compatibility forms), except for letters that one language
writes with two code points, which no table of Unicode relates.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from enum import StrEnum

import regex

from mosecrot_cli.orthography import APOSTROPHES, HYPHENS
from mosecrot_cli.spellings.chinese import to_simplified


class Equivalence(StrEnum):
    """A way in which two spellings of one word can differ, in the order in which `difference` checks them."""

    INVISIBLE = "invisible characters"
    COMPATIBILITY = "compatibility forms"
    APOSTROPHE = "apostrophes and quotation marks"
    HYPHEN = "hyphens"
    MARK = "optional marks"
    LETTER = "code points of one letter"
    CASE = "letter case"
    CHINESE = "traditional and simplified characters"


JOINERS = "\u200c\u200d"

# Code points that are the same letter in some language: Romanian; Arabic script (Persian, Urdu, Kurdish); Azeri and its
# neighbours; South Slavic and Sámi. Then letters of Cyrillic alphabets (Ukrainian, Kazakh, Chuvash, Ossetian,
# Macedonian) for which Latin letters are typed; these count only next to a Cyrillic letter.
LETTERS = ("şș", "ŞȘ", "ţț", "ŢȚ", "يی", "كکڪ", "هہ", "əәǝ", "ƏӘƎ", "đðɖ", "ĐÐƉ")
CYRILLIC_LETTERS = ("іi", "ІI", "ӑă", "ӐĂ", "ӗĕ", "ӖĔ", "ҫç", "ҪÇ", "ӳÿ", "ӲŸ", "ӕæ", "ӔÆ", "һh", "јj", "ѕs", "ӏl1|")
# Malayalam chillus and Bengali khanda ta have their own code points today; earlier they were sequences with a joiner.
SEQUENCES = {"ണ്‍": "ൺ", "ന്‍": "ൻ", "ര്‍": "ർ", "ല്‍": "ൽ", "ള്‍": "ൾ", "ക്‍": "ൿ", "ত্‍": "ৎ"}  # fmt: skip


def _characters(wanted: Callable[[str], bool]) -> str:
    """The characters of the Hebrew, Arabic and Syriac blocks that satisfy a condition."""
    return "".join(chr(code) for code in range(0x0590, 0x0900) if wanted(chr(code)))


# Combining classes 10-26 are Hebrew points, and 27-35 are Arabic vowel signs; tatweel (U+0640) stretches a word.
HEBREW_MARKS = _characters(lambda mark: "\u0591" <= mark <= "\u05c7" and unicodedata.category(mark) == "Mn")
ARABIC_MARKS = "\u0640" + _characters(lambda mark: 27 <= unicodedata.combining(mark) <= 35)
_STRESS = "(?<=[\\p{Cyrillic}])[\u0300\u0301]"

_ONE_APOSTROPHE = {ord(other): "'" for other in APOSTROPHES}
_ONE_HYPHEN = {ord(other): "-" for other in HYPHENS}
_ONE_LETTER = {ord(other): members[0] for members in LETTERS for other in members[1:]} | {
    ord(members[0]): members[1] for members in CYRILLIC_LETTERS[:-1]
}
_SEQUENCE = regex.compile("|".join(map(regex.escape, SEQUENCES)))
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u200b]", regex.V1)
MARK = regex.compile(rf"[{HEBREW_MARKS}{ARABIC_MARKS}]|{_STRESS}", regex.V1)
_PALOCHKA = regex.compile(r"(?<=\p{Cyrillic})[l1|](?![l1|])|(?<![l1|])[l1|](?=\p{Cyrillic})", regex.V1)
_DOUBLE_APOSTROPHE = regex.compile(r"(?<=\p{Hebrew})''(?=\p{Hebrew})")


def _fold_invisible(word: str) -> str:
    return str(_UNSEEN.sub("", _SEQUENCE.sub(lambda match: SEQUENCES[match[0]], word)))


def _fold_apostrophes(word: str) -> str:
    return str(_DOUBLE_APOSTROPHE.sub('"', word.translate(_ONE_APOSTROPHE))).replace("״", '"')


def _fold_compatibility(word: str) -> str:
    # NFKC would decompose an acute accent into a space with a mark, and split some primes.
    return unicodedata.normalize("NFKC", word.translate({0xB4: "\u02b9", 0x2032: "\u02b9"}))


def without_marks(word: str) -> str:
    """The word without the optional marks of Arabic, Hebrew and Cyrillic."""
    # Two passes are needed, because a stress mark can follow another mark, which is removed first.
    return str(MARK.sub("", str(MARK.sub("", unicodedata.normalize("NFC", word)))))


def _fold_letters(word: str) -> str:
    # A palochka that was typed as a digit is recognised as Cyrillic, and loses its stress mark, only after this.
    return without_marks(_PALOCHKA.sub("ӏ", unicodedata.normalize("NFC", word).replace("Ӏ", "ӏ"))).translate(
        _ONE_LETTER
    )


def _fold_case(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace("İ", "i").casefold().replace("i\u0307", "i"))


def _fold_chinese(word: str) -> str:
    return to_simplified(word)


_FOLDS: dict[Equivalence, Callable[[str], str]] = {
    Equivalence.INVISIBLE: _fold_invisible,
    Equivalence.COMPATIBILITY: _fold_compatibility,
    Equivalence.APOSTROPHE: _fold_apostrophes,
    Equivalence.HYPHEN: lambda word: word.translate(_ONE_HYPHEN),
    Equivalence.MARK: without_marks,
    Equivalence.LETTER: _fold_letters,
    Equivalence.CASE: _fold_case,
    Equivalence.CHINESE: _fold_chinese,
}


_CHANGED = frozenset(map(chr, (*_ONE_APOSTROPHE, *_ONE_LETTER, 0x640))) | set("".join(CYRILLIC_LETTERS))
_FIRST_HAN_RADICAL = "\u2e80"


def _is_key(word: str) -> bool:
    """Whether a word is certainly its own key: it has only lower-case letters, and no step changes them."""
    return (
        word.isalpha()
        and max(word) < _FIRST_HAN_RADICAL
        and _CHANGED.isdisjoint(word)
        and word == word.casefold()
        and unicodedata.is_normalized("NFKC", word)
        and not _UNSEEN.search(word)
    )


def fold(word: str) -> str:
    """One key for all spellings of a word, such as `o'zbek` for `Oʻzbek`, `OʻZBEK` and `o‘zbek`."""
    if word.isascii() and "`" not in word:
        return word.lower()
    if _is_key(word):
        return word
    for step in _FOLDS.values():
        word = step(word)
    return unicodedata.normalize("NFC", word)


def difference(word: str, other: str) -> Equivalence | None:
    """How two spellings of one word differ; if several equivalences are needed, the last of them.

    Returns:
        None if the two are equal (in NFC) or are not spellings of one word.
    """
    if unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other) or fold(word) != fold(other):
        return None
    for kind, step in _FOLDS.items():
        word, other = step(word), step(other)
        if unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other):
            return kind
    return None
