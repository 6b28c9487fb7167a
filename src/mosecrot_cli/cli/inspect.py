"""`mosecrot inspect`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mosecrot_cli.cli import inspect_options as ins
from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import Sink, session
from mosecrot_cli.settings import DataSettings, InspectSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.inspect.report import Inspection


def inspect(
    mapped: ins.MappedArgument = InspectSettings.mapped,
    word: ins.Words = None,
    k: ins.Nearest = InspectSettings.k,
    texts: ins.CoveredTexts = InspectSettings.texts,
    holdout: ins.Holdout = InspectSettings.holdout,
    sample: ins.Sample = InspectSettings.sample,
    anchors: ins.OtherAnchors = InspectSettings.anchors,
    source_model: opt.SourceModel = InspectSettings.source_model,
    target_vectors: opt.TargetVectors = InspectSettings.target_vectors,
    split: opt.Split = InspectSettings.split,
    text_column: opt.TextColumn = DataSettings.text_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    device: opt.Device = InspectSettings.device,
    seed: opt.Seed = InspectSettings.seed,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Look at mapped embeddings: is the lexicon good, is the map, what do they know of a text?

    Fits the same map again on a part of the anchors and looks where the other words find their translations (each has
    one: synonyms count as wrong); counts the words of a text that the vectors and the anchors know; measures lengths
    and hubs; and tells which number is out of the range that it has on real material. Anchors, model and vectors are
    those in the folder's manifest.

    Examples:
        mosecrot inspect

        mosecrot inspect mapped --word собака --word наука --texts ru.test.tsv

        mosecrot inspect --holdout 0.2 --json
    """
    settings = InspectSettings(
        mapped=mapped,
        words=tuple(word or ()),
        k=k,
        holdout=holdout,
        sample=sample,
        texts=texts,
        split=split,
        data=DataSettings(text_column, None, data_dir),
        anchors=anchors,
        source_model=source_model,
        target_vectors=target_vectors,
        device=device,
        seed=seed,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.inspect.run import run

        _show(sink, run(settings, sink))


def _show(sink: Sink, found: Inspection) -> None:
    if sink.as_json:
        sink.value(found.to_dict())
        return
    sink.line(f"{found.mapped}: {found.method}, {found.anchors:,} anchors")
    for table in found.tables():
        sink.table(table.title, table.columns, table.rows)
    for text in found.lines():
        sink.line(text)
