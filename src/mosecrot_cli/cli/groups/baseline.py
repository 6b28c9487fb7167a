"""`mosecrot baseline lr|mbert|lstsq`."""

from __future__ import annotations

import typer

from mosecrot_cli.cli.evaluate import show_evaluation
from mosecrot_cli.cli.framework.command import Command, Group, command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import LinearBaselineSettings, LstsqBaselineSettings, MbertBaselineSettings

baseline = typer.Typer(help="Run a baseline to compare the stitched model with.", no_args_is_help=True, cls=Group)


@baseline.command("lr", cls=Command)
@command(LinearBaselineSettings, offline=True)
def linear(settings: LinearBaselineSettings, sink: Sink) -> None:
    """Logistic regression on mean static vectors, trained on labelled target texts: not zero-shot.

    Standardised features, L2 penalty with C = 1. Vectors and language are those of `anchors.tsv` if it exists.

    Example:
        mosecrot baseline lr --train ru.train.tsv --data ru.test.tsv --tgt ru
    """
    from mosecrot_cli.pipeline.baseline import linear as run

    show_evaluation(sink, run(settings, sink))


@baseline.command(cls=Command)
@command(LstsqBaselineSettings, offline=True)
def lstsq(settings: LstsqBaselineSettings, sink: Sink) -> None:
    """Least squares: target vectors mapped by W = argmin ||A^t W - A^s||, the source model fine-tuned as it is.

    The same as `map --method lstsq`, `finetune --embeddings none`, `stitch` and `evaluate`; writes all three folders.

    Example:
        mosecrot baseline lstsq --train en.train.tsv --data ru.test.tsv
    """
    from mosecrot_cli.pipeline.baseline import least_squares

    show_evaluation(sink, least_squares(settings, sink))


@baseline.command(cls=Command)
@command(MbertBaselineSettings, offline=True)
def mbert(settings: MbertBaselineSettings, sink: Sink) -> None:
    """Multilingual model, fine-tuned on the source language and tested on the target language.

    Example:
        mosecrot baseline mbert --train taxi1500 --data taxi1500 --tgt tt
    """
    from mosecrot_cli.pipeline.baseline import multilingual

    show_evaluation(sink, multilingual(settings, sink))
