"""From what the user names to data: a file, a named data set (`registry.DATASETS`), or `hf:NAME[:CONFIG]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import DataSettings
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.provenance import announce, of_card
from mosecrot_cli.tasks.datadir import data_folder
from mosecrot_cli.tasks.registry import DATASETS, HUB, is_named, near_name
from mosecrot_cli.tasks.textfiles import read_file, stream_texts
from mosecrot_cli.tasks.types import SPLITS, Columns, Split, TextDataset

_MANY = 20  # texts from which on their labels are expected to repeat


def load(spec: str, split: str, settings: DataSettings, *, language: str | None, reporter: Reporter) -> TextDataset:
    """Load a labelled data set with the settings of a command; see `load_split`.

    Warns when most labels differ from each other, which a column of classes does not do.
    """
    dataset = load_split(
        spec,
        split,
        language=language,
        columns=Columns(settings.text_column, settings.label_column),
        data_dir=settings.data_dir,
        reporter=reporter,
    )
    classes, texts = len(dataset.label_names), len(dataset)
    if texts >= _MANY and classes > texts / 2:
        reporter.warn(f"{dataset.source}: {classes:,} classes for {texts:,} texts: is `label_column` the right one?")
    return dataset


def load_texts(
    spec: str, split: str, settings: DataSettings, *, language: str | None, reporter: Reporter
) -> tuple[str, ...]:
    """Load texts and ignore their labels: a file's lines, a table's text column, or a split of a named data set.

    Raises:
        UsageError, DataError, SourceUnavailableError: as `load_split`.
    """
    if not is_named(spec):
        _check_name(spec)
        return tuple(stream_texts(spec, settings.text_column))
    found = load_split(
        spec,
        split,
        language=language,
        columns=Columns(settings.text_column, None),
        data_dir=settings.data_dir,
        require_labels=False,
        reporter=reporter,
    )
    return found.texts


def labels_of(dataset: TextDataset) -> tuple[str, ...]:
    """The gold labels of a data set that was loaded with labels required."""
    if dataset.labels is None:
        raise ValueError(f"{dataset.source} has no labels")
    return dataset.labels


def load_split(
    spec: str,
    split: str,
    *,
    language: str | None = None,
    columns: Columns | None = None,
    data_dir: Path | None = None,
    require_labels: bool = True,
    reporter: Reporter | None = None,
) -> TextDataset:
    """Load the data set that `spec` names.

    A named data set is read from the data folder if it is there (the modules of the data sets list the layouts), and
    fetched otherwise. A file is its own split. Write `./amazon` for a file that is called like a data set.

    Args:
        spec: a file (`-` is standard input) or a name.
        split: `train`, `dev` or `test`.
        language: the language of a name without `:LANG`; for files, the language that is recorded.
        columns: columns of a file or a hub data set; guessed where None.
        data_dir: the data folder; None: the one that MOSECROT_DATA names.
        require_labels: whether texts without labels are an error (named data sets always have labels).
        reporter: receives progress, licences, and warnings about missing verses.

    Raises:
        UsageError: an unknown split, a named data set without a language or not in that language.
        DataError: a missing, damaged or empty file, with `path:line`.
        SourceUnavailableError: neither on this machine nor to be fetched; says which file to put where.
    """
    part = next((known for known in SPLITS if known == split), None)
    if part is None:
        raise UsageError(f"there is no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    reporter = reporter or SilentReporter()
    name, colon, rest = spec.partition(":")
    if name == HUB and colon:
        return _from_hub(rest, part, columns, language, require_labels=require_labels, reporter=reporter)
    if name in DATASETS:
        code = rest or language
        if code is None:
            raise UsageError("the language is missing", where=spec, hint=f"for example {name}:en")
        loader = DATASETS[name].loader()
        return loader(find_language(code), part, data_folder(data_dir), reporter)
    _check_name(spec)
    code = find_language(language).code if language else None
    return read_file(spec, columns, language=code, require_labels=require_labels)


def _check_name(spec: str) -> None:
    """Suggest a named data set where there is no such file."""
    near = near_name(spec)
    if near and not Path(spec).exists():
        raise DataError("there is no file and no data set of this name", where=spec, hint=f"did you mean {near}?")


def _from_hub(
    name: str, split: Split, columns: Columns | None, language: str | None, *, require_labels: bool, reporter: Reporter
) -> TextDataset:
    from mosecrot_cli.tasks.hub import load_hub

    repository, _, config = name.partition(":")
    if not repository:
        raise UsageError("the name of the data set is missing", where=f"{HUB}:", hint="hf:NAME or hf:NAME:CONFIG")
    dataset = load_hub(
        repository, config or None, split, columns=columns, require_labels=require_labels, reporter=reporter
    )
    code = find_language(language).code if language else None
    if Path(repository).exists():
        return replace(dataset, language=code)
    origin = of_card(f"{HUB}:{repository}", f"huggingface.co/datasets/{repository}")
    announce(origin, Fetcher(reporter=reporter))
    return replace(dataset, language=code, notes=origin.notes)
