"""Writing the two anchor files."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TextIO

from mosecrot_cli.lexicon.types import ScoredPair

SCORES_HEADER = ("source", "target", "score", "origin")


def write_anchors(anchors: Iterable[ScoredPair], output: TextIO | Path) -> None:
    """Write `source TAB target` lines without a header: the form that MUSE and VecMap read.

    Raises:
        ValueError: a word holds a tab or a line break.
        OSError: the output cannot be written.
    """
    with _opened(output) as stream:
        for anchor in anchors:
            stream.write(_line(anchor.source, anchor.target))


def write_anchor_scores(anchors: Iterable[ScoredPair], output: TextIO | Path) -> None:
    """Write a table of source, target, score (empty where there is none) and origin, with a header.

    Raises:
        ValueError: a field holds a tab or a line break.
        OSError: the output cannot be written.
    """
    with _opened(output) as stream:
        stream.write(_line(*SCORES_HEADER))
        for anchor in anchors:
            score = "" if anchor.score is None else repr(anchor.score)
            stream.write(_line(anchor.source, anchor.target, score, anchor.origin))


def _opened(output: TextIO | Path) -> AbstractContextManager[TextIO]:
    if isinstance(output, Path):
        return output.open("w", encoding="utf-8", newline="\n")
    return nullcontext(output)


def _line(*fields: str) -> str:
    line = "\t".join(fields)
    if line.count("\t") != len(fields) - 1 or "\n" in line or "\r" in line:
        raise ValueError(f"a tab or a line break inside a field: {fields!r}")
    return line + "\n"
