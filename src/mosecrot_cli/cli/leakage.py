"""`mosecrot leakage`."""

from __future__ import annotations

from dataclasses import asdict

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.errors import DataError
from mosecrot_cli.settings import LeakageSettings


@command(LeakageSettings)
def leakage(settings: LeakageSettings, sink: Sink) -> None:
    """Prove that a model has not learnt from the texts that it is scored on.

    Follows the manifests to every text behind a checkpoint (training, vectors,
    alignment), reads each again, and looks for the scored texts by their ids and
    their words. Fails if there is one, or if a text is gone or has changed.

    Example:
        mosecrot leakage stitched --data test.tsv
    """
    from mosecrot_cli.pipeline.leakage.run import run

    found = run(settings, sink)
    if sink.as_json:
        sink.value(asdict(found))
    else:
        rows = [
            (each.use, each.path, "not read" if each.texts is None else f"{each.texts:,}", f"{each.overlap:,}")
            for each in found.readings
        ]
        title = f"texts behind {settings.output}, and how many of the {found.texts:,} scored ones they hold"
        sink.table(title, ("use", "file", "texts", "scored"), rows)
        for each in found.readings:
            if each.unknown:
                sink.warn(f"{each.path} ({each.use}) could not be read again, so whether it holds scored texts is open")
        if found.foreign:
            sink.milestone(f"made elsewhere, of texts that are not known: {', '.join(found.foreign)}")
    leaks = [each for each in found.readings if each.leaks]
    if leaks:
        what = f"{leaks[0].overlap:,} of its texts are scored ones ({leaks[0].use})"
        raise DataError(what, where=leaks[0].path, hint=leaks[0].remedy)
