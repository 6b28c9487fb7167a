"""`mosecrot vectors train|convert|prune|info`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from mosecrot_cli.cli.framework.command import Command, Group, command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import DescribeVectorsSettings, RewriteVectorsSettings, TrainVectorsSettings
from mosecrot_cli.settings.option import Nested

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.vectors.info import VectorsInfo

vectors = typer.Typer(help="Train, convert, prune or describe static word vectors.", no_args_is_help=True, cls=Group)


@vectors.command(cls=Command)
@command(TrainVectorsSettings)
def train(settings: TrainVectorsSettings, sink: Sink) -> None:
    """Train fastText vectors on texts, for a language that has texts but no vectors.

    Words are cut as the stitched tokenizer reads them: NFC, lower case, punctuation apart. Texts in a script without
    spaces need spaces between the words.

    Examples:
        mosecrot vectors train corpus.txt -o tt.bin
        mosecrot vectors train news.txt.gz bible.tsv -o tt.vec --dim 100
    """
    from mosecrot_cli.pipeline.vectors.train import run

    report(sink, run(settings, sink), next_step=f"mosecrot anchors --target-vectors {settings.out.output} ...")


@vectors.command(cls=Command)
@command(RewriteVectorsSettings, Nested("vocab_from", "lexicons"), offline=True)
def convert(settings: RewriteVectorsSettings, sink: Sink) -> None:
    """Write vectors in another format; words and numbers stay the same.

    Examples:
        mosecrot vectors convert cc.tt.300.vec.gz tt.npy --dtype float16
        mosecrot vectors convert tt.npy tt.vec --max-vocab 50000
    """
    from mosecrot_cli.pipeline.vectors.rewrite import convert as run

    report(sink, run(settings, sink))


@vectors.command(cls=Command)
@command(RewriteVectorsSettings, offline=True)
def prune(settings: RewriteVectorsSettings, sink: Sink) -> None:
    """Keep the first words, or those that texts and lexica need: a smaller file for the same texts.

    Words are kept in every letter case, and as parts of longer words, as the stitched tokenizer uses them.

    Examples:
        mosecrot vectors prune wiki.de.vec de.npy --max-vocab 100000
        mosecrot vectors prune cc.tt.300.vec.gz tt.vec --vocab-from tt.test.tsv
    """
    from mosecrot_cli.pipeline.vectors.rewrite import prune as run

    report(sink, run(settings, sink))


@vectors.command(cls=Command)
@command(DescribeVectorsSettings, offline=True)
def info(settings: DescribeVectorsSettings, sink: Sink) -> None:
    """Describe vectors: format, sizes, letter case, scripts, lengths, duplicates, first words.

    Examples:
        mosecrot vectors info wiki.tt.vec
        mosecrot vectors info cc.de.300.vec.gz --max-vocab 10000 --json
    """
    from mosecrot_cli.pipeline.vectors.info import describe

    _show(sink, describe(settings, sink))


def _show(sink: Sink, found: VectorsInfo) -> None:
    if sink.as_json:
        sink.value(asdict(found))
        return
    norms, scripts = found.norms, list(found.scripts.items())[:5]
    odd = {
        "duplicates": found.duplicates,
        "without word": found.empty_words,
        "not in NFC": found.renormalised,
        "zero vectors": norms.zero,
    }
    rows = [
        ("file", f"{found.path} ({found.bytes:,} bytes, {found.format})"),
        ("rows", f"{found.rows:,}; {found.words:,} different words x {found.dimension}"),
        ("letters", "lower-cased" if found.lowercased else "not lower-cased"),
        ("scripts", ", ".join(f"{script} {share:.1%}" for script, share in scripts) or "none"),
        ("lengths", f"{norms.least:.3f} to {norms.greatest:.3f}, median {norms.median:.3f}"),
        ("odd rows", ", ".join(f"{count:,} {name}" for name, count in odd.items() if count) or "none"),
        ("unknown words", "from their n-grams" if found.subwords else "have no vector"),
        ("first words", " ".join(found.first_words)),
    ]
    for name, value in rows:
        sink.line(f"{name:<15}{value}")
