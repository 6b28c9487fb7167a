"""`mosecrot finetune`."""

from __future__ import annotations

from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.cli.report import report
from mosecrot_cli.settings import ComputeSettings, DataSettings, FinetuneSettings, OutputSettings


def finetune(
    train: opt.Train,
    dev: opt.Dev = FinetuneSettings.dev,
    src: opt.SrcOptional = FinetuneSettings.src,
    source_model: opt.SourceModel = FinetuneSettings.source_model,
    embeddings: opt.Embeddings = FinetuneSettings.embeddings,
    freeze_embeddings: opt.FreezeEmbeddings = FinetuneSettings.freeze_embeddings,
    epochs: opt.Epochs = FinetuneSettings.epochs,
    lr: opt.LearningRate = FinetuneSettings.learning_rate,
    batch_size: opt.BatchSize = FinetuneSettings.batch_size,
    max_length: opt.MaxLength = FinetuneSettings.max_length,
    seed: opt.Seed = FinetuneSettings.seeds[0],
    seeds: opt.Seeds = None,
    resume: opt.Resume = FinetuneSettings.resume,
    text_column: opt.TextColumn = DataSettings.text_column,
    label_column: opt.LabelColumn = DataSettings.label_column,
    data_dir: opt.DataDir = DataSettings.data_dir,
    device: opt.Device = ComputeSettings.device,
    gpus: opt.Gpus = None,
    precision: opt.PrecisionOption = ComputeSettings.precision,
    output: opt.Output = FinetuneSettings.out.output,
    overwrite: opt.Overwrite = False,
    if_changed: opt.IfChanged = False,
    dry_run: opt.DryRun = False,
    offline: opt.Offline = False,
    as_json: opt.Json = False,
    verbose: opt.Verbose = False,
    quiet: opt.Quiet = False,
) -> None:
    """Fine-tune the source model on labelled texts of the source language.

    `--train taxi1500` and `--train amazon` select the settings of the paper where it gives them.

    Examples:
        mosecrot finetune --train train.tsv --dev dev.tsv --embeddings none

        mosecrot finetune --train taxi1500 --seeds 1,2,3,4,5 --device cuda:1
    """
    settings = FinetuneSettings(
        train=train,
        dev=dev,
        out=OutputSettings(output, overwrite, if_changed, dry_run),
        data=DataSettings(text_column, label_column, data_dir),
        compute=ComputeSettings(device, gpus or (), precision),
        src=src,
        source_model=source_model,
        embeddings=embeddings,
        freeze_embeddings=freeze_embeddings,
        epochs=epochs,
        learning_rate=lr,
        batch_size=batch_size,
        max_length=max_length,
        seeds=tuple(seeds or (seed,)),
        seed_folders=seeds is not None,
        resume=resume,
    )
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        from mosecrot_cli.pipeline.finetune import run

        report(sink, run(settings, sink), next_step="mosecrot stitch")
