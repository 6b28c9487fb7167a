"""Looking words up in the two vocabularies, in the letter case that each vocabulary contains."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import regex

from mosecrot_cli.lexicon.scripts import has_han
from mosecrot_cli.lexicon.types import Pair, SourceVocabulary, TargetVocabulary
from mosecrot_cli.progress import Reporter

_BATCH = 20_000
_LETTER = regex.compile(r"\p{L}")


@dataclass(frozen=True, slots=True)
class SourceForm:
    """A source word in the form in which the vocabulary of the model contains it.

    Attributes:
        word: the word as written or in lower case.
        ids: its ids; `()` if neither form has any.
        usable: whether the form can be an anchor.
    """

    word: str
    ids: tuple[int, ...]
    usable: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A pair that is in both vocabularies, and the forms in which they contain it."""

    pair: Pair
    source: str
    source_ids: tuple[int, ...]
    target: str


class SourceForms:
    """Looks up source words, many at a time, and remembers the results.

    Args:
        vocabulary: the words of the model.
        multi_token: whether a word of several tokens can be an anchor.
        reporter: receives the progress.
    """

    def __init__(self, vocabulary: SourceVocabulary, *, multi_token: bool, reporter: Reporter) -> None:
        self._vocabulary, self._multi_token, self._reporter = vocabulary, multi_token, reporter
        self._forms: dict[str, SourceForm] = {}

    def __getitem__(self, word: str) -> SourceForm:
        return self._forms[word]

    def look_up(self, words: Iterable[str]) -> None:
        """Look up the words, so that `self[word]` is available for each of them.

        The form is the word as written if that is one token, or else its lower case if that is one token. Otherwise, if
        several tokens are allowed, it is whichever of the two the model can represent.
        """
        new = [word for word in dict.fromkeys(words) if word not in self._forms]
        written = self._token_ids(new)
        lower = [word.lower() for word in new]
        retry = [low for word, low in zip(new, lower, strict=True) if low != word and len(written[word]) != 1]
        lowered = self._token_ids(list(dict.fromkeys(retry)))
        for word, low in zip(new, lower, strict=True):
            self._forms[word] = self._choose(word, written[word], low, lowered.get(low, ()))

    def _choose(self, word: str, ids: tuple[int, ...], lower: str, lower_ids: tuple[int, ...]) -> SourceForm:
        if len(ids) != 1 and (len(lower_ids) == 1 or not ids):
            word, ids = lower, lower_ids
        return SourceForm(word, ids, usable=len(ids) == 1 or (self._multi_token and len(ids) > 1))

    def _token_ids(self, words: Sequence[str]) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with self._reporter.track("words of the model", len(words)) as advance:
            for start in range(0, len(words), _BATCH):
                batch = words[start : start + _BATCH]
                found.update(zip(batch, self._vocabulary.token_ids(batch), strict=True))
                advance(len(batch))
        return found


def match_target(word: str, vocabulary: TargetVocabulary) -> str | None:
    """The target word in the form that the vectors contain, or None."""
    row = vocabulary.find(word)
    return None if row is None else vocabulary.words[row]


def match_identical(
    vocabulary: TargetVocabulary,
    source: SourceVocabulary,
    forms: SourceForms,
    *,
    taken: Container[str],
    origin: str,
    letters: int = 0,
) -> list[Match]:
    """Find strings that both vocabularies contain.

    A word is compared with the strings of the model's tokens, not with the tokens that its tokenizer returns for the
    word, because a tokenizer that strips accents would treat `côté` as `cote`. The letter case may differ if the
    vectors lack the lower-case form. Numerals and punctuation only have to be one token.

    Args:
        vocabulary: the words of the static embeddings, which determine the order of the result.
        source: the words of the model.
        forms: looks up source words.
        taken: target words that already have a translation.
        origin: the `Pair.origin` of the result.
        letters: the minimum number of letters of a word that has letters, except for words in Han characters.
    """
    tokens = source.whole_word_tokens()

    def is_shared(word: str) -> bool:
        lower = word.lower()
        if not (count := len(_LETTER.findall(word))):
            return True
        if count < letters and not has_han(word):
            return False
        return word in tokens or (lower in tokens and lower not in vocabulary)

    words = [word for word in vocabulary.words if word not in taken and _fits_a_line(word) and is_shared(word)]
    forms.look_up(words)
    matched = ((word, forms[word]) for word in words)
    return [
        Match(Pair(form.word, word, origin=origin), form.word, form.ids, word)
        for word, form in matched
        if len(form.ids) == 1
    ]


def _fits_a_line(word: str) -> bool:
    """Whether the word survives an anchor file: no white space at its ends, and no tab or line break inside."""
    return bool(word) and word == word.strip() and not any(separator in word for separator in "\t\n\r")
