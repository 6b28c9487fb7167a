"""The options of `mosecrot inspect` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosecrot_cli.cli.options import parse_count


def parse_share(given: str | float) -> float:
    """A share from 0 to below 1."""
    try:
        value = float(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no number") from None
    if not 0 <= value < 1:
        raise typer.BadParameter(f"{given} is not at least 0 and below 1")
    return value


MappedArgument = Annotated[Path, typer.Argument(help="Folder of `map`.", metavar="[DIR]")]
Words = Annotated[
    list[str] | None,
    typer.Option("--word", help="Show the source tokens nearest to this target word. Repeatable.", metavar="WORD"),
]
Nearest = Annotated[int, typer.Option("--k", min=1, help="How many tokens for each --word.", metavar="N")]
CoveredTexts = Annotated[
    str | None,
    typer.Option(
        "--texts",
        help="Count how many words of these the vocabulary and the anchors hold, and where the others get a vector "
        "from once stitched (subwords, the source model, pieces): lines of text, a TSV/CSV/JSONL file, or a data set "
        "by name.",
        metavar="FILE|NAME",
    ),
]
Holdout = Annotated[
    float,
    typer.Option(
        "--holdout",
        parser=parse_share,
        help="Share of the anchors' target words to test translation on; 0: no such test.",
        metavar="X",
    ),
]
Sample = Annotated[
    int,
    typer.Option(
        "--sample", parser=parse_count, help="Mapped words that stand for all in the statistics.", metavar="N|all"
    ),
]
OtherAnchors = Annotated[
    str | None,
    typer.Option("--anchors", help="Anchor pairs for the test (unset: those of the folder).", metavar="FILE"),
]
