"""Contexts around a run of the Trainer: determinism, and failures told in one line."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mosecrot_cli.errors import OutputError
from mosecrot_cli.files import writing
from mosecrot_cli.model.devices import Device
from mosecrot_cli.progress import Reporter


@contextmanager
def deterministic(device: Device) -> Iterator[None]:
    """The same seed gives the same weights on a GPU too, wherever an operation has a deterministic form."""
    if device.kind != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    memory.fill_uninitialized_memory = False  # it costs time and only helps debugging
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*deterministic.*", category=UserWarning)
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        memory.fill_uninitialized_memory = fill


@contextmanager
def writing_checkpoints(work: Path) -> Iterator[None]:
    """Turn a full disk into an `OutputError`; safetensors and torch have their own words for it."""
    with writing(work):
        try:
            yield
        except (SafetensorError, RuntimeError) as error:
            text = str(error)
            if any(sign in text for sign in ("I/O error", "inline_container", "PytorchStreamWriter")):
                raise OutputError("a checkpoint cannot be written: is the disk full?", where=str(work)) from error
            raise


MACRO_F1 = "macro_f1"
EVALUATED = f"eval_{MACRO_F1}"


class ProgressCallback(TrainerCallback):
    """Advances a bar by one a step and tells of every epoch.

    Args:
        reporter: receives one line an epoch, and a warning when the loss is no number.
        advance: advances the bar by a number of steps.
        has_dev: whether a dev score follows each epoch's loss.

    """

    def __init__(self, reporter: Reporter, advance: Callable[[int], None], *, has_dev: bool) -> None:
        self.reporter, self.advance, self.has_dev = reporter, advance, has_dev
        self.loss = math.nan
        self.warned = False
        self.started, self.resumed_at = time.monotonic(), 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count the steps of the run that is resumed, and find its best checkpoint where the folder is now."""
        self.started, self.resumed_at = time.monotonic(), state.global_step
        self.advance(state.global_step)
        if state.best_global_step:
            state.best_model_checkpoint = str(Path(args.output_dir or "") / f"checkpoint-{state.best_global_step}")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Advance the bar."""
        self.advance(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Tell of an epoch once its loss, and its dev score where there is one, are known."""
        logs = logs or {}
        self.loss = logs.get("loss", self.loss)
        if "loss" in logs and not math.isfinite(self.loss) and not self.warned:
            self.warned = True
            self.reporter.warn("the training loss is no number: try a lower learning rate, or precision fp32")
        if EVALUATED in logs or ("loss" in logs and not self.has_dev):
            score = f", dev macro-F1 {logs[EVALUATED]:.3f}" if EVALUATED in logs else ""
            epoch = f"epoch {round(state.epoch or 0)}/{round(state.num_train_epochs)}"
            self.reporter.milestone(f"{epoch}: loss {self.loss:.4f}{score}{self._time_left(state)}")

    def _time_left(self, state: TrainerState) -> str:
        """How long the rest will take at the speed so far; empty after the last step."""
        done, rest = state.global_step - self.resumed_at, state.max_steps - state.global_step
        if done <= 0 or rest <= 0:
            return ""
        seconds = round((time.monotonic() - self.started) * rest / done)
        return f", {seconds // 60}:{seconds % 60:02d} left"


class SparseCheckpoints(TrainerCallback):
    """Leaves out the checkpoint of an epoch that ends a few steps after the last one.

    Args:
        steps: the fewest optimiser steps between two checkpoints.

    """

    def __init__(self, steps: int) -> None:
        self.steps, self.saved_at = steps, 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count from the checkpoint that is resumed."""
        self.saved_at = state.global_step

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Decide about the checkpoint of this epoch."""
        if state.global_step - self.saved_at < self.steps:
            control.should_save = False
        else:
            self.saved_at = state.global_step
