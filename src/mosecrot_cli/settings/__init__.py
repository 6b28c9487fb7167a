"""Settings of the commands: frozen dataclasses that declare each option with its default, once.

The annotation of a field says how it is written on the command line (`settings.option`). `None` means that nothing was
given: the command then takes the value from the manifest of its input, or from the preset of the task.
"""

from __future__ import annotations

from mosecrot_cli.settings.anchors import AnchorsSettings
from mosecrot_cli.settings.baseline import LinearBaselineSettings, LstsqBaselineSettings, MbertBaselineSettings
from mosecrot_cli.settings.choices import (
    ALL,
    AUTO,
    CONTINUED_BATCH_SIZE,
    CONTINUED_EPOCHS,
    CONTINUED_LEARNING_RATE,
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_MAX_LENGTH,
    DEFAULT_MAX_VOCAB,
    DEFAULT_SEED,
    IDENTICAL_LETTERS,
    STDIO,
    AdaptMethod,
    AnchorLearning,
    Basis,
    FloatType,
    MapPreset,
    Method,
    Neighbours,
    Normalize,
    Precision,
    RowFormat,
    RunLog,
    Scheduler,
    VectorForm,
    VectorModel,
    Weighting,
)
from mosecrot_cli.settings.evaluate import (
    CompareSettings,
    EvaluateSettings,
    ExportSettings,
    LeakageSettings,
    PredictSettings,
    PushSettings,
)
from mosecrot_cli.settings.finetune import CONTINUED_OUTPUT, AdaptSettings, FinetuneSettings, OptimizerSettings
from mosecrot_cli.settings.inspect import InspectSettings
from mosecrot_cli.settings.map import MAP_PRESETS, MapSettings, with_preset
from mosecrot_cli.settings.shared import ComputeSettings, DataSettings, OutputSettings
from mosecrot_cli.settings.stitch import ALIGNED_TEMPERATURE, AlignSettings, StitchSettings
from mosecrot_cli.settings.transfer import TransferSettings
from mosecrot_cli.settings.vectors import (
    DescribeVectorsSettings,
    FastTextSettings,
    RewriteVectorsSettings,
    TrainVectorsSettings,
)

__all__ = [
    "ALIGNED_TEMPERATURE",
    "ALL",
    "AUTO",
    "CONTINUED_BATCH_SIZE",
    "CONTINUED_EPOCHS",
    "CONTINUED_LEARNING_RATE",
    "CONTINUED_OUTPUT",
    "DEFAULT_BATCH_SIZE",
    "DEFAULT_EPOCHS",
    "DEFAULT_LEARNING_RATE",
    "DEFAULT_MAX_LENGTH",
    "DEFAULT_MAX_VOCAB",
    "DEFAULT_SEED",
    "IDENTICAL_LETTERS",
    "MAP_PRESETS",
    "STDIO",
    "AdaptMethod",
    "AdaptSettings",
    "AlignSettings",
    "AnchorLearning",
    "AnchorsSettings",
    "Basis",
    "CompareSettings",
    "ComputeSettings",
    "DataSettings",
    "DescribeVectorsSettings",
    "EvaluateSettings",
    "ExportSettings",
    "FastTextSettings",
    "FinetuneSettings",
    "FloatType",
    "InspectSettings",
    "LeakageSettings",
    "LinearBaselineSettings",
    "LstsqBaselineSettings",
    "MapPreset",
    "MapSettings",
    "MbertBaselineSettings",
    "Method",
    "Neighbours",
    "Normalize",
    "OptimizerSettings",
    "OutputSettings",
    "Precision",
    "PredictSettings",
    "PushSettings",
    "RewriteVectorsSettings",
    "RowFormat",
    "RunLog",
    "Scheduler",
    "StitchSettings",
    "TrainVectorsSettings",
    "TransferSettings",
    "VectorForm",
    "VectorModel",
    "Weighting",
    "with_preset",
]
