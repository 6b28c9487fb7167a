"""Data sets as the commands load them."""

from __future__ import annotations

from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DataSettings
from mosecrot_cli.tasks.loading import is_named, load_split
from mosecrot_cli.tasks.strings import stream_texts
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


def load_texts(
    spec: str, split: str, settings: DataSettings, *, language: str | None, reporter: Reporter
) -> tuple[str, ...]:
    """Texts without labels: the lines of a file, the text column of a table, or a split of a named data set.

    Of a file, labels are not read; of a named data set they are dropped here.

    Raises:
        UsageError, DataError, SourceUnavailableError: as `tasks.loading.load_split`.
    """
    if not is_named(spec):
        return tuple(stream_texts(spec, settings.text_column))
    columns = Columns(settings.text_column, None)
    found = load_split(
        spec,
        split,
        language=language,
        columns=columns,
        data_dir=settings.data_dir,
        require_labels=False,
        reporter=reporter,
    )
    return found.texts


def labels_of(dataset: TextDataset) -> tuple[str, ...]:
    """The gold labels; a data set loaded by `load` has them."""
    if dataset.labels is None:
        raise ValueError(f"{dataset.source} has no labels")
    return dataset.labels
