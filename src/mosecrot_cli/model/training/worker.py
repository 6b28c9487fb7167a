"""One of several training processes: `torchrun … -m mosecrot_cli.model.training.worker JOB`, see `workers`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from mosecrot_cli.errors import MosecrotError
from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.loading import quiet_transformers
from mosecrot_cli.model.training.augmentation import Augmentation
from mosecrot_cli.model.training.launcher import AUGMENTATION, ERROR, INITIAL, JOB, RESULT, WEIGHTS
from mosecrot_cli.model.training.trainer import train_in_process
from mosecrot_cli.model.training.types import LabelledTexts, TrainingSettings, TrainingTask
from mosecrot_cli.model.training.work_folder import digest_tensors
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import ComputeSettings, Precision


class PipeReporter:
    """A reporter that writes JSON lines to stdout, for the parent."""

    def warn(self, message: str) -> None:
        """Send a warning."""
        _send({"warn": message})

    def info(self, message: str) -> None:
        """Send what is being done."""
        _send({"info": message})

    def milestone(self, message: str) -> None:
        """Send how far the work is."""
        _send({"milestone": message})

    @contextmanager
    def track(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Send a bar's beginning, steps and end."""
        _send({"track": description, "total": total})
        yield lambda units: _send({"advance": units})
        _send({"done": True})


def _send(event: dict[str, Any]) -> None:
    # The first one, also while what libraries print is held back.
    pipe = sys.__stdout__ or sys.stdout
    pipe.write(json.dumps(event) + "\n")
    pipe.flush()


def main(job: Path) -> None:
    """Train on a job with the other processes; the first one writes the result, any of them its error."""
    try:
        _train(job, rank=int(os.environ["RANK"]))
    except MosecrotError as error:
        told = {"kind": type(error).__name__, "what": error.what, "where": error.where, "hint": error.hint}
        (job / ERROR).write_text(json.dumps(told), encoding="utf-8")
        raise


def _train(job: Path, *, rank: int) -> None:
    content = json.loads((job / JOB).read_text(encoding="utf-8"))
    task = _read_task(job, content)
    checkpoint = content["checkpoint"]
    reporter: Reporter = PipeReporter() if rank == 0 else SilentReporter()
    result = train_in_process(
        task,
        device=Device(**{**content["device"], "precision": Precision(content["device"]["precision"])}),
        work=job.parent,
        checkpoint=None if checkpoint is None else Path(checkpoint),
        reporter=reporter,
        processes=int(os.environ["WORLD_SIZE"]),
    )
    _check_agreement(digest_tensors(tensor for _, tensor in sorted(task.model.state_dict().items())))
    if rank == 0:
        safetensors.torch.save_model(task.model, str(job / WEIGHTS))
        written = {
            "best_epoch": result.best_epoch,
            "steps": result.steps,
            "history": [asdict(record) for record in result.history],
            "seconds": result.seconds,
            "device": result.device,
        }
        (job / RESULT).write_text(json.dumps(written), encoding="utf-8")
    torch.distributed.destroy_process_group()


def _read_task(job: Path, content: dict[str, Any]) -> TrainingTask[PreTrainedModel]:
    with quiet_transformers():
        model = AutoModelForSequenceClassification.from_pretrained(
            job / INITIAL, dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
    dev, augmentation = content["dev"], job / AUGMENTATION
    return TrainingTask(
        model,
        AutoTokenizer.from_pretrained(job / INITIAL, local_files_only=True),
        LabelledTexts(**content["train"]),
        None if dev is None else LabelledTexts(**dev),
        _settings(content["settings"]),
        Augmentation.load(augmentation) if augmentation.exists() else None,
    )


def _settings(stored: dict[str, Any]) -> TrainingSettings:
    compute = stored["compute"]
    compute = ComputeSettings(compute["device"], tuple(compute["gpus"]), Precision(compute["precision"]))
    return TrainingSettings(**{**stored, "compute": compute})


def _check_agreement(digest: str) -> None:
    """All processes must end with the same weights; else they saw different gradients and the result is worthless."""
    digests: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(digests, digest)
    if len(set(digests)) > 1:
        raise RuntimeError("the training processes ended with different weights")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
