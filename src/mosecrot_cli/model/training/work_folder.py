"""The work folder of a fine-tuning run: which of its checkpoints are whole, and to which run they belong."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import remove
from mosecrot_cli.structured import JsonObject, read_json

RUN_FILE = "run.json"
_FOLDER = re.compile(r"checkpoint-(\d+)", re.ASCII)
_ZIPPED = ("optimizer.pt", "scheduler.pt")


@dataclass(frozen=True)
class _TrainerState:
    """What the Trainer reads of `trainer_state.json` when it goes on."""

    global_step: int
    epoch: float
    log_history: list[JsonObject]
    best_metric: float | None = None
    best_model_checkpoint: str | None = None


def prepare_work(work: Path, identity: Mapping[str, Any], *, resume: bool) -> Path | None:
    """Make the work folder ready and say where to go on.

    Without `resume`, earlier checkpoints are removed. With it, incomplete ones (a process killed while writing) are.

    Args:
        work: the folder; made when it is missing.
        identity: what decides the result of the run; a run is resumed only with the same.
        resume: go on with the run whose checkpoints are there.

    Returns:
        The newest complete checkpoint, or None to start from the beginning.

    Raises:
        UsageError: `resume`, but the folder holds a run with other settings or data.

    """
    work.mkdir(parents=True, exist_ok=True)
    # Through JSON, so that what is compared is what was stored.
    wanted = json.loads(json.dumps(identity))
    if resume and _checkpoints(work):
        _check_identity(work, wanted)
        for folder in _checkpoints(work):
            if not is_complete(folder):
                remove(folder)
    else:
        for folder in _checkpoints(work):
            remove(folder)
        (work / RUN_FILE).write_text(json.dumps(wanted, indent=2), encoding="utf-8")
    return next(iter(reversed(_checkpoints(work))), None)


def is_complete(folder: Path) -> bool:
    """Whether a checkpoint of the Trainer was written to its end.

    The Trainer writes `trainer_state.json` last, but several processes each write a file of random states, and a
    process can be killed within a write. So every file is checked: weights cover their header, zip archives (which
    end with their index) are whole, the state is JSON.
    """
    states = sorted(folder.glob("rng_state*.pth"))
    zipped = [folder / name for name in _ZIPPED] + states
    if not states or not all(file.is_file() and zipfile.is_zipfile(file) for file in zipped):
        return False
    try:
        read_json(folder / "trainer_state.json", _TrainerState)
        with safe_open(folder / "model.safetensors", framework="pt"):
            return True
    except (DataError, OSError, ValueError, SafetensorError):
        return False


def digest_texts(*columns: Sequence[str]) -> str:
    """SHA-256 of columns of strings."""
    return hashlib.sha256(json.dumps([list(column) for column in columns]).encode()).hexdigest()


def digest_tensors(tensors: Iterable[torch.Tensor]) -> str:
    """SHA-256 of the bytes of tensors, one after the other."""
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _checkpoints(work: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    found = [(int(match[1]), path) for path in work.iterdir() if (match := _FOLDER.fullmatch(path.name))]
    return [path for _, path in sorted(found) if path.is_dir()]


def _check_identity(work: Path, wanted: Mapping[str, Any]) -> None:
    try:
        stored = read_json(work / RUN_FILE, JsonObject)
    except DataError:
        stored = {}
    changed = sorted(key for key in wanted.keys() | stored.keys() if wanted.get(key) != stored.get(key))
    if changed:
        raise UsageError(
            f"the interrupted run had other {', '.join(changed)}",
            where=str(work),
            hint="resume with the same settings and data, or start anew without --resume",
        )
