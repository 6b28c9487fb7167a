"""From a study to its jobs: shared ones once, one chain of commands for each row, language and seed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.pipeline.resources import DEFAULT_MODELS
from mosecrot_cli.pipeline.study.file import ANCHORS, MAPS, OWN_SPACE, TRAINING, AnchorVariant, Study
from mosecrot_cli.pipeline.study.jobs import OWN_FOLDERS, WORK, StudyJob, inside, mark_of
from mosecrot_cli.pipeline.study.options import command_words, is_text
from mosecrot_cli.suggestions import nearest


@dataclass(frozen=True)
class StudyRow:
    """A row of the result tables: a way to get a classifier.

    Attributes:
        anchors, map: names of sections; None for baselines and ensembles.
        embeddings: as in the grid; for baselines and ensembles their name.
        adapt: as in the grid.
    """

    embeddings: str
    anchors: str | None = None
    map: str | None = None
    adapt: str = "none"

    @property
    def name(self) -> str:
        """How files and people call it: `all/sparsemax-50/kept`."""
        if self.anchors is None:
            return self.embeddings
        adapted = () if self.adapt == "none" else (self.adapt,)
        return "/".join([self.anchors, str(self.map), self.embeddings, *adapted])


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


def make_plan(study: Study) -> Plan:
    """All jobs of a study.

    Raises:
        DataError: the reference, an ensemble or a published figure names no row, or a source model is missing.
    """
    builder = _Builder(study)
    runs = [run for model in builder.models for run in builder.runs_of(model)]
    checks = {place: builder.inspected(run) for place, run in _inspected(study, runs).items()}
    plan = Plan(study, builder.jobs, tuple(runs), checks)
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


class _Builder:
    """Makes jobs, each once."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.jobs: dict[str, StudyJob] = {}
        given = study.source_models or [DEFAULT_MODELS.get(study.source, "")]
        if not all(given):
            raise DataError(f"no source model is known for {study.source}", where=str(study.path),
                            hint="add source_models = [...]")  # fmt: skip
        self.models = {Path(each).name: self.path(each) for each in given}
        if len(self.models) < len(given):
            raise DataError("two source models have the same name", where=str(study.path), hint="link one of them")

    # --- names ---
    def path(self, text: str) -> str:
        """A name of the study file as seen from the study's folder; ids, data sets and addresses stay."""
        path = Path(self.study.path.parent, text).expanduser()
        return os.path.relpath(path, self.study.folder) if path.exists() and text != "-" else text

    def options(self, known: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, ...]:
        found = {}
        for name, value in values.items():
            if is_text(known[name]):
                value = [self.path(each) for each in value] if isinstance(value, list) else self.path(value)
            found[name] = value
        return tuple(command_words(known, found))

    def data(self, language: str, task: str, part: str) -> str | None:
        """A data set of a target language: as given, else the task's by name."""
        given = getattr(self.study.languages[language], part)
        if isinstance(given, dict):
            given = given.get(task)
        if given is not None:
            return self.path(given)
        named = self.study.tasks[task].train
        local = Path(self.study.path.parent, named).expanduser().exists()
        if part == "texts" or local:
            return None
        return f"{named.partition(':')[0]}:{language}"

    def test(self, language: str, task: str) -> str:
        found = self.data(language, task, "test")
        if found is None:
            raise DataError(f"no test data of {language} for {task}", where=str(self.study.path),
                            hint=f"add test to [languages.{language}]")  # fmt: skip
        return found

    def _is_file(self, word: str) -> bool:
        """Whether a word of a command is a file of the user; what the study makes has folders of its own."""
        own = word.partition("/")[0] in OWN_FOLDERS
        return not own and not word.startswith("-") and inside(self.study.folder, word).exists()

    # --- jobs ---
    def add(self, job: StudyJob) -> StudyJob:
        if job.key not in self.jobs:
            reads = tuple(word for word in job.words if self._is_file(word))
            mark = mark_of(job.words, job.after, reads, self.study.folder)
            if job.temporary and not self.study.keep:
                output = (WORK / job.kind / f"{job.name}.{mark}").as_posix()
            else:
                output = job.output or ""
            told = tuple(output if word == job.output else word for word in job.words)
            self.jobs[job.key] = replace(
                job, words=told, output=output or None, mark=mark, reads=reads,
                temporary=job.temporary and not self.study.keep,
            )  # fmt: skip
        return self.jobs[job.key]

    def anchors(self, model: str, language: str, name: str, sample: int) -> StudyJob:
        variant = self.study.anchors[name]
        place = f"{model}/{language}/{name}" + (f".{sample}" if len(variant.samples) > 1 else "")
        if variant.shuffled is None:
            return self._chosen(model, language, place, variant, sample)
        plain = {key: value for key, value in variant.options.items() if key != "source_vectors"}
        whole = self._chosen(model, language, f"{model}/{language}/{name}.unspoilt", AnchorVariant(options=plain), 1)
        target = f"anchors/{place}.spoilt.tsv"
        spoilt = self.add(StudyJob("spoil", place, (str(whole.output), str(variant.shuffled), str(sample)), (whole,),
                               output=target, stdout=target, inside=True))  # fmt: skip
        if "source_vectors" not in variant.options:
            return spoilt
        learnt = {key: value for key, value in variant.options.items() if key != "lexicons"}
        return self._chosen(model, language, place, AnchorVariant(options=learnt), sample, spoilt)

    def _chosen(
        self,
        model: str,
        language: str,
        place: str,
        variant: AnchorVariant,
        sample: int,
        lexicon: StudyJob | None = None,
    ) -> StudyJob:
        target, output = self.study.languages[language], f"anchors/{place}.tsv"
        lexicons = [] if "lexicons" in variant.options else [self.path(each) for each in target.lexicons]
        lexicons = [str(lexicon.output)] if lexicon else lexicons
        line = ["anchors", "--src", self.study.source, "--tgt", language, "--source-model", self.models[model]]
        for each in lexicons:
            line += ["--lexicon", each]
        line += [*self._vectors(language), *self.options(ANCHORS, variant.options), "--seed", str(sample)]
        after = (lexicon,) if lexicon else ()
        return self.add(StudyJob("anchors", place, (*line, *_into(output)), after, output=output))

    def _vectors(self, language: str) -> list[str]:
        target, line = self.study.languages[language], []
        if target.target_vectors is not None:
            line += ["--target-vectors", self.path(target.target_vectors)]
        if target.max_vocab is not None:
            line += ["--max-vocab", str(target.max_vocab)]
        return line

    def map(self, model: str, language: str, row: StudyRow, sample: int, *, kept: bool) -> StudyJob:
        variant = self.study.maps[str(row.map)]
        anchors = self.anchors(model, language, str(row.anchors), sample)
        space = "kept" if kept else "mapped"
        sampled = f".{sample}" if len(self.study.anchors[str(row.anchors)].samples) > 1 else ""
        name = f"{model}/{language}/{row.anchors}{sampled}/{row.map}/{space}"
        vocabulary = []
        # Self-learning looks for its anchors among the words that are mapped, so it gets them all.
        for each in self.study.languages[language].vocab_from if not variant.options.get("self_learning") else ():
            vocabulary += ["--vocab-from", self.path(each)]
        line = ["map", str(anchors.output), "--source-model", self.models[model], *self._vectors(language)]
        line += [*vocabulary, *self.options(MAPS, variant.options)]
        if kept and not variant.keeps_source:
            line += ["--keep-source"]
        output = f"mapped/{name}"
        return self.add(StudyJob("map", name, (*line, *_into(output)), (anchors,), output=output, temporary=True))

    def finetune(
        self, task: str, model: str, row: StudyRow | None, seed: int, mapped: Sequence[tuple[str, StudyJob]] = ()
    ) -> StudyJob:
        """The model on the source task. Kept embeddings: once for all languages; augmented: with the maps of all."""
        told, source = self.study.tasks[task], self.models.get(model, model)
        line = ["finetune", "--train", self.path(told.train)]
        line += ["--dev", self.path(told.dev)] if told.dev else []
        line += ["--src", self.study.source, "--source-model", source]
        if row is None or row.embeddings in OWN_SPACE:
            line += ["--embeddings", "none"]
            for _, step in mapped:
                line += ["--augment", str(step.output)]
            name = "kept" if row is None or row.embeddings == "kept" else f"{row.anchors}/{row.map}/augmented"
        else:
            ((language, step),) = mapped
            line += ["--embeddings", str(step.output)]
            line += ["--freeze-embeddings"] if row.embeddings == "frozen" else []
            name = f"{language}/{row.anchors}/{row.map}/{row.embeddings}"
        sampled = mapped[0][1].name.split("/")[2].partition(".")[2] if mapped else ""
        name = f"{task}/{Path(model).name}/{name}{'/sample-' + sampled if sampled else ''}/seed-{seed}"
        line += [*self.options(TRAINING, told.options), "--seed", str(seed), "--resume"]
        after, output = tuple(step for _, step in mapped), f"models/{name}"
        # A model that was trained on the F^s of one map serves that map alone, and there are hundreds of them.
        once = row is not None and row.embeddings not in OWN_SPACE
        return self.add(StudyJob("finetune", name, (*line, *_into(output)), after, output=output, temporary=once))

    def stitched(
        self, run: str, row: StudyRow, language: str, task: str, model: StudyJob, mapped: StudyJob, seed: int
    ) -> StudyJob:
        texts = self.data(language, task, "texts")
        line = ["stitch", str(model.output), "--embeddings", str(mapped.output)]
        line += ["--texts", str(texts)] if row.adapt == "bias" else []
        # Self-training goes on from the plain stitched model, which another row may have as well.
        name = run.removesuffix("/self-training") if row.adapt == "self-training" else run
        name = f"{name}/seed-{seed}"
        output = f"stitched/{name}"
        stitched = self.add(
            StudyJob("stitch", name, (*line, *_into(output)), (model, mapped), output=output, temporary=True)
        )
        if row.adapt != "self-training":
            return stitched
        line = ["adapt", str(stitched.output), "--texts", str(texts), "--method", "self-training", "--seed", str(seed)]
        name = f"{run}/seed-{seed}"
        output = f"adapted/{name}"
        return self.add(StudyJob("adapt", name, (*line, *_into(output)), (stitched,), output=output, temporary=True))

    def inspected(self, run: Measurement) -> StudyJob:
        """The check of the map of a row; with the words of the test texts."""
        place = f"{run.model}/{run.language}"
        mapped = next(job for job in run.chain if job.kind == "map" and job.name.startswith(f"{place}/"))
        line = ("inspect", str(mapped.output), "--texts", self.test(run.language, run.task), "--json")
        output = f"inspect/{place}.json"
        return self.add(StudyJob("inspect", place, line, (mapped,), output=output, stdout=output))

    def scored(self, name: str, line: Sequence[str], after: Sequence[StudyJob], kind: str = "evaluate") -> StudyJob:
        scores, predictions = f"scores/{name}.json", f"predictions/{name}.tsv"
        line = (*line, "--predictions", predictions, "--overwrite", "--json")
        return self.add(StudyJob(kind, name, line, tuple(after), output=scores, stdout=scores))

    # --- rows ---
    def runs_of(self, model: str) -> Iterator[Measurement]:
        for task in self.study.tasks:
            for baseline in self.study.baselines:
                yield from self.baseline(baseline, task, model)
            made: dict[tuple[str, str, int, int], Measurement] = {}
            for grid in self.study.grid:
                if grid.tasks and task not in grid.tasks:
                    continue
                languages = grid.languages or list(self.study.languages)
                for anchors, map_, embeddings, adapt in product(grid.anchors, grid.maps, grid.embeddings, grid.adapt):
                    row = StudyRow(embeddings, anchors, map_, adapt)
                    for language, sample, seed in product(
                        languages, self.study.anchors[anchors].samples, self.study.seeds
                    ):
                        key = (row.name, language, sample, seed)
                        if key not in made:
                            made[key] = self.run(task, model, row, language, languages, sample, seed)
            yield from made.values()
            yield from self.ensembles(task, model, list(made.values()))

    def run(
        self, task: str, model: str, row: StudyRow, language: str, languages: Sequence[str], sample: int, seed: int
    ) -> Measurement:
        own = row.embeddings in OWN_SPACE
        mapped = self.map(model, language, row, sample, kept=own)
        if row.embeddings == "augmented":
            augment = [(each, self.map(model, each, row, sample, kept=True)) for each in languages]
            trained = self.finetune(task, model, row, seed, augment)
        else:
            trained = self.finetune(task, model, row, seed, [] if own else [(language, mapped)])
        several = len(self.study.anchors[str(row.anchors)].samples) > 1
        name = f"{task}/{model}/{language}/{row.name}"
        sampled = name.replace(f"/{row.anchors}/", f"/{row.anchors}.{sample}/", 1) if several else name
        stitched = self.stitched(sampled, row, language, task, trained, mapped, seed)
        test = self.test(language, task)
        scored = self.scored(f"{sampled}/seed-{seed}", ["evaluate", str(stitched.output), "--data", test], [stitched])
        return self._as_run(task, model, language, row, seed, sample, scored)

    def baseline(self, name: str, task: str, model: str) -> Iterator[Measurement]:
        study, row = self.study, StudyRow(name)
        if name == "source" and study.tasks[task].test:
            test = self.path(str(study.tasks[task].test))
            for seed in study.seeds:
                trained = self.finetune(task, model, None, seed)
                line = ["evaluate", str(trained.output), "--data", test]
                scored = self.scored(f"{task}/{model}/{study.source}/source/seed-{seed}", line, [trained])
                yield self._as_run(task, model, study.source, row, seed, None, scored)
            return
        for language in study.languages if name != "source" else ():
            place, test = f"{task}/{model}/{language}/{name}", self.test(language, task)
            if name == "lr":
                yield self._linear(task, model, language, row, place, test)
                continue
            for seed in study.seeds:
                trained = self.finetune(task, study.multilingual_model if name == "mbert" else model, None, seed)
                line = ["evaluate", str(trained.output), "--data", test]
                scored = self.scored(f"{place}/seed-{seed}", line, [trained])
                yield self._as_run(task, model, language, row, seed, None, scored)

    def _linear(self, task: str, model: str, language: str, row: StudyRow, place: str, test: str) -> Measurement:
        train = self.data(language, task, "train")
        if train is None:
            raise DataError(f"lr needs labelled training data of {language}", where=str(self.study.path),
                            hint=f"add train to [languages.{language}]")  # fmt: skip
        line = ["baseline", "lr", "--train", train, "--data", test, "--tgt", language, *self._vectors(language)]
        scored = self.scored(place, line, [], "baseline")
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
                        self.test(language, task)]  # fmt: skip
                scored = self.scored(f"{task}/{model}/{language}/{name}/seed-{seed}", line, stitched)
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


def _into(output: str) -> tuple[str, ...]:
    """Where a command writes to. What a killed run completed is there, but not marked: the same is not done twice."""
    return "--if-changed", "-o", output


def _chain(job: StudyJob) -> list[StudyJob]:
    """The jobs that lead to a job, the nearest last, without repetition."""
    found: dict[str, StudyJob] = {}

    def visit(each: StudyJob) -> None:
        for before in each.after:
            visit(before)
        found.setdefault(each.key, each)

    visit(job)
    return list(found.values())
