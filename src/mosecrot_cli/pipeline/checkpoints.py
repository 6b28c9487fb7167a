"""A checkpoint folder, or a folder of `seed-N/` checkpoints: every command takes either."""

from __future__ import annotations

import re
from pathlib import Path

from mosecrot_cli.errors import DataError

_SEED = re.compile(r"seed-(\d+)")


def seed_name(seed: int) -> str:
    """The folder of a seed's checkpoint."""
    return f"seed-{seed}"


def checkpoints_of(folder: Path) -> dict[str, Path]:
    """Name -> folder of the checkpoints in `folder`: `{"": folder}` for a single one, else `seed-N`, by number.

    Raises:
        DataError: no checkpoint is there.
    """
    if (folder / "config.json").is_file():
        return {"": folder}
    seeds = {path.name: path for path in folder.glob("seed-*") if _SEED.fullmatch(path.name) and path.is_dir()}
    if seeds:
        return dict(sorted(seeds.items(), key=lambda item: seed_of(item[0])))
    what = "neither a checkpoint (config.json) nor seed-N/ folders are there" if folder.is_dir() else "no such folder"
    raise DataError(what, where=str(folder), hint="name the folder that finetune or stitch has written")


def seed_of(name: str) -> int:
    """The seed of a folder's name; 0 for a single checkpoint."""
    match = _SEED.fullmatch(name)
    return int(match[1]) if match else 0
