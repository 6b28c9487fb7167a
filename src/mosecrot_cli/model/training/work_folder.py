"""The work folder of a fine-tuning run: which of its checkpoints are whole, and to which run they belong."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import remove
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.structured import JsonObject, read_json

RUN_FILE = "run.json"
_FOLDER = re.compile(r"checkpoint-(\d+)", re.ASCII)
_STATE, _WEIGHTS = "trainer_state.json", "model.safetensors"
_ZIPPED = ("optimizer.pt", "scheduler.pt")


def prepare_work(
    work: Path, identity: Mapping[str, Any], *, resume: bool, reporter: Reporter | None = None
) -> Path | None:
    """Make the work folder ready and say where to go on.

    Without `resume`, earlier checkpoints are removed. With it, incomplete ones (a process killed while writing) are,
    and damaged ones, each of which is reported.

    Args:
        work: the folder; made when it is missing.
        identity: what decides the result of the run; a run is resumed only with the same.
        resume: go on with the run whose checkpoints are there.
        reporter: hears of damaged checkpoints.

    Returns:
        The newest complete checkpoint, or None to start from the beginning.

    Raises:
        UsageError: `resume`, but the folder holds a run with other settings or data.
        DataError: `resume`, and all of its checkpoints are damaged, or its record is.

    """
    work.mkdir(parents=True, exist_ok=True)
    # Through JSON, so that what is compared is what was stored.
    wanted = json.loads(json.dumps(identity))
    if resume and _checkpoints(work):
        _check_identity(work, wanted)
        _remove_faulty(work, reporter or SilentReporter())
    else:
        for folder in _checkpoints(work):
            remove(folder)
        (work / RUN_FILE).write_text(json.dumps(wanted, indent=2), encoding="utf-8")
    return next(iter(reversed(_checkpoints(work))), None)


def _remove_faulty(work: Path, reporter: Reporter) -> None:
    """Remove checkpoints that cannot be resumed; those that were whole once are named.

    Raises:
        DataError: of those, none is left.
    """
    faults = {folder: fault for folder in _checkpoints(work) if (fault := fault_of(folder))}
    for folder in _checkpoints(work):
        best = None if folder in faults else read_json(folder / _STATE, _TrainerState).best_global_step
        if best and work / f"checkpoint-{best}" in faults:
            faults[folder] = f"the best epoch until then, checkpoint-{best}, is damaged"
    damaged = {folder: fault for folder, fault in faults.items() if is_finished(folder)}
    whole = [folder for folder in _checkpoints(work) if folder not in faults]
    if damaged and not whole:
        folder, fault = next(reversed(damaged.items()))
        raise DataError(fault, where=str(folder), hint="start again without `resume`")
    for folder, fault in damaged.items():
        reporter.warn(f"{folder}: {fault}; going on from {whole[-1].name}")
    for folder in faults:
        remove(folder)


def is_finished(folder: Path) -> bool:
    """Whether the Trainer came to the end of a checkpoint: it writes `trainer_state.json` last."""
    return (folder / _STATE).is_file()


def fault_of(folder: Path) -> str | None:
    """What is wrong with a checkpoint of the Trainer, with the name of the file; None: it is whole.

    The Trainer writes `trainer_state.json` last, but several processes each write a file of random states, and a
    process can be killed within a write. So every file is checked: weights cover their header, zip archives have the
    checksums of their members, and the state has the fields that a resumed run reads.
    """
    states = sorted(folder.glob("rng_state*.pth"))
    for path in [folder / name for name in _ZIPPED] + (states or [folder / "rng_state.pth"]):
        if not path.is_file():
            return f"{path.name} is missing"
        if not _is_whole_archive(path):
            return f"{path.name} is damaged"
    try:
        read_json(folder / _STATE, _TrainerState)
        with safe_open(folder / _WEIGHTS, framework="pt") as tensors:
            names = list(tensors.keys())
    except DataError as error:
        return f"{_STATE} is damaged ({error.what})"
    except (OSError, SafetensorError) as error:
        return f"{_WEIGHTS} is damaged ({error})"
    return None if names else f"{_WEIGHTS} holds no weights"


def is_complete(folder: Path) -> bool:
    """Whether a checkpoint of the Trainer is whole."""
    return fault_of(folder) is None


def _is_whole_archive(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return False


@dataclass(frozen=True)
class _TrainerState:
    """Fields of trainer_state.json that a resumed run reads."""

    global_step: int
    max_steps: int
    log_history: list[JsonObject]
    epoch: float | None = None
    best_global_step: int | None = None


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
    stored = read_json(work / RUN_FILE, JsonObject, hint="start again without `resume`")
    changed = sorted(key for key in wanted.keys() | stored.keys() if wanted.get(key) != stored.get(key))
    if changed:
        raise UsageError(
            f"the interrupted run had other {', '.join(changed)}",
            where=str(work),
            hint="resume with the same settings and data, or start again without `resume`",
        )
