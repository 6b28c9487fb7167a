"""`mosecrot anchors`."""

from __future__ import annotations

from dataclasses import asdict

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import Sink, session
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
    panlex_distance: opt.PanlexDistance = AnchorsSettings.panlex_distance,
    min_quality: opt.MinQuality = AnchorsSettings.min_quality,
    panlex_dump: opt.PanlexDump = AnchorsSettings.panlex_dump,
    pivot_vectors: opt.AnchorsPivot = AnchorsSettings.pivot_vectors,
    pivot_rounds: opt.PivotRounds = AnchorsSettings.pivot_rounds,
    seed: opt.Seed = AnchorsSettings.seed,
    explain: opt.Explain = None,
    device: opt.Device = AnchorsSettings.device,
    output: opt.OutputOrStdout = AnchorsSettings.out.output,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Choose the anchors: lexicon pairs that the model and the vectors both know.

    Writes `anchors.tsv` (source TAB target) and `anchors.scores.tsv` (with score and origin). Lexicon and vectors that
    are not named are fetched: MUSE or PanLex, and fastText's.

    Examples:
        mosecrot anchors --src en --tgt tt

        mosecrot anchors --src en --tgt tt --lexicon en-tt.tsv --target-vectors wiki.tt.vec

        mosecrot anchors --src en --tgt tt --pivot-vectors wiki
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
        panlex_distance=panlex_distance,
        min_quality=min_quality,
        panlex_dump=panlex_dump,
        pivot_vectors=pivot_vectors,
        pivot_rounds=pivot_rounds,
        device=device,
        seed=seed,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.anchors.run import run, stream

        if explain is not None:
            _explain(settings, explain, sink)
        elif str(output) == STDIO:
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
