"""What several commands can be told alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.settings.choices import (
    Precision,
)


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
