"""Data sets for text classification and the training settings that go with them.

`load_split` reads files and named data sets; `stream_file` reads a file of texts as it comes.
"""

from mosecrot_cli.tasks.loading import load_split
from mosecrot_cli.tasks.presets import PRESETS, TrainingPreset, preset_for
from mosecrot_cli.tasks.textfiles import Item, stream_file
from mosecrot_cli.tasks.types import SPLITS, Columns, Split, TextDataset, require_known_labels

__all__ = [
    "PRESETS",
    "SPLITS",
    "Columns",
    "Item",
    "Split",
    "TextDataset",
    "TrainingPreset",
    "load_split",
    "preset_for",
    "require_known_labels",
    "stream_file",
]
