"""`mosecrot export` and `mosecrot push`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import ExportSettings, PushSettings


@command(ExportSettings)
def export(settings: ExportSettings, sink: Sink) -> None:
    """Export a checkpoint as an ONNX graph, with its tokenizer, for use without PyTorch.

    The graph takes batches of any size and length, and its answers are compared with those of the checkpoint. Needs the
    extra mosecrot[onnx].

    Example:
        mosecrot export stitched --onnx -o exported
    """
    from mosecrot_cli.pipeline.publish.export import run

    report(sink, run(settings, sink))


@command(PushSettings)
def push(settings: PushSettings, sink: Sink) -> None:
    """Upload a checkpoint with its model card to the Hugging Face hub.

    The repository is created if it does not exist, and all files are one commit. The token is that of
    `hf auth login` or of HF_TOKEN; it is shown nowhere. The manifest is not uploaded, because it names folders of this
    machine; the model card says how the model was made.

    Examples:
        mosecrot push stitched OWNER/NAME --dry-run
        mosecrot push stitched OWNER/NAME --private
    """
    from mosecrot_cli.pipeline.publish.push import run

    found = run(settings, sink)
    if sink.as_json:
        sink.value(found.to_dict())
        return
    rows = [(name, f"{size:,} bytes") for name, size in found.files.items()]
    if found.commit is None:
        sink.summary(f"{found.repository}: not uploaded (dry run)", rows)
        return
    rows.append(("visible to", "its owners only" if found.private else "everybody"))
    sink.summary(f"{found.address} (commit {found.commit[:8]})", rows)
