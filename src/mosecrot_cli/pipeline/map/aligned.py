"""The method `aligned`: a target word is the weighted mean of the source words that it is aligned to.

As trans-tokenization does it (Remy et al. 2024, arXiv 2408.04303). Words without an alignment are mapped as by the
method `relative`, with the aligned words as its anchors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline.map.fit import Fit
from mosecrot_cli.pipeline.map.target_words import TargetWords
from mosecrot_cli.vectors.types import WordVectors

_MAIN_SHARE = 0.5


def with_aligned_words(targets: TargetWords, pairs: Sequence[Pair], limit: int | None) -> TargetWords:
    """The target words, and after them those of the pairs that they lack, with zeros: these need no vector.

    Args:
        targets: words of the vectors.
        pairs: aligned words.
        limit: number of target words; None: no limit.
    """
    vectors = targets.vectors
    lacking = list(dict.fromkeys(pair.target for pair in pairs if vectors.find(pair.target) is None))
    room = len(lacking) if limit is None else max(0, limit - len(vectors))
    words = lacking[:room]
    zeros = np.zeros((len(words), vectors.dimension), dtype=np.float32)
    return replace(targets, vectors=vectors.with_rows(words, zeros)) if words else targets


def aligned_fit(pairs: Sequence[Pair], model: SourceModel, vectors: WordVectors, *, where: str) -> Fit:
    """The aligned words as anchors: each with the mean of its source words' embeddings, weighted by their scores.

    A source word of several tokens counts with the mean of these. The token of a row is that of the source word with at
    least half of the weight, if it is one token.

    Args:
        pairs: words that translate each other; of a pair without a score the weight is 1.
        model: the source model.
        vectors: the target words.
        where: of the pairs, for messages.

    Raises:
        DataError: no pair is in both vocabularies, or a score is not above 0.
    """
    ids = model.words.token_ids([pair.source for pair in pairs])
    weights: dict[int, dict[tuple[int, ...], float]] = defaultdict(lambda: defaultdict(float))
    missing_source = missing_target = 0
    for pair, tokens in zip(pairs, ids, strict=True):
        row, weight = vectors.find(pair.target), 1.0 if pair.score is None else pair.score
        if weight <= 0:
            at = f"{where}:{pair.line}" if pair.line else where
            raise DataError(f"the score {weight:g} is not above 0, so it is no weight", where=at)
        missing_source += not tokens
        missing_target += row is None
        if tokens and row is not None:
            weights[row][tokens] += weight
    if not weights:
        raise DataError(
            f"none of {len(pairs):,} aligned pairs is in both vocabularies",
            where=where,
            hint="check `source_model`, `target_vectors` and `max_vocab`",
        )
    order = sorted(weights)
    rows = np.array(order, dtype=np.int64)
    values = np.empty((len(rows), model.embeddings.shape[1]), dtype=np.float32)
    main = np.full(len(rows), -1, dtype=np.int64)
    for place, index in enumerate(order):
        found = weights[index]
        shares = np.array(list(found.values())) / sum(found.values())
        means = np.stack([model.embeddings[list(tokens)].mean(axis=0, dtype=np.float64) for tokens in found])
        values[place] = shares @ means
        heaviest = list(found)[int(shares.argmax())]
        if len(heaviest) == 1 and shares.max() >= _MAIN_SHARE:
            main[place] = heaviest[0]
    statistics = {
        "anchors": len(rows),
        "aligned_pairs": len(pairs),
        "anchors_without_source": missing_source,
        "anchors_without_target": missing_target,
    }
    return Fit(vectors.matrix[rows], values, rows, main, vectors.matrix, statistics)
