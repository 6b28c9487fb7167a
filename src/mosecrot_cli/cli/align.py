"""`mosecrot align`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import AlignSettings


@command(AlignSettings, offline=True)
def align(settings: AlignSettings, sink: Sink) -> None:
    """Move mapped words so that the model reads translations alike.

    The source model, which is not trained, gives each sentence of the parallel text a vector. The words of the target
    language are moved until their sentences have the vectors of their translations: those that occur one by one, and
    all of them by one linear map. One pair in ten is held out: it decides which epoch is kept, and whether anything is
    changed at all.

    Writes a folder like that of map, for stitch and for finetune --augment.

    Examples:
        mosecrot align --parallel en-tt.tsv
        mosecrot align mapped --parallel en.verses.tsv,tt.verses.tsv
        mosecrot align --parallel en-tt.tmx --exclude tt.test.tsv
    """
    from mosecrot_cli.pipeline.align.run import run

    result = run(settings, sink)
    report(sink, result, next_step=f"mosecrot stitch --embeddings {settings.out.output}")
