"""`mosecrot finetune`."""

from __future__ import annotations

from dataclasses import replace

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import CONTINUED_OUTPUT, FinetuneSettings

RETIRED = {
    "--self-train": "mosecrot adapt --method self-training --texts TEXTS",
    **dict.fromkeys(("--confidence", "--balance", "--no-balance", "--rounds"), "mosecrot adapt --method self-training"),
}


@command(FinetuneSettings, offline=True, retired=RETIRED)
def finetune(settings: FinetuneSettings, sink: Sink, *, given: frozenset[str]) -> None:
    """Fine-tune the source model on labelled texts of the source language.

    `--train taxi1500` and `--train amazon` select the settings of the paper where it gives them. With --continue, a
    stitched checkpoint is trained further, on labelled texts of the target language.

    Examples:
        mosecrot finetune --train train.tsv --dev dev.tsv --embeddings none
        mosecrot finetune --train taxi1500 --seeds 1,2,3,4,5 --device cuda:1
        mosecrot finetune --train train.tsv --embeddings none --augment mapped
        mosecrot finetune --continue stitched --train target.few.tsv
    """
    from mosecrot_cli.pipeline.finetune.run import run

    if not settings.augment:
        for name in sorted({"augment_rate", "move_tokens"} & given):
            raise UsageError(f"`{name}` has no effect without `augment`", hint="name a folder written by map")
    if {"seed", "seeds"} <= given:
        raise UsageError("`seed` and `seeds` exclude each other", hint="give one of them")
    next_step = "mosecrot stitch"
    if settings.continue_from is not None:
        if "output" not in given:
            settings = replace(settings, out=replace(settings.out, output=CONTINUED_OUTPUT))
        next_step = f"mosecrot evaluate {settings.out.output} --data ..."
    report(sink, run(settings, sink), next_step=next_step)
