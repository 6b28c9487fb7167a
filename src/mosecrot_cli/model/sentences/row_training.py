"""Training of embedding rows: a frozen model is to give a sentence the vector that it gives the translation.

Reimers and Gurevych 2020, Making monolingual sentence embeddings multilingual (the squared error); the contrastive term
is the in-batch cross-entropy of Henderson et al. 2017. Only the embedding table learns: its rows and its linear map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from mosecrot_cli.model.batching import Features, SimilarLengthBatches
from mosecrot_cli.model.sentences.encoder import EmbeddingTable, SentenceEncoder
from mosecrot_cli.progress import Reporter, SilentReporter

_LINEAR_RATE = 0.3
"""Learning rate of the linear map, as a share of that of the rows."""


@dataclass(frozen=True)
class RowTrainingSettings:
    """How rows are trained; see `AlignSettings`.

    Attributes:
        epochs: passes over the pairs.
        learning_rate: of Adam at the start; it falls linearly to 0.
        batch_size: pairs in a step.
        temperature: divides the cosines of the contrastive term.
        seed: of the order of the pairs.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    temperature: float
    seed: int


@dataclass(frozen=True)
class SentencePairs:
    """Sentences as the model reads them, and the vectors that they should have.

    Attributes:
        features: the target sentences, `n`.
        wanted: vectors of their translations `[n, H]`.
        same: numbers of the source and of the target sentence of each pair, `[2, n]`: equal for equal sentences.
        trained: which pairs are learnt from.
        held_out: which pairs judge; none of their sentences is in a pair of `trained`.
    """

    features: Sequence[Features]
    wanted: torch.Tensor
    same: NDArray[np.int64]
    trained: NDArray[np.int64]
    held_out: NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """How far held-out sentences have the vectors of their translations.

    Attributes:
        precision: share of them whose nearest translation, by cosine, is their own (P@1 of retrieval).
        cosine: mean cosine with the vector of the translation.
        squared_error: see `squared_error`.
        contrastive: see `contrastive`; all held-out pairs are one batch.
    """

    precision: float
    cosine: float
    squared_error: float
    contrastive: float

    @property
    def loss(self) -> float:
        """What the training minimises."""
        return self.squared_error + self.contrastive


@dataclass(frozen=True)
class TrainedRows:
    """What the training came to.

    Attributes:
        rows: `weight` of the table after the best epoch, float32 `[R, D]`.
        linear: `linear` of the table after the best epoch, float32 `[D, D]`.
        best: the epoch with the lowest held-out loss, from 1; 0: the table as it was.
        history: agreement of the held-out pairs before the training and after each epoch.
    """

    rows: NDArray[np.float32]
    linear: NDArray[np.float32]
    best: int
    history: tuple[Agreement, ...]


def squared_error(found: torch.Tensor, wanted: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    """The mean over all numbers of the squared difference of vectors `[n, H]`, in units of the variance of `wanted`."""
    return (found - wanted).pow(2).mean() / variance


def contrastive(found: torch.Tensor, wanted: torch.Tensor, same: NDArray[np.int64], temperature: float) -> torch.Tensor:
    """Cross-entropy of telling each sentence's translation from the others of the batch, and the other way round.

    Args:
        found: vectors of target sentences `[n, H]`.
        wanted: vectors of their translations `[n, H]`.
        same: numbers of the sentences of both sides `[2, n]`. Of two pairs that share a sentence, neither is a wrong
            answer for the other.
        temperature: divides the cosines.
    """
    cosines = normalize(found, dim=1) @ normalize(wanted, dim=1).T / temperature
    shared = (same[:, :, None] == same[:, None, :]).any(axis=0) & ~np.eye(len(found), dtype=bool)
    cosines = cosines.masked_fill(torch.from_numpy(shared).to(cosines.device), -torch.inf)
    right = torch.arange(len(found), device=cosines.device)
    return (cross_entropy(cosines, right) + cross_entropy(cosines.T, right)) / 2


def train_rows(
    encoder: SentenceEncoder,
    table: EmbeddingTable,
    free: NDArray[np.bool_],
    pairs: SentencePairs,
    settings: RowTrainingSettings,
    reporter: Reporter,
) -> TrainedRows:
    """Train rows of the table and its linear map, and keep those of the epoch that suits the held-out pairs best.

    Args:
        encoder: the frozen model, which reads by `table`.
        table: of the token ids of all sentences; changed in place.
        free: which of its rows may move, `[R]`.
        pairs: at least one to train on and one held out.
        settings: see there.
        reporter: hears of progress.
    """
    variance = (pairs.wanted - pairs.wanted.mean(dim=0)).pow(2).mean().clamp(min=torch.finfo(torch.float32).tiny)
    fixed = torch.from_numpy(~free).to(table.weight.device)
    lengths = [len(pairs.features[row]["input_ids"]) for row in pairs.trained]
    batches = SimilarLengthBatches(lengths, settings.batch_size, settings.seed)
    groups: list[dict[str, Any]] = [
        {"params": [table.weight]},
        {"params": [table.linear], "lr": settings.learning_rate * _LINEAR_RATE},
    ]
    optimizer = torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)
    steps = settings.epochs * len(batches)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    history, best = [_agreement(encoder, pairs, variance, settings.temperature)], 0
    kept = _state(table)
    with reporter.track("aligning sentences", steps) as advance:
        for epoch in range(1, settings.epochs + 1):
            batches.set_epoch(epoch - 1)
            for batch in batches:
                chosen = pairs.trained[batch]
                found, wanted = encoder.batch([pairs.features[row] for row in chosen]), pairs.wanted[chosen]
                loss = squared_error(found, wanted, variance)
                loss = loss + contrastive(found, wanted, pairs.same[:, chosen], settings.temperature)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                assert table.weight.grad is not None
                # Adam leaves a row in its place whose gradient has always been 0.
                table.weight.grad[fixed] = 0
                optimizer.step()
                scheduler.step()
                advance(1)
            history.append(_agreement(encoder, pairs, variance, settings.temperature))
            reporter.info(f"epoch {epoch}: {described(history[-1])}")
            # A loss that is not a number is never the best.
            if history[-1].loss < history[best].loss:
                best, kept = epoch, _state(table)
    return TrainedRows(*kept, best, tuple(history))


def _state(table: EmbeddingTable) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A copy of the rows and of the linear map."""
    rows, linear = (each.detach().cpu().numpy().copy() for each in (table.weight, table.linear))
    return rows, linear


def described(agreement: Agreement) -> str:
    """The figures of an agreement in words."""
    return (
        f"P@1 {agreement.precision:.3f}, mean cosine {agreement.cosine:.3f}, squared error "
        f"{agreement.squared_error:.3f}, contrastive {agreement.contrastive:.3f}"
    )


def _agreement(encoder: SentenceEncoder, pairs: SentencePairs, variance: torch.Tensor, temperature: float) -> Agreement:
    """How far the held-out sentences have the vectors of their translations, as the table is now."""
    features = [pairs.features[row] for row in pairs.held_out]
    found, wanted = encoder.vectors(features, SilentReporter(), ""), pairs.wanted[pairs.held_out]
    cosines = normalize(found, dim=1) @ normalize(wanted, dim=1).T
    right = torch.arange(len(found), device=cosines.device)
    return Agreement(
        precision=float((cosines.argmax(dim=1) == right).float().mean()),
        cosine=float(cosines.diagonal().mean()),
        squared_error=float(squared_error(found, wanted, variance)),
        contrastive=float(contrastive(found, wanted, pairs.same[:, pairs.held_out], temperature)),
    )
