"""`mosecrot anchors`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import STDIO, AnchorsSettings
from mosecrot_cli.settings.option import OUTPUT, Option

Explain = Annotated[
    str | None,
    Option(
        "--explain",
        help="Write nothing; show where a word's translations come from and why the others lost.",
        panel=OUTPUT,
        metavar="WORD",
        unset="write the anchors",
    ),
]


@command(AnchorsSettings, offline=True)
def anchors(settings: AnchorsSettings, sink: Sink, *, explain: Explain = None) -> None:
    """Choose the anchors: lexicon pairs that both the model and the vectors know.

    Writes `anchors.tsv` (source TAB target) and `anchors.scores.tsv` (with score and origin). A lexicon or vectors that
    are not named are fetched: MUSE or PanLex, and fastText's.

    Examples:
        mosecrot anchors --src en --tgt tt
        mosecrot anchors --tgt tt --lexicon en-tt.tsv --target-vectors wiki.tt.vec
        mosecrot anchors --src en --tgt tt --source-vectors wiki
        mosecrot anchors --lexicon align:en.tsv,tt.tsv --target-vectors tt.bin
    """
    from mosecrot_cli.pipeline.anchors.run import run, stream

    if explain is not None:
        _explain(settings, explain, sink)
    elif str(settings.out.output) == STDIO:
        stream(settings, sink.line, sink)
    else:
        report(sink, run(settings, sink), next_step="mosecrot map")


def _explain(settings: AnchorsSettings, word: str, sink: Sink) -> None:
    from mosecrot_cli.pipeline.anchors.explain import explain

    fates = explain(settings, word, sink)
    if sink.as_json:
        sink.value([asdict(fate) for fate in fates])
        return
    rows = [
        (fate.source, fate.target, "" if fate.score is None else f"{fate.score:g}", fate.origin, fate.verdict)
        for fate in fates
    ]
    title = f"{word}: {len(rows)} pairs" if rows else f"{word}: in no lexicon"
    sink.table(title, ("source", "target", "score", "origin", "verdict"), rows)
