"""Collecting rows in one growing matrix: words in NFC, the first of duplicates, and no more than wanted."""

from __future__ import annotations

import math
import unicodedata
from array import array
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.vectors.types import WordVectors, notes_of

_GROWTH = 1.25
Keep = Callable[[str], bool]


class WordCollector:
    """Decides which rows of a file are kept, and under which word.

    Attributes:
        index: kept word -> its row.
        limit: maximum number of words to keep, or None.
        keep: whether a word (in NFC) is wanted; None keeps all.
        rows: number of rows seen.
    """

    def __init__(self, limit: int | None, keep: Keep | None = None) -> None:
        self.index: dict[str, int] = {}
        self.limit, self.keep = limit, keep
        self.rows = 0
        odd = ("duplicates", "empty_words", "renormalised", *(() if keep is None else ("unwanted",)))
        self._oddities = {name: array("q") for name in odd}

    @property
    def full(self) -> bool:
        """Whether no more words are wanted."""
        return self.room <= 0

    @property
    def room(self) -> float:
        """How many more words are wanted; infinity without a limit."""
        return math.inf if self.limit is None else self.limit - len(self.index)

    @property
    def rows_ahead(self) -> float:
        """How many more rows can be read before `full` has to be checked again."""
        return self.room if self.keep is None or self.full else math.inf

    def add(self, words: Sequence[str]) -> list[int]:
        """Add the words of the next rows; returns the positions in `words` that are kept."""
        kept: list[int] = []
        index, room, keep, oddities = self.index, self.room, self.keep, self._oddities
        for position, word in enumerate(words):
            if len(kept) >= room:
                break
            self.rows += 1
            if not (word.isascii() or unicodedata.is_normalized("NFC", word)):
                word = unicodedata.normalize("NFC", word)
                oddities["renormalised"].append(len(index))
            if not word:
                oddities["empty_words"].append(len(index))
            elif word in index:
                oddities["duplicates"].append(len(index))
            elif keep is not None and not keep(word):
                oddities["unwanted"].append(len(index))
            else:
                index[word] = len(index)
                kept.append(position)
        return kept

    def note(self, oddity: str, before: Sequence[int]) -> None:
        """Count cases other than rows; `before` has the number of kept words that precede each case."""
        self._oddities.setdefault(oddity, array("q")).extend(before)

    def vectors(
        self,
        matrix: NDArray[np.float32],
        *,
        source: str,
        digest: str | None,
        subwords: Callable[[str], NDArray[np.float32]] | None = None,
        companions: tuple[str, ...] = (),
        **notes: int,
    ) -> WordVectors:
        """The finished vectors; `matrix` [V, D] contains the kept rows.

        Raises:
            DataError: nothing was kept.
        """
        if not self.index:
            if self._oddities.get("unwanted"):
                raise DataError("none of its words is wanted", where=source, hint="are they of another language?")
            raise DataError("the file holds no word vectors", where=source)
        oddities = {name: np.array(before, dtype=np.int64) for name, before in self._oddities.items()}
        return WordVectors(
            words=list(self.index),
            matrix=matrix,
            source=source,
            digest=digest,
            subwords=subwords,
            companions=companions,
            notes=notes_of(len(self.index), oddities) | notes,
            oddities=oddities,
            _index=self.index,
        )


class RowCollector:
    """Collects words and their rows block by block.

    The matrix grows in place, so that only one copy is ever in memory. `expected` is an estimate of the number of rows;
    memory that is reserved but never written takes no space on common systems.

    Attributes:
        words: the words of the rows.
    """

    def __init__(self, dimension: int, *, limit: int | None, expected: int, keep: Keep | None = None) -> None:
        self.words = WordCollector(limit, keep)
        reserved = expected if limit is None else min(limit, expected)
        self._matrix = np.empty((reserved, dimension), dtype=np.float32)

    def add(self, words: Sequence[str], block: NDArray[np.float32]) -> list[int]:
        """Add the next rows: `block` [n, D] belongs to the n `words`. Returns the positions that are kept."""
        start = len(self.words.index)
        kept = self.words.add(words)
        end = start + len(kept)
        if end > len(self._matrix):
            self._resize(max(end, int(len(self._matrix) * _GROWTH)))
        self._matrix[start:end] = block if len(kept) == len(block) else block[kept]
        return kept

    def finish(self, **described: object) -> WordVectors:
        """The vectors; takes the arguments of `WordCollector.vectors`. The collector must not be used afterwards."""
        if len(self._matrix) != len(self.words.index):
            self._resize(len(self.words.index))
        return self.words.vectors(self._matrix, **described)  # type: ignore[arg-type]

    def _resize(self, rows: int) -> None:
        # In place (realloc), because a copy would double the memory. Nothing else refers to the array yet.
        self._matrix.resize((rows, self._matrix.shape[1]), refcheck=False)
