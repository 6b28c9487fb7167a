"""`mosecrot predict`."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.settings import ComputeSettings, PredictSettings


def predict(
    checkpoint: opt.Checkpoint = PredictSettings.checkpoint,
    texts: opt.Texts = PredictSettings.texts,
    format_: opt.Format = PredictSettings.format,
    text_column: opt.TextColumn = PredictSettings.text_column,
    device: opt.Device = ComputeSettings.device,
    precision: opt.PrecisionOption = ComputeSettings.precision,
    output: opt.OutputOrStdout = Path(PredictSettings.output),
    overwrite: opt.Overwrite = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Label texts: one row per text with its label and the probability of every label.

    Examples:
        echo "Сборная выиграла матч." | mosecrot predict stitched

        mosecrot predict stitched texts.txt --format jsonl -o labels.jsonl
    """
    settings = PredictSettings(
        checkpoint=checkpoint,
        texts=texts,
        output=str(output),
        format=format_,
        text_column=text_column,
        overwrite=overwrite,
        compute=ComputeSettings(device, (), precision),
    )
    with session(quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.predict import run

        run(settings, sink.line, sink)
