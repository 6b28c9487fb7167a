"""The one place that writes to the terminal: data to stdout; bars, warnings, summaries and hints to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mosecrot_cli.cli.framework.messages import in_flags, visible
from mosecrot_cli.structured import to_json

if TYPE_CHECKING:
    from rich.console import Console

    from mosecrot_cli.pipeline.step import StepResult


class Sink:
    """Shows what a command has to say, in the form that was asked for.

    Args:
        as_json: results are one JSON value on stdout, and summaries are left out.
        quiet: neither bars nor warnings nor summaries.
        verbose: also what is merely informative.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self.as_json, self.quiet, self.verbose = as_json, quiet, verbose
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The console on stderr, made when first needed (rich is slow to import)."""
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        return self._console

    # --- the Reporter protocol ---
    def warn(self, message: str) -> None:
        """A warning on stderr."""
        if not self.quiet:
            self._print(f"warning: {in_flags(message)}", style="yellow")

    def info(self, message: str) -> None:
        """A line on stderr, with `--verbose` only."""
        if self.verbose and not self.quiet:
            self._print(in_flags(message), style="dim")

    def milestone(self, message: str) -> None:
        """A line on stderr about how far long work is; none with `--quiet`."""
        if not self.quiet:
            self._print(in_flags(message), style="dim")

    @contextmanager
    def track(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A progress bar on stderr; none when stderr is no terminal or with `--quiet`."""
        if self.quiet or not self.console.is_terminal:
            yield lambda units: None
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(description, total=total, speed="")
            state = progress.tasks[0]

            def advance(units: int) -> None:
                progress.update(task, advance=units)
                if state.speed:
                    progress.update(task, speed=f"{state.speed:,.0f}/s")

            yield advance

    def _print(self, text: str, *, style: str | None = None) -> None:
        self.console.print(visible(text), style=style, markup=False)

    # --- results ---
    def summary(self, title: str, rows: Sequence[tuple[str, str]], *, hint: str | None = None) -> None:
        """What a step did, on stderr: people read it, pipelines do not."""
        if self.quiet or self.as_json:
            return
        self._print(title, style="bold")
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self._print(f"  {name.ljust(width)}  {value}")
        if hint:
            self._print(hint, style="dim")

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[str | int | float]]) -> None:
        """A table as data, on stdout; the first column is text, the others are numbers (floats: scores, shares)."""
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        # Words of a vocabulary may look like markup: `[/quote]`.
        table = Table(title=escape(visible(title)), title_justify="left", header_style="bold")
        for position, name in enumerate(header):
            table.add_column(escape(name), justify="left" if position == 0 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*(escape(visible(_cell(value))) for value in row))
        # Without a terminal rich assumes 80 columns and would cut the labels.
        width = None if sys.stdout.isatty() else 200
        Console(file=sys.stdout, highlight=False, width=width).print(table)

    def value(self, value: Any) -> None:
        """A JSON value on stdout."""
        sys.stdout.write(json.dumps(to_json(value), indent=2, ensure_ascii=False) + "\n")

    def remark(self, text: str) -> None:
        """A sentence on stdout, with parameters as flags."""
        self.line(in_flags(text))

    def line(self, text: str) -> None:
        """A line of data on stdout; on a terminal with control characters written out."""
        sys.stdout.write((visible(text, keep="\t") if sys.stdout.isatty() else text) + "\n")


def _cell(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value


@contextmanager
def session(*, as_json: bool = False, quiet: bool = False, verbose: bool = False) -> Iterator[Sink]:
    """A sink for one command; libraries are kept from talking past it."""
    # Also with `verbose`: what these libraries have to say is about their insides.
    for library in ("TRANSFORMERS", "HF_HUB", "DATASETS"):
        os.environ.setdefault(f"{library}_VERBOSITY", "error")
    if quiet or not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    # Forked data loaders would otherwise make the tokenizers warn.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from mosecrot_cli.sources.endpoints import configure_hub_client

    configure_hub_client()
    yield Sink(as_json=as_json, quiet=quiet, verbose=verbose)
    sys.stdout.flush()


def report(sink: Sink, result: StepResult, *, next_step: str | None = None) -> None:
    """Show what a step did: JSON on stdout if asked for, else a summary on stderr and the next command."""
    if sink.as_json:
        sink.value(result.to_dict())
        return
    title = str(result.output)
    if result.skipped:
        sink.summary(f"{title}: unchanged, kept as it is", [])
        return
    if result.planned:
        sink.summary(f"{title}: not written (dry run)", result.summary)
        return
    seconds = result.manifest.seconds if result.manifest else 0.0
    sink.summary(f"{title} ({seconds:.1f} s)", result.summary, hint=f"next: {next_step}" if next_step else None)
