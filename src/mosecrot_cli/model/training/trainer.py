"""Fine-tuning in this process with transformers' Trainer, on one device or as one of several processes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import patch_environment  # type: ignore[import-untyped]
from sklearn.metrics import f1_score
from torch.utils.data import DataLoader
from transformers import (
    EvalPrediction,
    PreTrainedModel,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.batching import PaddingCollator, SimilarLengthBatches, encode, maximum_length
from mosecrot_cli.model.devices import Device, memory_errors
from mosecrot_cli.model.loading import quiet_transformers
from mosecrot_cli.model.training.augmentation import augmented
from mosecrot_cli.model.training.hooks import (
    EVALUATED,
    MACRO_F1,
    ProgressCallback,
    SparseCheckpoints,
    deterministic,
    writing_checkpoints,
)
from mosecrot_cli.model.training.token_order import ReorderedTexts
from mosecrot_cli.model.training.trackers import PROJECT, tracked
from mosecrot_cli.model.training.types import EpochRecord, LabelledTexts, TrainingResult, TrainingSettings, TrainingTask
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import Precision

_EVALUATION_BATCH = 64


@dataclass
class OneDeviceArguments(TrainingArguments):
    """Training arguments that keep a Trainer on one device.

    The Trainer's own choice is GPU 0, with `torch.nn.DataParallel` over every GPU that it sees. That must not happen,
    and CUDA_VISIBLE_DEVICES cannot prevent it: it has no effect once CUDA is initialised, and would hide the other
    GPUs from the rest of the process. So the device is given to accelerate, and to the Trainer through the two public
    properties that it asks.

    Attributes:
        torch_device: the device of a single process; None in a process that torchrun started.

    """

    torch_device: str | None = field(default=None)

    def __post_init__(self) -> None:
        chosen = {} if self.torch_device is None else {"ACCELERATE_TORCH_DEVICE": self.torch_device}
        with patch_environment(**chosen):
            super().__post_init__()  # type: ignore[no-untyped-call]
        if self.torch_device is not None and self.torch_device.startswith("cuda"):
            torch.cuda.set_device(self.torch_device)

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        device: torch.device = super().device
        return device if self.torch_device is None else torch.device(self.torch_device)

    @property
    def n_gpu(self) -> int:
        """Never more than one: no DataParallel."""
        return min(1, int(super().n_gpu))


class _EpochLoader(DataLoader[Any]):
    """A loader whose batches know the epoch; they are this process's share already, so accelerate need not cut them."""

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)  # type: ignore[union-attr]
        if isinstance(self.dataset, ReorderedTexts):
            self.dataset.set_epoch(epoch)


class ClassifierTrainer(Trainer):
    """A Trainer with batches of similar length, and without the count of floating point operations at each step."""

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of similar length, in an order that seed and epoch decide."""
        data: Any = self.train_dataset
        lengths = [_length(row) for row in (data.rows if isinstance(data, ReorderedTexts) else data)]
        batches = SimilarLengthBatches(
            lengths,
            self.args.per_device_train_batch_size * self.args.world_size,
            self.args.seed,
            process=self.args.process_index,
            processes=self.args.world_size,
        )
        return _EpochLoader(
            self.train_dataset,  # type: ignore[arg-type]
            batch_sampler=batches,
            collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
        )

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: it walks over all parameters at each step, and nobody asks for it."""
        return 0


def train_in_process(
    task: TrainingTask[PreTrainedModel],
    *,
    device: Device,
    work: Path,
    checkpoint: Path | None,
    reporter: Reporter,
    processes: int = 1,
) -> TrainingResult[PreTrainedModel]:
    """Fine-tune a model in this process; in one that torchrun started, together with the others.

    Args:
        task: what to train on what.
        device: where to; under torchrun only its kind and precision count, each process takes the GPU of its number.
        work: where the checkpoints go.
        checkpoint: go on from here.
        reporter: receives a bar of steps and a line an epoch.
        processes: how many torchrun started, this one included.

    Raises:
        DataError: no texts, or a label that the model does not have.
        UsageError: the batch does not divide by the processes.
        OutputError: the work folder cannot be written.

    """
    started = time.monotonic()
    settings = task.settings
    if settings.batch_size % processes:
        raise UsageError(f"a batch of {settings.batch_size} cannot be shared by {processes} processes")
    rows = _rows(task, task.train)
    # Of similar length within a batch, as the Trainer evaluates in order.
    dev_rows = sorted(_rows(task, task.dev), key=_length) if task.dev else None
    _prepare(task.model, freeze=settings.freeze_embeddings)
    steps = settings.epochs * math.ceil(len(rows) / settings.batch_size)
    arguments = _arguments(settings, device, work, steps=steps, processes=processes, has_dev=task.dev is not None)
    arguments.use_cache = bool(getattr(task.model.config, "use_cache", False))  # the Trainer writes it into the config
    with (
        reporter.track("fine-tuning", steps) as advance,
        quiet_transformers(),
        writing_checkpoints(work),
        memory_errors("a smaller `batch_size` or `max_length`"),
        deterministic(device),
        augmented(task.model, task.augmentation),
        tracked(settings.log_to, settings.run_name, reporter),
    ):
        progress = ProgressCallback(reporter, advance, has_dev=task.dev is not None)
        read, padded = _reordered(rows, task), 8 if device.kind == "cuda" else 1
        trainer = _trainer(task, arguments, read, dev_rows, progress, padded=padded)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    _restore(task.model)
    return _result(trainer, task, device, seconds=time.monotonic() - started)


def _trainer(
    task: TrainingTask[PreTrainedModel],
    arguments: OneDeviceArguments,
    rows: Sequence[dict[str, Any]],
    dev_rows: list[dict[str, Any]] | None,
    progress: ProgressCallback,
    *,
    padded: int,
) -> ClassifierTrainer:
    """The Trainer of a task; batches are padded to a multiple of `padded` tokens."""
    trainer = ClassifierTrainer(
        model=task.model,
        args=arguments,
        data_collator=PaddingCollator.of(task.tokenizer, multiple=padded),
        train_dataset=rows,
        eval_dataset=dev_rows,
        compute_metrics=_macro_f1,
        callbacks=[progress, *([] if task.dev else [SparseCheckpoints(task.settings.save_steps)])],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _rows(task: TrainingTask[PreTrainedModel], data: LabelledTexts) -> list[dict[str, Any]]:
    if not data.texts:
        raise DataError("no texts", where=data.source)
    ids = task.model.config.label2id or {}
    unknown = sorted(set(data.labels) - set(ids))
    if unknown:
        known = ", ".join(sorted(ids))
        raise DataError(f"label {unknown[0]!r} is unknown to the model", where=data.source, hint=f"it knows {known}")
    limit = maximum_length(task.model, task.tokenizer, task.settings.max_length)
    encoded = encode(task.model, task.tokenizer, data.texts, limit)
    return [{**features, "labels": ids[label]} for features, label in zip(encoded, data.labels, strict=True)]


def _reordered(rows: list[dict[str, Any]], task: TrainingTask[PreTrainedModel]) -> Any:
    """The texts as training reads them: their tokens moved, if the augmentation says so."""
    places = task.augmentation.places if task.augmentation else 0
    return ReorderedTexts(rows, places, task.tokenizer.all_special_ids, task.settings.seed) if places else rows


def _length(row: Mapping[str, Any]) -> int:
    return len(row["input_ids"])


def _prepare(model: PreTrainedModel, *, freeze: bool) -> None:
    module: torch.nn.Module = model
    module.to(torch.float32)  # half-precision weights lose small updates; autocast gives the speed
    model.get_input_embeddings().requires_grad_(not freeze)


def _arguments(
    settings: TrainingSettings, device: Device, work: Path, *, steps: int, processes: int, has_dev: bool
) -> OneDeviceArguments:
    every_epoch = "epoch"
    return OneDeviceArguments(
        torch_device=device.name if processes == 1 else None,
        output_dir=str(work.absolute()),
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        per_device_train_batch_size=settings.batch_size // processes,
        per_device_eval_batch_size=_EVALUATION_BATCH,
        warmup_steps=math.ceil(settings.warmup * steps),
        weight_decay=settings.weight_decay,
        lr_scheduler_type=settings.scheduler,
        seed=settings.seed,
        optim="adamw_torch_fused",
        bf16=device.precision is Precision.bf16,
        fp16=device.precision is Precision.fp16,
        use_cpu=device.kind == "cpu",
        logging_strategy=every_epoch,
        save_strategy=every_epoch,
        eval_strategy=every_epoch if has_dev else "no",
        load_best_model_at_end=has_dev,
        metric_for_best_model=MACRO_F1 if has_dev else None,
        greater_is_better=True if has_dev else None,
        save_total_limit=2 if has_dev else 1,  # the newest, and the best
        dataloader_pin_memory=device.kind == "cuda",
        remove_unused_columns=False,
        label_names=["labels"],
        # Most classifiers take the number of items in the batch and ignore it; the Trainer would still multiply the
        # loss by the number of processes. The shares are of equal size, so the mean of their means is right.
        average_tokens_across_devices=False,
        # The filter waits for the GPU at each step; the callback tells of a loss that is no number.
        logging_nan_inf_filter=False,
        report_to=[*settings.log_to] or "none",
        run_name=settings.run_name,
        project=PROJECT,
        disable_tqdm=True,
    )


def _macro_f1(predictions: EvalPrediction) -> dict[str, float]:
    logits = predictions.predictions[0] if isinstance(predictions.predictions, tuple) else predictions.predictions
    return {MACRO_F1: float(f1_score(predictions.label_ids, logits.argmax(-1), average="macro", zero_division=0))}


def _restore(model: PreTrainedModel) -> None:
    """Give the model back without autocast around it, on the CPU, its embeddings trainable again."""
    # accelerate puts autocast into the instance; its own way back also strips the decorators of the class's forward.
    for name in ("forward", "_original_forward"):
        model.__dict__.pop(name, None)
    module: torch.nn.Module = model
    module.to("cpu")
    module.eval()
    model.get_input_embeddings().requires_grad_(requires_grad=True)


def _result(
    trainer: Trainer, task: TrainingTask[PreTrainedModel], device: Device, *, seconds: float
) -> TrainingResult[PreTrainedModel]:
    state = trainer.state
    steps_an_epoch = state.max_steps // task.settings.epochs
    log: list[dict[str, Any]] = state.log_history
    scores = {entry["step"]: entry[EVALUATED] for entry in log if EVALUATED in entry}
    history = tuple(
        EpochRecord(entry["step"] // steps_an_epoch, entry["step"], entry["loss"], scores.get(entry["step"]))
        for entry in log
        if "loss" in entry
    )
    best = (state.best_global_step or state.global_step) // steps_an_epoch
    return TrainingResult(task.model, best, state.global_step, history, seconds, device.description)
