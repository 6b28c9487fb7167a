"""What each command can be told: frozen dataclasses that hold every default of the toolkit, once.

`None` means "not said": the command then takes the value from the manifest of its input, or from the task's preset.
"""

from __future__ import annotations

from mosecrot_cli.settings.baselines import LinearBaselineSettings, LstsqBaselineSettings, MbertBaselineSettings
from mosecrot_cli.settings.choices import (
    ALL,
    AUTO,
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_MAX_VOCAB,
    DEFAULT_SEED,
    IDENTICAL_LETTERS,
    STDIO,
    Basis,
    FloatType,
    MapPreset,
    Method,
    Neighbours,
    Normalize,
    Precision,
    RowFormat,
    VectorForm,
    VectorModel,
    Weighting,
)
from mosecrot_cli.settings.shared import ComputeSettings, DataSettings, OutputSettings
from mosecrot_cli.settings.steps import (
    MAP_PRESETS,
    AnchorsSettings,
    CompareSettings,
    EvaluateSettings,
    FinetuneSettings,
    InspectSettings,
    MapSettings,
    PredictSettings,
    SelfTrainingSettings,
    StitchSettings,
)
from mosecrot_cli.settings.vectors import (
    DescribeVectorsSettings,
    FastTextSettings,
    RewriteVectorsSettings,
    TrainVectorsSettings,
)

__all__ = [
    "ALL",
    "AUTO",
    "DEFAULT_BATCH_SIZE",
    "DEFAULT_EPOCHS",
    "DEFAULT_LEARNING_RATE",
    "DEFAULT_MAX_VOCAB",
    "DEFAULT_SEED",
    "IDENTICAL_LETTERS",
    "MAP_PRESETS",
    "STDIO",
    "AnchorsSettings",
    "Basis",
    "CompareSettings",
    "ComputeSettings",
    "DataSettings",
    "DescribeVectorsSettings",
    "EvaluateSettings",
    "FastTextSettings",
    "FinetuneSettings",
    "FloatType",
    "InspectSettings",
    "LinearBaselineSettings",
    "LstsqBaselineSettings",
    "MapPreset",
    "MapSettings",
    "MbertBaselineSettings",
    "Method",
    "Neighbours",
    "Normalize",
    "OutputSettings",
    "Precision",
    "PredictSettings",
    "RewriteVectorsSettings",
    "RowFormat",
    "SelfTrainingSettings",
    "StitchSettings",
    "TrainVectorsSettings",
    "VectorForm",
    "VectorModel",
    "Weighting",
]
