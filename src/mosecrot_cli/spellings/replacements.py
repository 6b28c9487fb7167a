"""Replacements that give texts the spelling of a list of words; each depends on the characters the words use."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from mosecrot_cli.orthography import APOSTROPHES, HYPHENS, UNSPACED
from mosecrot_cli.spellings.equivalence import (
    ARABIC_MARKS,
    CYRILLIC_LETTERS,
    HEBREW_MARKS,
    JOINERS,
    LETTERS,
    MARK,
    SEQUENCES,
    without_marks,
)

RARE = 0.01
"""A form that occurs in a smaller share of the words is rare."""

PRIVATE = 0xF0000
"""The first of the private-use characters that represent protected signs."""

_PROTECTED = 8
_UNSPACED = regex.compile(f"[{UNSPACED}]")
_MARKS = {"Hebrew": HEBREW_MARKS, "Arabic": ARABIC_MARKS}
_LETTER_OR_MARK = r"[\p{L}\p{M}]"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A normalisation step that replaces every match of a pattern by `content`.

    Attributes:
        pattern: has the same meaning for the `regex` package (version 1) and Oniguruma (the `tokenizers` library).
        content: the literal replacement.
    """

    pattern: str
    content: str

    def __call__(self, text: str) -> str:
        """Apply it to a text."""
        return str(_compiled(self.pattern).sub(lambda _: self.content, text))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.V1)


@lru_cache(maxsize=256)
def to_one(members: str, chosen: str) -> dict[int, str]:
    """A table for `str.translate` that replaces each of the members by the chosen one."""
    return {ord(member): chosen for member in members if member != chosen}


def special_words(words: Sequence[str]) -> list[str]:
    """The words with a character that some rule concerns; most words of most languages have none."""
    return [word for word in words if not word.isascii() or not word.isalnum()]


def used_members(members: str, counts: Counter[str], share: float = 0.0) -> str:
    """The members that words use, the most frequent first; the plainest one if none is used.

    A member counts as used if it occurs more than `share` times as often as the most frequent one.
    """
    most = max(counts[member] for member in members)
    used = [member for member in members if counts[member] > share * most]
    return "".join(sorted(used, key=lambda member: -counts[member])) or members[0]


def one_apostrophe(used: str) -> list[Replacement]:
    """Inside words, replace apostrophes that no word uses by the one that most words use."""
    unused = "".join(mark for mark in APOSTROPHES if mark not in used)
    inside = rf"[{regex.escape(unused)}](?<={_LETTER_OR_MARK}.)(?={_LETTER_OR_MARK})"
    return [Replacement(inside, used[0])] if unused else []


def one_hyphen(used: str, counts: Counter[str]) -> list[Replacement]:
    """Replace hyphens that no word uses by the one that most words use; NFKC has already unified some of them.

    Each hyphen has its own replacement, because the tokenizer finds a single character in half the time of a class.
    """
    characters = "".join(counts)
    needed = [HYPHENS[0], "‐"]
    needed += [mark for script, mark in (("Hebrew", "־"), ("Armenian", "֊")) if _has(script, characters)]
    return [Replacement(regex.escape(mark), used[0]) for mark in needed if mark not in used]


def _has(script: str, characters: str) -> bool:
    return regex.search(rf"\p{{{script}}}", characters) is not None


def parted_words(counts: Counter[str]) -> list[Replacement]:
    """Replace sequences with a joiner by their letter and, in scripts without spaces between words, U+200B by a space.

    In other scripts, U+200B is left to `removed_characters`, because each pass takes time; the tokenizer splits the
    joined string into the known words anyway.
    """
    sequences = [Replacement(old, new) for old, new in SEQUENCES.items() if counts[new] or counts[old[0]]]
    return [*sequences, Replacement("\u200b", " ")] if _UNSPACED.search("".join(counts)) else sequences


def removed_characters(counts: Counter[str], *, joiners: bool, marks: bool) -> Replacement:
    """Remove invisible characters, and optional marks of the scripts of the words, in one pass to save time.

    Args:
        counts: characters of the words.
        joiners: keep joiners.
        marks: keep optional marks.
    """
    kept = JOINERS if joiners else ""
    removed = "".join(character for character in _ignorable() if character not in kept)
    used = "".join(counts)
    if marks:
        return Replacement(f"[{removed}]", "")
    removed += "".join(found for script, found in _MARKS.items() if _has(script, used))
    # With the mark before its lookbehind, the tokenizer does not have to try every letter when there is no mark.
    return Replacement(f"[{removed}]" + (r"|[\u0300\u0301](?<=\p{Cyrillic}.)" if _has("Cyrillic", used) else ""), "")


@lru_cache(maxsize=1)
def _ignorable() -> str:
    """Unicode's default ignorable characters as a list, which a tokenizer finds faster than a property."""
    every = "".join(chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000)
    return "".join(regex.findall(r"\p{Default_Ignorable_Code_Point}", every))


def protected_signs(special: Sequence[str], words: Sequence[str]) -> list[Replacement]:
    """Protect the most frequent signs (not letters) that NFKC would turn into another word, such as `№` and `²`.

    A private-use character replaces each of them. Each sign costs the tokenizer a pass, so only a few are protected.
    """
    compatible = [word for word in special if not unicodedata.is_normalized("NFKC", word)]
    known = set(words) if compatible else set()
    signs: Counter[str] = Counter()
    for word in compatible:
        normal = unicodedata.normalize("NFKC", word)
        if normal in known or normal.lower() in known:
            signs.update(sign for sign in word if _is_compatible_sign(sign))
    return [Replacement(regex.escape(sign), chr(PRIVATE + ord(sign))) for sign, _ in signs.most_common(_PROTECTED)]


def _is_compatible_sign(character: str) -> bool:
    return (
        character < "\uf900"  # full-width forms follow
        and unicodedata.category(character)[0] in "SNP"
        and not unicodedata.is_normalized("NFKC", character)
    )


def hebrew_quotation_marks(counts: Counter[str]) -> list[Replacement]:
    """Inside Hebrew words, replace gershayim, quotation marks and double apostrophes by the commonest form."""
    if not any("\u0590" <= character <= "\u05ff" for character in counts):
        return []
    mark = "״" if counts["״"] > counts['"'] else '"'
    return [Replacement(r"(?<=\p{Hebrew})(?:''|[\"״])(?=\p{Hebrew})", mark)]


def letter_forms(counts: Counter[str], size: int) -> tuple[list[Replacement], tuple[str, ...]]:
    """Replacements of rare forms of a letter by the commonest one, and the letters with several common forms."""
    found, mixed = [], []
    for members in LETTERS:
        used = used_members(members, counts, RARE)
        rare = "".join(member for member in members if member not in used)
        if counts[used[0]] and rare:
            found.append(Replacement(f"[{rare}]", used[0]))
        if len(used) > 1:
            mixed.append(used)
    for members in CYRILLIC_LETTERS:
        cyrillic, latin = members[0], members[1:]
        if counts[cyrillic] > RARE / 10 * size:
            typed, letter = rf"[{regex.escape(latin)}]", r"\p{Cyrillic}"
            found.append(Replacement(rf"{typed}(?:(?<={letter}.)(?!{typed})|(?<!{typed}.)(?={letter}))", cyrillic))
    return found, tuple(mixed)


def marks_are_spelling(special: Sequence[str], size: int) -> bool:
    """Whether optional marks belong to the spelling, as in Yiddish: most words without them are not in the list."""
    marked = [word for word in special if MARK.search(word)]
    if len(marked) <= RARE * size:
        return False
    known = set(special)
    return 2 * sum(without_marks(word) in known for word in marked) < len(marked)
