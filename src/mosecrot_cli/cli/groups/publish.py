"""`mosecrot push`."""

from __future__ import annotations

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings import PushSettings


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
