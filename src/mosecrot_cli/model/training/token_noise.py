"""Noise of augmentation: tokens that are left out, and tokens that change their places, in training.

Another language has no word for some of the words of a sentence, and has the others in another order. The noise is that
of Lample et al. (2018, Unsupervised Machine Translation Using Monolingual Corpora Only, section 2.3).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mosecrot_cli.errors import UsageError


@dataclass(frozen=True)
class TokenNoise:
    """How much noise there is.

    Attributes:
        drop: probability that a token is left out.
        move: the largest number of places by which a token moves, where none is left out.

    Raises:
        UsageError: the probability is not at least 0 and below 1, or the number of places is negative.
    """

    drop: float = 0.0
    move: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.drop < 1:
            raise UsageError(f"{self.drop} is not at least 0 and below 1", where="`drop_tokens`")
        if self.move < 0:
            raise UsageError(f"{self.move} is less than 0", where="`move_tokens`")

    def __bool__(self) -> bool:
        """Whether there is any noise."""
        return self.drop > 0 or self.move > 0

    def positions(self, movable: Sequence[bool], generator: np.random.Generator) -> list[int]:
        """Which positions of a text are read, in their new order.

        Args:
            movable: whether each position holds a token that may move or be left out. The others stay, in their order.
            generator: decides. At least one of the movable tokens is read.
        """
        inner = np.flatnonzero(movable)
        # Each token goes to its place plus a number below `move` + 1, so none passes one `move` + 1 places behind it.
        order = np.argsort(np.arange(len(inner)) + generator.random(len(inner)) * (self.move + 1), kind="stable")
        read = generator.random(len(inner)) >= self.drop
        if len(inner) and not read.any():
            read[generator.integers(len(inner))] = True
        kept = iter(zip(inner[order].tolist(), read.tolist(), strict=True))
        moved = (next(kept) if may else (place, True) for place, may in enumerate(movable))
        return [place for place, is_read in moved if is_read]


class NoisyTexts(Sequence[dict[str, Any]]):
    """Encoded texts that are read with other noise in each epoch.

    The seed, the epoch and the number of the text decide the noise, so a resumed run and each of several processes read
    the same texts as one uninterrupted process.

    Args:
        rows: one encoded text each: lists with an entry for each token, of which `input_ids` is one, and other values.
        noise: how much.
        fixed: ids of tokens that neither move nor are left out: the special ones.
        seed: of the training.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], noise: TokenNoise, fixed: Collection[int], seed: int) -> None:
        self.rows, self.noise, self.fixed, self.seed = rows, noise, frozenset(fixed), seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Read with the noise of an epoch, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        """The text of a number, with its noise; its values that are no lists stay as they are."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        row = self.rows[index]
        generator = np.random.default_rng([self.seed, self.epoch, index % len(self)])
        places = self.noise.positions([token not in self.fixed for token in row["input_ids"]], generator)
        return {
            name: [value[place] for place in places] if isinstance(value, list) else value
            for name, value in row.items()
        }
