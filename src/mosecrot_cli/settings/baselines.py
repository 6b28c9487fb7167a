"""What the baselines can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.settings.choices import (
    DEFAULT_SEED,
)
from mosecrot_cli.settings.shared import ComputeSettings, DataSettings, OutputSettings
from mosecrot_cli.settings.steps import (
    EvaluateSettings,
    MapSettings,
)


@dataclass(frozen=True)
class LinearBaselineSettings:
    """`mosecrot baseline lr`: logistic regression on mean static vectors, trained on target data."""

    train: str = ""
    data_set: str = ""
    target_vectors: str | None = None
    max_vocab: int | None = None
    split: str = EvaluateSettings.split
    tgt: str | None = None
    data: DataSettings = DataSettings()
    predictions: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class _TransferBaselineSettings:
    """What the baselines that fine-tune a model on the source language have in common."""

    train: str = ""
    data_set: str = ""
    dev: str | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    seeds: tuple[int, ...] = (DEFAULT_SEED,)
    seed_folders: bool = False
    split: str = EvaluateSettings.split
    predictions: Path | None = None
    data: DataSettings = DataSettings()
    compute: ComputeSettings = ComputeSettings()


@dataclass(frozen=True)
class LstsqBaselineSettings(_TransferBaselineSettings):
    """`mosecrot baseline lstsq`: map by least squares, fine-tune on the model's own embeddings, stitch, evaluate."""

    out: OutputSettings = OutputSettings(Path("baseline-lstsq"))
    anchors: str = MapSettings.anchors
    source_model: str | None = None
    target_vectors: str | None = None
    max_vocab: int | None = None


@dataclass(frozen=True)
class MbertBaselineSettings(_TransferBaselineSettings):
    """`mosecrot baseline mbert`: fine-tune a multilingual model on the source language, evaluate on the target's."""

    out: OutputSettings = OutputSettings(Path("baseline-mbert"))
    source_model: str = "bert-base-multilingual-cased"
    tgt: str | None = None
