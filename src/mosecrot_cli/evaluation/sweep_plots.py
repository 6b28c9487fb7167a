"""Pictures of sweeps: scores over a number (k, anchors), over languages and methods, and gains over a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mosecrot_cli.evaluation.plots import new_figure, styled
from mosecrot_cli.evaluation.tables import shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mosecrot_cli.progress import Reporter

PALETTE: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999")
"""The palette of Okabe and Ito (2008), which differs for every kind of colour vision."""
_MARKERS = "osD^vPX*"
_LONGEST = 44
_ACROSS = 3  # panels next to each other
_GAINS_ACROSS = 4
_LOWEST_SPAN = 0.05  # of macro-F1: smaller differences look small


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """A point of a curve.

    Attributes:
        x: where: a number, or a name on an axis of names.
        mean: of the macro-F1 over runs.
        spread: standard deviation over the runs; 0 for one run.
    """

    x: float | str
    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference to the reference.

    Attributes:
        row: what is compared.
        difference: in macro-F1.
        low: lower end of its interval.
        high: upper end.
    """

    row: str
    difference: float
    low: float
    high: float


def curves_figure(panels: Mapping[str, Mapping[str, Sequence[SweepPoint]]], *, axis: str, reporter: Reporter) -> Figure:
    """Curves of macro-F1, with a band of one standard deviation over runs.

    Args:
        panels: title of the panel (a language) -> name of the curve -> its points, in order.
        axis: what the points are over. Where they are numbers, the axis is logarithmic.
        reporter: receives a warning if no installed font has the characters of a label.
    """
    curves = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    columns = min(len(panels), _ACROSS)
    lines = -(-len(panels) // columns)
    size = (3.4 * columns + 0.6, 2.9 * lines + 0.5 + 0.24 * len(curves))
    figure, style = new_figure(size, [*panels, *curves], reporter)
    with styled(style):
        grid = figure.subplots(lines, columns, sharey=True, squeeze=False)
        for axes, (title, panel) in zip(grid.flat, panels.items(), strict=False):
            _curves(axes, panel, curves)
            axes.set_title(title, fontsize=11)
            axes.set_xlabel(axis)
        for axes in grid[:, 0]:
            axes.set_ylabel("macro-F1")
        low, high = grid[0, 0].get_ylim()
        margin = max(0.0, _LOWEST_SPAN - (high - low)) / 2
        grid[0, 0].set_ylim(low - margin, high + margin)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        handles = {handle.get_label(): handle for axes in grid.flat for handle in axes.get_legend_handles_labels()[0]}
        figure.legend(list(handles.values()), list(handles), loc="outside lower center", frameon=False, fontsize=9)
    return figure


def heat_map_figure(
    scores: Sequence[Sequence[float | None]], rows: Sequence[str], columns: Sequence[str], *, reporter: Reporter
) -> Figure:
    """Macro-F1 of rows by columns (methods by languages); what was not measured is left blank.

    Args:
        scores: one list for each row, one number for each column.
        rows: their names.
        columns: their names.
        reporter: receives a warning if no installed font has the characters of a label.
    """
    values = np.array([[np.nan if cell is None else cell for cell in row] for row in scores], dtype=np.float64)
    labels = [shortened(row, _LONGEST, start=False) for row in rows]
    size = (0.85 * len(columns) + 4.2, 0.34 * len(rows) + 1.6)
    figure, style = new_figure(size, [*labels, *columns], reporter)
    with styled(style):
        axes = figure.add_subplot()
        image = axes.imshow(values, cmap="Blues", aspect="auto")
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), labels)
        axes.set_xlabel("language")
        low, high = np.nanmin(values), np.nanmax(values)
        for row, column in np.argwhere(~np.isnan(values)):
            dark = values[row, column] > low + 0.6 * (high - low)
            text = f"{values[row, column]:.3f}".removeprefix("0")
            axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=9)
        figure.colorbar(image, ax=axes, label="macro-F1")
    return figure


def gains_figure(panels: Mapping[str, Sequence[Gain]], *, reference: str, reporter: Reporter) -> Figure:
    """Differences in macro-F1 to a reference with their intervals, a panel for each language.

    Args:
        panels: title of the panel -> the rows, the same in each.
        reference: name of the reference.
        reporter: receives a warning if no installed font has the characters of a label.
    """
    rows = list(dict.fromkeys(gain.row for panel in panels.values() for gain in panel))
    labels = [shortened(row, _LONGEST, start=False) for row in rows]
    columns = min(len(panels), _GAINS_ACROSS)
    lines = -(-len(panels) // columns)
    size = (2.3 * columns + 3, (0.3 * len(rows) + 0.7) * lines + 0.6)
    figure, style = new_figure(size, [*labels, *panels, reference], reporter)
    ends = [abs(end) for panel in panels.values() for gain in panel for end in (gain.low, gain.high)]
    reach = max([0.01, *ends]) * 1.08
    with styled(style):
        grid = figure.subplots(lines, columns, sharey=True, sharex=True, squeeze=False)
        for axes, (title, panel) in zip(grid.flat, panels.items(), strict=False):
            for gain in panel:
                place, better = rows.index(gain.row), gain.difference >= 0
                colour = PALETTE[0] if better else PALETTE[1]
                axes.plot([gain.low, gain.high], [place, place], color=colour, linewidth=2)
                axes.plot([gain.difference], [place], marker="o" if better else "s", color=colour)
            axes.axvline(0, color="0.4", linewidth=1)
            axes.set_title(title, fontsize=11)
            axes.locator_params(axis="x", nbins=4)
            axes.grid(axis="x", color="0.9")
            axes.set_axisbelow(True)
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_visible(False)
        for axes in list(grid.flat)[len(panels) - columns : len(panels)]:  # the lowest of each column
            axes.tick_params(labelbottom=True)
        grid[0, 0].set_yticks(range(len(rows)), labels)
        grid[0, 0].set_ylim(len(rows) - 0.5, -0.5)
        grid[0, 0].set_xlim(-reach, reach)
        figure.supxlabel(
            f"difference in macro-F1 to {shortened(reference, _LONGEST)}, with its 95% interval", fontsize=10
        )
    return figure


def _curves(axes: Any, panel: Mapping[str, Sequence[SweepPoint]], curves: Sequence[str]) -> None:
    names = [point.x for points in panel.values() for point in points if isinstance(point.x, str)]
    places: list[float | str] = list(dict.fromkeys(names))
    for number, name in enumerate(curves):
        points = panel.get(name, ())
        if not points:
            continue
        across: list[Any] = [places.index(point.x) if places else point.x for point in points]
        mean = np.array([point.mean for point in points])
        spread = np.array([point.spread for point in points])
        colour = PALETTE[number % len(PALETTE)]
        axes.plot(across, mean, color=colour, marker=_MARKERS[number % len(_MARKERS)], markersize=5, label=name)
        if spread.any():
            axes.fill_between(across, mean - spread, mean + spread, color=colour, alpha=0.18, linewidth=0)
    if places:
        axes.set_xticks(range(len(places)), [str(place) for place in places])
    else:
        _logarithmic(axes, {point.x for points in panel.values() for point in points})
    axes.grid(color="0.9")
    axes.set_axisbelow(True)


def _logarithmic(axes: Any, places: set[float | str]) -> None:
    """A logarithmic axis with the points' own numbers, left out where they would touch."""
    axes.set_xscale("log")
    shown: list[float] = []
    for place in sorted(float(place) for place in places):
        if not shown or place > 1.9 * shown[-1]:
            shown.append(place)
    axes.set_xticks(shown, [f"{place:,.0f}" for place in shown], fontsize=9)
    axes.minorticks_off()
