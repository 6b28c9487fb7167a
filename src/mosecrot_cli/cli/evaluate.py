"""`mosecrot evaluate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import Sink, session
from mosecrot_cli.settings import CompareSettings, ComputeSettings, DataSettings, EvaluateSettings

if TYPE_CHECKING:
    from mosecrot_cli.evaluation.bootstrap import PairedComparison
    from mosecrot_cli.pipeline.evaluate import Evaluation


def evaluate(
    data: opt.Data,
    checkpoint: opt.Checkpoint = EvaluateSettings.checkpoint,
    split: opt.Split = EvaluateSettings.split,
    compare: opt.Compare = None,
    predictions: opt.Predictions = EvaluateSettings.predictions,
    resamples: opt.Resamples = None,
    seed: opt.Seed = EvaluateSettings.seed,
    text_column: opt.TextColumn = DataSettings.text_column,
    label_column: opt.LabelColumn = DataSettings.label_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    device: opt.Device = ComputeSettings.device,
    precision: opt.PrecisionOption = ComputeSettings.precision,
    overwrite: opt.Overwrite = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Score checkpoints on labelled texts: macro-F1 with its interval, accuracy, classes, confusions.

    Examples:
        mosecrot evaluate stitched --data test.tsv --predictions predictions.tsv

        mosecrot evaluate --compare a.tsv b.tsv --data test.tsv
    """
    columns = DataSettings(text_column, label_column, data_dir)
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        if compare is not None:
            from mosecrot_cli.pipeline.compare import run as run_comparison

            if predictions is not None:
                raise typer.BadParameter("--predictions makes no sense with --compare")
            given = CompareSettings(*compare, data, split, columns, resamples or CompareSettings.resamples, seed)
            show_comparison(sink, run_comparison(given, sink), given)
        else:
            from mosecrot_cli.pipeline.evaluate import run

            settings = EvaluateSettings(
                data_set=data,
                checkpoint=checkpoint,
                split=split,
                data=columns,
                compute=ComputeSettings(device, (), precision),
                predictions=predictions,
                overwrite=overwrite,
                resamples=resamples or EvaluateSettings.resamples,
                seed=seed,
            )
            show_evaluation(sink, run(settings, sink))


def show_evaluation(sink: Sink, found: Evaluation) -> None:
    """The tables of an evaluation, or its JSON."""
    if sink.as_json:
        sink.value(found.to_dict())
        return
    for table in found.tables():
        sink.table(table.title, table.columns, table.rows)


def show_comparison(sink: Sink, found: PairedComparison, settings: CompareSettings) -> None:
    """The paired bootstrap as a table, or its JSON."""
    if sink.as_json:
        sink.value(asdict(found))
        return
    from mosecrot_cli.evaluation.tables import comparison_table

    table = comparison_table(found, (settings.first.name, settings.second.name))
    sink.table(table.title, table.columns, table.rows)
