"""`mosecrot stitch`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import StitchSettings


@command(StitchSettings, offline=True)
def stitch(settings: StitchSettings, sink: Sink) -> None:
    """Replace the model's embeddings by the mapped target embeddings, with a tokenizer to match.

    The result is an ordinary Hugging Face checkpoint, which loads without this package:
    `pipeline("text-classification", model="stitched")`.

    With unlabelled texts of the target language it also adds a bias to each class, as mosecrot adapt does, and can
    choose between several maps: with the better one the answers are more certain and more varied. The map of
    --embeddings stays unless another is better by more than chance explains.

    Examples:
        mosecrot stitch model --embeddings mapped --output stitched
        mosecrot stitch --texts target.txt
        mosecrot stitch --alternative mapped-learnt --texts target.txt
    """
    from mosecrot_cli.pipeline.stitch.run import run

    report(sink, run(settings, sink), next_step="mosecrot evaluate --data ..., or mosecrot predict")
