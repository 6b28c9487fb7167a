"""Further anchors that are spelt alike in both languages (`anchors --cognates`); no other vectors are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.lexicon.cognates import Candidates, can_be_cognate, find_candidates, is_source_word
from mosecrot_cli.lexicon.scripts import resolve_script
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, select_anchors
from mosecrot_cli.lexicon.types import COGNATE, Pair
from mosecrot_cli.mapping.confirmation import Confirmation, confirm
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.types import WordVectors

_FEWEST = 2
"""Anchors without which there is no direction to compare."""


@dataclass(frozen=True)
class CognateSelection:
    """What was found.

    Attributes:
        selection: the anchors from before, and after them the cognates.
        statistics: for the manifest.
    """

    selection: Selection
    statistics: dict[str, Any]


def with_cognates(
    selection: Selection,
    *,
    model: SourceModel,
    target: WordVectors,
    options: SelectionOptions,
    reporter: Reporter,
) -> CognateSelection:
    """Add words that are spelt alike and that the vectors confirm, for target words that have no anchor yet.

    Each source and each target word gets one partner at most, the likeliest by spelling and vectors together.

    Args:
        selection: the anchors to start from, whose vectors confirm the others.
        model: the source model.
        target: the target vectors.
        options: of the selection, for the cognates too, but for `min_score`, which is about lexica.
        reporter: hears of progress.

    Raises:
        DataError: the source model is damaged.
    """
    tokens = {word: token for word, token in model.words.whole_word_tokens().items() if is_source_word(word)}
    sources, ids = list(tokens), np.array(list(tokens.values()), dtype=np.int64)
    rows = _target_rows(selection, target)
    words = [target.words[row] for row in rows]
    with reporter.track("words spelt alike", len(words)) as advance:
        found = find_candidates(sources, words, advance)
    why_not = "no word of the vectors is spelt like a word of the model" if not len(found.sources) else None
    if len(selection.anchors) < _FEWEST:
        why_not = "one anchor cannot confirm words that are spelt alike"
    if why_not:
        reporter.warn(f"`cognates` adds no anchors: {why_not}")
        return CognateSelection(selection, {"cognates": {"candidates": len(found.sources), "confirmed": 0}})
    heard = confirm(
        target.matrix[[target.index[anchor.target] for anchor in selection.anchors]],
        np.stack([model.embeddings[list(anchor.source_ids)].mean(axis=0) for anchor in selection.anchors]),
        target.matrix[rows[found.targets]],
        model.embeddings[ids[found.sources]],
        seed=options.seed,
    )
    pairs = [
        Pair(sources[source], words[row], round(float(cosine), 4), COGNATE)
        for source, row, cosine in _one_each(found, heard)
    ]
    more = select_anchors(
        selection.pairs + pairs,
        source=model.words,
        target=target,
        options=selection.further(options),
        reporter=reporter,
    )
    counts = {"candidates": len(found.sources), "confirmed": len(pairs), "least_cosine": heard.least}
    return CognateSelection(selection.extended(more), {"cognates": counts})


def _target_rows(selection: Selection, target: WordVectors) -> NDArray[np.int64]:
    """Rows of the target words that may be cognates: in the script, without an anchor, one of each letter case."""
    script = resolve_script(selection.script, target.words) if selection.script else None
    taken, rows = {anchor.target.lower() for anchor in selection.anchors}, dict[str, int]()
    for row, word in enumerate(target.words):
        if can_be_cognate(word) and (script is None or script.accepts(word)) and word.lower() not in taken:
            rows.setdefault(word.lower(), row)
    return np.array(list(rows.values()), dtype=np.int64)


def _one_each(found: Candidates, heard: Confirmation) -> Iterator[tuple[int, int, float]]:
    """Places of source and target word and cosine of the confirmed pairs, the likeliest first, each word once."""
    likely = np.argsort(-(found.similarities + heard.cosines), kind="stable")
    sources, targets = set[int](), set[int]()
    for place in likely[heard.cosines[likely] >= heard.least]:
        source, row = int(found.sources[place]), int(found.targets[place])
        if source not in sources and row not in targets:
            sources.add(source)
            targets.add(row)
            yield source, row, float(heard.cosines[place])
