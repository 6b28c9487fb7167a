"""How the Trainer's progress reaches a `Reporter`."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from mosecrot_cli.progress import Reporter

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

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count the steps of the run that is resumed, and find its best checkpoint where the folder is now."""
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
            self.reporter.info(f"{epoch}: loss {self.loss:.4f}{score}")
