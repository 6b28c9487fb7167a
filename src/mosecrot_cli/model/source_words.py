"""The words that a pre-trained model knows as one token, whatever kind of tokenizer it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.checks import tokenizer_errors
from mosecrot_cli.orthography import is_punctuation, opens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mosecrot_cli.model.torch_free import StoredTokenizer

_CONTEXT = "a"
_BATCH = 20_000


def fast_backend(tokenizer: PreTrainedTokenizerBase | StoredTokenizer) -> Any:
    """The `tokenizers.Tokenizer` inside a fast tokenizer.

    Raises:
        DataError: the tokenizer is not a fast one.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise DataError(
            f"{type(tokenizer).__name__} is not a fast tokenizer",
            hint="the model needs a tokenizer.json next to its weights",
        )
    return backend


def special_ids(tokenizer: PreTrainedTokenizerBase | StoredTokenizer) -> frozenset[int]:
    """Ids of the special tokens, the unknown token among them."""
    added = {index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(added | set(tokenizer.all_special_ids))


class SourceWords:
    """Looks words up in the tokenizer of a pre-trained model.

    A word is *a token of the model* when the tokenizer encodes it, as a word inside a sentence, to exactly one id that
    is neither special nor unknown. So the definition is the same for WordPiece, byte-level BPE (where the word carries
    its space) and SentencePiece.

    Args:
        tokenizer: a fast tokenizer. It is left as it was.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase | StoredTokenizer) -> None:
        self._backend = fast_backend(tokenizer)
        self._barred = special_ids(tokenizer)
        # Where a space is a token of its own, it is no part of the word that follows.
        self._spaces = {self._backend.token_to_id(space) for space in ("▁", "Ġ")}

    def token_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Ids of each word as a word inside a sentence; `()` where a special or unknown id is among them."""
        return list(self._encode(words, f"{_CONTEXT} "))

    def whole_word_tokens(self) -> dict[str, int]:
        """Every token that is a whole word: the plain word, as the tokenizer decodes it, and its id."""
        tables = self._tables
        if tables.whole is None:
            plain = self._plain_tokens()
            found = self._single_tokens(set(plain.values()), f"{_CONTEXT} ")
            tables.whole = {word: index for word, index in found.items() if plain[index] == word}
        return dict(tables.whole)

    @cached_property
    def _tables(self) -> _Tables:
        try:
            return _tables(self._backend.to_str(), self._barred)
        except Exception:  # noqa: BLE001 (bare ones of tokenizers: a part in Python cannot be written down)
            return _Tables()

    def punctuation_tokens(self) -> dict[str, int]:
        """Punctuation and symbols that are one token each, in the form that running text has.

        Closing marks follow a word without a space (byte-level and SentencePiece vocabularies hold `,` beside the
        rarer ` ,`), opening ones come after a space; a mark that has only the other form takes that.
        """
        marks = {plain for plain in self._plain_tokens().values() if is_punctuation(plain)}
        spaced, attached = self._single_tokens(marks, f"{_CONTEXT} "), self._single_tokens(marks, _CONTEXT)
        found: dict[str, int] = {}
        for mark in spaced.keys() | attached.keys():
            first, second = (spaced, attached) if opens(mark) else (attached, spaced)
            found[mark] = first[mark] if mark in first else second[mark]
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def _plain_tokens(self) -> dict[int, str]:
        """Every id and its token as plain text, without the marks of its kind of vocabulary."""
        tables = self._tables
        if tables.plain is not None:
            return tables.plain
        indices = sorted(set(self._backend.get_vocab(with_added_tokens=True).values()) - self._barred)
        texts = self._backend.decode_batch([[index] for index in indices], skip_special_tokens=False)
        tables.plain = {index: text.strip() for index, text in zip(indices, texts, strict=True) if text.strip()}
        return tables.plain

    def _single_tokens(self, strings: Iterable[str], lead: str) -> dict[str, int]:
        ordered = sorted(strings)
        encoded = self._encode(ordered, lead)
        return {string: ids[0] for string, ids in zip(ordered, encoded, strict=True) if len(ids) == 1}

    def _encode(self, words: Sequence[str], lead: str) -> Iterator[tuple[int, ...]]:
        """Ids of the tokens that cover some of each word, which follows `lead`; `()` where one of them is barred."""
        begin = len(lead)
        with _unlimited(self._backend), tokenizer_errors():
            for first in range(0, len(words), _BATCH):
                texts = [lead + word for word in words[first : first + _BATCH]]
                for text, encoding in zip(
                    texts, self._backend.encode_batch(texts, add_special_tokens=False), strict=True
                ):
                    spans = zip(encoding.ids, encoding.offsets, strict=True)
                    covering = (index for index, (start, end) in spans if end > begin and start < len(text))
                    ids = tuple(index for index in covering if index not in self._spaces)
                    yield () if self._barred.intersection(ids) else ids


@dataclass
class _Tables:
    """What was found out about a vocabulary: the text of each id, and the whole words."""

    plain: dict[int, str] | None = None
    whole: dict[str, int] | None = None


@lru_cache(maxsize=4)
def _tables(tokenizer: str, barred: frozenset[int]) -> _Tables:
    """Filled once for each tokenizer: a checkpoint mostly has that of the model that it was fine-tuned from.

    Args:
        tokenizer: as it is written down.
        barred: ids of its special tokens.
    """
    return _Tables()


def unlimited_ids(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[int]]:
    """Ids of whole texts: without special tokens, truncation and padding."""
    backend = fast_backend(tokenizer)
    with _unlimited(backend), tokenizer_errors():
        return [encoding.ids for encoding in backend.encode_batch_fast(list(texts), add_special_tokens=False)]


class Piece(NamedTuple):
    """A token and the characters of the text that it stands for.

    Attributes:
        token: its id.
        start, end: where it stands.
    """

    token: int
    start: int
    end: int


def pieces_of(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[Piece]]:
    """As `unlimited_ids`, with the place of each token."""
    backend = fast_backend(tokenizer)
    with _unlimited(backend), tokenizer_errors():
        found = backend.encode_batch(list(texts), add_special_tokens=False)
    return [
        [Piece(token, start, end) for token, (start, end) in zip(each.ids, each.offsets, strict=True)] for each in found
    ]


@contextmanager
def _unlimited(backend: Any) -> Iterator[None]:
    """Encode without the truncation and padding that a tokenizer.json may switch on, and put them back."""
    truncation, padding = backend.truncation, backend.padding
    backend.no_truncation()
    backend.no_padding()
    try:
        yield
    finally:
        if truncation is not None:
            backend.enable_truncation(**truncation)
        if padding is not None:
            backend.enable_padding(**padding)
