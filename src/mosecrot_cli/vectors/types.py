"""The word-vector type: words, their matrix, and how a word is found."""

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
    """What is known of a file of word vectors before its rows are read.

    Attributes:
        path: the file.
        format: name of its format.
        rows: number of rows in the file, None where only reading all of it would tell.
        dimension: numbers a row.
        size: bytes of the file (compressed, where it is).
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
        source: path of the file that they were read from.
        digest: SHA-256 of that file (as it lies on the disk) where it was computed on the way, else None.
        subwords: the vector [D] of a word outside the vocabulary, made of its character n-grams (fastText `.bin`);
            None where the file has none. A word without any n-gram gets zeros.
        companions: further files that belong to `source` (the words of an `.npy`).
        notes: counts of what was read, dropped and changed: `rows`, `duplicates` (first wins), `empty_words`,
            `renormalised` (written in NFC here, not in the file), and where they apply `blank_lines`, `undecodable`.
        oddities: for those of the counts that depend on how far was read: of each case, how many words stood before.
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
        """Row of each word; built when it is first asked for."""
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
        """Finds the words in other spellings; built when it is first asked for."""
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
        """Vectors [n, D] of the words, found as by `find`, those outside the vocabulary by their subwords.

        Raises:
            KeyError: a word is not in the vocabulary and the file knows no subwords.
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
        """These vectors, and after them those of further words, composed from subwords.

        Words that the vocabulary has as they are written, and those without any n-gram, are left out; so are all where
        the file knows no subwords. The numbers are copied: for a moment both matrices take their memory.

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
