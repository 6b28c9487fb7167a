"""Augmentation in the space of the input embeddings: in training, a token's vector at times gives way to another.

A stitched model reads mapped words, which are not quite where the model's own words are. So a model that is to be
stitched learns from a mix of both: code-switching (Qin et al. 2020, CoSDA-ML; Krishnan et al. 2021), without texts of
the other language.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.training.work_folder import digest_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Augmentation:
    """Vectors that may stand in for tokens' own.

    Attributes:
        tokens: the id of the token that each vector may stand in for, `n`; a token may have several, or none.
        vectors: float32, `n x D`, of the width of the model's input embeddings.
        rate: probability, for each occurrence of a token with vectors, that one of them is read instead of its own.
        places: how many places a token moves at most (`token_order`).

    Raises:
        UsageError: the rate is no probability above 0, or the number of places is negative.
    """

    tokens: NDArray[np.int64]
    vectors: NDArray[np.float32]
    rate: float
    places: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise UsageError(f"{self.rate} is not a probability above 0", where="`augment_rate`")
        if self.places < 0:
            raise UsageError(f"{self.places} is less than 0", where="`move_tokens`")

    @property
    def digest(self) -> str:
        """SHA-256 of the vectors, whose they are, the rate and the places."""
        told = torch.tensor([self.rate, self.places], dtype=torch.float64)
        return digest_tensors([torch.from_numpy(self.tokens), torch.from_numpy(self.vectors), told])

    def save(self, path: Path) -> None:
        """Write it as an `.npz` file."""
        np.savez(path, tokens=self.tokens, vectors=self.vectors, rate=self.rate, places=self.places)

    @classmethod
    def load(cls, path: Path) -> Augmentation:
        """Read what `save` has written."""
        with np.load(path, allow_pickle=False) as content:
            return cls(content["tokens"], content["vectors"], float(content["rate"]), int(content["places"]))


@contextmanager
def augmented(model: PreTrainedModel, augmentation: Augmentation | None) -> Iterator[None]:
    """While the context lasts, the model reads with `augmentation` when it trains, and never when it evaluates.

    It sits behind the embedding layer: token ids (from which some models count positions), weights and checkpoints are
    what they would be without it. torch's generator decides, whose state is part of the Trainer's checkpoints; so the
    same seed gives the same training, and a resumed run goes on like an uninterrupted one.

    Raises:
        DataError: vectors of another width, or for tokens that the model does not have.
    """
    if augmentation is None:
        yield
        return
    embedding = model.get_input_embeddings()
    handle = embedding.register_forward_hook(_Substitution(augmentation, embedding))
    try:
        yield
    finally:
        handle.remove()


class _Substitution:
    """A hook that puts substitutes into the output of an embedding layer in training."""

    def __init__(self, augmentation: Augmentation, embedding: Any) -> None:
        rows, width = embedding.weight.shape
        if augmentation.vectors.shape != (len(augmentation.tokens), width):
            raise DataError(f"vectors of shape {augmentation.vectors.shape} for embeddings of {width} dimensions")
        if len(augmentation.tokens) and not 0 <= augmentation.tokens.min() <= augmentation.tokens.max() < rows:
            raise DataError(f"substitutes for tokens that a model of {rows:,} does not have")
        order = np.argsort(augmentation.tokens, kind="stable")
        counts = np.bincount(augmentation.tokens, minlength=rows)
        self.rate = augmentation.rate
        self.vectors = torch.from_numpy(augmentation.vectors[order])
        self.counts = torch.from_numpy(counts)
        self.first = torch.from_numpy(np.cumsum(counts) - counts)

    def __call__(self, module: torch.nn.Module, arguments: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        if not module.training:
            return output
        ids: torch.Tensor = arguments[0]
        self._move(output.device)
        counts = self.counts[ids]
        taken = (torch.rand(ids.shape, device=ids.device) < self.rate) & (counts > 0)
        which = (torch.rand(ids.shape, device=ids.device) * counts).long().minimum(counts - 1)
        rows = torch.where(taken, self.first[ids] + which, 0)
        return torch.where(taken[..., None], self.vectors[rows].to(output.dtype), output)

    def _move(self, device: torch.device) -> None:
        if self.vectors.device != device:
            self.vectors, self.counts, self.first = (
                tensor.to(device) for tensor in (self.vectors, self.counts, self.first)
            )
