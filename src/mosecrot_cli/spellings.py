"""Which spellings are one word: the one place that says so, for texts, lexica and vectors.

Two things follow from it. `fold` gives all spellings of a word one key, by which lists of words are searched
(`SpellingIndex`). `SpellingRules` are what the tokenizer of a stitched model does with texts: the rules depend on the
words of the vectors, because the form that is written wins wherever the vectors have it.

The data are Unicode's (properties, combining classes, compatibility forms), but for letters that one language writes
with two code points, which no table of Unicode joins.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import product

import regex

from mosecrot_cli.orthography import APOSTROPHES, HYPHENS


class Equivalence(StrEnum):
    """What can differ between two spellings of one word, in the order in which `difference` looks for it."""

    INVISIBLE = "invisible characters"
    COMPATIBILITY = "compatibility forms"
    APOSTROPHE = "apostrophes and quotation marks"
    HYPHEN = "hyphens"
    MARK = "optional marks"
    LETTER = "code points of one letter"
    CASE = "letter case"
    CHINESE = "traditional and simplified characters"


JOINERS = "\u200c\u200d"

# Code points of one letter in some language: Romanian; Arabic script (Persian, Urdu, Kurdish); Azeri and its
# neighbours; South Slavic and Sámi. Then letters of Cyrillic alphabets for which Latin ones are typed (Ukrainian,
# Kazakh, Chuvash, Ossetian, Macedonian), where they stand next to a Cyrillic letter.
_LETTERS = ("şș", "ŞȘ", "ţț", "ŢȚ", "يی", "كکڪ", "هہ", "əәǝ", "ƏӘƎ", "đðɖ", "ĐÐƉ")
_CYRILLIC_LETTERS = ("іi", "ІI", "ӑă", "ӐĂ", "ӗĕ", "ӖĔ", "ҫç", "ҪÇ", "ӳÿ", "ӲŸ", "ӕæ", "ӔÆ", "һh", "јj", "ѕs", "ӏl1|")
# Malayalam chillus and Bengali khanda ta, which have a code point now and were a sequence with a joiner before.
_SEQUENCES = {"ണ്‍": "ൺ", "ന്‍": "ൻ", "ര്‍": "ർ", "ല്‍": "ൽ", "ള്‍": "ൾ", "ക്‍": "ൿ", "ত্‍": "ৎ"}  # fmt: skip
_RARE = 0.01
_PROTECTED = 8
_PRIVATE = 0xF0000
_DOTLESS = frozenset({"tr", "az", "crh", "gag"})
_CHINESE = frozenset({"zh", "yue", "wuu", "lzh"})


def _characters(wanted: Callable[[str], bool]) -> str:
    """The characters of Hebrew, Arabic and Syriac blocks of which something holds."""
    return "".join(chr(code) for code in range(0x0590, 0x0900) if wanted(chr(code)))


# Combining classes 10-26 are Hebrew points and 27-35 Arabic vowel signs; tatweel (U+0640) stretches a word.
_HEBREW_MARKS = _characters(lambda mark: "\u0591" <= mark <= "\u05c7" and unicodedata.category(mark) == "Mn")
_ARABIC_MARKS = "\u0640" + _characters(lambda mark: 27 <= unicodedata.combining(mark) <= 35)
_STRESS = "(?<=[\\p{Cyrillic}])[\u0300\u0301]"
_LETTER_OR_MARK = r"[\p{L}\p{M}]"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A step of normalisation: what the pattern matches becomes `content`.

    Attributes:
        pattern: read alike by the `regex` package (version 1) and by Oniguruma (the `tokenizers` library).
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


# --- one key for all spellings of a word ------------------------------------------------------------------------------
_ONE_APOSTROPHE = {ord(other): "'" for other in APOSTROPHES}
_ONE_HYPHEN = {ord(other): "-" for other in HYPHENS}
_ONE_LETTER = {ord(other): members[0] for members in _LETTERS for other in members[1:]} | {
    ord(members[0]): members[1] for members in _CYRILLIC_LETTERS[:-1]
}
_SEQUENCE = regex.compile("|".join(map(regex.escape, _SEQUENCES)))
_UNSEEN = regex.compile(r"[\p{Default_Ignorable_Code_Point}\u200b]", regex.V1)
_MARK = regex.compile(rf"[{_HEBREW_MARKS}{_ARABIC_MARKS}]|{_STRESS}", regex.V1)
_PALOCHKA = regex.compile(r"(?<=\p{Cyrillic})[l1|]|[l1|](?=\p{Cyrillic})", regex.V1)
_DOUBLE_APOSTROPHE = regex.compile(r"(?<=\p{Hebrew})''(?=\p{Hebrew})")


def _fold_invisible(word: str) -> str:
    return str(_UNSEEN.sub("", _SEQUENCE.sub(lambda match: _SEQUENCES[match[0]], word)))


def _fold_apostrophes(word: str) -> str:
    return str(_DOUBLE_APOSTROPHE.sub('"', word.translate(_ONE_APOSTROPHE))).replace("״", '"')


def _fold_compatibility(word: str) -> str:
    # NFKC would take an acute accent for a space with a mark, and some primes apart.
    return unicodedata.normalize("NFKC", word.translate({0xB4: "\u02b9", 0x2032: "\u02b9"}))


def _fold_marks(word: str) -> str:
    return str(_MARK.sub("", unicodedata.normalize("NFC", word)))


def _fold_letters(word: str) -> str:
    return str(_PALOCHKA.sub("ӏ", unicodedata.normalize("NFC", word).replace("Ӏ", "ӏ"))).translate(_ONE_LETTER)


def _fold_case(word: str) -> str:
    return unicodedata.normalize("NFC", word.replace("İ", "i").casefold().replace("i\u0307", "i"))


def _fold_chinese(word: str) -> str:
    return to_simplified(word)


_FOLDS: dict[Equivalence, Callable[[str], str]] = {
    Equivalence.INVISIBLE: _fold_invisible,
    Equivalence.COMPATIBILITY: _fold_compatibility,
    Equivalence.APOSTROPHE: _fold_apostrophes,
    Equivalence.HYPHEN: lambda word: word.translate(_ONE_HYPHEN),
    Equivalence.MARK: _fold_marks,
    Equivalence.LETTER: _fold_letters,
    Equivalence.CASE: _fold_case,
    Equivalence.CHINESE: _fold_chinese,
}


def fold(word: str) -> str:
    """One key for all spellings of a word, such as `o'zbek` for `Oʻzbek`, `OʻZBEK` and `o‘zbek`."""
    if word.isascii() and "`" not in word:
        return word.lower()
    for step in _FOLDS.values():
        word = step(word)
    return unicodedata.normalize("NFC", word)


def difference(word: str, other: str) -> Equivalence | None:
    """By what two spellings of one word differ; of several equivalences that are needed, the last.

    Returns:
        None where the two are equal (in NFC), or are not spellings of one word.
    """
    if unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other) or fold(word) != fold(other):
        return None
    for kind, step in _FOLDS.items():
        word, other = step(word), step(other)
        if unicodedata.normalize("NFC", word) == unicodedata.normalize("NFC", other):
            return kind
    return None


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


# --- Chinese ----------------------------------------------------------------------------------------------------------
_HAN = regex.compile(r"\p{Han}")


@lru_cache(maxsize=4)
def _converter(name: str) -> Callable[[str], str] | None:
    try:
        from opencc import OpenCC
    except ImportError:
        return None
    convert: Callable[[str], str] = OpenCC(name).convert
    return convert


def to_simplified(text: str) -> str:
    """The text in simplified characters; unchanged where OpenCC (the extra `chinese`) is not installed."""
    return _converted(text, "t2s")


def to_traditional(text: str) -> str:
    """The text in traditional characters; unchanged where OpenCC (the extra `chinese`) is not installed."""
    return _converted(text, "s2t")


def _converted(text: str, name: str) -> str:
    if text.isascii() or not _HAN.search(text):
        return text
    convert = _converter(name)
    return text if convert is None else convert(text)


# --- what a tokenizer does with texts ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class SpellingRules:
    """How texts are written as a list of words writes them.

    Characters that the words do not use, but have another form of, are replaced. Where the words use several forms,
    each word keeps its own, and `variants` are the others that it can be found by.

    Attributes:
        before: replacements on the text as it comes, in order. NFKC follows.
        after: replacements on the text in NFKC.
        apostrophes: the apostrophes that the words use, the most frequent first.
        hyphens: likewise.
        joiners: whether (non-)joiners are part of the words.
        marks: whether the optional marks of Arabic, Hebrew and Cyrillic are part of the words.
        letters: code points of one letter of which the words use several.
        dotless: whether the letters are those of Turkish, with `i İ` and `ı I`.
        chinese: whether words in Han characters have variants in traditional or simplified ones.
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
        """The rules for texts that are to be read with these words.

        Args:
            words: the words of the vectors.
            language: code of their language; without one, a dotless i in 1 % of the words means Turkish letters.
        """
        special = _special_words(words)
        counts = Counter(character for word in special for character in set(word))
        letters, mixed = _letters(counts, len(words))
        code = (language or "").partition("-")[0].lower()
        joiners = sum(not set(JOINERS).isdisjoint(word) for word in special) > _RARE * len(words)
        marks = _marks_are_spelling(special, len(words))
        apostrophes, hyphens = _used(APOSTROPHES, counts), _used(HYPHENS, counts)
        before = [
            *_invisible(counts, joiners=joiners),
            *_one_apostrophe(apostrophes),
            *_protected(special, words),
        ]
        after = [*_one_hyphen(hyphens, counts), *_quotation_marks(counts), *letters]
        if not marks and (pattern := _optional_marks("".join(counts))):
            after.append(Replacement(pattern, ""))
        return cls(
            tuple(before),
            tuple(after),
            apostrophes,
            hyphens,
            joiners,
            marks,
            mixed,
            dotless=code in _DOTLESS or (not code and counts["ı"] >= _RARE * max(1, len(words))),
            chinese=code in _CHINESE and _HAN.search("".join(counts)) is not None and _converter("t2s") is not None,
        )

    @property
    def protected(self) -> dict[str, str]:
        """Private-use character -> sign that it stands for in normalised texts."""
        return {step.content: chr(ord(step.content) - _PRIVATE) for step in self.before if step.content > chr(_PRIVATE)}

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
            text = self.lower(text) if self.dotless else text.lower()
        for step in self.after:
            text = step(text)
        return text

    def variants(self, word: str, *, cased: bool) -> Iterator[str]:
        """Other spellings of a word that texts may have and no replacement reaches, the likeliest first.

        Args:
            word: a word of the vectors.
            cased: whether texts keep their letter case.
        """
        cases = (word, *self.case_forms(word)) if cased else (word,)
        # At the ends of a word an apostrophe may be a quotation mark, which no replacement touches.
        at_end = word[:1] in APOSTROPHES or word[-1:] in APOSTROPHES
        apostrophes = "".join(dict.fromkeys(self.apostrophes + "'’")) if at_end else self.apostrophes
        for case, apostrophe, hyphen in product(cases, apostrophes, self.hyphens):
            yield case.translate(_to_one(APOSTROPHES, apostrophe)).translate(_to_one(HYPHENS, hyphen))
        if self.joiners and not set(JOINERS).isdisjoint(word):
            yield word.translate(dict.fromkeys(map(ord, JOINERS)))
        if self.marks and (bare := _fold_marks(word)) != word:
            yield bare
        for members in self.letters:
            if not set(members).isdisjoint(word):
                yield from (word.translate(_to_one(members, member)) for member in members)
        if self.chinese:
            yield from (to_simplified(word), to_traditional(word))

    def case_forms(self, word: str) -> tuple[str, ...]:
        """The forms of a word in other letter case: of `москва`, `Москва` and `МОСКВА`; of `Москва`, `москва` …"""
        lower, upper = self.lower(word), self.upper(word)
        # Georgian has upper-case letters that no text but a headline uses, and no title case.
        if lower == upper or (word == lower and word[:1].title() == word[:1]):
            return ()
        plain = unicodedata.normalize("NFC", word.lower())
        forms = (self.title(word), upper) if word == lower else (lower, plain, upper, self.title(word))
        return tuple(form for form in dict.fromkeys((*forms, word.upper())) if form != word)


@lru_cache(maxsize=256)
def _to_one(members: str, chosen: str) -> dict[int, str]:
    return {ord(member): chosen for member in members if member != chosen}


def _special_words(words: Sequence[str]) -> list[str]:
    """The words with any character that a rule can be about; most words of most languages have none."""
    return [word for word in words if not word.isascii() or not word.isalnum()]


def _used(members: str, counts: Counter[str], share: float = 0.0) -> str:
    """Those of the members that words use, the most frequent first; the plainest one where none is used.

    `share`: of the uses of the most frequent one, what counts as use.
    """
    most = max(counts[member] for member in members)
    used = [member for member in members if counts[member] > share * most]
    return "".join(sorted(used, key=lambda member: -counts[member])) or members[0]


def _one_apostrophe(used: str) -> list[Replacement]:
    """Inside words, apostrophes that no word uses become the one that most words use."""
    unused = "".join(mark for mark in APOSTROPHES if mark not in used)
    inside = rf"[{regex.escape(unused)}](?<={_LETTER_OR_MARK}.)(?={_LETTER_OR_MARK})"
    return [Replacement(inside, used[0])] if unused else []


def _one_hyphen(used: str, counts: Counter[str]) -> list[Replacement]:
    """Hyphens that no word uses become the one that most words use; NFKC has joined some of them before.

    One replacement for each: to look for a single character takes the tokenizer half the time that a class takes.
    """
    characters = "".join(counts)
    needed = [HYPHENS[0], "‐"]
    needed += [mark for script, mark in (("Hebrew", "־"), ("Armenian", "֊")) if _has(script, characters)]
    return [Replacement(regex.escape(mark), used[0]) for mark in needed if mark not in used]


def _has(script: str, characters: str) -> bool:
    return regex.search(rf"\p{{{script}}}", characters) is not None


def _invisible(counts: Counter[str], *, joiners: bool) -> list[Replacement]:
    sequences = [Replacement(old, new) for old, new in _SEQUENCES.items() if counts[new] or counts[old[0]]]
    kept = f"\u200b{JOINERS}" if joiners else "\u200b"
    removed = "".join(character for character in _ignorable() if character not in kept)
    return [*sequences, Replacement("\u200b", " "), Replacement(f"[{removed}]", "")]


@lru_cache(maxsize=1)
def _ignorable() -> str:
    """Unicode's default ignorable characters, listed: a tokenizer looks for a list faster than for a property."""
    every = "".join(chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000)
    return "".join(regex.findall(r"\p{Default_Ignorable_Code_Point}", every))


def _protected(special: Sequence[str], words: Sequence[str]) -> list[Replacement]:
    """The most frequent signs (no letters) that NFKC would make equal to another word, such as `№` and `²`.

    They are kept apart from it by a private-use character. Each costs the tokenizer a pass, so there are few.
    """
    compatible = [word for word in special if not unicodedata.is_normalized("NFKC", word)]
    known = set(words) if compatible else set()
    signs: Counter[str] = Counter()
    for word in compatible:
        normal = unicodedata.normalize("NFKC", word)
        if normal in known or normal.lower() in known:
            signs.update(sign for sign in word if _is_compatible_sign(sign))
    return [Replacement(regex.escape(sign), chr(_PRIVATE + ord(sign))) for sign, _ in signs.most_common(_PROTECTED)]


def _is_compatible_sign(character: str) -> bool:
    return (
        character < "\uf900"  # full-width forms follow
        and unicodedata.category(character)[0] in "SNP"
        and not unicodedata.is_normalized("NFKC", character)
    )


def _optional_marks(used: str) -> str:
    """Pattern of the marks that are optional in the scripts of these characters; empty if there are none."""
    parts = []
    if _has("Hebrew", used):
        parts.append(f"[{_HEBREW_MARKS}]")
    if _has("Arabic", used):
        parts.append(f"[{_ARABIC_MARKS}]")
    if _has("Cyrillic", used):
        parts.append(_STRESS)
    return "|".join(parts)


def _quotation_marks(counts: Counter[str]) -> list[Replacement]:
    if not any("\u0590" <= character <= "\u05ff" for character in counts):
        return []
    mark = "״" if counts["״"] > counts['"'] else '"'
    return [Replacement(r"(?<=\p{Hebrew})(?:''|[\"״])(?=\p{Hebrew})", mark)]


def _letters(counts: Counter[str], size: int) -> tuple[list[Replacement], tuple[str, ...]]:
    """Rare forms of a letter become the one that most words use; and the letters of which words use several forms."""
    found, mixed = [], []
    for members in _LETTERS:
        used = _used(members, counts, _RARE)
        rare = "".join(member for member in members if member not in used)
        if counts[used[0]] and rare:
            found.append(Replacement(f"[{rare}]", used[0]))
        if len(used) > 1:
            mixed.append(used)
    for members in _CYRILLIC_LETTERS:
        cyrillic, latin = members[0], members[1:]
        if counts[cyrillic] > _RARE / 10 * size:
            typed = rf"[{regex.escape(latin)}]"
            found.append(Replacement(rf"(?<=\p{{Cyrillic}}){typed}|{typed}(?=\p{{Cyrillic}})", cyrillic))
    return found, tuple(mixed)


def _marks_are_spelling(special: Sequence[str], size: int) -> bool:
    """Whether optional marks are part of how the words are spelled, as in Yiddish: without them most are no words."""
    marked = [word for word in special if _MARK.search(word)]
    if len(marked) <= _RARE * size:
        return False
    known = set(special)
    return 2 * sum(_fold_marks(word) in known for word in marked) < len(marked)
