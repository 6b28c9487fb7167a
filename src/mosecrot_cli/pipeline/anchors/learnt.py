"""Further anchors, learnt with the help of static vectors of the source language (`anchors --source-vectors`).

The embeddings of a model are no good place to look for translations: they are not alike, word by word, to static
vectors. Static vectors of the source language are. So a dictionary is induced between these and the target vectors
(`mapping.induction`), and those of its pairs whose source word the model knows are anchors like those of a lexicon.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, select_anchors
from mosecrot_cli.lexicon.types import LEARNT, Anchor, Pair, SourceVocabulary
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorsSettings, ComputeSettings
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.wanted_words import WantedWords

if TYPE_CHECKING:
    from mosecrot_cli.mapping.induction import Dictionary

PIVOT_WORDS = 20_000
"""Only the first so many pivot words get translations, as in Artetxe et al. (2018, section 3.3)."""

TARGET_WORDS = 300_000
"""Only the first so many target words can be translations: later ones are rare, and the search takes its time."""

LEAST_AGREEMENT = 0.03
"""With a smaller share of known pairs, nearly all of a dictionary is wrong. A larger share promises nothing
(docs/transfer.md)."""

COMPARED = 100
"""So many pairs of a dictionary are needed to tell that share."""


@dataclass(frozen=True)
class PivotSelection:
    """What was learnt.

    Attributes:
        selection: the anchors from before, and after them the learnt ones.
        statistics: for the manifest.
        digest: SHA-256 of the pivot vectors, if they were hashed while they were read.
    """

    selection: Selection
    statistics: dict[str, Any]
    digest: str | None


def with_pivot_anchors(
    selection: Selection,
    path: Path,
    *,
    source: SourceVocabulary,
    target: WordVectors,
    options: SelectionOptions,
    settings: AnchorsSettings,
    reporter: Reporter,
) -> PivotSelection:
    """Add the pairs that the pivot vectors tell, for target words that have no anchor yet.

    Args:
        selection: the anchors to start from.
        path: the pivot vectors, the most frequent words first. Of them only words of the anchors are read, and the
            first `PIVOT_WORDS`.
        source: the words of the model.
        target: the target vectors.
        options: of the selection, for the learnt pairs too, but for `min_score`, which is about lexica.
        settings: of `anchors`.
        reporter: told about the progress.

    Raises:
        DataError: no anchor is in both files of vectors, or the pivot vectors are damaged.
        UsageError: no such device.
    """
    pivot = _read_pivot(path, selection.anchors, reporter)
    seeds = _seeds(selection.anchors, pivot, target, path)
    dictionary = _learn(pivot, target, seeds, settings, reporter)
    compared, known = _agreement(dictionary, seeds, target)
    if contradicts_lexicon(compared, known):
        reporter.warn(
            f"the learnt anchors are mostly wrong: of {compared:,} learnt pairs whose source word has an anchor, only "
            f"{known:,} agree with it. Leave out `source_vectors`, or train the vectors on more text"
        )
    pairs = selection.pairs + _pairs(dictionary, pivot, target)
    options = selection.further(options)
    return PivotSelection(
        selection.extended(select_anchors(pairs, source=source, target=target, options=options, reporter=reporter)),
        {
            "pivot": {
                "seeds": len(seeds),
                "rounds": [asdict(step) for step in dictionary.rounds],
                "compared": compared,
                "known": known,
            }
        },
        pivot.digest,
    )


def _read_pivot(path: Path, anchors: Sequence[Anchor], reporter: Reporter) -> WordVectors:
    """The first `PIVOT_WORDS` of the pivot vectors, and those of the anchors."""
    kept, wanted = itertools.count(1), WantedWords(words=[anchor.source for anchor in anchors])
    return read_vectors(
        path, max_vocab=None, reporter=reporter, keep=lambda word: next(kept) <= PIVOT_WORDS or wanted.wants(word)
    )


def _learn(
    pivot: WordVectors, target: WordVectors, seeds: NDArray[np.int64], settings: AnchorsSettings, reporter: Reporter
) -> Dictionary:
    """The pairs of the most frequent words of both vectors that follow from the seeds, rows `[n, 2]`."""
    # torch is needed here only: plain anchors are not to wait for it.
    from mosecrot_cli.mapping.induction import induce_dictionary

    with reporter.track("learning anchors", settings.pivot_rounds) as advance:
        return induce_dictionary(
            pivot.matrix[:PIVOT_WORDS],
            target.matrix[:TARGET_WORDS],
            pivot.matrix[seeds[:, 0]],
            target.matrix[seeds[:, 1]],
            rounds=settings.pivot_rounds,
            device=resolve_device(ComputeSettings(device=settings.device)).name,
            advance=advance,
        )


def _seeds(anchors: Sequence[Anchor], pivot: WordVectors, target: WordVectors, path: Path) -> NDArray[np.int64]:
    """Rows of pivot and target vectors of the anchors that are in both, int64 `[n, 2]`."""
    found = [(pivot.find(anchor.source), target.find(anchor.target)) for anchor in anchors]
    seeds = [rows for rows in found if None not in rows]
    if not seeds:
        raise DataError(
            f"none of the source words of {len(anchors):,} anchors is in the pivot vectors",
            where=str(path),
            hint="`source_vectors` must be of the language of the model",
        )
    return np.array(seeds, dtype=np.int64)


def contradicts_lexicon(compared: int, known: int) -> bool:
    """Whether so few of the compared pairs are known that nearly all of the dictionary must be wrong."""
    return compared >= COMPARED and known < LEAST_AGREEMENT * compared


def _agreement(dictionary: Dictionary, seeds: NDArray[np.int64], target: WordVectors) -> tuple[int, int]:
    """How many pairs of the dictionary have a source word of the seeds, and how many of these are seeds.

    The seeds give the first rotation only, so the dictionary is free to differ from them. Target words with the same
    vector are the same word here: the dictionary holds one of them.
    """
    translations: defaultdict[int, set[bytes]] = defaultdict(set)
    for source, row in seeds:
        translations[int(source)].add(target.matrix[row].tobytes())
    compared = [(translations[int(source)], row) for source, row in dictionary.pairs if int(source) in translations]
    return len(compared), sum(target.matrix[row].tobytes() in known for known, row in compared)


def _pairs(dictionary: Dictionary, pivot: WordVectors, target: WordVectors) -> list[Pair]:
    """The dictionary, the surest pairs first."""
    order = np.argsort(-dictionary.similarities, kind="stable")
    return [
        Pair(pivot.words[source], target.words[row], round(float(similarity), 4), LEARNT)
        for (source, row), similarity in zip(dictionary.pairs[order], dictionary.similarities[order], strict=True)
    ]
