"""The data folder: named data sets are looked for there before anything is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.sources.languages import Language, near_languages
from mosecrot_cli.tasks.types import Split

ENVIRONMENT = "MOSECROT_DATA"
PARAMETER = "data_dir"
OPTION = f"`{PARAMETER}`"
"""How messages name the setting that takes the data folder."""
_SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "dev": ("dev", "validation", "valid", "val"),
    "test": ("test",),
}


def data_folder(given: Path | None) -> Path | None:
    """The given folder, else the one that `MOSECROT_DATA` names, else None.

    Raises:
        DataError: it does not exist.
    """
    folder = given or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if folder is not None and not folder.is_dir():
        raise DataError("no such folder", where=str(folder), hint=f"{OPTION} or {ENVIRONMENT} names the data folder")
    return folder


def split_names(split: Split) -> tuple[str, ...]:
    """The names under which data sets publish a split."""
    return _SPLIT_NAMES[split]


def first_file(folder: Path | None, candidates: Iterable[str]) -> Path | None:
    """The first of the relative paths that is a file under `folder`, as it is or with `.gz`."""
    if folder is None:
        return None
    paths = (folder / (name + suffix) for name in candidates for suffix in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def require_known(language: Language, name: str) -> None:
    """Check that a language exists before a data set is fetched for it.

    Raises:
        UsageError: it is in no table of languages; the message suggests near ones.
    """
    if language.known:
        return
    near = near_languages(language.code)
    hint = f"near: {', '.join(near)}" if near else "give an ISO 639 code or an English name, such as tt or Tatar"
    raise UsageError(f"{language.code!r} is not a known language", where=f"{name}:{language.code}", hint=hint)
