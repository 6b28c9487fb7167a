"""A study file: what it may hold, read and checked so that a mistake is found before anything runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import parallel_files
from mosecrot_cli.pipeline.study.definition import (
    OWN_SPACE,
    Adaptation,
    AnchorVariant,
    Embeddings,
    Grid,
    MapVariant,
    Published,
    Study,
    Target,
    Task,
)
from mosecrot_cli.pipeline.study.names import problem_of_language, problem_of_name
from mosecrot_cli.pipeline.study.options import check, is_text, options_of
from mosecrot_cli.pipeline.study.places import Place, line_of, place_of
from mosecrot_cli.settings import AlignSettings, AnchorsSettings, FinetuneSettings, MapSettings
from mosecrot_cli.settings.choices import MapPreset
from mosecrot_cli.settings.option import Option, Parameter
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.structured import converted, read_toml_text
from mosecrot_cli.suggestions import did_you_mean, nearest
from mosecrot_cli.tasks.registry import DATASETS

_FILES = {".tsv", ".csv", ".jsonl", ".txt", ".vec", ".gz", ".bin", ".npy", ".zip", ".tar"}
_PRESET = Parameter(("preset",), MapPreset, None, Option("--preset", help="A bundle of options.", metavar="NAME"))
ANCHORS: Final = options_of(AnchorsSettings, "src", "tgt", "source_model", "target_vectors", "seed", "output",
                            "overwrite", "if_changed", "dry_run", "device")  # fmt: skip
MAPS: Final = {"preset": _PRESET} | options_of(
    MapSettings, "anchors", "source_model", "target_vectors", "vocab_from", "keep_source", "output", "overwrite",
    "if_changed", "dry_run", "device")  # fmt: skip
ALIGN: Final = options_of(AlignSettings, "mapped", "parallel", "exclude", "source_model", "output", "overwrite",
                          "if_changed", "dry_run", "device")  # fmt: skip
TRAINING: Final = options_of(
    FinetuneSettings, "train", "dev", "src", "source_model", "embeddings", "freeze_embeddings", "seed", "seeds",
    "resume", "augment", "output", "overwrite", "if_changed", "dry_run", "device", "gpus")  # fmt: skip


_NAMED: Mapping[str, tuple[type[Any], Mapping[str, Parameter]]] = {
    "tasks": (Task, TRAINING),
    "languages": (Target, {}),
    "anchors": (AnchorVariant, ANCHORS),
    "maps": (MapVariant, MAPS),
}


class _Reader:
    """The checks of one file, which know the line of what they complain about."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        self.published = True

    def wrong(self, what: str, place: Sequence[str | int], hint: str | None = None) -> DataError:
        return DataError(what, where=f"{self.path}:{line_of(self.text, place)}", hint=hint)

    def known(self, given: Iterable[str], known: Collection[str], place: Place, kind: str) -> None:
        for name in given:
            if name not in known:
                near = nearest(name, known)
                hint = f"did you mean {near!r}?" if near else f"there is {', '.join(sorted(known))}"
                raise self.wrong(f"unknown {kind} {name!r}", (*place, name), hint)

    def sections(self, content: dict[str, Any]) -> dict[str, Any]:
        """The content with the options of commands apart, after the names of all keys were checked."""
        self.known(content, _keys(Study) - {"path"}, (), "key")
        found = dict(content)
        for name, (kind, options) in _NAMED.items():
            section = found.get(name, {})
            if name == "anchors":  # those of the whole lexicon need no section
                section = {"all": {}} | section if isinstance(section, dict) else section
            if not isinstance(section, dict) or not all(isinstance(value, dict) for value in section.values()):
                raise self.wrong(f"{name} holds tables, as [{name}.NAME]", (name,))
            found[name] = {key: self._split(value, kind, options, (name, key)) for key, value in section.items()}
        for name, each in (("grid", Grid), ("published", Published)):
            rows = found.get(name, [])
            for number, row in enumerate(rows if isinstance(rows, list) else []):
                if isinstance(row, dict):
                    self.known(row, _keys(each), (name, number), "key")
                    self._choices(row, (name, number))
        return found

    def _choices(self, row: dict[str, Any], place: Place) -> None:
        for part, kind in (("embeddings", Embeddings), ("adapt", Adaptation)):
            values = row.get(part)
            if isinstance(values, list) and all(isinstance(value, str) for value in values):
                self.known(values, get_args(kind), (*place, part), part)

    def _split(
        self, table: dict[str, Any], kind: type[Any], options: Mapping[str, Parameter], place: Place
    ) -> dict[str, Any]:
        own = _keys(kind) - {"options"}
        self.known(table, own | set(options), place, "key")
        chosen = {name: value for name, value in table.items() if name in options}
        self.check_options(chosen, options, place)
        rest = {name: value for name, value in table.items() if name in own}
        return rest | ({"options": chosen} if options else {})

    def check_options(self, values: dict[str, Any], options: Mapping[str, Parameter], place: Place) -> None:
        """Refuse options that the command does not have, and values that it would refuse."""
        self.known(values, options, place, "key")
        for name, value in values.items():
            try:
                check(options[name], value)
            except ValueError as error:
                raise self.wrong(str(error), (*place, name)) from None
            if is_text(options[name]):
                self.exists(value, (*place, name))

    def exists(self, value: Any, place: Place) -> None:
        """Refuse files that are not there, and names of nothing."""
        if isinstance(value, dict):
            value = list(value.values())
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str) or "://" in text:
                continue
            path = Path(self.path.parent, text).expanduser()
            local = path.suffix in _FILES or text.startswith((".", "/", "~"))
            if local and not path.exists():
                raise self.wrong(f"there is no file {text}", place, did_you_mean(path))
            if problem := problem_of_name(str(place[-1]), text, self.path.parent, published=self.published):
                raise self.wrong(problem[0], place, problem[1])


def read_study(path: Path) -> Study:
    """Read a study file and check all that can be checked without running anything.

    Raises:
        DataError: the file is no study, or names something impossible; says the line.
    """
    text, content = read_toml_text(path)
    reader = _Reader(path, text)
    content = reader.sections(content)
    try:
        study = dataclasses.replace(converted(content, Study), path=path)
    except ValueError as error:
        what, _, where = str(error).partition(" - at `$")
        place = place_of(where.strip("`"))
        name = ".".join(map(str, place))
        raise reader.wrong(f"{name + ': ' if name else ''}{what[:1].lower()}{what[1:]}", place) from None
    _check_names(study, reader)
    _check_files(study, reader)
    _check_grid(study, reader)
    return study


def _keys(kind: type[Any]) -> set[str]:
    return {each.name for each in dataclasses.fields(kind)}


def _check_names(study: Study, reader: _Reader) -> None:
    """Refuse empty parts, names that cannot be folders, and names of what is not there."""
    for part in ("tasks", "languages", "seeds"):
        if not getattr(study, part):
            raise reader.wrong(f"the study has no {part}", (part,))
    if not study.grid and not study.baselines:
        raise reader.wrong("the study has no rows", (), "add [[grid]] or baselines")
    for part in ("tasks", "languages", "anchors", "maps", "ensembles"):
        for name in getattr(study, part):
            if not name or name.startswith(".") or set(name) & set("/\\{}'\"@ \t\n"):
                raise reader.wrong(f"{name!r} cannot be the name of a folder", (part, name))
    if min(study.seeds) < 0:
        raise reader.wrong("a seed is at least 0", ("seeds",))
    for part in ("seeds", "source_models"):
        if len(set(getattr(study, part))) < len(getattr(study, part)):
            raise reader.wrong(f"{part} names something twice", (part,))
    _check_references(study, reader)


def _check_references(study: Study, reader: _Reader) -> None:
    for number, grid in enumerate(study.grid):
        for part in ("anchors", "maps", "tasks", "languages"):
            place = ("grid", number, part)
            reader.known(getattr(grid, part), getattr(study, part), place, part.rstrip("s"))
        if not grid.anchors or not grid.maps or not grid.embeddings or not grid.adapt:
            raise reader.wrong("a list is empty, so the grid has no rows", ("grid", number))
    for number, figure in enumerate(study.published):
        reader.known([figure.language], study.languages, ("published", number, "language"), "language")
        if figure.task is not None:
            reader.known([figure.task], study.tasks, ("published", number, "task"), "task")


def _check_files(study: Study, reader: _Reader) -> None:
    reader.published = not study.has_data_folder
    for name, task in study.tasks.items():
        for part in ("train", "dev", "test"):
            value, place = getattr(task, part), ("tasks", name, part)
            reader.exists(value, place)
            if reader.published and value in DATASETS and (problem := problem_of_language(f"{value}:{study.source}")):
                raise reader.wrong(f"{value}:{study.source}: {problem[0]}", place, problem[1])
    for name, language in study.languages.items():
        if language.target_vectors is None and not find_language(name).known:
            hint = "name their file with target_vectors"
            raise reader.wrong(f"no language {name!r} is known, so it has no vectors", ("languages", name), hint)
        for part in ("lexicons", "target_vectors", "vocab_from", "test", "train", "texts"):
            reader.exists(getattr(language, part), ("languages", name, part))
        for part in ("test", "train", "texts"):
            value = getattr(language, part)
            if isinstance(value, dict):
                reader.known(value, study.tasks, ("languages", name, part), "task")
    reader.exists(study.source_models, ("source_models",))


def _check_parallel(study: Study, reader: _Reader) -> None:
    """Refuse parallel text that is not there."""
    for name, language in study.languages.items():
        for value in language.parallel:
            try:
                parallel_files(value, study.path.parent)
            except DataError as error:
                raise reader.wrong(str(error), ("languages", name, "parallel")) from None


def _check_alignments(study: Study, reader: _Reader) -> None:
    """Refuse maps that cannot be aligned."""
    for name, variant in study.maps.items():
        if isinstance(variant.align, dict):
            reader.check_options(variant.align, ALIGN, ("maps", name, "align"))
    for number, grid in enumerate(study.grid):
        for name in grid.maps:
            if not study.maps[name].is_aligned:
                continue
            if space := next((each for each in grid.embeddings if each not in OWN_SPACE), None):
                what = f"the map {name!r} is aligned with the model's own embeddings, so F^s cannot be {space}"
                raise reader.wrong(what, ("grid", number, "embeddings"), 'write embeddings = ["kept"]')
            for language in grid.languages or study.languages:
                if not study.languages[language].parallel:
                    what = f"the map {name!r} needs parallel text of {language}"
                    raise reader.wrong(what, ("languages", language), "add parallel = [FILE]")


def _check_grid(study: Study, reader: _Reader) -> None:
    """Refuse combinations that no command could run."""
    _check_parallel(study, reader)
    _check_alignments(study, reader)
    for number, grid in enumerate(study.grid):
        for name in grid.maps:
            space = next((each for each in grid.embeddings if each not in OWN_SPACE), None)
            if space and study.maps[name].keeps_source:
                raise reader.wrong(
                    f"the map {name!r} keeps the source embeddings, so there is no F^s to be {space}",
                    ("grid", number, "embeddings"),
                    'write embeddings = ["kept"], or name a map with method = "relative"',
                )
        adapted = [each for each in grid.adapt if each != "none"]
        for language in grid.languages or study.languages:
            if adapted and study.languages[language].texts is None:
                raise reader.wrong(
                    f"{adapted[0]} needs unlabelled texts of {language}", ("languages", language), "add texts = FILE"
                )
    for name, variant in study.anchors.items():
        if variant.shuffled is not None and not 0 < variant.shuffled <= 1:
            raise reader.wrong("shuffled is a share above 0 and at most 1", ("anchors", name, "shuffled"))
        if not variant.samples:
            raise reader.wrong("samples is empty", ("anchors", name, "samples"))
    if "source" in study.baselines and not any(task.test for task in study.tasks.values()):
        raise reader.wrong("the baseline source needs test data of the source language", ("baselines",),
                           "add test to a task")  # fmt: skip
