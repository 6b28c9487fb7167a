"""How the tokenizer of a stitched model normalises texts, so that they are spelled like the words of the vectors."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from mosecrot_cli.orthography import APOSTROPHES, HYPHENS
from mosecrot_cli.spellings.chinese import HAN, converter, to_simplified, to_traditional
from mosecrot_cli.spellings.equivalence import JOINERS, without_marks
from mosecrot_cli.spellings.replacements import (
    PRIVATE,
    RARE,
    Replacement,
    hebrew_quotation_marks,
    letter_forms,
    marks_are_spelling,
    one_apostrophe,
    one_hyphen,
    parted_words,
    protected_signs,
    removed_characters,
    special_words,
    to_one,
    used_members,
)

_DOTLESS = frozenset({"tr", "az", "crh", "gag"})
_CHINESE = frozenset({"zh", "yue", "wuu", "lzh"})


@dataclass(frozen=True)
class SpellingRules:
    """Rules that give texts the spelling of a list of words.

    A character that the words do not use is replaced if they use another form of it. If the words use several forms,
    each word keeps its own, and `variants` are the other forms by which it can be found.

    Attributes:
        before: replacements in the original text, in order. NFKC follows.
        after: replacements in the text after NFKC.
        apostrophes: the apostrophes that the words use, the most frequent first.
        hyphens: the hyphens that the words use, the most frequent first.
        joiners: whether (non-)joiners are part of the words.
        marks: whether the optional marks of Arabic, Hebrew and Cyrillic are part of the words.
        letters: groups of code points that are the same letter, of which the words use several.
        dotless: whether letter case follows Turkish, with the pairs `i İ` and `ı I`.
        chinese: whether words in Han characters have traditional or simplified variants.
    """

    before: tuple[Replacement, ...]
    after: tuple[Replacement, ...]
    apostrophes: str
    hyphens: str
    joiners: bool
    marks: bool
    letters: tuple[str, ...]
    dotless: bool
    chinese: bool

    @classmethod
    def of(cls, words: Sequence[str], *, language: str | None = None) -> SpellingRules:
        """The rules for texts that are tokenized with these words.

        Args:
            words: the words of the vectors.
            language: code of their language; without one, a dotless i in 1 % of the words means Turkish letters.
        """
        special = special_words(words)
        counts = Counter(character for word in special for character in set(word))
        letters, mixed = letter_forms(counts, len(words))
        code = (language or "").partition("-")[0].lower()
        joiners = sum(not set(JOINERS).isdisjoint(word) for word in special) > RARE * len(words)
        marks = marks_are_spelling(special, len(words))
        apostrophes, hyphens = used_members(APOSTROPHES, counts), used_members(HYPHENS, counts)
        before = [
            *parted_words(counts),
            *one_apostrophe(apostrophes),
            *protected_signs(special, words),
        ]
        after = [
            removed_characters(counts, joiners=joiners, marks=marks),
            *one_hyphen(hyphens, counts),
            *hebrew_quotation_marks(counts),
            *letters,
        ]
        return cls(
            tuple(before),
            tuple(after),
            apostrophes,
            hyphens,
            joiners,
            marks,
            mixed,
            dotless=code in _DOTLESS or (not code and counts["ı"] >= RARE * max(1, len(words))),
            chinese=code in _CHINESE and HAN.search("".join(counts)) is not None and converter("t2s") is not None,
        )

    @property
    def protected(self) -> dict[str, str]:
        """Private-use character -> the sign that it represents in normalised texts."""
        return {step.content: chr(ord(step.content) - PRIVATE) for step in self.before if step.content > chr(PRIVATE)}

    def lower(self, word: str) -> str:
        """The word in lower case, by the rules of its language, in NFC."""
        if self.dotless:
            word = word.replace("I", "ı")
        return unicodedata.normalize("NFC", word.replace("İ", "i").lower())

    def upper(self, word: str) -> str:
        """The word in upper case, by the rules of its language."""
        return (word.replace("i", "İ") if self.dotless else word).upper()

    def title(self, word: str) -> str:
        """The word with its first letter in upper case (or title case) and the others in lower case."""
        first = self.upper(word[0]) if self.dotless and word[0] == "i" else word[0].title()
        return first + self.lower(word[1:])

    def normalise(self, text: str, *, lowercase: bool = False) -> str:
        """The text as a tokenizer with these rules reads it."""
        for step in self.before:
            text = step(text)
        text = unicodedata.normalize("NFKC", text)
        if lowercase:
            text = (text.replace("İ", "i").replace("I", "ı") if self.dotless else text).lower()
        for step in self.after:
            text = step(text)
        return text

    def variants(self, word: str, *, cased: bool) -> Iterator[str]:
        """Other spellings of a word that may occur in texts and that no replacement covers, the likeliest first.

        Args:
            word: a word of the vectors.
            cased: whether texts keep their letter case.
        """
        cases = (word, *self.case_forms(word)) if cased else (word,)
        # At the start or end of a word, an apostrophe may be a quotation mark, which no replacement changes.
        at_end = word[:1] in APOSTROPHES or word[-1:] in APOSTROPHES
        apostrophes = "".join(dict.fromkeys(self.apostrophes + "'’")) if at_end else self.apostrophes
        for case, apostrophe, hyphen in product(cases, apostrophes, self.hyphens):
            yield case.translate(to_one(APOSTROPHES, apostrophe)).translate(to_one(HYPHENS, hyphen))
        if self.joiners and not set(JOINERS).isdisjoint(word):
            yield word.translate(dict.fromkeys(map(ord, JOINERS)))
        if self.marks and (bare := without_marks(word)) != word:
            yield bare
        for members in self.letters:
            if not set(members).isdisjoint(word):
                yield from (word.translate(to_one(members, member)) for member in members)
        if self.chinese:
            yield from (to_simplified(word), to_traditional(word))

    def case_forms(self, word: str) -> tuple[str, ...]:
        """The word in other letter case: `Москва` and `МОСКВА` for `москва`; `москва` and `МОСКВА` for `Москва`."""
        lower, upper = self.lower(word), self.upper(word)
        # Georgian has no title case, and only headlines use its upper-case letters.
        if lower == upper or (word == lower and word[:1].title() == word[:1]):
            return ()
        plain = unicodedata.normalize("NFC", word.lower())
        forms = (self.title(word), upper) if word == lower else (lower, plain, upper, self.title(word))
        return tuple(form for form in dict.fromkeys((*forms, word.upper())) if form != word)
