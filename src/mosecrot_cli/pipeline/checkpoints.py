"""Checkpoint folders: a single one or one per seed, which every command takes alike, and what their input space is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.settings import CONTINUED_OUTPUT, AdaptSettings, FinetuneSettings, StitchSettings
from mosecrot_cli.staging import check_whole
from mosecrot_cli.suggestions import did_you_mean

CONFIG_KEY = "mosecrot"
"""Where a checkpoint's `config.json` says what it was trained on."""

LABEL_SHARES = "label_shares"
"""In a checkpoint's record (`mosecrot` in its `config.json`): label -> its share of the training texts."""

_TARGET_LANGUAGE = "target_language"
"""In a stitched checkpoint's record: the code of its language, None where that is not known."""

_WRITERS = {
    FinetuneSettings.out.output: "`mosecrot finetune`",
    StitchSettings.out.output: "`mosecrot stitch`",
    AdaptSettings.out.output: "`mosecrot adapt`",
    CONTINUED_OUTPUT: "`mosecrot finetune`",
}
"""Default folder of checkpoints -> the command that writes it."""

_SEED = re.compile(r"seed-(\d+)")


@dataclass(frozen=True, kw_only=True)
class InputSpace:
    """The input embeddings that a checkpoint was trained on, as its `config.json` records them.

    Attributes:
        kept: the model's own embeddings (True) or relative representations F^s (False).
        sha256: `array_digest` of those embeddings before training.
        trained: whether training changed them.
        source_model: path or id of the pre-trained model.
    """

    kept: bool
    sha256: str
    trained: bool
    source_model: str

    def to_config(self) -> dict[str, Any]:
        """As it stands in `config.json`."""
        return asdict(self)

    @classmethod
    def of_record(cls, found: Any) -> InputSpace | None:
        """What a checkpoint's configuration has under `CONFIG_KEY`, or None for a checkpoint made elsewhere."""
        if not isinstance(found, dict):
            return None
        try:
            return cls(**{name: found[name] for name in ("kept", "sha256", "trained", "source_model")})
        except KeyError:
            return None


def stitched_record(record: Mapping[str, Any] | None, language: str | None) -> dict[str, Any]:
    """The record of a checkpoint after its embeddings were replaced by those of a language."""
    return dict(sorted({**(record or {}), _TARGET_LANGUAGE: language}.items()))


def is_stitched(record: Any) -> bool:
    """Whether a checkpoint with this record (`CONFIG_KEY`) has had its embeddings replaced."""
    return isinstance(record, Mapping) and _TARGET_LANGUAGE in record


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
        return dict(sorted(seeds.items(), key=lambda item: seed_of(item[0]) or 0))
    check_whole(folder)
    if folder.is_dir():
        hint = "name the folder that `mosecrot finetune` or `mosecrot stitch` has written"
        raise DataError("contains neither a checkpoint (config.json) nor seed-N/ folders", where=str(folder), hint=hint)
    if folder.is_file():
        raise DataError("a file, but the folder of a checkpoint is wanted", where=str(folder))
    step = _WRITERS.get(folder, "`mosecrot finetune` or `mosecrot stitch`")
    raise DataError("no such folder", where=str(folder), hint=did_you_mean(folder, f"run {step} first"))


def seed_of(name: str) -> int | None:
    """The seed that a folder is named for, as in `seed-3`; None for another name."""
    match = _SEED.fullmatch(name)
    return int(match[1]) if match else None
