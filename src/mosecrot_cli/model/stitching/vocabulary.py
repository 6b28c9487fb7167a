"""The rows of a target vocabulary: its strings, their ids, and where the vector of each comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.spellings import SpellingRules

WHITE_SPACE = "white space inside, or nothing but it"
SPECIAL_TOKEN = "a special token of the model"
COLLAPSED = "the same as an earlier word once normalised"
NOT_ONE_TOKEN = "not one token in a text"
NO_VECTOR = -1


class RowKind(IntEnum):
    """Where the vector of a vocabulary row comes from."""

    SPECIAL = 0  # the checkpoint's row
    WORD = 1  # the mapped row
    ALIAS = 2  # the mapped row of a word that is spelled otherwise
    PUNCTUATION = 3  # the checkpoint's row
    NUMBER = 4  # the checkpoint's row
    SHARED = 5  # the checkpoint's row
    FILLER = 6  # none: ids below a special token's that no word needs


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A string whose vector is copied from the checkpoint.

    Attributes:
        string: the string as texts have it.
        kind: PUNCTUATION, NUMBER or SHARED.
        index: its token id in the checkpoint.
    """

    string: str
    kind: RowKind
    index: int


@dataclass(slots=True)
class Entries:
    """Vocabulary entries in the order in which they get ids.

    Attributes:
        normalize: what the tokenizer makes of a text.
        forbidden: strings of special tokens.
        spellings: the strings as texts have them.
        forms: the same, normalised: what the vocabulary holds.
        kinds: a `RowKind` each.
        indices: row of the mapped matrix (WORD, ALIAS) or of the checkpoint's (others).
        left_out: reason -> number of mapped words without a row.
    """

    normalize: Callable[[str], str]
    forbidden: Collection[str]
    spellings: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    kinds: list[RowKind] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _taken: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.forms)

    def add(self, spelling: str, kind: RowKind, index: int) -> bool:
        """Add an entry unless the vocabulary cannot hold it; a mapped word that it cannot hold is counted."""
        form = self.normalize(spelling).strip()
        reason = self._obstacle(spelling, form)
        if reason is None:
            self._taken.add(form)
            self.spellings.append(spelling)
            self.forms.append(form)
            self.kinds.append(kind)
            self.indices.append(index)
        elif kind is RowKind.WORD:
            self.left_out[reason] += 1
        return reason is None

    def remove(self, positions: Collection[int]) -> None:
        """Take out entries which the tokenizer does not give back as one token."""
        unwanted = set(positions)
        self.left_out[NOT_ONE_TOKEN] += sum(self.kinds[position] is RowKind.WORD for position in unwanted)
        kept = [position for position in range(len(self)) if position not in unwanted]
        self.spellings = [self.spellings[position] for position in kept]
        self.forms = [self.forms[position] for position in kept]
        self.kinds = [self.kinds[position] for position in kept]
        self.indices = [self.indices[position] for position in kept]

    def _obstacle(self, spelling: str, form: str) -> str | None:
        if spelling.split() != [spelling] or form.split() != [form]:
            return WHITE_SPACE
        if spelling in self.forbidden or form in self.forbidden:
            return SPECIAL_TOKEN
        return COLLAPSED if form in self._taken else None


def add_words(entries: Entries, words: Sequence[str]) -> None:
    """Add mapped words in their order: of two that are the same once normalised, the first (the more frequent) wins."""
    for index, word in enumerate(words):
        entries.add(word, RowKind.WORD, index)


def add_aliases(entries: Entries, words: Sequence[str], rules: SpellingRules, *, lowercased: bool, limit: int) -> None:
    """Add other spellings of the mapped words, the most frequent words first, until `limit` are added.

    A spelling that the vectors have, or that the normaliser makes of it, is taken already: the written form wins.
    """
    left = limit
    for index, word in enumerate(words):
        if left <= 0:
            return
        for spelling in rules.variants(word, cased=not lowercased):
            if left > 0 and spelling != word and entries.add(spelling, RowKind.ALIAS, index):
                left -= 1


@dataclass(frozen=True, slots=True)
class VocabularyLayout:
    """The rows of the new embedding matrix, by token id.

    Attributes:
        tokens: strings of the vocabulary, `V`.
        kinds: `RowKind` of each, `V`.
        indices: row of the mapped matrix (WORD, ALIAS) or of the checkpoint's; -1 where there is none (FILLER, and an
            unknown token which the model lacked), `V`.
    """

    tokens: list[str]
    kinds: NDArray[np.int8]
    indices: NDArray[np.int64]


def lay_out(entries: Entries, fixed: Mapping[int, str]) -> VocabularyLayout:
    """Give special tokens the ids that they have, and the entries the free ids in their order.

    Args:
        entries: everything else, most important first.
        fixed: id -> string of the special tokens.
    """
    size = max(len(entries) + len(fixed), max(fixed, default=-1) + 1)
    free = np.array([index for index in range(size) if index not in fixed], dtype=np.int64)
    used, unused = free[: len(entries)], free[len(entries) :]
    kinds = np.full(size, RowKind.SPECIAL, dtype=np.int8)
    indices = np.arange(size, dtype=np.int64)
    kinds[used], indices[used] = entries.kinds, entries.indices
    kinds[unused], indices[unused] = RowKind.FILLER, NO_VECTOR
    # With white space in it, no text can hold this string as one token.
    tokens = [f"[filler {index}]" for index in range(size)]
    for index, token in fixed.items():
        tokens[index] = token
    for index, form in zip(used.tolist(), entries.forms, strict=True):
        tokens[index] = form
    return VocabularyLayout(tokens, kinds, indices)
