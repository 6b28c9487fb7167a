"""`mosecrot map`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mosecrot_cli.cli import map_options as map_opt
from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.cli.report import report
from mosecrot_cli.settings import MAP_PRESETS, MapPreset, MapSettings, OutputSettings


def map_(
    anchors: opt.AnchorsFile = MapSettings.anchors,
    source_model: opt.SourceModel = MapSettings.source_model,
    target_vectors: opt.TargetVectors = MapSettings.target_vectors,
    max_vocab: opt.MaxVocabOptional = MapSettings.max_vocab,
    vocab_from: opt.VocabFrom = None,
    subwords: map_opt.Subwords = MapSettings.subwords,
    preset: map_opt.Preset = MapPreset.paper,
    method: map_opt.MethodOption = None,
    weighting: map_opt.WeightingOption = None,
    k: map_opt.K = None,
    temperature: map_opt.Temperature = None,
    ridge: map_opt.Ridge = None,
    max_rank: map_opt.MaxRank = None,
    self_learning: map_opt.SelfLearning = None,
    normalize: map_opt.NormalizeOption = None,
    basis: map_opt.BasisOption = None,
    neighbours: map_opt.NeighboursOption = None,
    pivot_vectors: map_opt.PivotVectors = MapSettings.pivot_vectors,
    pivot_lexicon: map_opt.PivotLexicon = None,
    keep_source: map_opt.KeepSource = None,
    dtype: map_opt.DtypeOption = MapSettings.dtype,
    device: opt.Device = MapSettings.device,
    output: opt.Output = MapSettings.out.output,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Map the target vectors into the embedding space of the model.

    Writes a folder with `source.npy` (one row per token id), `target.npy` and `target.vocab.txt`.

    Examples:
        mosecrot map --weighting sparsemax --k 50

        mosecrot map --preset transfer

        mosecrot map --method ridge --normalize both --basis vocabulary --k 10 --neighbours csls

        mosecrot map --method ridge --pivot-vectors wiki --pivot-lexicon en-tt.tsv

        mosecrot map --vocab-from tt.test.tsv --max-vocab all

        mosecrot anchors --lexicon en-tt.tsv -o - ... | mosecrot map - --source-model DIR --target-vectors wiki.tt.vec
    """
    settings = MapSettings(
        out=OutputSettings(output, overwrite, if_changed, dry_run),
        anchors=anchors,
        source_model=source_model,
        target_vectors=target_vectors,
        max_vocab=max_vocab,
        vocab_from=tuple(vocab_from or ()),
        subwords=subwords,
        pivot_vectors=pivot_vectors,
        pivot_lexicons=tuple(pivot_lexicon or ()),
        dtype=dtype,
        device=device,
    )
    given: dict[str, Any] = {"method": method, "weighting": weighting, "k": k, "temperature": temperature}
    given |= {"ridge": ridge, "normalize": normalize, "basis": basis, "neighbours": neighbours}
    given |= {"keep_source": keep_source, "self_learning": self_learning, "max_rank": max_rank}
    chosen = {**MAP_PRESETS[preset]} | {name: value for name, value in given.items() if value is not None}
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.map.run import run

        report(
            sink,
            run(replace(settings, **chosen), sink),
            next_step="mosecrot finetune --train ..., then mosecrot stitch",
        )
