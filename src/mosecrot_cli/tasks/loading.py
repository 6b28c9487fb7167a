"""From what the user names to data: a file, `taxi1500[:LANG]`, `amazon[:LANG]`, `sib200[:LANG]`, `hf:NAME[:CONFIG]`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, find_language
from mosecrot_cli.sources.provenance import announce, of_card
from mosecrot_cli.tasks import amazon, sib200, taxi1500
from mosecrot_cli.tasks.datadir import data_folder, first_file
from mosecrot_cli.tasks.textfiles import read_file
from mosecrot_cli.tasks.types import SPLITS, Columns, Split, TextDataset

NAMES = (taxi1500.NAME, amazon.NAME, sib200.NAME)
HUB = "hf"


def is_named(spec: str) -> bool:
    """Whether a data set is named (`sib200`, `taxi1500:tt`, `hf:NAME`) rather than a file."""
    name, colon, _ = spec.partition(":")
    return name in NAMES or (name == HUB and bool(colon))


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

    A named data set is looked for in the data folder first (layouts: modules `taxi1500`, `amazon`, `sib200`), then on
    the hub where it has a copy. A file is its own split. A file that is called like a data set is given as `./amazon`.

    Args:
        spec: a file (`-` is standard input) or a name.
        split: `train`, `dev` or `test`.
        language: language of a name without `:LANG`, and what is recorded for files.
        columns: columns of a file or a hub data set; guessed where None.
        data_dir: the data folder; None: what MOSECROT_DATA names.
        require_labels: whether texts without labels are an error (named data sets always have labels).
        reporter: hears of downloads and of verses that are missing.

    Raises:
        UsageError: an unknown split, no language for a named data set, a language that it lacks.
        DataError: a missing, damaged or empty file, with `path:line`.
        SourceUnavailableError: nothing local, and the hub has no copy or cannot be reached; says what to fetch.
    """
    part = next((known for known in SPLITS if known == split), None)
    if part is None:
        raise UsageError(f"no split {split!r}", hint=f"one of {', '.join(SPLITS)}")
    reporter = reporter or SilentReporter()
    name, colon, rest = spec.partition(":")
    if name == HUB and colon:
        return _from_hub(rest, part, columns, language, require_labels=require_labels, reporter=reporter)
    if name in NAMES:
        code = rest or language
        if code is None:
            raise UsageError("the language is missing", where=spec, hint=f"for example {name}:en")
        return _named(name, find_language(code), part, data_folder(data_dir), reporter)
    code = find_language(language).code if language else None
    return read_file(spec, columns, language=code, require_labels=require_labels)


def _named(name: str, language: Language, split: Split, folder: Path | None, reporter: Reporter) -> TextDataset:
    if name == taxi1500.NAME:
        return taxi1500.load(language, split, folder, reporter)
    if name == amazon.NAME:
        path = first_file(folder, amazon.local_candidates(language, split))
        return amazon.read_reviews(str(path or amazon.download(language, split, reporter)), language)
    path = first_file(folder, sib200.local_candidates(language, split))
    return sib200.read_local(str(path), language) if path else sib200.download(language, split, reporter)


def _from_hub(
    name: str, split: Split, columns: Columns | None, language: str | None, *, require_labels: bool, reporter: Reporter
) -> TextDataset:
    from mosecrot_cli.tasks.hub import load_hub

    repository, _, config = name.partition(":")
    if not repository:
        raise UsageError("no name of a data set", where=f"{HUB}:", hint="hf:NAME or hf:NAME:CONFIG")
    dataset = load_hub(
        repository, config or None, split, columns=columns, require_labels=require_labels, reporter=reporter
    )
    code = find_language(language).code if language else None
    if Path(repository).exists():
        return replace(dataset, language=code)
    origin = of_card(f"{HUB}:{repository}", f"huggingface.co/datasets/{repository}")
    announce(origin, Fetcher(reporter=reporter))
    return replace(dataset, language=code, notes=origin.notes)
