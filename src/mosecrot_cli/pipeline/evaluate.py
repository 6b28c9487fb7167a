"""Step 6: how well checkpoints do on labelled texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import UsageError
from mosecrot_cli.evaluation.bootstrap import macro_f1_interval
from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.plots import check_plot, confusion_figure, save_figure
from mosecrot_cli.evaluation.predictions import Predictions, write_predictions
from mosecrot_cli.evaluation.runs import Run, Summary, summarise
from mosecrot_cli.evaluation.tables import Table, confusion_tables, per_class_table, results_tables, summary_table
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import VocabularyCoverage, vocabulary_coverage
from mosecrot_cli.model.devices import Device, resolve_device
from mosecrot_cli.outputs import check_name, check_outputs
from mosecrot_cli.pipeline import plausibility
from mosecrot_cli.pipeline.checkpoints import checkpoints_of, seed_of
from mosecrot_cli.pipeline.ensemble import Ensemble
from mosecrot_cli.pipeline.publish.scores import CardScores, check_cards, update_cards
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import EvaluateSettings
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.loading import labels_of, load
from mosecrot_cli.tasks.types import TextDataset, require_known_labels

_Key = tuple[int, int, str]
"""Number of the system, number of the data set, name of the run."""
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class Evaluation:
    """Scores of one system (a checkpoint, one checkpoint per seed, an ensemble, a baseline) on one data set.

    Attributes:
        summary: the scores; means over the seeds.
        coverage: how much of the texts the vocabulary knows.
        facts: what was evaluated on what; `checkpoint` (or `baseline`) and `data` name the two.
    """

    summary: Summary
    coverage: VocabularyCoverage
    facts: Mapping[str, Any]

    @property
    def system(self) -> str:
        """The name of what was evaluated."""
        return str(self.facts.get("checkpoint") or self.facts.get("baseline"))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with `macro_f1`, `accuracy`, `n`, ... at the top."""
        shares = ("unknown_word_share", "unknown_token_share")
        coverage = asdict(self.coverage) | {name: getattr(self.coverage, name) for name in shares}
        return self.summary.to_dict() | {"coverage": coverage} | dict(self.facts)

    def tables(self) -> list[Table]:
        """As tables: scores with coverage, classes, confusions."""
        scores = summary_table(self.summary)
        rows = (
            ("words not whole in the vocabulary", self.coverage.unknown_word_share),
            ("unknown tokens", self.coverage.unknown_token_share),
        )
        scores = replace(scores, rows=scores.rows + rows)
        return [scores, per_class_table(self.summary), *confusion_tables(self.summary)]


@dataclass(frozen=True)
class Evaluations:
    """Scores of one or more systems on one or more data sets.

    Attributes:
        results: one for each system and data set; the data sets of the first system come first.
    """

    results: tuple[Evaluation, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: those of the only result, else all of them under `results`."""
        if len(self.results) == 1:
            return self.results[0].to_dict()
        return {"results": [result.to_dict() for result in self.results]}

    def tables(self) -> list[Table]:
        """As tables: those of the only result, else a row for each result."""
        if len(self.results) == 1:
            return self.results[0].tables()
        return results_tables([(result.system, result.facts["data"], result.summary) for result in self.results])


@dataclass(frozen=True)
class _System:
    """Something to evaluate: each run is a list of checkpoints that answer together."""

    name: str
    runs: Mapping[str, Sequence[Path]]
    facts: Facts

    def seed(self, run: str) -> int | None:
        """The training seed of a run, None where it is not known."""
        members = self.runs[run]
        if len(members) > 1:
            return None
        named = seed_of(members[0].name)
        seeds = self.facts.seeds or ()
        return named if named is not None else seeds[0] if len(seeds) == 1 else None


def run(settings: EvaluateSettings, reporter: Reporter, *, language: str | None = None) -> Evaluations:
    """Classify labelled data sets with checkpoints, or with each of a folder of seeds, and score the predictions.

    Args:
        settings: what is evaluated on what.
        reporter: receives progress, and warnings about likely mistakes.
        language: of data sets named without one; None: the checkpoint's target language, else its source language.
            A given language also says that the model is meant to read it.

    Raises:
        DataError: a checkpoint or a data set is damaged, or a text has a label that the model does not know.
        UsageError, SourceUnavailableError, OutputError: see `errors`.
    """
    if not settings.data_sets:
        raise UsageError("there is nothing to evaluate on", hint="name labelled data with `data_sets`")
    for path in filter(None, (settings.predictions, settings.plot)):
        check_name(path)
    systems = _systems(settings)
    files = _files(settings.predictions, settings, systems, [list(system.runs) for system in systems])
    plots = _files(settings.plot, settings, systems, [[""]] * len(systems))
    inputs = _numbered("checkpoints", settings.checkpoints) | _numbered("data_sets", settings.data_sets)
    if settings.plot:
        check_plot(settings.plot)
    if settings.update_card:
        _check_cards(settings)
    for paths in filter(None, (files, plots)):
        check_outputs(list(paths.values()), inputs=inputs, overwrite=settings.overwrite)
    device = resolve_device(settings.compute)
    answers: dict[_Key, Predictions] = {}
    results = [
        result
        for number, system in enumerate(systems)
        for result in _evaluate(system, number, settings, device, language, answers, reporter)
    ]
    if files:
        write(list(files.values()), [answers[key] for key in files], overwrite=settings.overwrite)
    if plots:
        _draw(list(plots.values()), results, reporter, overwrite=settings.overwrite)
    if settings.update_card:
        _update_cards(settings, results, reporter)
    return Evaluations(tuple(results))


def evaluation(
    found: Sequence[tuple[int | None, Predictions]],
    dataset: TextDataset,
    *,
    resamples: int,
    seed: int,
    coverage: VocabularyCoverage,
    facts: Mapping[str, Any],
) -> Evaluation:
    """Score predictions on a data set.

    Args:
        found: the training seed (None if unknown) and the predictions of each run.
        dataset: the labelled texts.
        resamples: of the bootstrap interval.
        seed: of the resamples.
        coverage: how much of the texts the vocabulary knows.
        facts: what was evaluated on what.
    """
    gold, labels = labels_of(dataset), found[0][1].labels
    runs = [Run(number, score(gold, item.predicted, labels)) for number, item in found]
    interval = macro_f1_interval(gold, [item.predicted for _, item in found], resamples=resamples, seed=seed)
    return Evaluation(summarise(runs, interval), coverage, facts)


def as_predictions(
    dataset: TextDataset, labels: Sequence[str], probabilities: NDArray[np.floating[Any]]
) -> Predictions:
    """Predictions of a data set from its class probabilities [n, K]."""
    predicted = tuple(labels[column] for column in probabilities.argmax(axis=1))
    return Predictions(dataset.ids, dataset.labels, predicted, tuple(labels), probabilities.astype(np.float64))


def write(paths: Sequence[Path], found: Iterable[Predictions], *, overwrite: bool) -> None:
    """Write files of predictions: all of them whole, or none."""
    with atomic_outputs(*paths, overwrite=overwrite) as works:
        for work, predictions in zip(works, found, strict=True):
            write_predictions(predictions, work)


def _systems(settings: EvaluateSettings) -> list[_System]:
    twice = next((folder for folder in settings.checkpoints if settings.checkpoints.count(folder) > 1), None)
    if twice is not None:
        raise UsageError("this checkpoint is named twice", where=str(twice), hint="name each once")
    folders = {folder: checkpoints_of(folder) for folder in settings.checkpoints}
    if not settings.ensemble:
        return [
            _System(str(folder), {name: [path] for name, path in found.items()}, Facts.of(folder))
            for folder, found in folders.items()
        ]
    members = [path for found in folders.values() for path in found.values()]
    if len(members) < 2:
        raise UsageError("an ensemble needs two checkpoints or more", hint="name them, or a folder of seeds")
    return [_System(" + ".join(map(str, folders)), {"": members}, Facts.of(settings.checkpoints[0]))]


def _evaluate(
    system: _System,
    number: int,
    settings: EvaluateSettings,
    device: Device,
    language: str | None,
    answers: dict[_Key, Predictions],
    reporter: Reporter,
) -> Iterator[Evaluation]:
    """The results of one system on all data sets; `answers` receives the predictions."""
    reads = language or plausibility.language_read(system.facts)
    datasets = [
        load(spec, settings.split, settings.data, language=reads, reporter=reporter) for spec in settings.data_sets
    ]
    for dataset in datasets:
        plausibility.warn_of_language(dataset, reads, system.name, reporter)
    found: list[list[tuple[int | None, Predictions]]] = [[] for _ in datasets]
    for name, folders in system.runs.items():
        model = Ensemble.load(folders)
        for column, dataset in enumerate(datasets):
            require_known_labels(dataset, model.labels, owner=" + ".join(map(str, folders)))
            probabilities = model.probabilities(dataset.texts, device=device, reporter=reporter)
            answers[number, column, name] = as_predictions(dataset, model.labels, probabilities)
            found[column].append((system.seed(name), answers[number, column, name]))
    for dataset, runs in zip(datasets, found, strict=True):
        member = model.least_covering(dataset.texts)
        coverage = vocabulary_coverage(model.members[member].tokenizer, dataset.texts)
        facts = _facts(system, dataset, model.device_for(device, len(dataset.texts)))
        result = evaluation(
            runs, dataset, resamples=settings.resamples, seed=settings.seed, coverage=coverage, facts=facts
        )
        plausibility.warn_of_labels(dataset, model.labels, system.name, reporter)
        if language is None:
            if len(folders) == 1:
                plausibility.warn_of_unknown_words(coverage, dataset.source, reads, reporter)
            else:
                owner = f"{dataset.source}, read by {folders[member]}"
                plausibility.warn_of_unknown_words(coverage, owner, None, reporter)
        plausibility.warn_of_scores(result.summary, f"{system.name} on {dataset.source}", reporter)
        yield result


def _facts(system: _System, dataset: TextDataset, device: Device) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "checkpoint": system.name,
        "data": dataset.source,
        "language": dataset.language,
        "data_notes": dict(dataset.notes),
        "device": device.description,
    }
    members = next(iter(system.runs.values()))
    return facts | {"members": [str(path) for path in members]} if len(members) > 1 else facts


def _numbered(name: str, values: Sequence[object]) -> dict[str, object]:
    """Inputs of one kind by name, for messages about outputs."""
    return {f"{name}[{number}]" if number else name: value for number, value in enumerate(values)}


def _draw(paths: Sequence[Path], results: Sequence[Evaluation], reporter: Reporter, *, overwrite: bool) -> None:
    with atomic_outputs(*paths, overwrite=overwrite) as works:
        for path, work, result in zip(paths, works, results, strict=True):
            title = f"{result.system} on {result.facts['data']}: macro-F1 {result.summary.macro_f1:.3f}"
            figure = confusion_figure(result.summary, title=title, reporter=reporter)
            save_figure(figure, work, form=path.suffix)


def _check_cards(settings: EvaluateSettings) -> None:
    if settings.ensemble:
        raise UsageError("an ensemble has no model card", hint="leave `update_card` or `ensemble` out")
    check_cards(settings.checkpoints)


def _update_cards(settings: EvaluateSettings, results: Sequence[Evaluation], reporter: Reporter) -> None:
    found: dict[Path, list[CardScores]] = {}
    for (folder, spec), result in zip(product(settings.checkpoints, settings.data_sets), results, strict=True):
        scores = CardScores(spec, settings.split, result.facts["language"], result.summary)
        found.setdefault(folder, []).append(scores)
    update_cards(found, reporter)


def _files(
    path: Path | None, settings: EvaluateSettings, systems: Sequence[_System], runs: Sequence[Sequence[str]]
) -> dict[_Key, Path]:
    """A file for each system, data set and run; where there are several of a kind, the name says which."""
    if path is None:
        return {}
    files = {}
    for (number, system), (column, spec) in product(enumerate(systems), enumerate(settings.data_sets)):
        for name in runs[number]:
            parts = [path.stem, name]
            parts[1:1] = [_file_name(spec)] if len(settings.data_sets) > 1 else []
            parts[1:1] = [_file_name(system.name)] if len(systems) > 1 else []
            files[number, column, name] = path.with_name(".".join(filter(None, parts)) + path.suffix)
    if len(set(files.values())) < len(files):
        raise UsageError(
            "two results would have the same file",
            where=str(path),
            hint="evaluate checkpoints and data sets with the same names one by one",
        )
    return files


def _file_name(spec: str) -> str:
    return _UNSAFE.sub("-", Path(spec).stem if Path(spec).exists() else spec).strip("-")
