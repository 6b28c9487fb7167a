"""`mosecrot stitch`."""

from __future__ import annotations

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.cli.report import report
from mosecrot_cli.settings import OutputSettings, StitchSettings


def stitch(
    checkpoint: opt.Checkpoint = StitchSettings.checkpoint,
    embeddings: opt.MappedFolder = StitchSettings.embeddings,
    shared: opt.Shared = StitchSettings.shared,
    output: opt.Output = StitchSettings.out.output,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Put the mapped target embeddings in place of the model's own, with a tokenizer to match.

    The result is an ordinary Hugging Face checkpoint: `pipeline("text-classification", model="stitched")`.

    Example:
        mosecrot stitch model --embeddings mapped --output stitched
    """
    settings = StitchSettings(
        checkpoint=checkpoint,
        embeddings=embeddings,
        out=OutputSettings(output, overwrite, if_changed, dry_run),
        shared=shared,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.stitch import run

        report(sink, run(settings, sink), next_step="mosecrot evaluate --data ..., or mosecrot predict")
