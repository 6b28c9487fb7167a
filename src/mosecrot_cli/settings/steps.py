"""What the commands of the method can be told, and `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from mosecrot_cli.settings.choices import (
    AUTO,
    DEFAULT_MAX_VOCAB,
    DEFAULT_SEED,
    STDIO,
    Basis,
    FloatType,
    MapPreset,
    Method,
    Neighbours,
    Normalize,
    RowFormat,
    Weighting,
)
from mosecrot_cli.settings.shared import ComputeSettings, DataSettings, OutputSettings


@dataclass(frozen=True)
class AnchorsSettings:
    """`mosecrot anchors`: paper, section 3, step 1."""

    out: OutputSettings = OutputSettings(Path("anchors.tsv"))
    src: str = "en"
    tgt: str | None = None
    lexicons: tuple[str, ...] = ()
    source_model: str | None = None
    target_vectors: str | None = None
    max_vocab: int = DEFAULT_MAX_VOCAB
    max_anchors: int | None = None
    drop_stopwords: bool = False
    stopwords: Path | None = None
    min_score: float | None = None
    script: str = "auto"
    identical: bool = False
    multi_token: bool = False
    panlex_distance: int = 1
    min_quality: int = 0
    panlex_dump: Path | None = None
    pivot_vectors: str | None = None
    pivot_rounds: int = 20
    device: str = "auto"
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class MapSettings:
    """`mosecrot map`: paper, section 3, steps 2 and 3.

    `normalize` None is the method's own (`mapping.methods`); `subwords` None: with `vocab_from`, where the vectors have
    them.
    """

    out: OutputSettings = OutputSettings(Path("mapped"))
    anchors: str = "anchors.tsv"
    source_model: str | None = None
    target_vectors: str | None = None
    max_vocab: int | None = None
    vocab_from: tuple[Path, ...] = ()
    subwords: bool | None = None
    method: Method = Method.relative
    weighting: Weighting = Weighting.sparsemax
    k: int = 50
    temperature: float = 1.0
    ridge: float | Literal["auto"] = 0.1
    max_rank: float = 1.0
    self_learning: int = 0
    normalize: Normalize | None = None
    basis: Basis = Basis.anchors
    neighbours: Neighbours = Neighbours.cosine
    pivot_vectors: str | None = None
    pivot_lexicons: tuple[Path, ...] = ()
    keep_source: bool = False
    dtype: FloatType = FloatType.float32
    device: str = "auto"


MAP_PRESETS: Mapping[MapPreset, Mapping[str, Any]] = MappingProxyType(
    {
        MapPreset.paper: {
            name: getattr(MapSettings, name)
            for name in (
                "method",
                "weighting",
                "k",
                "temperature",
                "ridge",
                "max_rank",
                "self_learning",
                "basis",
                "neighbours",
                "keep_source",
            )
        },
        # How it was chosen: docs/transfer.md.
        MapPreset.transfer: {
            "method": Method.residual,
            "weighting": Weighting.softmax,
            "k": 50,
            "temperature": 0.15,
            "ridge": AUTO,
            "max_rank": 1.0,
            "self_learning": 0,
            "basis": Basis.anchors,
            "neighbours": Neighbours.cosine,
            "keep_source": True,
        },
    }
)


@dataclass(frozen=True)
class FinetuneSettings:
    """`mosecrot finetune`: step 4. Unset numbers come from the task's preset (`tasks.presets`)."""

    train: str = ""
    dev: str | None = None
    out: OutputSettings = OutputSettings(Path("model"))
    data: DataSettings = DataSettings()
    compute: ComputeSettings = ComputeSettings()
    src: str | None = None
    source_model: str | None = None
    embeddings: str | None = None
    freeze_embeddings: bool | None = None
    augment: tuple[Path, ...] = ()
    augment_rate: float = 0.5
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    max_length: int | None = None
    seeds: tuple[int, ...] = (DEFAULT_SEED,)
    seed_folders: bool = False
    resume: bool = False


@dataclass(frozen=True)
class SelfTrainingSettings:
    """`mosecrot finetune --self-train`: after step 5. Unset numbers are those of fine-tuning without a preset."""

    texts: str = ""
    checkpoint: Path = Path("stitched")
    out: OutputSettings = OutputSettings(Path("adapted"))
    data: DataSettings = DataSettings()
    compute: ComputeSettings = ComputeSettings()
    confidence: float = 0.0
    balance: bool = True
    rounds: int = 3
    freeze_embeddings: bool = True
    epochs: int = 2
    learning_rate: float | None = None
    batch_size: int | None = None
    max_length: int | None = None
    seed: int = DEFAULT_SEED
    resume: bool = False


@dataclass(frozen=True)
class StitchSettings:
    """`mosecrot stitch`: step 5."""

    checkpoint: Path = Path("model")
    embeddings: Path = Path("mapped")
    out: OutputSettings = OutputSettings(Path("stitched"))
    shared: bool = True


@dataclass(frozen=True)
class EvaluateSettings:
    """`mosecrot evaluate`: step 6."""

    data_set: str = ""
    checkpoint: Path = Path("stitched")
    split: str = "test"
    data: DataSettings = DataSettings()
    compute: ComputeSettings = ComputeSettings()
    predictions: Path | None = None
    overwrite: bool = False
    resamples: int = 2_000
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class CompareSettings:
    """`mosecrot evaluate --compare A B`: paired bootstrap of two prediction files."""

    first: Path
    second: Path
    data_set: str
    split: str = "test"
    data: DataSettings = DataSettings()
    resamples: int = 10_000
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class PredictSettings:
    """`mosecrot predict`."""

    checkpoint: Path = Path("stitched")
    texts: str = STDIO
    output: str = STDIO
    format: RowFormat = RowFormat.tsv
    text_column: str | None = None
    overwrite: bool = False
    compute: ComputeSettings = ComputeSettings()


@dataclass(frozen=True)
class InspectSettings:
    """`mosecrot inspect`. What is unset comes from the manifest of the mapped folder.

    Attributes:
        mapped: the folder that `map` has written.
        words: target words whose nearest source tokens are shown.
        k: how many of these.
        holdout: share of the anchors' target words that are held out for the translation test; 0: no test.
        sample: how many mapped target words stand for all in the statistics.
        texts: a text file or data set whose coverage is counted.
        split: of a named data set.
        data: how texts are read.
        anchors, source_model, target_vectors: in place of those in the manifest.
        device: of the searches.
        seed: of the split and the sample.
    """

    mapped: Path = Path("mapped")
    words: tuple[str, ...] = ()
    k: int = 10
    holdout: float = 0.1
    sample: int = 5_000
    texts: str | None = None
    split: str = "test"
    data: DataSettings = DataSettings()
    anchors: str | None = None
    source_model: str | None = None
    target_vectors: str | None = None
    device: str = "auto"
    seed: int = DEFAULT_SEED
