"""From a study to its jobs: shared ones once, one chain of commands for each row, language and seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from mosecrot_cli.errors import DataError
from mosecrot_cli.pipeline.study.commands import StudyCommands, StudyRow
from mosecrot_cli.pipeline.study.definition import OWN_SPACE, Grid, Study
from mosecrot_cli.pipeline.study.jobs import StudyJob
from mosecrot_cli.suggestions import nearest


@dataclass(frozen=True)
class Measurement:
    """One number of the study: a row on a task, with a source model, in a language, of one seed and one sample.

    Attributes:
        task, model, language, row: what was run; `model` is the name of the source model.
        seed: of the training; None where nothing random is trained.
        sample: of the anchors; None where there are none.
        scores, predictions: files, relative to the study's folder.
        chain: the jobs that made it, the first ones first.
    """

    task: str
    model: str
    language: str
    row: StudyRow
    seed: int | None
    sample: int | None
    scores: str
    predictions: str
    chain: tuple[StudyJob, ...]


@dataclass(frozen=True)
class Plan:
    """The jobs of a study in an order in which they can run.

    Attributes:
        study: the study.
        jobs: by key.
        runs: the numbers that they give.
        checks: model and language -> the job that inspects a map of it.
    """

    study: Study
    jobs: Mapping[str, StudyJob]
    runs: tuple[Measurement, ...]
    checks: Mapping[tuple[str, str], StudyJob]

    @property
    def rows(self) -> list[str]:
        """Names of the rows in the order of the study."""
        return list(dict.fromkeys(run.row.name for run in self.runs))

    @property
    def tables(self) -> dict[str, list[str]]:
        """Title of a table -> names of its rows. Baselines and ensembles are in the first table."""
        found: dict[str, list[str]] = {}
        for grid in self.study.grid:
            found.setdefault(grid.title, []).extend(row.name for row in rows_of(grid))
        in_grids = {row for rows in found.values() for row in rows}
        others = [row for row in self.rows if row not in in_grids]
        first = next(iter(found), "")
        found[first] = [*others, *found.get(first, [])]
        return {title: [row for row in self.rows if row in rows] for title, rows in found.items()}

    def reference(self, wanted: str | None) -> str | None:
        """The row that others are compared with; None if there are only baselines.

        Raises:
            DataError: the study has no such row.
        """
        name = wanted or self.study.reference
        if name is None:
            return next((run.row.name for run in self.runs if run.row.anchors), None)
        if name not in self.rows:
            near = nearest(name, self.rows)
            hint = f"did you mean {near}?" if near else f"there is {', '.join(self.rows)}"
            raise DataError(f"the study has no row {name!r}", where=str(self.study.path), hint=hint)
        return name


def rows_of(grid: Grid) -> list[StudyRow]:
    """The rows of a grid: every combination."""
    combinations = product(grid.anchors, grid.maps, grid.embeddings, grid.adapt)
    return [StudyRow(embeddings, anchors, map_, adapt) for anchors, map_, embeddings, adapt in combinations]


def make_plan(study: Study) -> Plan:
    """All jobs of a study.

    Raises:
        DataError: the reference, an ensemble or a published figure names no row, or a source model is missing.
    """
    found = _Measurements(study)
    runs = [run for model in found.make.models for run in found.runs_of(model)]
    checks = {place: found.inspected(run) for place, run in _inspected(study, runs).items()}
    plan = Plan(study, found.make.jobs, tuple(runs), checks)
    plan.reference(None)
    for figure in study.published:
        plan.reference(figure.row)
    return plan


def _inspected(study: Study, runs: Sequence[Measurement]) -> dict[tuple[str, str], Measurement]:
    """Model and language -> a run of the reference row, or of the first row with a map."""
    found: dict[tuple[str, str], Measurement] = {}
    for run in runs:
        if run.row.map is not None:
            place = (run.model, run.language)
            if place not in found or (run.row.name == study.reference != found[place].row.name):
                found[place] = run
    return found


class _Measurements:
    """The numbers of a study, each with the jobs that lead to it."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.make = StudyCommands(study)

    def inspected(self, run: Measurement) -> StudyJob:
        """The check of the map of a row; with the words of the test texts."""
        place = f"{run.model}/{run.language}"
        made = [job for job in run.chain if job.kind in ("map", "align") and job.name.startswith(f"{place}/")]
        mapped = next((job for job in made if job.kind == "align"), made[0])
        line = ("inspect", str(mapped.output), "--texts", self.make.test(run.language, run.task), "--json")
        output = f"inspect/{place}.json"
        return self.make.add(StudyJob("inspect", place, line, (mapped,), output=output, stdout=output))

    def runs_of(self, model: str) -> Iterator[Measurement]:
        for task in self.study.tasks:
            for baseline in self.study.baselines:
                yield from self.baseline(baseline, task, model)
            made: dict[tuple[str, str, int, int], Measurement] = {}
            for grid in self.study.grid:
                if grid.tasks and task not in grid.tasks:
                    continue
                languages = grid.languages or list(self.study.languages)
                for row in rows_of(grid):
                    samples = self.study.anchors[str(row.anchors)].samples
                    for language, sample, seed in product(languages, samples, self.study.seeds):
                        key = (row.name, language, sample, seed)
                        if key not in made:
                            made[key] = self.run(task, model, row, language, languages, sample, seed)
            yield from made.values()
            yield from self.ensembles(task, model, list(made.values()))

    def run(
        self, task: str, model: str, row: StudyRow, language: str, languages: Sequence[str], sample: int, seed: int
    ) -> Measurement:
        own = row.embeddings in OWN_SPACE
        mapped = self.make.map(model, language, row, sample, kept=own)
        if row.embeddings == "augmented":
            augment = [(each, self.make.map(model, each, row, sample, kept=True)) for each in languages]
            trained = self.make.finetune(task, model, row, seed, augment)
        else:
            trained = self.make.finetune(task, model, row, seed, [] if own else [(language, mapped)])
        several = len(self.study.anchors[str(row.anchors)].samples) > 1
        name = f"{task}/{model}/{language}/{row.name}"
        sampled = name.replace(f"/{row.anchors}/", f"/{row.anchors}.{sample}/", 1) if several else name
        stitched = self.make.stitched(sampled, row, language, task, trained, mapped, seed)
        test = self.make.test(language, task)
        scored = self.make.scored(
            f"{sampled}/seed-{seed}", ["evaluate", str(stitched.output), "--data", test], [stitched]
        )
        return self._as_run(task, model, language, row, seed, sample, scored)

    def baseline(self, name: str, task: str, model: str) -> Iterator[Measurement]:
        study, row = self.study, StudyRow(name)
        if name == "source" and study.tasks[task].test:
            test = self.make.path(str(study.tasks[task].test))
            for seed in study.seeds:
                trained = self.make.finetune(task, model, None, seed)
                line = ["evaluate", str(trained.output), "--data", test]
                scored = self.make.scored(f"{task}/{model}/{study.source}/source/seed-{seed}", line, [trained])
                yield self._as_run(task, model, study.source, row, seed, None, scored)
            return
        for language in study.languages if name != "source" else ():
            place, test = f"{task}/{model}/{language}/{name}", self.make.test(language, task)
            if name == "lr":
                yield self._linear(task, model, language, row, place, test)
                continue
            for seed in study.seeds:
                trained = self.make.finetune(task, study.multilingual_model if name == "mbert" else model, None, seed)
                line = ["evaluate", str(trained.output), "--data", test]
                scored = self.make.scored(f"{place}/seed-{seed}", line, [trained])
                yield self._as_run(task, model, language, row, seed, None, scored)

    def _linear(self, task: str, model: str, language: str, row: StudyRow, place: str, test: str) -> Measurement:
        train = self.make.data(language, task, "train")
        if train is None:
            raise DataError(f"lr needs labelled training data of {language}", where=str(self.study.path),
                            hint=f"add train to [languages.{language}]")  # fmt: skip
        line = ["baseline", "lr", "--train", train, "--data", test, "--tgt", language, *self.make.vectors(language)]
        scored = self.make.scored(place, line, [], "baseline")
        return self._as_run(task, model, language, row, None, None, scored)

    def ensembles(self, task: str, model: str, runs: Sequence[Measurement]) -> Iterator[Measurement]:
        known = {run.row.name for run in runs}
        for name, members in self.study.ensembles.items():
            for member in members:
                if member not in known:
                    near = nearest(member, known)
                    raise DataError(
                        f"the ensemble {name!r} names no row of the grid: {member!r}",
                        where=str(self.study.path),
                        hint=f"did you mean {near}?" if near else None,
                    )
            for language, seed in product(self.study.languages, self.study.seeds):
                parts = [run for member in members for run in runs
                         if (run.row.name, run.language, run.seed) == (member, language, seed)]  # fmt: skip
                if len(parts) < 2:
                    continue
                stitched = [part.chain[-2] for part in parts]
                line = ["evaluate", *(str(step.output) for step in stitched), "--ensemble", "--data",
                        self.make.test(language, task)]  # fmt: skip
                scored = self.make.scored(f"{task}/{model}/{language}/{name}/seed-{seed}", line, stitched)
                yield self._as_run(task, model, language, StudyRow(name), seed, None, scored)

    def _as_run(
        self,
        task: str,
        model: str,
        language: str,
        row: StudyRow,
        seed: int | None,
        sample: int | None,
        scored: StudyJob,
    ) -> Measurement:
        files = (str(scored.output), str(scored.predictions))
        return Measurement(task, model, language, row, seed, sample, *files, tuple(_chain(scored)))


def _chain(job: StudyJob) -> list[StudyJob]:
    """The jobs that lead to a job, the nearest last, without repetition."""
    found: dict[str, StudyJob] = {}

    def visit(each: StudyJob) -> None:
        for before in each.after:
            visit(before)
        found.setdefault(each.key, each)

    visit(job)
    return list(found.values())
