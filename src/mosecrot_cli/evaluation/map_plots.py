"""Pictures of a map: how long mapped words are, who is a neighbour, and where anchors lie beside their partners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.evaluation.plots import FIRST, SECOND, new_figure, styled
from mosecrot_cli.evaluation.tables import display_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mosecrot_cli.progress import Reporter

MOST_PAIRS: Final = 24
"""Anchors that are drawn: more labels cannot be read."""
_BINS = 40
_WORD = 9  # points
_PAIRS_SIZE = (640, 330)
"""Points between the outermost places of the picture of pairs, roughly."""
_WIDEST = 0.995
"""Share of the lengths that the axis shows: a few very long rows would squeeze the others."""


@dataclass(frozen=True)
class MapView:
    """What the pictures show.

    Attributes:
        source_lengths, target_lengths: Euclidean lengths of source tokens and of mapped words.
        source_counts, target_counts: for each source token, of how many source tokens and of how many mapped words it
            is a near neighbour; both samples have the same size.
        neighbours: how many near neighbours each word has (k).
        pairs: source and target word of the anchors that are drawn.
        sources, targets: their embeddings, `[n, D]`.
    """

    source_lengths: NDArray[Any]
    target_lengths: NDArray[Any]
    source_counts: NDArray[np.int64]
    target_counts: NDArray[np.int64]
    neighbours: int
    pairs: Sequence[tuple[str, str]]
    sources: NDArray[Any]
    targets: NDArray[Any]


def map_figure(view: MapView, *, title: str, reporter: Reporter) -> Figure:
    """Three pictures: lengths, hubs, and anchors with their mapped partners in two dimensions.

    Args:
        view: what is shown.
        title: what was mapped how.
        reporter: receives a warning if no installed font has the characters of a word.
    """
    words = [word for pair in view.pairs for word in pair]
    rows = 2 if view.pairs else 1
    figure, style = new_figure((11, 4 + 6.5 * (rows - 1)), [*words, title], reporter)
    with styled(style):
        grid = figure.add_gridspec(rows, 2, height_ratios=[4, 6.5][:rows])
        _lengths(figure.add_subplot(grid[0, 0]), view)
        _hubs(figure.add_subplot(grid[0, 1]), view)
        if view.pairs:
            _pairs(figure.add_subplot(grid[1, :]), view)
        figure.suptitle(title)
    return figure


def two_dimensions(sources: NDArray[Any], targets: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], float]:
    """Both sides on the first two principal components of all rows together.

    Args:
        sources: `[n, D]`.
        targets: `[m, D]`.

    Returns:
        The places `[n, 2]` and `[m, 2]`, and the share of the variance that they show.
    """
    rows = np.concatenate([sources, targets]).astype(np.float64)
    centred = rows - rows.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(rows), 2))
    places[:, : min(2, len(values))] = (left * values)[:, :2]
    total = float((values**2).sum())
    return places[: len(sources)], places[len(sources) :], float((values[:2] ** 2).sum()) / total if total else 0.0


def word_offsets(places: NDArray[Any], words: Sequence[str]) -> list[tuple[float, float]]:
    """On which side of its place each word is written, so that few words meet others or the places: points from it.

    Args:
        places: `[n, 2]`.
        words: one for each place.
    """
    span = np.ptp(places, axis=0)
    points = (places - places.min(axis=0)) / np.where(span > 0, span, 1.0) * np.array(_PAIRS_SIZE)
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in points]
    found = []
    for (x, y), word in zip(points, words, strict=True):
        width = 0.62 * _WORD * display_width(word)
        boxes = {}
        for across, left in ((4.0, x + 4), (-4.0, x - 4 - width)):
            for rise in (3.0, -4.0 - _WORD):
                boxes[across, rise] = (left, y + rise, left + width, y + rise + _WORD)
        best = min(boxes, key=lambda offset: sum(_overlap(boxes[offset], other) for other in taken))
        taken.append(boxes[best])
        found.append(best)
    return found


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """The area that two boxes (left, bottom, right, top) share."""
    return max(0.0, min(one[2], other[2]) - max(one[0], other[0])) * max(
        0.0, min(one[3], other[3]) - max(one[1], other[1])
    )


def _lengths(axes: Axes, view: MapView) -> None:
    every = np.concatenate([view.source_lengths, view.target_lengths])
    edges = np.linspace(min(0.0, every.min()), max(np.quantile(every, _WIDEST), 1e-6), _BINS + 1)
    _histograms(axes, view.source_lengths, view.target_lengths, edges)
    axes.set_xlabel("length of the embedding (Euclidean norm)")
    axes.set_title("Lengths", fontsize=11)


def _hubs(axes: Axes, view: MapView) -> None:
    most = max(int(view.source_counts.max(initial=0)), int(view.target_counts.max(initial=0)), 1)
    # Counts are whole numbers and few are large: bins of width 1 first, then ever wider ones.
    edges = np.unique(np.round(np.concatenate([[0, 1], np.geomspace(1, most + 1, _BINS)]))) - 0.5
    _histograms(axes, view.source_counts, view.target_counts, edges)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_yscale("log")
    axes.set_xlim(-0.5, most + 1)
    ticks = [tick for tick in (0, 1, 10, 100, 1_000, 10_000) if tick <= most + 1]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlabel(f"words of which a source token is one of the {view.neighbours} nearest")
    axes.set_title("Hubs: the longer the tail, the more", fontsize=11)


def _histograms(axes: Axes, source: NDArray[Any], target: NDArray[Any], edges: NDArray[Any]) -> None:
    """Two outlines, told apart by colour and by line."""
    for values, colour, line, name in (
        (source, FIRST, "-", "of source tokens"),
        (target, SECOND, "--", "of mapped target words"),
    ):
        shares = np.histogram(values, edges)[0] / max(len(values), 1)
        axes.stairs(shares, edges, color=colour, linestyle=line, linewidth=1.8, label=name)
    axes.set_ylabel("share")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.legend(frameon=False)


def _pairs(axes: Axes, view: MapView) -> None:
    """Each anchor's source word and its mapped target word, with a line between them."""
    from matplotlib.patheffects import withStroke

    sources, targets, share = two_dimensions(view.sources, view.targets)
    for one, other in zip(sources, targets, strict=True):
        axes.plot([one[0], other[0]], [one[1], other[1]], color="0.75", linewidth=1, zorder=1)
    axes.scatter(sources[:, 0], sources[:, 1], color=FIRST, marker="o", s=26, zorder=2, label="source token")
    axes.scatter(targets[:, 0], targets[:, 1], color=SECOND, marker="^", s=30, zorder=2, label="mapped target word")
    places = np.concatenate([sources, targets])
    words = [*(source for source, _ in view.pairs), *(target for _, target in view.pairs)]
    for number, ((across, rise), word) in enumerate(zip(word_offsets(places, words), words, strict=True)):
        axes.annotate(
            word,
            places[number],
            xytext=(across, rise),
            textcoords="offset points",
            ha="left" if across > 0 else "right",
            fontsize=_WORD,
            color=FIRST if number < len(sources) else SECOND,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second principal component")
    axes.set_title(f"Anchors and their mapped partners ({share:.0%} of the variance)", fontsize=11)
    axes.margins(0.08)
    axes.legend(frameon=False)
