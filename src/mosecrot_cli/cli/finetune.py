"""`mosecrot finetune`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mosecrot_cli.cli import finetune_options as fine
from mosecrot_cli.cli import options as opt
from mosecrot_cli.cli.output import session
from mosecrot_cli.cli.report import report
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import (
    ComputeSettings,
    DataSettings,
    FinetuneSettings,
    OutputSettings,
    SelfTrainingSettings,
)


def finetune(
    train: fine.Train = None,
    dev: opt.Dev = FinetuneSettings.dev,
    src: opt.SrcOptional = FinetuneSettings.src,
    source_model: opt.SourceModel = FinetuneSettings.source_model,
    embeddings: opt.Embeddings = FinetuneSettings.embeddings,
    freeze_embeddings: opt.FreezeEmbeddings = FinetuneSettings.freeze_embeddings,
    augment: fine.Augment = None,
    augment_rate: fine.AugmentRate = None,
    self_train: fine.SelfTrain = None,
    confidence: fine.Confidence = None,
    balance: fine.Balance = None,
    rounds: fine.Rounds = None,
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
    output: fine.Output = None,
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
    Or, with `--self-train`, adapt a stitched checkpoint to unlabelled texts of the target language.

    Examples:
        mosecrot finetune --train train.tsv --dev dev.tsv --embeddings none

        mosecrot finetune --train taxi1500 --seeds 1,2,3,4,5 --device cuda:1

        mosecrot finetune --train train.tsv --embeddings none --augment mapped

        mosecrot finetune --self-train target.txt
    """
    shared: dict[str, Any] = {
        "data": DataSettings(text_column, label_column, data_dir),
        "compute": ComputeSettings(device, gpus or (), precision),
        "learning_rate": lr,
        "batch_size": batch_size,
        "max_length": max_length,
        "resume": resume,
    }
    defaults = FinetuneSettings if self_train is None else SelfTrainingSettings
    folder = output or defaults.out.output
    shared["out"] = OutputSettings(folder, overwrite, if_changed, dry_run)
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        if self_train is not None:
            fine.refuse(
                "--self-train adapts a checkpoint, or each of its seeds, without labels",
                train=train,
                dev=dev,
                label_column=label_column,
                src=src,
                seeds=seeds,
                embeddings=embeddings,
                augment=augment,
                augment_rate=augment_rate,
            )
            from mosecrot_cli.pipeline.self_training import run as adapt

            told = fine.said(confidence=confidence, balance=balance, rounds=rounds, epochs=epochs)
            told |= fine.said(
                freeze_embeddings=freeze_embeddings, checkpoint=Path(source_model) if source_model else None
            )
            adapted = adapt(SelfTrainingSettings(texts=self_train, seed=seed, **shared, **told), sink)
            report(sink, adapted, next_step=f"mosecrot evaluate {folder} --data ...")
            return
        if train is None:
            raise UsageError("nothing to train on", hint="--train names labelled texts, --self-train unlabelled ones")
        fine.refuse("--train has labels", confidence=confidence, balance=balance, rounds=rounds)
        if not augment:
            fine.refuse("without --augment nothing is mixed", augment_rate=augment_rate)
        from mosecrot_cli.pipeline.finetune import run

        settings = FinetuneSettings(
            train=train,
            dev=dev,
            src=src,
            source_model=source_model,
            embeddings=embeddings,
            freeze_embeddings=freeze_embeddings,
            augment=tuple(augment or ()),
            epochs=epochs,
            seeds=tuple(seeds or (seed,)),
            seed_folders=seeds is not None,
            **shared,
            **fine.said(augment_rate=augment_rate),
        )
        report(sink, run(settings, sink), next_step="mosecrot stitch")
