"""How much of a text a tokenizer's vocabulary covers: unknown tokens, and words that are not whole in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from mosecrot_cli.model.source_words import SourceWords, pieces_of, unlimited_ids
from mosecrot_cli.orthography import APOSTROPHES, HYPHENS, UNSPACED, WORD_CHARACTER

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACED = rf"[[{WORD_CHARACTER}]--[{UNSPACED}]]"
_INNER = regex.escape(f'{APOSTROPHES}{HYPHENS}"״')
_WORD = regex.compile(
    rf"(?V1)(?P<unspaced>[[{WORD_CHARACTER}]&&[{UNSPACED}]][[{UNSPACED}]\p{{M}}]*)"
    rf"|{_SPACED}+(?:(?:[{_INNER}\p{{Default_Ignorable_Code_Point}}--\u200b]|''){_SPACED}+)*"
)


@dataclass(frozen=True, slots=True)
class VocabularyCoverage:
    """Counts over the running text.

    Attributes:
        tokens: tokens, special tokens left out.
        unknown_tokens: those that are the unknown token.
        words: maximal runs of letters, marks and digits, joined by inner apostrophes, hyphens, Hebrew
            quotation marks and invisible characters. In scripts without
            spaces between words every token of such a run is a word.
        unknown_words: words that are not one known token: in pieces, or unknown.
    """

    tokens: int
    unknown_tokens: int
    words: int
    unknown_words: int

    @property
    def unknown_token_share(self) -> float:
        """Share of unknown tokens, 0 for no tokens."""
        return self.unknown_tokens / self.tokens if self.tokens else 0.0

    @property
    def unknown_word_share(self) -> float:
        """Share of words that are not whole in the vocabulary, 0 for no words."""
        return self.unknown_words / self.words if self.words else 0.0


@dataclass(frozen=True, slots=True)
class RunningWord:
    """A word of running text.

    Attributes:
        text: as it stands there.
        count: how often.
        tokens: ids of its tokens; none where one of them is unknown.
    """

    text: str
    count: int
    tokens: tuple[int, ...]

    @property
    def token(self) -> int | None:
        """Its id where it is one known token, else None."""
        return self.tokens[0] if len(self.tokens) == 1 else None


def running_words(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> list[RunningWord]:
    """The words of texts; what is one, see `VocabularyCoverage.words`. In unspaced scripts some come several times.

    Args:
        tokenizer: a fast tokenizer.
        texts: whole texts: nothing is truncated.
    """
    words, runs = Counter[str](), Counter[str]()
    for text in texts:
        for match in _WORD.finditer(text):
            (runs if match["unspaced"] else words)[match[0]] += 1
    encoded = zip(words.items(), SourceWords(tokenizer).token_ids(list(words)), strict=True)
    found = [RunningWord(word, count, ids) for (word, count), ids in encoded]
    unknown = tokenizer.unk_token_id
    for (run, count), pieces in zip(runs.items(), pieces_of(tokenizer, list(runs)), strict=True):
        found += [
            RunningWord(run[piece.start : piece.end], count, () if piece.token == unknown else (piece.token,))
            for piece in pieces
        ]
    return found


def vocabulary_coverage(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> VocabularyCoverage:
    """Count unknown tokens and unknown words of texts (whole texts: nothing is truncated).

    Args:
        tokenizer: any fast tokenizer; a stitched one gives the coverage of the target vocabulary.
        texts: the texts.
    """
    ids = unlimited_ids(tokenizer, texts)
    unknown = tokenizer.unk_token_id
    words = running_words(tokenizer, texts)
    return VocabularyCoverage(
        tokens=sum(map(len, ids)),
        unknown_tokens=sum(found.count(unknown) for found in ids),
        words=sum(word.count for word in words),
        unknown_words=sum(word.count for word in words if word.token is None),
    )
