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

    Example:
        mosecrot compare a.tsv b.tsv --data test.tsv
    """
    from mosecrot_cli.evaluation.tables import comparison_table
    from mosecrot_cli.pipeline.compare import run

    found = run(settings, sink)
    if sink.as_json:
        sink.value(asdict(found))
        return
    table = comparison_table(found, (settings.first.name, settings.second.name))
    sink.table(table.title, table.columns, table.rows)
