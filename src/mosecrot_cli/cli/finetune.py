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
    mixed = augment and tuple(augment)
    labelled: dict[str, Any] = {"train": train, "dev": dev, "src": src, "embeddings": embeddings}
    labelled |= {"augment": mixed, "augment_rate": augment_rate}
    adapting: dict[str, Any] = {"confidence": confidence, "balance": balance, "rounds": rounds}
    shared: dict[str, Any] = {"learning_rate": lr, "batch_size": batch_size, "max_length": max_length}
    shared |= {"epochs": epochs, "freeze_embeddings": freeze_embeddings}
    adapts = self_train is not None
    folder = output or (SelfTrainingSettings if adapts else FinetuneSettings).out.output
    given: dict[str, Any] = {
        "out": OutputSettings(folder, overwrite, if_changed, dry_run),
        "data": DataSettings(text_column, label_column, data_dir),
        "compute": ComputeSettings(device, gpus or (), precision),
        "resume": resume,
        **fine.said(**shared),
    }
    with session(as_json=as_json, quiet=quiet, verbose=verbose) as sink:
        if adapts:
            because = "--self-train adapts a checkpoint, or each of its seeds, without labels"
            fine.refuse(because, **labelled, label_column=label_column, seeds=seeds)
            from mosecrot_cli.pipeline.adapt import run as adapt

            told = fine.said(**adapting, checkpoint=Path(source_model) if source_model else None)
            adapted = adapt(SelfTrainingSettings(**given, **told, texts=str(self_train), seed=seed), sink)
            report(sink, adapted, next_step=f"mosecrot evaluate {folder} --data ...")
            return
        fine.refuse("--train has labels", **adapting)
        if not train:
            raise UsageError("nothing to train on", hint="--train names labelled texts, --self-train unlabelled ones")
        if not mixed:
            fine.refuse("without --augment nothing is mixed", augment_rate=augment_rate)
        from mosecrot_cli.pipeline.finetune.run import run

        told = fine.said(**labelled, source_model=source_model, seeds=tuple(seeds or (seed,)))
        settings = FinetuneSettings(**given, **told, seed_folders=seeds is not None)
        report(sink, run(settings, sink), next_step="mosecrot stitch")
