"""`mosecrot baseline lr|mbert|lstsq`."""

from __future__ import annotations

import typer

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.evaluate import show_evaluation
from mosecrot_cli.cli.output import session
from mosecrot_cli.settings import (
    ComputeSettings,
    DataSettings,
    FinetuneSettings,
    LinearBaselineSettings,
    LstsqBaselineSettings,
    MbertBaselineSettings,
    OutputSettings,
)

baseline = typer.Typer(help="What the stitched model is compared with.", no_args_is_help=True)


@baseline.command("lr")
def linear(
    train: opt.Train,
    data: opt.Data,
    tgt: opt.Tgt = LinearBaselineSettings.tgt,
    target_vectors: opt.TargetVectors = LinearBaselineSettings.target_vectors,
    max_vocab: opt.MaxVocabOptional = LinearBaselineSettings.max_vocab,
    split: opt.Split = LinearBaselineSettings.split,
    predictions: opt.Predictions = LinearBaselineSettings.predictions,
    text_column: opt.TextColumn = DataSettings.text_column,
    label_column: opt.LabelColumn = DataSettings.label_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    overwrite: opt.Overwrite = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Logistic regression on mean static vectors, trained on labelled *target* texts: not zero-shot.

    Standardised features, L2 penalty with C = 1. Vectors and language: as in `anchors.tsv`, if it is there.

    Example:
        mosecrot baseline lr --train ru.train.tsv --data ru.test.tsv --target-vectors ru.npy
    """
    settings = LinearBaselineSettings(
        train=train,
        data_set=data,
        target_vectors=target_vectors,
        max_vocab=max_vocab,
        split=split,
        tgt=tgt,
        data=DataSettings(text_column, label_column, data_dir),
        predictions=predictions,
        overwrite=overwrite,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.baseline import linear as run

        show_evaluation(sink, run(settings, sink))


@baseline.command()
def lstsq(
    train: opt.Train,
    data: opt.Data,
    dev: opt.Dev = FinetuneSettings.dev,
    anchors: opt.AnchorsOption = LstsqBaselineSettings.anchors,
    source_model: opt.SourceModel = FinetuneSettings.source_model,
    target_vectors: opt.TargetVectors = LstsqBaselineSettings.target_vectors,
    max_vocab: opt.MaxVocabOptional = LstsqBaselineSettings.max_vocab,
    epochs: opt.Epochs = FinetuneSettings.epochs,
    lr: opt.LearningRate = FinetuneSettings.learning_rate,
    batch_size: opt.BatchSize = FinetuneSettings.batch_size,
    seed: opt.Seed = FinetuneSettings.seeds[0],
    seeds: opt.Seeds = None,
    split: opt.Split = LstsqBaselineSettings.split,
    predictions: opt.Predictions = LstsqBaselineSettings.predictions,
    text_column: opt.TextColumn = DataSettings.text_column,
    label_column: opt.LabelColumn = DataSettings.label_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    device: opt.Device = ComputeSettings.device,
    precision: opt.PrecisionOption = ComputeSettings.precision,
    output: opt.Output = LstsqBaselineSettings.out.output,
    overwrite: opt.Overwrite = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Least squares: target vectors mapped by W = argmin ||A^t W - A^s||, the source model fine-tuned as it is.

    The same as `map --method lstsq`, `finetune --embeddings none`, `stitch` and `evaluate`; writes all three folders.

    Example:
        mosecrot baseline lstsq --train en.train.tsv --dev en.dev.tsv --data ru.test.tsv
    """
    settings = LstsqBaselineSettings(
        train=train,
        data_set=data,
        dev=dev,
        out=OutputSettings(output, overwrite),
        anchors=anchors,
        source_model=source_model,
        target_vectors=target_vectors,
        max_vocab=max_vocab,
        epochs=epochs,
        learning_rate=lr,
        batch_size=batch_size,
        seeds=tuple(seeds or (seed,)),
        seed_folders=seeds is not None,
        split=split,
        predictions=predictions,
        data=DataSettings(text_column, label_column, data_dir),
        compute=ComputeSettings(device, (), precision),
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.baseline import least_squares

        show_evaluation(sink, least_squares(settings, sink))


@baseline.command()
def mbert(
    train: opt.Train,
    data: opt.Data,
    dev: opt.Dev = FinetuneSettings.dev,
    tgt: opt.Tgt = MbertBaselineSettings.tgt,
    source_model: opt.MultilingualModel = MbertBaselineSettings.source_model,
    epochs: opt.Epochs = FinetuneSettings.epochs,
    lr: opt.LearningRate = FinetuneSettings.learning_rate,
    batch_size: opt.BatchSize = FinetuneSettings.batch_size,
    seed: opt.Seed = FinetuneSettings.seeds[0],
    seeds: opt.Seeds = None,
    split: opt.Split = MbertBaselineSettings.split,
    predictions: opt.Predictions = MbertBaselineSettings.predictions,
    text_column: opt.TextColumn = DataSettings.text_column,
    label_column: opt.LabelColumn = DataSettings.label_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    device: opt.Device = ComputeSettings.device,
    precision: opt.PrecisionOption = ComputeSettings.precision,
    output: opt.Output = MbertBaselineSettings.out.output,
    overwrite: opt.Overwrite = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """A multilingual model, all of it fine-tuned on the source language and tested on the target language.

    Example:
        mosecrot baseline mbert --train taxi1500 --data taxi1500 --tgt tt
    """
    settings = MbertBaselineSettings(
        train=train,
        data_set=data,
        dev=dev,
        tgt=tgt,
        out=OutputSettings(output, overwrite),
        source_model=source_model,
        epochs=epochs,
        learning_rate=lr,
        batch_size=batch_size,
        seeds=tuple(seeds or (seed,)),
        seed_folders=seeds is not None,
        split=split,
        predictions=predictions,
        data=DataSettings(text_column, label_column, data_dir),
        compute=ComputeSettings(device, (), precision),
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.baseline import multilingual

        show_evaluation(sink, multilingual(settings, sink))
