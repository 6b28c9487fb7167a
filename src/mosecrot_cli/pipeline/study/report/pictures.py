"""The pictures of a report, each drawn where the study has what it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mosecrot_cli.evaluation.sweep_plots import Gain, SweepPoint, curves_figure, gains_figure, heat_map_figure
from mosecrot_cli.pipeline.study.plan import Plan
from mosecrot_cli.pipeline.study.report.collect import Finished, spread
from mosecrot_cli.pipeline.study.report.tables import ResultTable
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import MapSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Panels = dict[str, dict[str, list[SweepPoint]]]


def pictures(
    plan: Plan, table: ResultTable, finished: Sequence[Finished], reporter: Reporter
) -> dict[str, tuple[str, Figure]]:
    """File name (without suffix) -> caption and picture, for one table."""
    own = [
        each
        for each in finished
        if (each.run.task, each.run.model) == (table.task, table.model) and each.run.row.name in table.rows
    ]
    mapped = [each for each in own if each.run.row.map is not None]
    place = "-".join([*_file_words(table.title), table.task, table.model])
    found: dict[str, tuple[str, Figure]] = {}
    if panels := _over_k(plan, mapped):
        figure = curves_figure(panels, axis="nearest anchors, k", reporter=reporter)
        found[f"k-{place}"] = (
            "Macro-F1 by the number of nearest anchors, k; the band is one standard deviation.",
            figure,
        )
    if panels := _over_anchors(plan, mapped):
        figure = curves_figure(panels, axis="anchors (logarithmic)", reporter=reporter)
        found[f"anchors-{place}"] = ("Macro-F1 by the number of anchors; bands are one standard deviation.", figure)
    rows = table.shown
    if len(rows) > 1 and table.languages:
        scores = [[_mean(table, row, language) for language in table.languages] for row in rows]
        figure = heat_map_figure(scores, rows, table.languages, reporter=reporter)
        found[f"heat-map-{place}"] = ("Macro-F1 of every row in every language.", figure)
    if gains := _gains(table):
        figure = gains_figure(gains, reference=str(table.reference), reporter=reporter)
        caption = f"Difference in macro-F1 to {table.reference}, with its 95 % interval over the test texts."
        found[f"gains-{place}"] = (caption, figure)
    return found


def _file_words(title: str) -> list[str]:
    """A title as parts of a file name."""
    return re.findall(r"\w+", title.lower())


def _mean(table: ResultTable, row: str, language: str) -> float | None:
    cell = table.cells.get((row, language))
    return None if cell is None else cell.score.mean


def _over_k(plan: Plan, finished: Sequence[Finished]) -> Panels:
    """Language -> the maps that differ in k alone -> points."""

    def place(each: Finished) -> tuple[str, Any]:
        options = plan.study.maps[str(each.run.row.map)].options
        rest = {name: value for name, value in options.items() if name != "k"}
        row = each.run.row
        k = options.get("k", MapSettings.k)
        return _curve(rest, [str(row.anchors), row.embeddings, row.adapt]), k

    return _curves(finished, place, as_names=True)


def _over_anchors(plan: Plan, finished: Sequence[Finished]) -> Panels:
    """Language -> what differs in the number of anchors alone -> points."""

    def place(each: Finished) -> tuple[str, Any]:
        row = each.run.row
        rest = dict(plan.study.anchors[str(row.anchors)].options)
        rest.pop("max_anchors", None)
        return _curve(rest, [str(row.map), row.embeddings, row.adapt]), str(row.anchors)

    return _curves(finished, place, as_names=False)


def _curve(options: Mapping[str, Any], parts: Sequence[str]) -> str:
    told = [f"{name} = {value}" for name, value in options.items()]
    return ", ".join([*(part for part in parts if part != "none"), *told])


def _curves(finished: Sequence[Finished], place: Any, *, as_names: bool) -> Panels:
    """Points by language and curve; curves of one point are left out."""
    groups: dict[tuple[str, str], dict[Any, list[Finished]]] = {}
    for each in finished:
        curve, x = place(each)
        groups.setdefault((each.run.language, curve), {}).setdefault(x, []).append(each)
    panels: Panels = {}
    for (language, curve), points in groups.items():
        if len(points) < 2:
            continue
        drawn = []
        for x, found in points.items():
            score = spread(found)
            # Numbers are those of the anchors that were there, whatever was asked for.
            where = x if as_names else (found[0].anchors or 1)
            drawn.append((where, score))
        drawn.sort(key=lambda item: float("inf") if isinstance(item[0], str) else item[0])
        told = [SweepPoint(str(x) if as_names else x, score.mean, score.deviation) for x, score in drawn]
        panels.setdefault(language, {})[curve] = told
    return panels


def _gains(table: ResultTable) -> dict[str, list[Gain]]:
    panels: dict[str, list[Gain]] = {}
    for language in table.languages:
        for row in table.rows:
            cell = table.cells.get((row, language))
            if cell is not None and cell.comparison is not None:
                found = cell.comparison
                gain = Gain(row, found.difference, found.interval.low, found.interval.high)
                panels.setdefault(language, []).append(gain)
    return panels
