"""Settings of `mosecrot stitch`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.option import VOCABULARY, Option
from mosecrot_cli.settings.shared import Checkpoint, OutputSettings


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
    out: OutputSettings = OutputSettings(Path("stitched"))
