"""`mosecrot transfer`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.inspect import inspection_json
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import TransferSettings


@command(TransferSettings, offline=True)
def transfer(settings: TransferSettings, sink: Sink) -> None:
    """Make a classifier for a further language: anchors, map and stitch in one go.

    Takes a checkpoint that was fine-tuned on its own embeddings (finetune --embeddings none). Reads each model and
    each vector file once, writes what the single commands write, and ends with the verdict of inspect.

    With --source-vectors, anchors are learnt as well. As these can hurt, --texts compares the map with and without them
    by the answers to the texts, and the better one is stitched. With --parallel, mapped words are aligned before
    that, which loads the source model once more.

    Examples:
        mosecrot transfer model --tgt fo --lexicon en-fo.tsv --target-vectors fo.vec
        mosecrot transfer model --tgt ru --texts ru.txt -o ru/stitched
        mosecrot transfer model --tgt ru --source-vectors en.vec --texts ru.txt
        mosecrot transfer model --tgt ru --parallel en-ru.tsv
    """
    from mosecrot_cli.pipeline.transfer.run import run

    found = run(settings, sink)
    if sink.as_json:
        content = found.to_dict()
        sink.value(content | ({"inspect": inspection_json(found.inspection)} if found.inspection else {}))
        return
    output = settings.out.output
    for name, step in found.steps.items():
        report(sink, step, next_step=f"mosecrot predict {output} TEXTS" if name == "stitch" else None)
    for text in found.inspection.lines() if found.inspection else ():
        sink.remark(text)
