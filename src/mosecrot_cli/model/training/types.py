"""What fine-tuning is told and what it gives back. No heavy import: defaults can be shown without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_SEED,
    ComputeSettings,
    OptimizerSettings,
    Scheduler,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mosecrot_cli.model.training.augmentation import Augmentation

ModelT = TypeVar("ModelT")


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts with the name of the class of each.

    Attributes:
        texts: n texts.
        labels: n label names, each one of the model's `label2id`.
        source: file or name of the data set, for messages.

    """

    texts: Sequence[str]
    labels: Sequence[str]
    source: str | None = None


@dataclass(frozen=True)
class TrainingSettings:
    """How a classifier is fine-tuned (paper, section 3, step 4).

    Attributes:
        epochs: passes over the training texts.
        learning_rate: the peak, reached after the warm-up.
        batch_size: texts in an optimiser step, of all processes together: more GPUs do not change the training.
        max_length: cut texts at this many tokens; None: at the model's maximum.
        warmup: share of all steps in which the learning rate rises from 0.
        weight_decay: of AdamW, on all weights but biases and norms.
        scheduler: a name of `settings.Scheduler`.
        seed: decides the order of the texts and the dropout (not the new head: that was drawn when it was made).
        freeze_embeddings: keep the word embeddings as they are: no gradient, no optimizer state.
        compute: device, GPUs and precision.
        resume: go on with an interrupted run of the same settings.
        save_steps: without dev texts, the fewest optimiser steps after which an epoch ends with another checkpoint: on
            a few texts, writing one would take longer than the epoch.
        log_to: names of the trackers that the curves go to, too (`settings.RunLog`).
        run_name: what they call this run.

    Raises:
        UsageError: a number out of range, or an unknown scheduler.

    """

    epochs: int = DEFAULT_EPOCHS
    learning_rate: float = DEFAULT_LEARNING_RATE
    batch_size: int = DEFAULT_BATCH_SIZE
    max_length: int | None = None
    warmup: float = OptimizerSettings.warmup
    weight_decay: float = OptimizerSettings.weight_decay
    scheduler: str = OptimizerSettings.scheduler
    seed: int = DEFAULT_SEED
    freeze_embeddings: bool = False
    compute: ComputeSettings = field(default_factory=ComputeSettings)
    resume: bool = False
    save_steps: int = 1
    log_to: tuple[str, ...] = ()
    run_name: str = "run"

    def __post_init__(self) -> None:
        for name, lowest in (("epochs", 1), ("batch_size", 1), ("seed", 0)):
            if getattr(self, name) < lowest:
                raise UsageError(f"{getattr(self, name)} is less than {lowest}", where=f"`{name}`")
        if not 0 < self.learning_rate < float("inf"):
            raise UsageError(f"{self.learning_rate} is not a positive number", where="`learning_rate`")
        if not 0 <= self.warmup <= 1 or not 0 <= self.weight_decay < float("inf"):
            raise UsageError("the warm-up is a share from 0 to 1, the weight decay a number of 0 or more")
        if self.scheduler not in [*Scheduler]:
            raise UsageError(f"unknown scheduler {self.scheduler!r}", hint=", ".join(Scheduler))


@dataclass(frozen=True)
class TrainingTask(Generic[ModelT]):
    """A fine-tuning, wherever it is computed.

    Attributes:
        model, tokenizer, train, dev, augmentation: see `training.train_classifier`.
        settings: how.

    """

    model: ModelT
    tokenizer: PreTrainedTokenizerBase
    train: LabelledTexts
    dev: LabelledTexts | None
    settings: TrainingSettings
    augmentation: Augmentation | None = None


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch gave.

    Attributes:
        epoch: from 1.
        step: optimiser steps since the start.
        loss: mean training loss of the epoch.
        macro_f1: scikit-learn's macro-F1 on the dev texts; None without any.

    """

    epoch: int
    step: int
    loss: float
    macro_f1: float | None


@dataclass(frozen=True)
class TrainingResult(Generic[ModelT]):
    """A fine-tuned model and how it came about.

    Attributes:
        model: the model given, with the weights of the best epoch, on the CPU, in evaluation mode.
        best_epoch: from 1; the last one without dev texts, the first of equals with them.
        steps: optimiser steps of the whole run, those before an interruption included.
        history: one record an epoch.
        seconds: wall time of this call.
        device: where it was computed, in which precision, for people.

    """

    model: ModelT
    best_epoch: int
    steps: int
    history: tuple[EpochRecord, ...]
    seconds: float
    device: str
