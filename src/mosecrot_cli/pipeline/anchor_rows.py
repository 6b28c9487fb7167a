"""Anchors looked up in the model and in the vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.mapping.base import Matrix
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.vectors.types import WordVectors


@dataclass(frozen=True)
class AnchorRows:
    """Anchors as rows of the matrices.

    Attributes:
        values: source embeddings of the anchors, `A x D`; of several tokens their mean.
        ids: token ids of their source words, `A`.
        rows: rows of their target words in the vectors, `A`.
        missing_source: pairs left out because the source word is not in the model's vocabulary.
        missing_target: pairs left out because the target word is not in the vectors.
    """

    values: Matrix
    ids: tuple[tuple[int, ...], ...]
    rows: NDArray[np.int64]
    missing_source: int
    missing_target: int


def anchor_rows(pairs: list[Pair], source: SourceWords, own: Matrix, vectors: WordVectors, *, where: str) -> AnchorRows:
    """Look the anchors up on both sides.

    Args:
        pairs: source and target words.
        source: the model's words.
        own: the model's input embeddings, `V^s x D`.
        vectors: the target vectors.
        where: of the pairs, for the message.

    Raises:
        DataError: no pair is in both vocabularies.
    """
    ids = source.token_ids([pair.source for pair in pairs])
    rows = [vectors.find(pair.target) for pair in pairs]
    found = [(tokens, row) for tokens, row in zip(ids, rows, strict=True) if tokens and row is not None]
    missing_source = sum(not tokens for tokens in ids)
    missing_target = sum(row is None for row in rows)
    if not found:
        raise DataError(
            f"none of {len(pairs):,} anchors is in both vocabularies ({missing_source:,} source words and "
            f"{missing_target:,} target words are unknown)",
            where=where,
            hint="`mosecrot anchors` selects pairs that are; check --source-model, --target-vectors and --max-vocab",
        )
    values = np.stack([own[list(tokens)].mean(axis=0, dtype=np.float64) for tokens, _ in found])
    return AnchorRows(
        values=values.astype(np.float32),
        ids=tuple(tokens for tokens, _ in found),
        rows=np.array([row for _, row in found], dtype=np.int64),
        missing_source=missing_source,
        missing_target=missing_target,
    )
