"""What `inspect --plot` draws, gathered from what the inspection has read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.evaluation.map_plots import MOST_PAIRS, MapView, map_figure
from mosecrot_cli.evaluation.plots import save_figure
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.mapping.diagnostics import k_occurrences
from mosecrot_cli.mapping.search import topk_cosine
from mosecrot_cli.progress import Reporter
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.vectors.types import WordVectors

Matrix = NDArray[np.float32]


def gather_view(
    tokens: Sequence[str],
    source: Matrix,
    target: WordVectors,
    sample: NDArray[np.int64],
    pairs: Sequence[Pair],
    *,
    k: int,
    device: str,
    seed: int,
) -> MapView:
    """What the pictures show.

    Args:
        tokens: the source tokens, `n`.
        source: their embeddings, `[n, D]`.
        target: the mapped target words.
        sample: rows of those that stand for all.
        pairs: the anchors.
        k: neighbours of a word.
        device: of the searches.
        seed: of the source tokens that are compared with the sample.
    """
    mapped = np.asarray(target.matrix[sample])
    size = min(len(sample), len(source))
    chosen = np.sort(np.random.default_rng(seed).choice(len(source), size, replace=False))
    drawn = _pairs_to_draw(pairs, tokens, target)
    return MapView(
        source_lengths=np.linalg.norm(source, axis=1),
        target_lengths=np.linalg.norm(mapped, axis=1),
        source_counts=_counts_without_itself(source, chosen, k, device),
        target_counts=k_occurrences(topk_cosine(mapped, source, k, device)[1], len(source)),
        neighbours=k,
        pairs=[(tokens[token], target.words[row]) for token, row in drawn],
        sources=source[[token for token, _ in drawn]],
        targets=np.asarray(target.matrix[[row for _, row in drawn]]),
    )


def draw(view: MapView, path: Path, *, title: str, overwrite: bool, reporter: Reporter) -> None:
    """Write the picture.

    Raises:
        OutputExistsError, OutputError: see `staging.atomic_outputs`.
    """
    figure = map_figure(view, title=title, reporter=reporter)
    with atomic_outputs(path, overwrite=overwrite) as (work,):
        save_figure(figure, work, form=path.suffix)


def _counts_without_itself(source: Matrix, chosen: NDArray[np.int64], k: int, device: str) -> NDArray[np.int64]:
    """For each source token, of how many of the chosen others it is one of the `k` nearest."""
    _, nearest = topk_cosine(source[chosen], source, k + 1, device)
    counts = k_occurrences(nearest, len(source))
    counts[chosen] -= (nearest == chosen[:, None]).any(axis=1)
    return counts


def _pairs_to_draw(pairs: Sequence[Pair], tokens: Sequence[str], target: WordVectors) -> list[tuple[int, int]]:
    """Rows of the tokens and of the target words of some anchors, evenly spread over their file, each word once."""
    place = {token: row for row, token in enumerate(tokens)}
    by_token: dict[int, int] = {}
    used: set[int] = set()
    for pair in pairs:
        token, row = place.get(pair.source), target.find(pair.target)
        if token is not None and row is not None and token not in by_token and row not in used:
            by_token[token] = row
            used.add(row)
    found = [*by_token.items()]
    steps = np.linspace(0, len(found) - 1, min(MOST_PAIRS, len(found))).round().astype(int)
    return [found[step] for step in steps.tolist()]
