"""What each command can be told: frozen dataclasses that hold every default of the toolkit, once.

`None` means "not said": the command then takes the value from the manifest of its input, or from the task's preset.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

STDIO: Final = "-"
ALL: Final = sys.maxsize
"""A count that takes everything there is (`--k all`, `--max-vocab all`)."""

DEFAULT_MAX_VOCAB = 200_000
DEFAULT_SEED = 1

# Fine-tuning without a preset (`tasks.presets`).
DEFAULT_EPOCHS = 8
DEFAULT_LEARNING_RATE = 5e-5
DEFAULT_BATCH_SIZE = 16


class Method(StrEnum):
    """How target words get an embedding of the source model's width."""

    relative = "relative"
    lstsq = "lstsq"
    ridge = "ridge"
    procrustes = "procrustes"
    residual = "residual"


class Weighting(StrEnum):
    """How the similarities of the nearest anchors become weights (paper, section 3)."""

    standard = "standard"
    softmax = "softmax"
    sparsemax = "sparsemax"
    entmax15 = "entmax15"


class StoredType(StrEnum):
    """Numbers of `target.npy`; half precision takes half the disk and is off by about 0.05 %."""

    float32 = "float32"
    float16 = "float16"


class Precision(StrEnum):
    """Arithmetic of training and inference; `auto` is bf16 where a GPU has it, else fp32."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class VectorForm(StrEnum):
    """How word vectors are written."""

    vec = "vec"
    vec_gz = "vec.gz"
    word2vec = "word2vec"
    npy = "npy"


class FloatType(StrEnum):
    """Width of the numbers in an `.npy`."""

    float32 = "float32"
    float16 = "float16"


class VectorModel(StrEnum):
    """How fastText learns vectors: the context from the word, or the word from its context."""

    skipgram = "skipgram"
    cbow = "cbow"


@dataclass(frozen=True)
class OutputSettings:
    """Where a result goes and what may happen to what is there.

    Attributes:
        output: the file or folder to write.
        overwrite: replace an existing output (once the new one is whole).
        if_changed: do nothing when the output's manifest says that settings and inputs are the same.
        dry_run: say what would be read and how much, and write nothing.
    """

    output: Path
    overwrite: bool = False
    if_changed: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class ComputeSettings:
    """Where the arithmetic runs.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps.
        gpus: numbers of the GPUs to train on, one process each; empty: `device` decides.
        precision: see `Precision`.
    """

    device: str = "auto"
    gpus: tuple[int, ...] = ()
    precision: Precision = Precision.auto


@dataclass(frozen=True)
class DataSettings:
    """How a data set is read.

    Attributes:
        text_column, label_column: names of the columns; None: guessed.
        data_dir: folder in which named data sets are looked for before the hub.
    """

    text_column: str | None = None
    label_column: str | None = None
    data_dir: Path | None = None


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
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class MapSettings:
    """`mosecrot map`: paper, section 3, steps 2 and 3."""

    out: OutputSettings = OutputSettings(Path("mapped"))
    anchors: str = "anchors.tsv"
    source_model: str | None = None
    target_vectors: str | None = None
    max_vocab: int | None = None
    vocab_from: tuple[Path, ...] = ()
    method: Method = Method.relative
    weighting: Weighting = Weighting.sparsemax
    k: int = 50
    temperature: float = 1.0
    ridge: float = 0.1
    keep_source: bool = False
    dtype: StoredType = StoredType.float32
    device: str = "auto"


class MapPreset(StrEnum):
    """A bundle of options of `map`; an option that is given as well wins."""

    paper = "paper"
    transfer = "transfer"


MAP_PRESETS: Mapping[MapPreset, Mapping[str, Any]] = MappingProxyType(
    {
        MapPreset.paper: {
            name: getattr(MapSettings, name)
            for name in ("method", "weighting", "k", "temperature", "ridge", "keep_source")
        },
        # Chosen on the dev splits of SIB-200 in Russian, French and Chinese: docs/transfer.md.
        MapPreset.transfer: {
            "method": Method.residual,
            "weighting": Weighting.softmax,
            "k": 50,
            "temperature": 0.15,
            "ridge": 0.1,
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
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    max_length: int | None = None
    seeds: tuple[int, ...] = (DEFAULT_SEED,)
    seed_folders: bool = False
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


class RowFormat(StrEnum):
    """How `predict` writes its rows."""

    tsv = "tsv"
    jsonl = "jsonl"


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
class RewriteVectorsSettings:
    """`mosecrot vectors convert` and `prune`: the same vectors in another file, or some of them.

    Attributes:
        vectors: a file, an address or a hub id.
        out: the file to write.
        form: its format; None: by its ending.
        max_vocab: the first N words (of those that are wanted).
        vocab_from: keep the words that occur in these texts.
        lexicons: and the target words of these lexica or anchor files.
        dtype: width of the numbers (`.npy`).
    """

    vectors: str
    out: OutputSettings
    form: VectorForm | None = None
    max_vocab: int = ALL
    vocab_from: tuple[Path, ...] = ()
    lexicons: tuple[Path, ...] = ()
    dtype: FloatType = FloatType.float32


@dataclass(frozen=True)
class DescribeVectorsSettings:
    """`mosecrot vectors info`.

    Attributes:
        vectors: a file, an address or a hub id.
        max_vocab: look at the first N words only.
        first: how many of the first words are shown.
    """

    vectors: str
    max_vocab: int = ALL
    first: int = 10


@dataclass(frozen=True)
class FastTextSettings:
    """What fastText is told; defaults as of its Wikipedia vectors (arXiv 1607.04606; 300 dimensions) and its tool.

    Attributes:
        model: skipgram or cbow.
        dim: numbers a word.
        epochs: passes over the text.
        min_count: rarer words get no vector.
        minn, maxn: lengths of character n-grams; maxn 0: whole words only.
        window: words on either side.
        lr: initial learning rate.
        buckets: rows for n-grams (4 bytes x dim each).
        threads: of the training; several make no two runs alike.
        seed: of the random numbers.
    """

    model: VectorModel = VectorModel.skipgram
    dim: int = 300
    epochs: int = 5
    min_count: int = 5
    minn: int = 3
    maxn: int = 6
    window: int = 5
    lr: float = 0.05
    buckets: int = 2_000_000
    threads: int = 12
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class TrainVectorsSettings:
    """`mosecrot vectors train`."""

    texts: tuple[Path, ...]
    out: OutputSettings
    text_column: str | None = None
    lowercase: bool = True
    fasttext: FastTextSettings = FastTextSettings()


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
