"""Settings of what follows the map: `mosecrot align` and `mosecrot stitch`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_PRIOR, DEFAULT_SEED
from mosecrot_cli.settings.option import CLASS_BIAS, TRAINING, VOCABULARY, Argument, Nested, Option, positive
from mosecrot_cli.settings.shared import (
    BaseModel,
    Checkpoint,
    ComputeSettings,
    DataSettings,
    Device,
    Exclude,
    License,
    LicensesOf,
    OneSeed,
    OutputSettings,
    Parallel,
    Prior,
    SourceModel,
)

ALIGNED_TEMPERATURE = 0.05
"""Divides the cosines in the contrastive loss of `align`."""


@dataclass(frozen=True, kw_only=True)
class AlignSettings:
    """`mosecrot align`: between steps 3 and 5."""

    mapped: Annotated[Path, Argument(help="Folder written by map or align.", metavar="MAPPED")] = Path("mapped")
    parallel: Parallel
    exclude: Exclude = ()
    source_model: SourceModel = None
    linear: Annotated[
        bool,
        Option(
            "--linear/--no-linear",
            help="Move all words by one linear map as well, not only those of the sentences.",
        ),
    ] = True
    epochs: Annotated[
        int, Option("--epochs", help="Passes over the sentences.", panel=TRAINING, metavar="N", least=1)
    ] = 12
    learning_rate: Annotated[
        float,
        Option("--lr", help="Learning rate at the start.", panel=TRAINING, metavar="X", parser=positive),
    ] = 1e-3
    batch_size: Annotated[
        int, Option("--batch-size", help="Pairs of sentences in one step.", panel=TRAINING, metavar="N", least=2)
    ] = 32
    max_length: Annotated[
        int,
        Option("--max-length", help="Tokens of a sentence; the rest is cut off.", panel=TRAINING, metavar="N", least=3),
    ] = 96
    seed: OneSeed = DEFAULT_SEED
    compute: Annotated[ComputeSettings, Nested("gpus")] = ComputeSettings()
    out: OutputSettings = OutputSettings(Path("mapped-aligned"))


@dataclass(frozen=True, kw_only=True)
class StitchSettings:
    """`mosecrot stitch`: step 5."""

    checkpoint: Checkpoint = Path("model")
    embeddings: Annotated[
        Path | None,
        Option(
            "--embeddings",
            help="Folder written by map or align.",
            metavar="DIR",
            unset="mapped-aligned if it was made of mapped, else mapped",
        ),
    ] = None
    shared: Annotated[
        bool,
        Option(
            "--shared/--no-shared",
            help="Keep source tokens that the target vocabulary lacks: names and other words spelled the same.",
            panel=VOCABULARY,
        ),
    ] = True
    texts: Annotated[
        str | None,
        Option(
            "--texts",
            help="Unlabelled texts of the target language, from which a bias for each class is estimated, as by adapt: "
            "one text per line, a table, or the name of a data set. Labels are never read.",
            panel=CLASS_BIAS,
            metavar="FILE|NAME",
            unset="no class bias",
        ),
    ] = None
    prior: Prior = DEFAULT_PRIOR
    alternatives: Annotated[
        tuple[Path, ...],
        Option(
            "--alternative",
            help="Another folder written by map or align, which is used in place of --embeddings if the answers to the "
            "texts then carry clearly more information; needs --texts. Repeatable.",
            panel=CLASS_BIAS,
            metavar="DIR",
            unset="--embeddings is used",
        ),
    ] = ()
    data: Annotated[DataSettings, Nested("label_column")] = DataSettings()
    device: Device = ComputeSettings.device
    license: License = None
    licenses_of: LicensesOf = ()
    base_model: BaseModel = None
    out: OutputSettings = OutputSettings(Path("stitched"))
