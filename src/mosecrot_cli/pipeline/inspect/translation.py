"""Word translation on a part of the anchors that the map has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.csls import hubness, in_blocks
from mosecrot_cli.mapping.devices import torch_device
from mosecrot_cli.mapping.diagnostics import precision_at, translation_ranks
from mosecrot_cli.pipeline.map.fit import AnchorRows

PLACES = (1, 5, 10)

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class TranslationTest:
    """How well the map finds translations that it was not told.

    Attributes:
        words: held-out target words.
        fitted_on: anchors that the map was fitted on.
        candidates: source tokens among which a translation is looked for.
        left_out: target words that cannot be tested: no translation is one whole-word token.
        precision: `cosine` and `csls` -> k -> share of the words with a right token among the first k.
    """

    words: int
    fitted_on: int
    candidates: int
    left_out: int
    precision: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True)
class Split:
    """Anchors for fitting, and words for testing.

    Attributes:
        fit: which anchors the map is fitted on, `[A]` booleans.
        tested: rows of the held-out target words in the vectors.
        right: for each of these, its translations as rows of the candidates.
        left_out: see `TranslationTest`.
    """

    fit: NDArray[np.bool_]
    tested: NDArray[np.int64]
    right: list[NDArray[np.int64]]
    left_out: int


def split_anchors(anchors: AnchorRows, candidates: NDArray[np.int64], *, share: float, seed: int) -> Split:
    """Hold out a share of the target words, each with all of its translations.

    Args:
        anchors: the anchors.
        candidates: ids of the source tokens that translations are looked for among, ascending.
        share: of the target words, above 0 and below 1; at least one word on each side.
        seed: of the choice.

    Raises:
        ValueError: there are fewer than two target words.
    """
    place = {int(token): row for row, token in enumerate(candidates)}
    translations: dict[int, list[int]] = {}
    for row, ids in zip(anchors.rows.tolist(), anchors.ids, strict=True):
        found = translations.setdefault(row, [])
        found += [place[token] for token in ids if len(ids) == 1 and token in place]
    words = np.array(list(translations), dtype=np.int64)
    if len(words) < 2:
        raise ValueError("one target word is too few to hold some out")
    count = min(max(1, round(share * len(words))), len(words) - 1)
    held = np.sort(np.random.default_rng(seed).permutation(len(words))[:count])
    right = [np.array(translations[int(row)], dtype=np.int64) for row in words[held]]
    usable = np.array([len(rows) > 0 for rows in right])
    return Split(
        fit=~np.isin(anchors.rows, words[held]),
        tested=words[held][usable],
        right=[rows for rows in right if len(rows)],
        left_out=int((~usable).sum()),
    )


def translation_test(
    build: Callable[..., EmbeddingMap],
    anchors: AnchorRows,
    split: Split,
    *,
    vectors: Matrix,
    sample: NDArray[np.int64],
    candidates: Matrix,
    device: str,
    keeps_source: bool,
) -> TranslationTest:
    """Fit the map on a part of the anchors and look where the mapped words of the rest find their translations.

    Args:
        build: makes a map that is not fitted yet, given the `queries` that it will map.
        anchors: the anchors.
        split: which of them are held out.
        vectors: the target vectors.
        sample: rows of the vectors that stand for all target words in CSLS.
        candidates: the model's own embeddings of the source tokens, `[n, D]`.
        device: of the searches.
        keeps_source: search among these; else among their images, as in the paper's F^s.
    """
    values = anchors.values[split.fit]
    target_map = build(queries=in_blocks(vectors)).fit(vectors[anchors.rows[split.fit]], values)
    queries = target_map.transform(vectors[split.tested])
    others = target_map.transform(vectors[sample])
    base = candidates
    if not keeps_source:
        base = build(queries=in_blocks(candidates)).fit(values, values).transform(candidates)
    hubs = hubness(base, in_blocks(others), device=torch_device(device))
    ranks = translation_ranks(queries, base, split.right, hubness=hubs)
    precision = {name: {k: precision_at(found, k) for k in PLACES} for name, found in ranks._asdict().items()}
    return TranslationTest(len(split.tested), int(split.fit.sum()), len(base), split.left_out, precision)
