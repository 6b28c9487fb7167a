"""`mosecrot inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.framework.messages import in_flags
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import InspectSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.inspect.report import Inspection


@command(InspectSettings, offline=True)
def inspect(settings: InspectSettings, sink: Sink) -> None:
    """Check a map: lexicon quality, held-out translation accuracy, text coverage, geometry.

    Fits the same map again on part of the anchors and counts how often the other words find their translation (each
    word has one, so synonyms count as errors). Every number that lies outside its range on real material is reported.
    Anchors, model and vectors are those in the folder's manifest.

    Examples:
        mosecrot inspect
        mosecrot inspect stitched
        mosecrot inspect mapped --word собака --word наука --texts ru.test.tsv
        mosecrot inspect --plot map.png
        mosecrot inspect --holdout 0.2 --json
    """
    from mosecrot_cli.pipeline.inspect.run import run

    _show(sink, run(settings, sink))


def inspection_json(found: Inspection) -> dict[str, Any]:
    """An inspection as JSON, its advice in the words of the command line."""
    content = found.to_dict()
    for judgement in content["judgements"]:
        judgement["advice"] = in_flags(judgement["advice"])
    return content


def _show(sink: Sink, found: Inspection) -> None:
    if sink.as_json:
        sink.value(inspection_json(found))
        return
    sink.line(f"{found.mapped}: {found.method}, {found.anchors:,} anchors")
    for text in found.lines():
        sink.remark(text)
    for table in found.tables():
        sink.table(table.title, table.columns, table.rows)
