"""From target vectors to static vectors of the source language, which share thousands of words with the model.

The first hop is WECHSEL's (Minixhofer, Paischer and Rekabsaz, 2022, section 3): an orthogonal map learnt from a
lexicon, of which any pair counts whose source word has a static vector, token of the model or not. The second hop, from
static vectors to embeddings of the model, is any method of the registry, with the shared words as anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.files import read_lexicon
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.mapping.methods.linear import LinearMap, procrustes
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline.map.fit import Fit
from mosecrot_cli.pipeline.mapped import fill
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import Normalize
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.wanted_words import WantedWords

_SIDES = Normalize.both


def pivot_pairs(lexicons: Sequence[Path], anchors: Sequence[Pair]) -> list[Pair]:
    """The pairs of the first hop: those of the lexica, else the anchors.

    Raises:
        DataError: a lexicon is missing or malformed.
    """
    return [pair for path in lexicons for pair in read_lexicon(path)] if lexicons else list(anchors)


def pivot(
    path: Path,
    pairs: Sequence[Pair],
    model: SourceModel,
    target: WordVectors,
    reporter: Reporter,
) -> Fit:
    """Rotate the target vectors into the space of the pivot vectors, and find the anchors of the second hop there.

    Both sides of the rotation are scaled to unit length, centred and scaled again (Artetxe et al. 2018); the rotated
    words get the mean, and the mean distance from it, of the pivot vectors.

    Args:
        path: the pivot vectors. Of them only words of the pairs and of the model are read.
        pairs: source and target words for the rotation.
        model: the source model.
        target: the target vectors.
        reporter: told about the progress.

    Raises:
        DataError: no pair is in both files of vectors, or no word of the model in the pivot vectors; or these are
            damaged.
    """
    tokens = model.words.whole_word_tokens()
    wanted = WantedWords(words=[*tokens, *(pair.source for pair in pairs)])
    known = read_vectors(path, max_vocab=None, reporter=reporter, keep=wanted.wants)
    rotation, statistics = _rotation(pairs, known, target)
    matrix = np.empty((len(target), known.dimension), dtype=np.float32)
    fill(rotation, target.matrix, matrix, "rotating target words", reporter)
    shared = _shared(tokens, known)
    if not len(shared):
        raise DataError(
            "no word of the model is in the pivot vectors",
            where=str(path),
            hint="`pivot_vectors` are of the language of the model",
        )
    return Fit(
        vectors=known.matrix[shared[:, 0]],
        values=model.embeddings[shared[:, 1]],
        rows=None,
        tokens=None,
        matrix=matrix,
        statistics={"anchors": len(shared), "pivot": {**statistics, "dimension": known.dimension}},
        digests={"pivot_vectors": known.digest},
    )


def _rotation(pairs: Sequence[Pair], known: WordVectors, target: WordVectors) -> tuple[LinearMap, dict[str, Any]]:
    found = [(target.find(pair.target), known.find(pair.source)) for pair in pairs]
    rows = [pair for pair in dict.fromkeys(found) if None not in pair]
    missing_source = sum(source is None for _, source in found)
    missing_target = sum(row is None for row, _ in found)
    if not rows:
        raise DataError(
            f"none of {len(pairs):,} pairs is in both files of vectors ({missing_source:,} source words are not in the "
            f"pivot vectors, {missing_target:,} target words not in the target vectors)",
            hint="`pivot_vectors` are of the language of the model, `pivot_lexicons` go from it to that of the target",
        )
    places = np.array(rows, dtype=np.int64)
    rotation = LinearMap(procrustes, _SIDES).fit(target.matrix[places[:, 0]], known.matrix[places[:, 1]])
    fit = rotation.statistics_
    return rotation, {
        "pairs": len(pairs),
        "pairs_used": len(rows),
        "pairs_without_source": missing_source,
        "pairs_without_target": missing_target,
        "rank": fit.rank,
        "relative_residual": fit.relative_residual,
    }


def _shared(tokens: dict[str, int], known: WordVectors) -> NDArray[np.int64]:
    """Row and token id of the words that are in both, `[A, 2]`; each row once, as written before in lower case."""
    ids: dict[int, int] = {}
    for word, token in tokens.items():
        if (row := known.index.get(word)) is not None:
            ids[row] = token
    for word, token in tokens.items():
        if (row := known.find(word)) is not None:
            ids.setdefault(row, token)
    return np.array(sorted(ids.items()), dtype=np.int64).reshape(-1, 2)
