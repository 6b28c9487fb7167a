"""The script of words (Cyrillic, Latin, Han, …) according to the Script property of Unicode."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from mosecrot_cli.errors import UsageError

AUTO, OFF = "auto", "off"

# ISO 15924 codes of the scripts that static embeddings are written in, for `dominant_script`; a script filter by name
# takes every script that Unicode knows.
_NAMES = {
    "Latn": "Latin", "Cyrl": "Cyrillic", "Arab": "Arabic", "Grek": "Greek", "Hebr": "Hebrew", "Armn": "Armenian",
    "Geor": "Georgian", "Deva": "Devanagari", "Beng": "Bengali", "Guru": "Gurmukhi", "Gujr": "Gujarati",
    "Orya": "Oriya", "Taml": "Tamil", "Telu": "Telugu", "Knda": "Kannada", "Mlym": "Malayalam", "Sinh": "Sinhala",
    "Thai": "Thai", "Laoo": "Lao", "Khmr": "Khmer", "Mymr": "Myanmar", "Tibt": "Tibetan", "Ethi": "Ethiopic",
    "Hani": "Han", "Hang": "Hangul", "Hira": "Hiragana", "Kana": "Katakana", "Bopo": "Bopomofo", "Mong": "Mongolian",
    "Syrc": "Syriac", "Thaa": "Thaana", "Nkoo": "Nko", "Tfng": "Tifinagh", "Cher": "Cherokee", "Yiii": "Yi",
    "Cans": "Canadian Aboriginal", "Olck": "Ol Chiki", "Mtei": "Meetei Mayek", "Adlm": "Adlam", "Vaii": "Vai",
    "Lisu": "Lisu", "Java": "Javanese", "Bali": "Balinese", "Bugi": "Buginese", "Sund": "Sundanese", "Cakm": "Chakma",
    "Newa": "Newa", "Sylo": "Syloti Nagri", "Rohg": "Hanifi Rohingya", "Copt": "Coptic", "Goth": "Gothic",
}  # fmt: skip
# Writing systems that mix several scripts, and names of scripts that Unicode does not use.
_JAPANESE = ("Japanese", ("Hani", "Hira", "Kana"))
_KOREAN = ("Korean", ("Hang", "Hani"))
_HAN_LETTER = regex.compile(r"\p{Han}")
_HAN = ("Han", ("Hani",))
_SYSTEMS = {
    "jpan": _JAPANESE, "japanese": _JAPANESE, "kore": _KOREAN, "korean": _KOREAN,
    "hans": _HAN, "hant": _HAN, "chinese": _HAN, "hani": _HAN,
}  # fmt: skip
_NO_SCRIPT = frozenset({"zyyy", "common", "zinh", "qaai", "inherited", "zzzz", "unknown", "hrkt", "katakanaorhiragana"})
_KANA = frozenset({"Hira", "Kana"})
_JAPANESE_SHARE = 0.1
_SAMPLE = 10_000
_CLEAR_MAJORITY = 2 / 3

_LETTER = regex.compile("|".join(rf"(?P<{code}>[\p{{Script={code}}}&&\p{{L}}])" for code in _NAMES), regex.V1)


@dataclass(frozen=True)
class Script:
    """A script, or the scripts that one writing system mixes.

    Attributes:
        name: its English name.
        parts: names or ISO 15924 codes of the Unicode scripts it consists of.
    """

    name: str
    parts: tuple[str, ...]

    def accepts(self, word: str) -> bool:
        """Whether at least half of the word's letters are of this script.

        Letters that Unicode assigns to no single script (`ʻ`, `ー`) are ignored; words without letters are accepted.
        """
        own, foreign = _letters_of(self.parts)
        others = foreign.findall(word)
        return not others or len(own.findall(word)) >= len(others)


@lru_cache(maxsize=64)
def _letters_of(parts: tuple[str, ...]) -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    """Patterns for one letter of these scripts, and for one letter of any other script."""
    scripts = "".join(rf"\p{{Script={part}}}" for part in parts)
    own = rf"[[{scripts}]&&\p{{L}}]"
    foreign = rf"[\p{{L}}--[{scripts}\p{{Script=Common}}\p{{Script=Inherited}}]]"
    return regex.compile(own, regex.V1), regex.compile(foreign, regex.V1)


def has_han(word: str) -> bool:
    """Whether a letter of the word is a Han character, which stands for a word and not for a sound."""
    return _HAN_LETTER.search(word) is not None


def find_script(name: str) -> Script:
    """Find a script by its name (`Cyrillic`, `Japanese`) or ISO 15924 code (`Cyrl`, `Jpan`), in any letter case.

    Raises:
        UsageError: there is no such script; the message suggests similar names.
    """
    key = "".join(char for char in name.casefold() if char.isalnum())
    if key in _SYSTEMS:
        return Script(*_SYSTEMS[key])
    for code, known in _NAMES.items():
        if key in (code.casefold(), known.casefold().replace(" ", "")):
            return Script(known, (code,))
    if key.isascii() and key and key not in _NO_SCRIPT and _unicode_knows(key):
        return Script(name.strip().title(), (key,))
    choices = {choice.casefold(): choice for choice in (*_NAMES, *_NAMES.values(), "Japanese", "Korean")}
    near = [choices[match] for match in difflib.get_close_matches(name.casefold(), choices)]
    hint = f"near: {', '.join(near)}" if near else "give an ISO 15924 code such as Cyrl, or auto, or off"
    raise UsageError(f"unknown script {name!r}", where="`script`", hint=hint)


def _unicode_knows(name: str) -> bool:
    try:
        regex.compile(rf"\p{{Script={name}}}")
    except regex.error:
        return False
    return True


@lru_cache(maxsize=65_536)
def _script_of_letter(char: str) -> str | None:
    match = _LETTER.match(char)
    return match.lastgroup if match else None


def dominant_script(words: Sequence[str], *, least_share: float = 0.0) -> Script | None:
    """The script of most words; each word counts for the script of most of its letters.

    The function looks at 10,000 words spread evenly over all, because the first ones of a sorted vocabulary are all of
    one script, whichever comes first in Unicode. It counts words, not letters; otherwise the few long Latin words of a
    Chinese vocabulary would outweigh its short ones. Kana in a tenth of the words of East Asian letters means Japanese
    (Han, Hiragana and Katakana together); Hangul means Korean (Hangul and Han).

    Args:
        words: a vocabulary.
        least_share: the share of the words with letters that the script must have.

    Returns:
        None if no word has letters or no script has that share.
    """
    votes = script_votes(words)
    if not votes:
        return None
    east_asian = votes["Jpan"] + votes["Hani"]
    if votes["Jpan"] >= _JAPANESE_SHARE * east_asian:
        votes["Jpan"], votes["Hani"] = east_asian, 0
    else:
        votes["Jpan"], votes["Hani"] = 0, east_asian
    winner = max(votes, key=lambda script: votes[script])
    return find_script(winner) if votes[winner] >= least_share * votes.total() else None


def script_votes(words: Sequence[str]) -> Counter[str]:
    """ISO 15924 code -> how many of 10,000 words, spread evenly over all, have most of their letters in the script.

    Words with kana count as `Jpan`, those with Hangul as `Kore`.
    """
    stride = max(1, len(words) // _SAMPLE)
    return Counter(script for word in words[::stride] if (script := _script_of_word(word)))


def _script_of_word(word: str) -> str | None:
    letters: Iterable[str] = (script for char in word if (script := _script_of_letter(char)))
    found = Counter(letters)
    if not found:
        return None
    if not _KANA.isdisjoint(found):
        kana = sum(found.pop(script, 0) for script in sorted(_KANA))
        found["Jpan"] = kana + found.pop("Hani", 0)
    if "Hang" in found:
        found["Kore"] = found.pop("Hang") + found.pop("Hani", 0)
    return max(found, key=lambda script: found[script])


def resolve_script(choice: str, words: Sequence[str]) -> Script | None:
    """The script that a filter lets through; None lets through every word.

    Args:
        choice: `auto` for the script of two thirds of `words`, if there is one (Serbian and Uzbek vocabularies mix
            two scripts), `off` for every script, or the name or code of a script.
        words: the target vocabulary.

    Raises:
        UsageError: there is no such script.
    """
    if choice.casefold() == OFF:
        return None
    if choice.casefold() == AUTO:
        return dominant_script(words, least_share=_CLEAR_MAJORITY)
    return find_script(choice)
