"""`mosecrot adapt`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import AdaptSettings


@command(AdaptSettings, offline=True)
def adapt(settings: AdaptSettings, sink: Sink) -> None:
    """Adapt a stitched checkpoint to unlabelled texts of the target language by self-training.

    The checkpoint labels the texts and learns from its own confident answers, for a few rounds. No label is read,
    whatever the file of texts contains.

    Examples:
        mosecrot adapt target.txt
        mosecrot adapt sib200 --checkpoint stitched --rounds 3 -o adapted
    """
    from mosecrot_cli.pipeline.adapt import run

    report(sink, run(settings, sink), next_step=f"mosecrot evaluate {settings.out.output} --data ...")
