"""The folder in which named data sets are looked for before anything is downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.types import Split

ENVIRONMENT = "MOSECROT_DATA"
_SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "dev": ("dev", "validation", "valid", "val"),
    "test": ("test",),
}


def data_folder(given: Path | None) -> Path | None:
    """The folder given, else the one that `MOSECROT_DATA` names, else None.

    Raises:
        DataError: it is not there.
    """
    folder = given or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if folder is not None and not folder.is_dir():
        raise DataError("no such folder", where=str(folder), hint=f"--data-dir or {ENVIRONMENT} names it")
    return folder


def split_names(split: Split) -> tuple[str, ...]:
    """What data sets call a split."""
    return _SPLIT_NAMES[split]


def first_file(folder: Path | None, candidates: Iterable[str]) -> Path | None:
    """The first of the relative paths that is a file under `folder`, as it is or with `.gz`."""
    if folder is None:
        return None
    paths = (folder / (name + suffix) for name in candidates for suffix in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)
