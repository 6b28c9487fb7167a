"""`mosecrot predict`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import PredictSettings


@command(PredictSettings, json=False)
def predict(settings: PredictSettings, sink: Sink) -> None:
    """Label texts: one row per text, with its label and the probability of every label.

    Examples:
        echo "Сборная выиграла матч." | mosecrot predict stitched
        mosecrot predict stitched texts.txt --format jsonl -o labels.jsonl
        mosecrot predict stitched-a stitched-b texts.txt --ensemble
    """
    from mosecrot_cli.pipeline.predict import run

    run(settings, sink.line, sink)
