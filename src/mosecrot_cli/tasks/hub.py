"""Data sets of the Hugging Face hub, or local folders laid out like one; no remote code is run."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
from huggingface_hub.errors import HfHubHTTPError

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.hub import hub_file
from mosecrot_cli.tasks.columns import named_layout
from mosecrot_cli.tasks.datadir import split_names
from mosecrot_cli.tasks.textfiles import Item, checked_label, collect
from mosecrot_cli.tasks.types import Columns, Split, TextDataset

# The hub's client is built on one of several HTTP libraries and lets their errors through: all are of this class.
_HTTP_ERROR: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
_LOCAL = "a file of texts and labels can be given instead; HF_ENDPOINT names a mirror of the hub"
_BATCH = 1000


def load_hub(
    repository: str,
    config: str | None,
    split: Split,
    *,
    columns: Columns | None = None,
    require_labels: bool = True,
    reporter: Reporter,
) -> TextDataset:
    """Load one split of a data set.

    The dev split may be called `validation`, `valid` or `val`. Labels that are numbers with names become these names.

    Args:
        repository: hub id, or a local folder.
        config: the configuration, where there are several.
        split: which part.
        columns: names of the columns, else guessed as for files.
        require_labels: whether a data set without labels is an error.
        reporter: receives progress.

    Raises:
        SourceUnavailableError: the hub cannot be reached, or the data set needs code of its own.
        DataError: no such configuration, split or column; an empty text or label.
    """
    name = f"hf:{repository}" + (f":{config}" if config else "")
    reporter.info(f"loading {name}")
    table = _choose_split(_load(repository, config, name), split, name)
    items = _items(table, columns or Columns(), f"{name} ({split})", require_labels=require_labels)
    return replace(collect(items, source=name, language=None), lines=None)


def download_file(repository: str, path: str, reporter: Reporter) -> Path:
    """Fetch one file of a data set repository into the hub's cache.

    Raises:
        SourceUnavailableError: the hub cannot be reached or has no such file.
    """
    return hub_file(repository, path, Fetcher(reporter=reporter), parameter="data_dir", kind="dataset")


def _load(repository: str, config: str | None, name: str) -> datasets.DatasetDict:
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()  # whether bars are drawn is the command line's business
    try:
        return datasets.load_dataset(repository, config)
    except (OSError, _HTTP_ERROR) as error:
        raise SourceUnavailableError(_first_line(error), where=name, hint=_LOCAL) from error
    except RuntimeError as error:
        hint = f"code from the hub is not run; {_LOCAL}"
        raise SourceUnavailableError(_first_line(error), where=name, hint=hint) from error
    except ValueError as error:
        raise DataError(_without_list(str(error), config), where=name, hint="write hf:NAME:CONFIG") from error
    except datasets.exceptions.DatasetsError as error:
        raise DataError(_first_line(error.__cause__ or error), where=name) from error
    finally:
        if not bars:
            datasets.enable_progress_bars()


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _without_list(message: str, config: str | None) -> str:
    """The library's message, its list of hundreds of configurations cut down to those like the one asked for."""
    available = re.findall(r"'([^']+)'", message.partition("[")[2].partition("]")[0])
    what = f"there is no configuration {config!r}" if config else "a configuration must be named"
    if not available:
        return message.splitlines()[0]
    near = difflib.get_close_matches(config or "", available, n=5, cutoff=0.4) or available[:5]
    return f"{what}: there are {len(available)}, such as {', '.join(near)}"


def _choose_split(loaded: datasets.DatasetDict, split: Split, name: str) -> datasets.Dataset:
    found = next((loaded[candidate] for candidate in split_names(split) if candidate in loaded), None)
    if found is None:
        raise DataError(f"there is no {split} split, only {', '.join(loaded)}", where=name)
    return found


def _items(table: datasets.Dataset, columns: Columns, where: str, *, require_labels: bool) -> Iterator[Item]:
    names = list(table.column_names)
    layout = named_layout(names, columns, require_labels=require_labels, where=where)
    label = names[layout.label] if layout.label is not None else None
    feature = table.features[label] if label is not None else None
    wanted = [names[column] for column in (layout.text, layout.label, layout.id) if column is not None]
    number = 0
    for batch in table.select_columns(list(dict.fromkeys(wanted))).iter(batch_size=_BATCH):
        for row in range(len(batch[names[layout.text]])):
            number += 1
            place = f"{where}, row {number}"
            text = batch[names[layout.text]][row]
            value = _label(batch[label][row], feature, place) if label is not None else ""
            if require_labels and not str(text or "").strip():
                raise DataError("the text is empty", where=place)
            gold = checked_label(value, layout, place, required=require_labels)
            identifier = batch[names[layout.id]][row] if layout.id is not None else None
            yield Item(str(number if identifier is None else identifier), str(text or ""), gold, number)


def _label(value: Any, feature: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(feature, datasets.ClassLabel):
        # -1 is the hub's sign for a label that is withheld.
        return str(feature.int2str(value)) if value >= 0 else ""
    if isinstance(value, list | dict):
        raise DataError("the text has several labels", where=where, hint="every text must have exactly one")
    return str(value).strip()
