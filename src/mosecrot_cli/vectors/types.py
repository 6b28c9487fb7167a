"""The word-vector type: words, their matrix, and how words are looked up."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.orthography import normalised_lower
from mosecrot_cli.spellings import SpellingIndex


@dataclass(frozen=True, slots=True)
class VectorPreview:
    """What is known about a file of word vectors before its rows are read.

    Attributes:
        path: the file.
        format: name of its format.
        rows: number of rows in the file; None if that is only known after reading all of it.
        dimension: number of columns.
        size: size of the file on the disk in bytes.
        subwords: whether words outside the vocabulary can be composed from n-grams (`WordVectors.subwords`).
    """

    path: str
    format: str
    rows: int | None
    dimension: int
    size: int
    subwords: bool = False


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and one vector each, in the order of their file.

    Attributes:
        words: V distinct words, NFC-normalised.
        matrix: float32 [V, D], C-contiguous; may be a read-only memory map.
        source: path of the file they were read from.
        digest: SHA-256 of that file as it is on the disk; None if it was not computed while reading.
        subwords: computes the vector [D] of a word outside the vocabulary from its character n-grams (fastText
            `.bin`); None if the file has none. A word without any n-gram gets zeros.
        companions: further files that belong to `source` (the words of an `.npy`).
        notes: counts of what was read, dropped and changed: `rows`, `duplicates` (the first wins), `empty_words`,
            `renormalised` (words that the file does not have in NFC) and, where they apply, `blank_lines` and
            `undecodable`.
        oddities: for each count that depends on how much was read, the number of words that precede each case.
    """

    words: Sequence[str]
    matrix: NDArray[np.float32]
    source: str = ""
    digest: str | None = None
    subwords: Callable[[str], NDArray[np.float32]] | None = field(default=None, repr=False)
    companions: tuple[str, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)
    oddities: Mapping[str, NDArray[np.int64]] = field(default_factory=dict, repr=False)
    _index: dict[str, int] | None = field(default=None, repr=False)
    _spellings: SpellingIndex | None = field(default=None, repr=False)

    @property
    def dimension(self) -> int:
        """D, the number of columns."""
        return int(self.matrix.shape[1])

    @property
    def index(self) -> dict[str, int]:
        """Row of each word; built on first use."""
        if self._index is None:
            object.__setattr__(self, "_index", {word: row for row, word in enumerate(self.words)})
        assert self._index is not None
        return self._index

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.find(word) is not None

    @property
    def spellings(self) -> SpellingIndex:
        """Finds the words in other spellings; built on first use."""
        if self._spellings is None:
            object.__setattr__(self, "_spellings", SpellingIndex(self.words))
        assert self._spellings is not None
        return self._spellings

    def find(self, word: str) -> int | None:
        """Row of the word as written (in NFC), else of its lower case, else of its nearest spelling, else None."""
        normal = unicodedata.normalize("NFC", word)
        row = self.index.get(normal)
        row = self.index.get(normalised_lower(normal)) if row is None else row
        return self.spellings.find(word) if row is None else row

    def rows(self, words: Iterable[str]) -> NDArray[np.float32]:
        """Vectors [n, D] of the words, looked up with `find`, or composed from subwords if the vocabulary lacks them.

        Raises:
            KeyError: a word is not in the vocabulary, and the file has no subwords.
        """
        wanted = list(words)
        found = [self.find(word) for word in wanted]
        unknown = [word for word, row in zip(wanted, found, strict=True) if row is None]
        if unknown and self.subwords is None:
            raise KeyError(unknown[0])
        vectors: NDArray[np.float32] = self.matrix[[0 if row is None else row for row in found]]
        if unknown and self.subwords is not None:
            vectors[[row is None for row in found]] = [self.subwords(word) for word in unknown]
        return vectors

    def with_subwords(self, words: Iterable[str]) -> WordVectors:
        """These vectors, followed by those of further words, which are composed from subwords.

        Words that the vocabulary contains as written and words without any n-gram are left out. If the file has no
        subwords, nothing is added. The numbers are copied, so both matrices are in memory for a moment.

        Args:
            words: further words, in the order of their rows.
        """
        if self.subwords is None:
            return self
        new = (word for word in dict.fromkeys(words) if word not in self.index)
        composed = {word: vector for word in new if (vector := self.subwords(word)).any()}
        if not composed:
            return self
        return self.with_rows(list(composed), np.stack(list(composed.values())))

    def with_rows(self, words: Sequence[str], matrix: NDArray[np.float32]) -> WordVectors:
        """These vectors, and after them those of further words, `[n, D]`. The numbers are copied."""
        joined = np.concatenate([self.matrix, matrix])
        return replace(self, words=[*self.words, *words], matrix=joined, _index=None, _spellings=None)


def notes_of(words: int, oddities: Mapping[str, Sequence[int] | NDArray[np.int64]]) -> dict[str, int]:
    """The counts that follow from the number of words and their `WordVectors.oddities`."""
    dropped = sum(len(oddities.get(name, ())) for name in ("duplicates", "empty_words", "unwanted"))
    return {"rows": words + dropped, **{name: len(before) for name, before in oddities.items()}}
