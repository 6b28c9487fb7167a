"""Settings of `mosecrot stitch`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_PRIOR
from mosecrot_cli.settings.option import CLASS_BIAS, VOCABULARY, Nested, Option
from mosecrot_cli.settings.shared import (
    BaseModel,
    Checkpoint,
    ComputeSettings,
    DataSettings,
    Device,
    License,
    LicensesOf,
    OutputSettings,
    Prior,
)


@dataclass(frozen=True, kw_only=True)
class StitchSettings:
    """`mosecrot stitch`: step 5."""

    checkpoint: Checkpoint = Path("model")
    embeddings: Annotated[Path, Option("--embeddings", help="Folder written by map.", metavar="DIR")] = Path("mapped")
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
            help="Another folder written by map, which is used in place of --embeddings if the answers to the texts "
            "then carry clearly more information; needs --texts. Repeatable.",
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
