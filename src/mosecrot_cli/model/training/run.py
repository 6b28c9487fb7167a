"""Fine-tuning a classifier: best epoch by dev macro-F1, resumable, on the CPU, a GPU or several.

Paper, section 3, step 4. The Trainer itself is in `trainer`, several processes in `workers`.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import check_single_label
from mosecrot_cli.model.training.types import (
    EpochRecord,
    LabelledTexts,
    TrainingResult,
    TrainingSettings,
    TrainingTask,
)
from mosecrot_cli.model.training.work_folder import digest_tensors, digest_texts, prepare_work
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import Precision

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from mosecrot_cli.model.training.augmentation import Augmentation

_DIVERGED = 1.5
"""A few steps, or noisy labels, leave a loss near that of a guess. So many times as much means divergence."""

__all__ = ["EpochRecord", "LabelledTexts", "TrainingResult", "TrainingSettings", "train_classifier"]


def train_classifier(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: LabelledTexts,
    dev: LabelledTexts | None = None,
    *,
    work: Path,
    settings: TrainingSettings | None = None,
    augmentation: Augmentation | None = None,
    reporter: Reporter | None = None,
) -> TrainingResult[PreTrainedModel]:
    """Fine-tune a sequence classifier; the same seed gives the same weights on one machine.

    A checkpoint is written after each epoch, or after several (`settings.save_steps`); `work` holds at most three (the
    newest, the best, and one being written). The caller removes `work` when it has saved the result.

    Args:
        model: trained in place; its config holds the label names (`label2id`, `id2label`).
        tokenizer: stays as it is.
        train: texts to train on.
        dev: texts that choose the best epoch by macro-F1; None: the last epoch is taken.
        work: folder of the run's checkpoints; `settings.resume` goes on from the newest whole one, if there is one.
        settings: see `TrainingSettings`; with several GPUs, one process each. None: its defaults.
        augmentation: vectors that stand in for tokens' own in training.
        reporter: receives a bar of steps and a line an epoch.

    Raises:
        DataError: no texts, a label unknown to the model, no single-label classifier, no padding token.
        UsageError: an unavailable device, or `resume` with other settings or data than those of the run.
        OutputError: `work` cannot be written.
        MosecrotError: not enough memory.

    """
    task = TrainingTask(model, tokenizer, train, dev, settings or TrainingSettings(), augmentation)
    _check(task)
    device = resolve_device(task.settings.compute).for_model(task.model)
    reporter = reporter or SilentReporter()
    if task.settings.compute.precision is Precision.auto and device.precision is not Precision.fp32:
        reporter.info(f"fine-tuning in {device.precision.value}, in which {device.name} is faster (`precision`)")
    checkpoint = prepare_work(work, _identity(task), resume=task.settings.resume, reporter=reporter)
    if checkpoint is not None:
        reporter.info(f"going on from {checkpoint.name}")
    train_task = _trainer_of(task.settings)
    result = train_task(task, device=device, work=work, checkpoint=checkpoint, reporter=reporter)
    _warn_of_divergence(result.history[-1].loss, task.train, reporter)
    return result


def _trainer_of(settings: TrainingSettings) -> Callable[..., TrainingResult[PreTrainedModel]]:
    """How it is trained: in this process, or in one for each GPU."""
    # Here, because the Trainer takes seconds to import, and this module is also imported by what trains nothing.
    if len(settings.compute.gpus) > 1:
        from mosecrot_cli.model.training.launcher import train_in_workers

        return train_in_workers
    with redirect_stdout(io.StringIO()):  # the Trainer prints a greeting if WANDB_MODE is set
        from mosecrot_cli.model.training.trainer import train_in_process

    return train_in_process


def _warn_of_divergence(loss: float, train: LabelledTexts, reporter: Reporter) -> None:
    """Warn where the loss of the last epoch is clearly above that of a guess by the shares of the labels."""
    shares = [count / len(train.labels) for count in Counter(train.labels).values()]
    guess = -sum(share * math.log(share) for share in shares)
    if guess and _DIVERGED * guess < loss < math.inf:
        reporter.warn(
            f"the training loss ended at {loss:.3g}, and a guess by the shares of the labels has {guess:.3g}: "
            "the model has learnt nothing; try a lower learning rate"
        )


def _check(task: TrainingTask[PreTrainedModel]) -> None:
    check_single_label(task.model)
    for data in (task.train, task.dev):
        if data is not None and len(data.texts) != len(data.labels):
            raise DataError(f"{len(data.texts)} texts but {len(data.labels)} labels", where=data.source)


def _identity(task: TrainingTask[PreTrainedModel]) -> dict[str, Any]:
    """What decides the result, up to rounding: where it is computed does not, so a run may go on elsewhere."""
    identity = asdict(task.settings)
    for name in ("compute", "resume", "save_steps", "log_to", "run_name"):
        del identity[name]
    texts = {"train texts": task.train, "dev texts": task.dev}
    weight: torch.Tensor = task.model.get_input_embeddings().weight  # type: ignore[assignment]
    return (
        identity
        | {name: None if data is None else digest_texts(data.texts, data.labels) for name, data in texts.items()}
        | {
            "labels": sorted(task.model.config.label2id or {}),
            "embeddings": digest_tensors([weight]),
            "augmentation": None if task.augmentation is None else task.augmentation.digest,
        }
    )
