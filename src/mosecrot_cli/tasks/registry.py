"""The data sets known by name: how the command line describes them, how they are read, how to fine-tune on them.

To add one: a module with its `load` function, an entry in `DATASETS`, and its licence and citation in
`sources.provenance`. The modules are imported when a data set is loaded, so that `--help` can list the names cheaply.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from mosecrot_cli.sources.listings import SIB200_REPOSITORY
from mosecrot_cli.tasks.presets import DEFAULT, TrainingPreset

if TYPE_CHECKING:
    from mosecrot_cli.progress import Reporter
    from mosecrot_cli.sources.languages import Language
    from mosecrot_cli.tasks.types import Split, TextDataset

HUB = "hf"
"""`hf:NAME[:CONFIG]` is a data set of the Hugging Face hub."""


class DatasetLoader(Protocol):
    """Reads one split of a named data set in one language."""

    def __call__(self, language: Language, split: Split, folder: Path | None, reporter: Reporter) -> TextDataset:
        """Read from the data folder, else fetch.

        Args:
            language: the language; it may be one that is in no table (a data folder may hold anything).
            split: which part.
            folder: the data folder, None where there is none.
            reporter: receives progress, licences and warnings.

        Raises:
            UsageError: the data set does not exist in that language.
            DataError: a damaged file.
            SourceUnavailableError: neither in the folder nor to be fetched; says which file to put where.
        """


@dataclass(frozen=True, slots=True)
class NamedDataset:
    """A data set known by name.

    Attributes:
        name: what the user types, as in `NAME[:LANG]`.
        summary: its task and classes, in a few words.
        loader: imports the module of the data set and returns its `load` function.
        check: raises a UsageError if the data set, as it is published, does not exist in a language.
        preset: settings of fine-tuning.
        repository: its id on the Hugging Face hub; None where it is not distributed there.
    """

    name: str
    summary: str
    loader: _LazyLoader
    check: Callable[[Language], None]
    preset: TrainingPreset = DEFAULT
    repository: str | None = None


class _LazyLoader(Protocol):
    def __call__(self) -> DatasetLoader: ...


def _taxi1500() -> DatasetLoader:
    from mosecrot_cli.tasks import taxi1500

    return taxi1500.load


def _amazon() -> DatasetLoader:
    from mosecrot_cli.tasks import amazon

    return amazon.load


def _sib200() -> DatasetLoader:
    from mosecrot_cli.tasks import sib200

    return sib200.load


def _check_taxi1500(language: Language) -> None:
    from mosecrot_cli.tasks import taxi1500

    taxi1500.check_language(language)


def _check_amazon(language: Language) -> None:
    from mosecrot_cli.tasks import amazon

    amazon.check_language(language)


def _check_sib200(language: Language) -> None:
    from mosecrot_cli.tasks import sib200

    sib200.check_language(language)


DATASETS: Mapping[str, NamedDataset] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            NamedDataset(
                "taxi1500",
                "Bible verses, 6 topics, over 1,500 languages",
                _taxi1500,
                _check_taxi1500,
                # The learning rate is MoSECroT's (arXiv 2401.04821), the rest is from Taxi1500's evaluation script
                # (github.com/cisnlp/Taxi1500), which also accumulates the gradients of four batches; this does not.
                TrainingPreset(epochs=15, learning_rate=1e-5, batch_size=32, max_length=100),
            ),
            NamedDataset(
                "amazon",
                "product reviews, 3 sentiments, de en es fr ja zh",
                _amazon,
                _check_amazon,
                # The learning rate is MoSECroT's, the rest is our choice: with 200,000 reviews in a language, over two
                # hundred times the size of Taxi1500, two epochs are enough.
                TrainingPreset(epochs=2, learning_rate=1e-5, batch_size=32, max_length=128),
            ),
            NamedDataset(
                "sib200",
                "news and wiki sentences, 7 topics, 205 languages and scripts",
                _sib200,
                _check_sib200,
                repository=SIB200_REPOSITORY,
            ),
        )
    }
)


def is_named(spec: str) -> bool:
    """Whether `spec` is the name of a data set (`sib200`, `taxi1500:tt`, `hf:NAME`) rather than a file."""
    name, colon, _ = spec.partition(":")
    return name in DATASETS or (name == HUB and bool(colon))


def hub_repository(spec: str) -> str | None:
    """The id of a named data set on the Hugging Face hub; None for a file, and for what is not distributed there."""
    name, _, rest = spec.partition(":")
    if name == HUB and rest:
        repository = rest.partition(":")[0]
        return None if Path(repository).exists() else repository
    return DATASETS[name].repository if name in DATASETS else None


def check_language(spec: str) -> None:
    """Check that a named data set is published in the language that its name ends with (`sib200:fr`).

    Names without a language, and those of the hub, are not checked. A data folder may hold further languages.

    Raises:
        UsageError: it is not.
    """
    from mosecrot_cli.sources.languages import find_language  # --help, which imports this module, needs no languages

    name, _, code = spec.partition(":")
    if name in DATASETS and code:
        DATASETS[name].check(find_language(code))


def preset_for(spec: str) -> TrainingPreset:
    """The fine-tuning settings of a named data set; files and other names have `presets.DEFAULT`."""
    entry = DATASETS.get(spec.partition(":")[0])
    return DEFAULT if entry is None else entry.preset


def near_name(spec: str) -> str | None:
    """The named data set that `spec` may be a misspelling of (`sib2000:fr` gives `sib200:fr`), or None."""
    name, colon, rest = spec.partition(":")
    near = difflib.get_close_matches(name.casefold(), DATASETS, n=1, cutoff=0.75)
    return near[0] + colon + rest if near else None


def described_names() -> list[tuple[str, str]]:
    """How each name is written and what it stands for, for help texts."""
    named = [(f"{name}[:LANG]", entry.summary) for name, entry in DATASETS.items()]
    return [*named, (f"{HUB}:NAME[:CONFIG]", "a data set of the Hugging Face hub")]
