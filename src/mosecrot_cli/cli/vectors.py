"""`mosecrot vectors train|convert|info|prune`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli import vector_options as vec
from mosecrot_cli.cli.output import Sink, session
from mosecrot_cli.cli.report import report
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import (
    DescribeVectorsSettings,
    FastTextSettings,
    OutputSettings,
    RewriteVectorsSettings,
    TrainVectorsSettings,
)

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.vectors.info import VectorsInfo

vectors = typer.Typer(help="Train, convert, look at, cut down static word vectors.", no_args_is_help=True)


@vectors.command()
def train(
    texts: vec.TrainingTexts,
    output: vec.TrainedOutput,
    model: vec.VectorModelOption = FastTextSettings.model,
    dim: vec.Dimension = FastTextSettings.dim,
    epochs: vec.VectorEpochs = FastTextSettings.epochs,
    min_count: vec.MinCount = FastTextSettings.min_count,
    minn: vec.MinN = FastTextSettings.minn,
    maxn: vec.MaxN = FastTextSettings.maxn,
    window: vec.Window = FastTextSettings.window,
    lr: vec.VectorLearningRate = FastTextSettings.lr,
    buckets: vec.Buckets = FastTextSettings.buckets,
    threads: vec.Threads = FastTextSettings.threads,
    seed: opt.Seed = FastTextSettings.seed,
    lower: vec.Lowercase = TrainVectorsSettings.lowercase,
    text_column: opt.TextColumn = TrainVectorsSettings.text_column,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Train fastText vectors on texts, for a language that has texts and no vectors.

    Words are cut as the stitched tokenizer reads them: NFC, lower case, punctuation apart. Put spaces between the words
    of a script that writes none.

    Examples:
        mosecrot vectors train corpus.txt -o tt.bin

        mosecrot vectors train news.txt.gz bible.tsv -o tt.vec --dim 100 --min-count 2
    """
    settings = TrainVectorsSettings(
        texts=tuple(texts),
        out=OutputSettings(output, overwrite, if_changed, dry_run),
        text_column=text_column,
        lowercase=lower,
        fasttext=FastTextSettings(
            model=model,
            dim=dim,
            epochs=epochs,
            min_count=min_count,
            minn=minn,
            maxn=maxn,
            window=window,
            lr=lr,
            buckets=buckets,
            threads=threads,
            seed=seed,
        ),
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.vectors.train import run

        report(sink, run(settings, sink), next_step=f"mosecrot anchors --target-vectors {output} ...")


@vectors.command()
def convert(
    source: vec.VectorsFile,
    out: vec.VectorsOutput = None,
    to: vec.To = RewriteVectorsSettings.form,
    max_vocab: opt.MaxVocab = RewriteVectorsSettings.max_vocab,
    dtype: vec.Dtype = RewriteVectorsSettings.dtype,
    output: vec.OutputOption = None,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Write vectors in another format; words and numbers stay what they are.

    Examples:
        mosecrot vectors convert cc.tt.300.vec.gz tt.npy --dtype float16

        mosecrot vectors convert tt.npy tt.vec --max-vocab 50000
    """
    settings = RewriteVectorsSettings(
        vectors=source,
        out=OutputSettings(_one_of(out, output), overwrite, if_changed, dry_run),
        form=to,
        max_vocab=max_vocab,
        dtype=dtype,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.vectors.rewrite import convert as run

        report(sink, run(settings, sink))


@vectors.command()
def prune(
    source: vec.VectorsFile,
    out: vec.VectorsOutput = None,
    max_vocab: opt.MaxVocab = RewriteVectorsSettings.max_vocab,
    vocab_from: opt.VocabFrom = None,
    lexicon: vec.LexiconFiles = None,
    to: vec.To = RewriteVectorsSettings.form,
    dtype: vec.Dtype = RewriteVectorsSettings.dtype,
    output: vec.OutputOption = None,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Keep the first words, or those that texts and lexica need: a smaller file for the same texts.

    Words are kept in every letter case, and as pieces of longer words, as the stitched tokenizer uses them.

    Examples:
        mosecrot vectors prune wiki.de.vec de.npy --max-vocab 100000

        mosecrot vectors prune cc.tt.300.vec.gz tt.vec --vocab-from tt.test.tsv --lexicon anchors.tsv
    """
    settings = RewriteVectorsSettings(
        vectors=source,
        out=OutputSettings(_one_of(out, output), overwrite, if_changed, dry_run),
        form=to,
        max_vocab=max_vocab,
        vocab_from=tuple(vocab_from or ()),
        lexicons=tuple(lexicon or ()),
        dtype=dtype,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.vectors.rewrite import prune as run

        report(sink, run(settings, sink))


@vectors.command()
def info(
    source: vec.VectorsFile,
    max_vocab: opt.MaxVocab = DescribeVectorsSettings.max_vocab,
    first: vec.FirstWords = DescribeVectorsSettings.first,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Look at vectors: format, sizes, letter case, scripts, lengths of the vectors, duplicates, first words.

    Examples:
        mosecrot vectors info wiki.tt.vec

        mosecrot vectors info cc.de.300.vec.gz --max-vocab 10000 --json
    """
    settings = DescribeVectorsSettings(source, max_vocab, first)
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.vectors.info import describe

        _show(sink, describe(settings, sink))


def _one_of(out: Path | None, output: Path | None) -> Path:
    if (out is None) == (output is None):
        raise UsageError("name the output once", hint="as the second argument or with --output")
    return out or output or Path()


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
