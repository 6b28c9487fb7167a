"""Data sets as the commands load them."""

from __future__ import annotations

from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DataSettings
from mosecrot_cli.tasks.loading import load_split
from mosecrot_cli.tasks.types import Columns, TextDataset


def load(spec: str, split: str, settings: DataSettings, *, language: str | None, reporter: Reporter) -> TextDataset:
    """A labelled data set (see `tasks.loading.load_split`)."""
    return load_split(
        spec,
        split,
        language=language,
        columns=Columns(settings.text_column, settings.label_column),
        data_dir=settings.data_dir,
        reporter=reporter,
    )


def labels_of(dataset: TextDataset) -> tuple[str, ...]:
    """The gold labels; a data set loaded by `load` has them."""
    if dataset.labels is None:
        raise ValueError(f"{dataset.source} has no labels")
    return dataset.labels
