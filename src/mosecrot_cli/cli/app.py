"""The application: commands, the version, and the one table from error to exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from mosecrot_cli import __version__
from mosecrot_cli.cli.adapt import adapt
from mosecrot_cli.cli.align import align
from mosecrot_cli.cli.anchors import anchors
from mosecrot_cli.cli.compare import compare
from mosecrot_cli.cli.evaluate import evaluate
from mosecrot_cli.cli.finetune import finetune
from mosecrot_cli.cli.framework.command import Command, Group
from mosecrot_cli.cli.framework.messages import one_line
from mosecrot_cli.cli.framework.streams import end_stdout, prepare_streams
from mosecrot_cli.cli.framework.usage import usage_error
from mosecrot_cli.cli.groups.about import cache, env, list_
from mosecrot_cli.cli.groups.baseline import baseline
from mosecrot_cli.cli.groups.publish import export, push
from mosecrot_cli.cli.groups.study import study
from mosecrot_cli.cli.groups.vectors import vectors
from mosecrot_cli.cli.inspect import inspect
from mosecrot_cli.cli.leakage import leakage
from mosecrot_cli.cli.map import map_
from mosecrot_cli.cli.predict import predict
from mosecrot_cli.cli.stitch import stitch
from mosecrot_cli.cli.transfer import transfer
from mosecrot_cli.errors import INTERRUPTED, MosecrotError, UsageError

app = typer.Typer(
    name="mosecrot",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
)

METHOD, CHECK, USE, PREPARE = "The method, step by step", "Check and compare", "Use", "Prepare"
app.command(cls=Command, rich_help_panel=METHOD)(anchors)
app.command("map", cls=Command, rich_help_panel=METHOD)(map_)
app.command(cls=Command, rich_help_panel=METHOD)(align)
app.command(cls=Command, rich_help_panel=METHOD)(finetune)
app.command(cls=Command, rich_help_panel=METHOD)(stitch)
app.command(cls=Command, rich_help_panel=METHOD)(evaluate)
app.command(cls=Command, rich_help_panel=METHOD)(transfer)
app.command(cls=Command, rich_help_panel=CHECK)(inspect)
app.command(cls=Command, rich_help_panel=CHECK)(compare)
app.command(cls=Command, rich_help_panel=CHECK)(leakage)
app.add_typer(baseline, name="baseline", rich_help_panel=CHECK)
app.add_typer(study, name="study", rich_help_panel=CHECK)
app.command(cls=Command, rich_help_panel=USE)(predict)
app.command(cls=Command, rich_help_panel=USE)(adapt)
app.command(cls=Command, rich_help_panel=USE)(export)
app.command(cls=Command, rich_help_panel=USE)(push)
app.add_typer(vectors, name="vectors", rich_help_panel=PREPARE)
app.command("list", cls=Command, rich_help_panel=PREPARE)(list_)
app.command(cls=Command, rich_help_panel=PREPARE)(env)
app.add_typer(cache, name="cache", rich_help_panel=PREPARE)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mosecrot {__version__}")
        raise typer.Exit


@app.callback()
def _application(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A text classifier for a language without training data (MoSECroT).

    Takes a pre-trained model of one language, replaces its embeddings by static word vectors of another,
    mapped through a bilingual lexicon, and evaluates the result.

    Each step reads what the previous one has left in the folder:

        mosecrot anchors --src en --tgt tt
        mosecrot map --weighting sparsemax --k 50
        mosecrot finetune --train taxi1500
        mosecrot stitch
        mosecrot evaluate --data taxi1500
    """


def main() -> NoReturn:
    """Run the application on the arguments of the process; exit with the code of `errors`."""
    prepare_streams()
    # Vocabularies are millions of small objects that are in no cycle: looking for some among them took .6 seconds of
    # a `transfer`.
    gc.set_threshold(10_000, 20)
    # The threads of OpenBLAS (numpy's and scipy's) spin for 2**26 cycles after each product, which other threads could
    # use: 2**16 are enough for products that follow one another.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "16")
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the application and turn every error into one line and an exit code.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit code: 0 done, 1 the program's fault, 2 usage, 3 input, 4 output exists, 5 source unreachable,
        6 cannot write, 130 interrupted.
    """
    signal.signal(signal.SIGTERM, _terminate)
    return end_stdout(_run(arguments))


def _run(arguments: Sequence[str]) -> int:
    try:
        try:
            return _code(app(list(arguments), prog_name="mosecrot", standalone_mode=False))
        except TyperException as error:
            if type(error).__name__ == "NoArgsIsHelpError":
                typer.echo(error.format_message(), err=True)
                return UsageError.exit_code
            raise usage_error(error) from error
    except SystemExit as stop:
        return _code(stop.code)
    except MosecrotError as error:
        if {"-v", "--verbose"} & set(arguments):
            traceback.print_exc()
        typer.echo(f"error: {one_line(str(error))}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else 1


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    # An exception, so that partial outputs are removed.
    raise SystemExit(128 + number)
