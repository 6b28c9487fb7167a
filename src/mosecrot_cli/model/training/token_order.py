"""Order of the tokens in augmentation: each moves by a few places, since another language has another word order.

This is one of the two kinds of noise of Lample et al. (2018, Unsupervised Machine Translation Using Monolingual Corpora
Only, section 2.3); the other, leaving words out, added nothing to it (docs/transfer.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np


def moved(movable: Sequence[bool], places: int, generator: np.random.Generator) -> list[int]:
    """The positions of a text in the order in which they are read.

    Args:
        movable: whether each position holds a token that may move. The others stay where they are.
        places: how many places a token moves at most, counted among those that may.
        generator: decides.
    """
    inner = np.flatnonzero(movable)
    # Each goes to its place plus a number below `places` + 1, so none passes another that is farther away than that.
    order = iter(inner[np.argsort(np.arange(len(inner)) + generator.random(len(inner)) * (places + 1))].tolist())
    return [next(order) if may else place for place, may in enumerate(movable)]


class ReorderedTexts(Sequence[dict[str, Any]]):
    """Encoded texts whose tokens are in another order in each epoch.

    The seed, the epoch and the number of the text decide the order, so a resumed run and each of several processes read
    the same texts as one uninterrupted process.

    Args:
        rows: one encoded text each: lists with an entry for each token, of which `input_ids` is one, and other values.
        places: how many places a token moves at most.
        fixed: ids of the tokens that stay where they are: the special ones.
        seed: of the training.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], places: int, fixed: Collection[int], seed: int) -> None:
        self.rows, self.places, self.fixed, self.seed = rows, places, frozenset(fixed), seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Read in the order of an epoch, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        """The text of a number, reordered; its values that are no lists stay as they are."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        row = self.rows[index]
        generator = np.random.default_rng([self.seed, self.epoch, index % len(self)])
        order = moved([token not in self.fixed for token in row["input_ids"]], self.places, generator)
        return {
            name: [value[place] for place in order] if isinstance(value, list) else value for name, value in row.items()
        }
