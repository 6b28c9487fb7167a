"""What a map is learnt from, and what it maps: of the target vectors themselves, or of pivot vectors."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.mapping.base import Matrix
from mosecrot_cli.mapping.cross_validation import plausible
from mosecrot_cli.mapping.normalization import Sides
from mosecrot_cli.mapping.self_learning import SeedAnchors, learn_anchors
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline.map.method import ChosenMethod
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import Normalize
from mosecrot_cli.vectors.types import WordVectors

SELF_LEARNING_WORDS = 300_000
"""Only the first so many target words can become anchors: later ones are rare, and the search takes its time."""


@dataclass(frozen=True)
class Fit:
    """Anchors in both spaces, and rows in the first.

    Attributes:
        vectors: of the anchors, `A x Dx`.
        values: source embeddings of the anchors, `A x D`.
        rows: rows of the anchors in `matrix`, `A`; None: they are of other words.
        tokens: ids of the anchors' source words, `A`; -1 for one of several tokens; None as for `rows`.
        matrix: the target words in the space of `vectors`, `V^t x Dx`.
        statistics: of the anchors, for the manifest.
        digests: SHA-256 of inputs that were hashed while they were read.
    """

    vectors: Matrix
    values: Matrix
    rows: NDArray[np.int64] | None
    tokens: NDArray[np.int64] | None
    matrix: Matrix
    statistics: dict[str, Any]
    digests: dict[str, str | None] = field(default_factory=dict)


def plausible_anchors(fit: Fit, method: ChosenMethod, reporter: Reporter) -> Fit:
    """Only the anchors that the others confirm (`max_rank`); the statistics count those left out.

    Raises:
        DataError: none is left.
    """
    settings = method.settings
    with reporter.track("filtering anchors", None):
        vectors, values = (np.asarray(side, dtype=np.float64) for side in (fit.vectors, fit.values))
        sides = Sides(Normalize.both, Normalize.centred).fit(vectors, values)
        vectors, values = sides.vectors.transform(vectors), sides.values.transform(values)
        kept = plausible(vectors, values, settings.max_rank, ridge=method.options.ridge)
    if not kept.any():
        raise DataError(
            f"none of {len(kept):,} anchors is among the nearest {settings.max_rank:.0%} of what the others predict",
            where=settings.anchors,
            hint="raise `max_rank`; 1 keeps all",
        )
    return replace(
        fit,
        vectors=fit.vectors[kept],
        values=fit.values[kept],
        rows=None if fit.rows is None else fit.rows[kept],
        tokens=None if fit.tokens is None else fit.tokens[kept],
        statistics=fit.statistics | {"implausible_anchors": int((~kept).sum())},
    )


def with_self_learning(fit: Fit, method: ChosenMethod, model: SourceModel, reporter: Reporter) -> Fit:
    """The anchors and those that self-learning finds with their help; the statistics describe its rounds.

    Args:
        fit: anchors that are target words.
        method: of `map`, with the number of rounds in its settings.
        model: the source model; its whole words of letters can be translations.
        reporter: hears of progress.
    """
    assert fit.rows is not None and fit.tokens is not None
    whole = model.words.whole_word_tokens().items()
    ids = np.array(sorted(index for word, index in whole if word.isalpha()), dtype=np.int64)
    tokens = model.embeddings[ids]
    usable = fit.rows < SELF_LEARNING_WORDS
    if usable.sum() < 2 or not len(tokens):
        reporter.warn("self-learning is left out: it needs at least two anchors to start from")
        return fit
    with reporter.track("self-learning", method.settings.self_learning) as advance:
        learnt = learn_anchors(
            fit.matrix[:SELF_LEARNING_WORDS],
            tokens,
            SeedAnchors(fit.rows[usable], fit.values[usable]),
            rounds=method.settings.self_learning,
            ridge=method.options.ridge,
            device=method.options.device,
            advance=advance,
        )
    if learnt.best == 0 and (first := learnt.rounds[1]).is_wrong:
        reporter.warn(
            f"self-learning is left out, since nothing shows that its anchors are right: it found a translation for "
            f"{first.judged:,} held-out anchors, and the right one for {first.right:,} of them"
        )
    found = {"best_round": learnt.best, "rounds": [asdict(step) for step in learnt.rounds]}
    return replace(
        fit,
        vectors=np.concatenate([fit.vectors, fit.matrix[learnt.pairs[:, 1]]]),
        values=np.concatenate([fit.values, tokens[learnt.pairs[:, 0]]]),
        rows=np.concatenate([fit.rows, learnt.pairs[:, 1]]),
        tokens=np.concatenate([fit.tokens, ids[learnt.pairs[:, 0]]]),
        statistics=fit.statistics | {"learnt_anchors": len(learnt.pairs), "self_learning": found},
    )


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


def anchor_rows(pairs: list[Pair], model: SourceModel, vectors: WordVectors, *, where: str) -> AnchorRows:
    """Look the anchors up on both sides.

    Args:
        pairs: source and target words.
        model: the source model.
        vectors: the target vectors.
        where: of the pairs, for the message.

    Raises:
        DataError: no pair is in both vocabularies.
    """
    ids = model.words.token_ids([pair.source for pair in pairs])
    rows = [vectors.find(pair.target) for pair in pairs]
    found = [(tokens, row) for tokens, row in zip(ids, rows, strict=True) if tokens and row is not None]
    missing_source = sum(not tokens for tokens in ids)
    missing_target = sum(row is None for row in rows)
    if not found:
        raise DataError(
            f"none of {len(pairs):,} anchors is in both vocabularies ({missing_source:,} source words and "
            f"{missing_target:,} target words are unknown)",
            where=where,
            hint="`mosecrot anchors` selects pairs that are; check `source_model`, `target_vectors` and `max_vocab`",
        )
    values = np.stack([model.embeddings[list(tokens)].mean(axis=0, dtype=np.float64) for tokens, _ in found])
    return AnchorRows(
        values=values.astype(np.float32),
        ids=tuple(tokens for tokens, _ in found),
        rows=np.array([row for _, row in found], dtype=np.int64),
        missing_source=missing_source,
        missing_target=missing_target,
    )
