"""Settings of `mosecrot baseline lr|lstsq|mbert`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_SEED
from mosecrot_cli.settings.evaluate import EvaluateSettings
from mosecrot_cli.settings.map import MapSettings
from mosecrot_cli.settings.option import DATA_SET, Nested, Option
from mosecrot_cli.settings.shared import (
    BatchSize,
    ComputeSettings,
    DataSettings,
    Dev,
    Epochs,
    InheritedMaxVocab,
    LabelledData,
    LearningRate,
    OneSeed,
    OutputSettings,
    Overwrite,
    Predictions,
    Seeds,
    SourceModel,
    Split,
    TargetVectors,
    Tgt,
    Train,
)


@dataclass(frozen=True, kw_only=True)
class LinearBaselineSettings:
    """`mosecrot baseline lr`: logistic regression on mean static vectors, trained on target data."""

    train: Annotated[
        str,
        Option(
            "--train",
            help="Training data in the target language: a TSV, CSV or JSONL file, or a name.",
            metavar=DATA_SET,
        ),
    ]
    data_set: LabelledData
    tgt: Tgt = None
    target_vectors: TargetVectors = None
    max_vocab: InheritedMaxVocab = None
    split: Split = EvaluateSettings.split
    data: DataSettings = DataSettings()
    predictions: Predictions = None
    overwrite: Overwrite = False


@dataclass(frozen=True, kw_only=True)
class LstsqBaselineSettings:
    """`mosecrot baseline lstsq`: map by least squares, fine-tune on the model's own embeddings, stitch, evaluate."""

    train: Train
    data_set: LabelledData
    dev: Dev = None
    anchors: Annotated[
        str, Option("--anchors", help="Anchor pairs, source TAB target; '-' for stdin.", metavar="FILE|-")
    ] = MapSettings.anchors
    source_model: SourceModel = None
    target_vectors: TargetVectors = None
    max_vocab: InheritedMaxVocab = None
    epochs: Epochs = None
    learning_rate: LearningRate = None
    batch_size: BatchSize = None
    seed: OneSeed = DEFAULT_SEED
    seeds: Seeds = ()
    split: Split = EvaluateSettings.split
    data: DataSettings = DataSettings()
    compute: Annotated[ComputeSettings, Nested("gpus")] = ComputeSettings()
    predictions: Predictions = None
    out: Annotated[OutputSettings, Nested("if_changed", "dry_run")] = OutputSettings(Path("baseline-lstsq"))


@dataclass(frozen=True, kw_only=True)
class MbertBaselineSettings:
    """`mosecrot baseline mbert`: fine-tune a multilingual model on the source language, evaluate on the target's."""

    train: Train
    data_set: LabelledData
    dev: Dev = None
    tgt: Tgt = None
    source_model: Annotated[
        str, Option("--source-model", help="Multilingual model: a folder or a hub id.", metavar="DIR|ID")
    ] = "bert-base-multilingual-cased"
    epochs: Epochs = None
    learning_rate: LearningRate = None
    batch_size: BatchSize = None
    seed: OneSeed = DEFAULT_SEED
    seeds: Seeds = ()
    split: Split = EvaluateSettings.split
    data: DataSettings = DataSettings()
    compute: Annotated[ComputeSettings, Nested("gpus")] = ComputeSettings()
    predictions: Predictions = None
    out: Annotated[OutputSettings, Nested("if_changed", "dry_run")] = OutputSettings(Path("baseline-mbert"))
