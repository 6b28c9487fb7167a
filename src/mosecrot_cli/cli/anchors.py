"""`mosecrot anchors`."""

from __future__ import annotations

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.cli.report import report
from mosecrot_cli.settings import STDIO, AnchorsSettings, OutputSettings


def anchors(
    src: opt.Src = AnchorsSettings.src,
    tgt: opt.Tgt = AnchorsSettings.tgt,
    lexicon: opt.Lexicon = None,
    source_model: opt.SourceModel = AnchorsSettings.source_model,
    target_vectors: opt.TargetVectors = AnchorsSettings.target_vectors,
    max_vocab: opt.MaxVocab = AnchorsSettings.max_vocab,
    max_anchors: opt.MaxAnchors = AnchorsSettings.max_anchors,
    drop_stopwords: opt.DropStopwords = AnchorsSettings.drop_stopwords,
    stopwords: opt.Stopwords = AnchorsSettings.stopwords,
    min_score: opt.MinScore = AnchorsSettings.min_score,
    script: opt.Script = AnchorsSettings.script,
    identical: opt.Identical = AnchorsSettings.identical,
    multi_token: opt.MultiToken = AnchorsSettings.multi_token,
    seed: opt.Seed = AnchorsSettings.seed,
    output: opt.OutputOrStdout = AnchorsSettings.out.output,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Choose the anchors: lexicon pairs that the model and the vectors both know.

    Writes `anchors.tsv` (source TAB target) and `anchors.scores.tsv` (with score and origin).

    Example:
        mosecrot anchors --src en --tgt tt --lexicon en-tt.tsv --target-vectors wiki.tt.vec
    """
    settings = AnchorsSettings(
        out=OutputSettings(output, overwrite, if_changed, dry_run),
        src=src,
        tgt=tgt,
        lexicons=tuple(lexicon or ()),
        source_model=source_model,
        target_vectors=target_vectors,
        max_vocab=max_vocab,
        max_anchors=max_anchors,
        drop_stopwords=drop_stopwords,
        stopwords=stopwords,
        min_score=min_score,
        script=script,
        identical=identical,
        multi_token=multi_token,
        seed=seed,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.anchors import run, stream

        if str(output) == STDIO:
            stream(settings, sink.line, sink)
        else:
            report(sink, run(settings, sink), next_step="mosecrot map")
