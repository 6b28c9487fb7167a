"""How long and how fast to fine-tune."""

from __future__ import annotations

from dataclasses import dataclass

from mosecrot_cli.settings import (
    CONTINUED_BATCH_SIZE,
    CONTINUED_EPOCHS,
    CONTINUED_LEARNING_RATE,
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_MAX_LENGTH,
)


@dataclass(frozen=True, slots=True)
class TrainingPreset:
    """Settings of one fine-tuning run.

    Attributes:
        epochs: passes over the training data.
        learning_rate: peak learning rate of AdamW.
        batch_size: texts per optimizer step, summed over all devices.
        max_length: longer texts are cut to this many tokens.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    max_length: int


DEFAULT = TrainingPreset(
    epochs=DEFAULT_EPOCHS,
    learning_rate=DEFAULT_LEARNING_RATE,
    batch_size=DEFAULT_BATCH_SIZE,
    max_length=DEFAULT_MAX_LENGTH,
)
"""For data sets without a preset of their own."""

CONTINUED = TrainingPreset(
    epochs=CONTINUED_EPOCHS,
    learning_rate=CONTINUED_LEARNING_RATE,
    batch_size=CONTINUED_BATCH_SIZE,
    max_length=DEFAULT_MAX_LENGTH,
)
"""For a checkpoint that is trained further, whatever the data set: chosen with 7 and 35 texts (docs/transfer.md)."""
