"""How the result of a file-writing step is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mosecrot_cli.cli.output import Sink

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.step import StepResult


def report(sink: Sink, result: StepResult, *, next_step: str | None = None) -> None:
    """Show what a step did: JSON on stdout if asked for, else a summary on stderr and the next command."""
    if sink.as_json:
        sink.value(result.to_dict())
        return
    title = str(result.output)
    if result.skipped:
        sink.summary(f"{title}: nothing has changed, kept as it is", [])
        return
    if result.planned:
        sink.summary(f"{title}: not written (--dry-run)", result.summary)
        return
    seconds = result.manifest.seconds if result.manifest else 0.0
    sink.summary(f"{title} ({seconds:.1f} s)", result.summary, hint=f"next: {next_step}" if next_step else None)
