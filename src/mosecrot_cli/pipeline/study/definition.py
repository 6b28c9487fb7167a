"""What a study consists of: tasks, languages, ways to choose anchors and to map, and the rows that combine them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from mosecrot_cli.settings import AnchorsSettings, MapSettings, with_preset
from mosecrot_cli.settings.choices import MapPreset, Method
from mosecrot_cli.tasks.datadir import data_folder

Embeddings = Literal["trained", "frozen", "kept", "augmented"]
Adaptation = Literal["none", "bias", "self-training"]
Baseline = Literal["source", "unstitched", "lr", "mbert"]
OWN_SPACE: Final = ("kept", "augmented")
"""Embeddings with which the fine-tuned model serves any map: its own."""


@dataclass(frozen=True)
class Task:
    """A classification task.

    Attributes:
        train, dev: labelled data of the source language.
        test: labelled test data of the source language, for the baseline `source`.
        options: of `finetune`.
    """

    train: str
    dev: str | None = None
    test: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A target language.

    Attributes:
        lexicons, target_vectors, max_vocab, vocab_from: as for the commands; unset: their defaults.
        test: labelled test data, or a table with those of each task; unset: `TASK:LANG`.
        train: labelled training data of this language, which only the baseline `lr` reads; likewise.
        texts: unlabelled texts for the adaptations; likewise, without a default.
        parallel: sentences and their translations, for maps that are aligned: files, or two with a comma between.
    """

    lexicons: list[str] = field(default_factory=list)
    target_vectors: str | None = None
    max_vocab: int | Literal["all"] | None = None
    vocab_from: list[str] = field(default_factory=list)
    test: str | dict[str, str] | None = None
    train: str | dict[str, str] | None = None
    texts: str | dict[str, str] | None = None
    parallel: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AnchorVariant:
    """A way to choose anchors.

    Attributes:
        samples: seeds of the random choices of `max_anchors` and `shuffled`; one run of each row for each.
        shuffled: share of the pairs that exchange their targets, to see what a bad lexicon costs.
        options: of `anchors`.
    """

    samples: list[int] = field(default_factory=lambda: [1])
    shuffled: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MapVariant:
    """A way to map.

    Attributes:
        options: of `map`.
        align: whether the map is aligned with the parallel text of each language; a table holds options of `align`.
    """

    options: dict[str, Any] = field(default_factory=dict)
    align: bool | dict[str, Any] = False

    @property
    def is_aligned(self) -> bool:
        """Whether `align` follows the map."""
        return self.align is not False

    @property
    def settled(self) -> MapSettings:
        """The method and the source side that these options amount to."""
        method = self.options.get("method")
        settings = MapSettings(method=Method(method)) if method else MapSettings()
        preset = self.options.get("preset")
        return with_preset(settings, MapPreset(preset), {"method"} if method else ()) if preset else settings

    @property
    def keeps_source(self) -> bool:
        """Whether the source embeddings are kept whatever is asked for: there is no F^s."""
        return self.settled.method is not Method.relative or self.settled.keep_source


@dataclass(frozen=True)
class Grid:
    """Rows: every combination of the lists. Empty lists of tasks or languages mean all.

    Attributes:
        title: the heading of the table in which the report shows them; grids of one title share a table.
    """

    anchors: list[str]
    maps: list[str]
    embeddings: list[Embeddings] = field(default_factory=lambda: ["trained"])
    adapt: list[Adaptation] = field(default_factory=lambda: ["none"])
    tasks: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    title: str = ""


@dataclass(frozen=True)
class Published:
    """A figure that somebody published for a row, shown next to ours."""

    row: str
    language: str
    macro_f1: float
    task: str | None = None
    where: str = ""


@dataclass(frozen=True)
class Study:
    """A study.

    Attributes:
        title: of the report.
        source: the source language.
        source_models: of the source language; empty: the language's own.
        multilingual_model: of the baseline `mbert`.
        seeds: of the training.
        reference: the row that others are compared with; None: the first.
        keep: keep the mapped and the stitched folders, which are removed once they were used.
        tasks, languages, anchors, maps: by name.
        grid: the rows.
        baselines: further rows.
        ensembles: further rows: name -> rows whose log-probabilities are averaged.
        published: figures of others.
        path: the file; names in it are relative to its folder.
    """

    tasks: dict[str, Task]
    languages: dict[str, Target]
    title: str = ""
    source: str = AnchorsSettings.src
    source_models: list[str] = field(default_factory=list)
    multilingual_model: str = "bert-base-multilingual-cased"
    seeds: list[int] = field(default_factory=lambda: [1])
    reference: str | None = None
    keep: bool = False
    anchors: dict[str, AnchorVariant] = field(default_factory=lambda: {"all": AnchorVariant()})
    maps: dict[str, MapVariant] = field(default_factory=dict)
    grid: list[Grid] = field(default_factory=list)
    baselines: list[Baseline] = field(default_factory=list)
    ensembles: dict[str, list[str]] = field(default_factory=dict)
    published: list[Published] = field(default_factory=list)
    path: Path = Path()

    @property
    def has_data_folder(self) -> bool:
        """Whether named data sets may come from a data folder, which may hold them in any language."""
        return data_folder(None) is not None or any("data_dir" in task.options for task in self.tasks.values())

    @property
    def folder(self) -> Path:
        """Where everything that the study makes goes: next to the file, under its name."""
        return self.path.with_suffix("")
