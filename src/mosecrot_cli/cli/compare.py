"""`mosecrot compare`."""

from __future__ import annotations

from dataclasses import asdict

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import CompareSettings


@command(CompareSettings, offline=True)
def compare(settings: CompareSettings, sink: Sink) -> None:
    """Test whether one classifier is better than another: paired bootstrap of two prediction files.

    The files are those that `mosecrot evaluate --predictions` writes for the same texts.

    Examples:
        mosecrot compare a.tsv b.tsv --data test.tsv
        mosecrot compare a.tsv b.tsv --data test.tsv --plot classes.png
    """
    from mosecrot_cli.evaluation.tables import class_comparison_table, comparison_table
    from mosecrot_cli.pipeline.compare import run

    found = run(settings, sink)
    if sink.as_json:
        sink.value(asdict(found))
        return
    overall = comparison_table(found, (settings.first.name, settings.second.name))
    for table in (overall, class_comparison_table(found)):
        sink.table(table.title, table.columns, table.rows)
