"""Settings of the commands that use a checkpoint or its predictions: `evaluate`, `predict`, `export`, `compare`, ..."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_SEED, STDIO, RowFormat
from mosecrot_cli.settings.option import DATA_SET, INPUT, OUTPUT, SCORES, Argument, Nested, Option
from mosecrot_cli.settings.shared import (
    Checkpoint,
    ComputeSettings,
    DataSettings,
    LabelledData,
    OutputSettings,
    Overwrite,
    Predictions,
    Resamples,
    Split,
    TextColumn,
)

BootstrapSeed = Annotated[int, Option("--seed", help="Seed of the bootstrap.", panel=SCORES, metavar="N", least=0)]

Ensemble = Annotated[
    bool, Option("--ensemble", help="Average the log-probabilities of all checkpoints and seeds.", panel=INPUT)
]


@dataclass(frozen=True, kw_only=True)
class EvaluateSettings:
    """`mosecrot evaluate`: step 6."""

    checkpoints: Annotated[
        tuple[Path, ...],
        Argument(help="Checkpoint folders, or folders of seed-N/ checkpoints.", metavar="CHECKPOINT"),
    ] = (Path("stitched"),)
    data_sets: Annotated[
        tuple[str, ...],
        Option("--data", help="Labelled data: a TSV, CSV or JSONL file, or a name. Repeatable.", metavar=DATA_SET),
    ]
    ensemble: Ensemble = False
    split: Split = "test"
    resamples: Resamples = 2_000
    seed: BootstrapSeed = DEFAULT_SEED
    data: DataSettings = DataSettings()
    compute: Annotated[ComputeSettings, Nested("gpus")] = ComputeSettings()
    predictions: Predictions = None
    plot: Annotated[
        Path | None,
        Option(
            "--plot",
            help="Draw the confusion matrix into this file: .png, .svg or .pdf.",
            panel=OUTPUT,
            metavar="FILE",
            unset="no picture",
        ),
    ] = None
    update_card: Annotated[
        bool,
        Option(
            "--update-card",
            help="Enter the scores in the model card (README.md) of each checkpoint, in place of earlier ones on the "
            "same data.",
            panel=OUTPUT,
        ),
    ] = False
    overwrite: Overwrite = False


@dataclass(frozen=True, kw_only=True)
class CompareSettings:
    """`mosecrot compare`: paired bootstrap of two prediction files."""

    first: Annotated[Path, Argument(help="Predictions of one classifier (TSV, from evaluate).", metavar="A")]
    second: Annotated[Path, Argument(help="Predictions of the other, of the same texts.", metavar="B")]
    data_set: LabelledData
    split: Split = "test"
    resamples: Resamples = 10_000
    seed: BootstrapSeed = DEFAULT_SEED
    data: DataSettings = DataSettings()
    plot: Annotated[
        Path | None,
        Option(
            "--plot",
            help="Draw the difference in F1 for each class into this file: .png, .svg or .pdf.",
            panel=OUTPUT,
            metavar="FILE",
            unset="no picture",
        ),
    ] = None
    overwrite: Overwrite = False


@dataclass(frozen=True, kw_only=True)
class PredictSettings:
    """`mosecrot predict`."""

    checkpoint: Checkpoint = Path("stitched")
    texts: Annotated[
        str, Argument(help="Texts: one per line, or a TSV, CSV or JSONL file; '-' for stdin.", metavar="TEXTS")
    ] = STDIO
    more: Annotated[
        tuple[str, ...],
        Argument(help="With --ensemble: several checkpoints come first, then the texts.", metavar="MORE", unset="none"),
    ] = ()
    ensemble: Ensemble = False
    text_column: TextColumn = None
    compute: Annotated[ComputeSettings, Nested("gpus")] = ComputeSettings()
    format: Annotated[RowFormat, Option("--format", help="Format of the rows.", panel=OUTPUT, metavar="NAME")] = (
        RowFormat.tsv
    )
    output: Annotated[
        str, Option("-o", "--output", help="Where to write the rows; '-' is stdout.", panel=OUTPUT, metavar="PATH|-")
    ] = STDIO
    overwrite: Overwrite = False


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """`mosecrot export`."""

    checkpoint: Checkpoint = Path("stitched")
    onnx: Annotated[bool, Option("--onnx", help="Export an ONNX graph, onnx/model.onnx.", panel=OUTPUT)] = False
    out: OutputSettings = OutputSettings(Path("exported"))


@dataclass(frozen=True, kw_only=True)
class PushSettings:
    """`mosecrot push`."""

    model: Annotated[Path, Argument(help="Checkpoint folder, or folder of seed-N/ checkpoints.", metavar="MODEL")]
    repository: Annotated[str, Argument(help="Repository on the hub: OWNER/NAME.", metavar="REPO")]
    private: Annotated[
        bool, Option("--private", help="Create a private repository; one that exists must be private.", panel=OUTPUT)
    ] = False
    dry_run: Annotated[
        bool, Option("--dry-run", help="List the files and their sizes; upload nothing.", panel=OUTPUT)
    ] = False


@dataclass(frozen=True, kw_only=True)
class LeakageSettings:
    """`mosecrot leakage`: whether the texts behind an output hold scored ones."""

    output: Annotated[Path, Argument(help="A checkpoint, or another output with a manifest.", metavar="OUTPUT")]
    data_set: LabelledData
    split: Split = "test"
    data: DataSettings = DataSettings()
