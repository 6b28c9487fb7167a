"""`mosecrot evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import EvaluateSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.evaluate import Evaluations


@command(EvaluateSettings, offline=True, retired={"--compare": "mosecrot compare A B"})
def evaluate(settings: EvaluateSettings, sink: Sink) -> None:
    """Score checkpoints on labelled texts: macro-F1 with its interval, accuracy, classes, confusions.

    For a folder of seeds the scores are means over the seeds. Several checkpoints or data sets give one table.

    Examples:
        mosecrot evaluate --data taxi1500
        mosecrot evaluate stitched --data test.tsv --predictions predictions.tsv
        mosecrot evaluate stitched --data test.tsv --plot confusion.png
        mosecrot evaluate stitched --data test.tsv --update-card
        mosecrot evaluate stitched --data sib200:tt --data sib200:ba
        mosecrot evaluate stitched-a stitched-b --ensemble --data test.tsv
    """
    from mosecrot_cli.pipeline.evaluate import run

    show_evaluation(sink, run(settings, sink))


def show_evaluation(sink: Sink, found: Evaluations) -> None:
    """The tables of an evaluation, or its JSON."""
    if sink.as_json:
        sink.value(found.to_dict())
        return
    for table in found.tables():
        sink.table(table.title, table.columns, table.rows)
