"""Training settings that go with a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mosecrot_cli.settings import DEFAULT_BATCH_SIZE, DEFAULT_EPOCHS, DEFAULT_LEARNING_RATE


@dataclass(frozen=True, slots=True)
class TrainingPreset:
    """How long and how fast to fine-tune.

    Attributes:
        epochs: passes over the training data.
        learning_rate: peak learning rate of AdamW.
        batch_size: texts in one step, over all devices.
        max_length: tokens of a text; the rest is cut off.
    """

    epochs: int
    learning_rate: float
    batch_size: int
    max_length: int


DEFAULT = TrainingPreset(
    epochs=DEFAULT_EPOCHS, learning_rate=DEFAULT_LEARNING_RATE, batch_size=DEFAULT_BATCH_SIZE, max_length=128
)

TAXI1500 = TrainingPreset(epochs=15, learning_rate=1e-5, batch_size=32, max_length=100)
"""MoSECroT's learning rate (arXiv 2401.04821), the rest from Taxi1500's evaluation script (github.com/cisnlp/Taxi1500).

That script also adds up the gradients of four batches before a step, which the preset does not.
"""

AMAZON = TrainingPreset(epochs=2, learning_rate=1e-5, batch_size=32, max_length=128)
"""MoSECroT's learning rate; the rest is this project's choice.

A language has 200,000 training reviews, over two hundred times Taxi1500, so the epochs are few.
"""

PRESETS: Mapping[str, TrainingPreset] = MappingProxyType({"taxi1500": TAXI1500, "amazon": AMAZON})


def preset_for(spec: str) -> TrainingPreset:
    """The settings for a data set as named on the command line; files and other names have `DEFAULT`."""
    return PRESETS.get(spec.partition(":")[0], DEFAULT)
