"""Fine-tuning in several processes on this machine, one a GPU, which torchrun starts.

The parent writes a job (settings, texts, the initial model) into the work folder; each process runs `worker` on it with
the same Trainer as a single process does, and the first one saves the result there. Its progress comes back as JSON
lines on stdout. A parent that dies closes that pipe, which ends the workers.

`accelerate launch` is not used: it starts torchrun as well, but first reads a configuration file of the user, which may
change the precision or the processes. `accelerate.notebook_launcher` forks, which is impossible once CUDA is in use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch

from mosecrot_cli import errors
from mosecrot_cli.errors import MosecrotError
from mosecrot_cli.files import remove
from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.loading import quiet_transformers
from mosecrot_cli.model.training.hooks import writing_checkpoints
from mosecrot_cli.model.training.types import EpochRecord, TrainingResult, TrainingTask
from mosecrot_cli.progress import Reporter

if TYPE_CHECKING:
    from transformers import PreTrainedModel

JOB_FOLDER = "job"
JOB = "job.json"
INITIAL = "initial"
AUGMENTATION = "augmentation.npz"
WEIGHTS = "result.safetensors"
RESULT = "result.json"
ERROR = "error.json"
_STDERR = "stderr.txt"
_PATIENCE = 10.0
"""Seconds that the workers have to end when they are told to."""


def train_in_workers(
    task: TrainingTask[PreTrainedModel],
    *,
    device: Device,
    work: Path,
    checkpoint: Path | None,
    reporter: Reporter,
    processes: int | None = None,
) -> TrainingResult[PreTrainedModel]:
    """Fine-tune a model as `train_in_process` does, in several processes; it gets the weights of the result.

    Args:
        task: what to train on what; the `gpus` of its settings are the workers' GPUs.
        device: its kind (`cpu`: for tests, gloo; `cuda`: NCCL) and precision.
        work: where the job and the checkpoints go.
        checkpoint: go on from here.
        reporter: receives what the first worker tells.
        processes: how many, among which the batch is shared; None: one for each of the GPUs.

    Raises:
        MosecrotError: what a worker met, or its last line when that is no error of ours.

    """
    job, gpus = work / JOB_FOLDER, task.settings.compute.gpus
    processes = processes or len(gpus)
    remove(job)
    try:
        with quiet_transformers(), writing_checkpoints(job):
            _write(task, job, device, checkpoint)
        _run(job, processes, _environment(gpus, processes), reporter)
        safetensors.torch.load_model(task.model, job / WEIGHTS)
        task.model.train(mode=False)
        result = json.loads((job / RESULT).read_text(encoding="utf-8"))
    finally:
        remove(job)
    history = tuple(EpochRecord(**record) for record in result.pop("history"))
    return TrainingResult(model=task.model, history=history, **result)


def _write(task: TrainingTask[PreTrainedModel], job: Path, device: Device, checkpoint: Path | None) -> None:
    """Write what the workers read: the module `worker`."""
    task.model.save_pretrained(job / INITIAL)
    task.tokenizer.save_pretrained(job / INITIAL)
    if task.augmentation is not None:
        task.augmentation.save(job / AUGMENTATION)
    content = {
        "settings": asdict(task.settings),
        "device": asdict(device),
        "train": asdict(task.train),
        "dev": None if task.dev is None else asdict(task.dev),
        "checkpoint": None if checkpoint is None else str(checkpoint.absolute()),
    }
    (job / JOB).write_text(json.dumps(content), encoding="utf-8")


def _environment(gpus: tuple[int, ...], processes: int) -> dict[str, str]:
    environment = dict(os.environ)
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    if gpus:
        # Numbers count the GPUs that are visible now, as everywhere.
        visible = environment.get("CUDA_VISIBLE_DEVICES")
        names = visible.split(",") if visible else None
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(names[gpu] if names else str(gpu) for gpu in gpus)
    return environment


def _run(job: Path, processes: int, environment: dict[str, str], reporter: Reporter) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command += ["-m", "mosecrot_cli.model.training.worker", str(job.absolute())]
    with (job / _STDERR).open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        with _ending(process):
            assert process.stdout is not None  # a pipe was asked for
            _relay(process.stdout, reporter)
            code = process.wait()
    if code != 0:
        raise _failure(job)


@contextmanager
def _ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no worker behind when this process is interrupted."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _relay(lines: Iterator[str], reporter: Reporter) -> None:
    """Pass the first worker's messages on; anything else on stdout is another library's and is dropped."""
    for line in lines:
        event = _event(line)
        if "track" in event:
            with reporter.track(event["track"], event["total"]) as advance:
                _relay_bar(lines, advance, reporter)
        else:
            _relay_message(event, reporter)


def _relay_bar(lines: Iterator[str], advance: Callable[[int], None], reporter: Reporter) -> None:
    for line in lines:
        event = _event(line)
        if "advance" in event:
            advance(event["advance"])
        elif "done" in event:
            return
        else:
            _relay_message(event, reporter)


def _relay_message(event: dict[str, Any], reporter: Reporter) -> None:
    if "info" in event:
        reporter.info(event["info"])
    elif "milestone" in event:
        reporter.milestone(event["milestone"])
    elif "warn" in event:
        reporter.warn(event["warn"])


def _event(line: str) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _failure(job: Path) -> MosecrotError:
    """The error that a worker left, as one of ours."""
    if (job / ERROR).exists():
        told = json.loads((job / ERROR).read_text(encoding="utf-8"))
        kind = getattr(errors, told.pop("kind"))
        error: MosecrotError = kind(**told)
        return error
    lines = (job / _STDERR).read_text(encoding="utf-8", errors="replace").splitlines()
    raised = [line for line in lines if "Error: " in line and "ChildFailedError" not in line]
    last = (raised or [line for line in lines if line.strip()] or ["no message"])[0 if raised else -1]
    return MosecrotError(f"a training process failed: {last.strip()}")
