"""The commands that a study is made of, each of them once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import parallel_files
from mosecrot_cli.pipeline.resources import DEFAULT_MODELS
from mosecrot_cli.pipeline.study.definition import OWN_SPACE, AnchorVariant, MapVariant, Study
from mosecrot_cli.pipeline.study.file import ALIGN, ANCHORS, MAPS, TRAINING
from mosecrot_cli.pipeline.study.jobs import OWN_FOLDERS, WORK, StudyJob, inside, mark_of
from mosecrot_cli.pipeline.study.names import problem_of_language
from mosecrot_cli.pipeline.study.options import command_words, is_text


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


class StudyCommands:
    """Makes jobs, each once.

    Attributes:
        study: the study.
        jobs: what was made so far, by key.
        models: name -> source model, as seen from the study's folder.
    """

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

    def path(self, text: str) -> str:
        """A name of the study file as seen from the study's folder; ids, data sets and addresses stay."""
        path = Path(self.study.path.parent, text).expanduser()
        return os.path.relpath(path, self.study.folder) if path.exists() and text != "-" else text

    def options(self, known: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, ...]:
        """The words of options whose values are in the study; files as seen from its folder."""
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
        name = f"{named.partition(':')[0]}:{language}"
        if not self.study.has_data_folder and (problem := problem_of_language(name)):
            raise DataError(f"{name}: {problem[0]}", where=str(self.study.path),
                            hint=f"add {part} to [languages.{language}]")  # fmt: skip
        return name

    def test(self, language: str, task: str) -> str:
        """The test data of a language."""
        found = self.data(language, task, "test")
        if found is None:
            raise DataError(f"no test data of {language} for {task}", where=str(self.study.path),
                            hint=f"add test to [languages.{language}]")  # fmt: skip
        return found

    def _is_file(self, word: str) -> bool:
        """Whether a word of a command is a file of the user; what the study makes has folders of its own."""
        own = word.partition("/")[0] in OWN_FOLDERS
        return not own and not word.startswith("-") and inside(self.study.folder, word).exists()

    def _files(self, word: str) -> list[str]:
        """The files of the user that a word of a command names: one, or both of a parallel text."""
        return [part for part in ([word] if self._is_file(word) else word.split(",")) if self._is_file(part)]

    def add(self, job: StudyJob) -> StudyJob:
        """The job, which is the earlier one if there is one of its key; its output and mark are filled in."""
        if job.key not in self.jobs:
            reads = tuple(file for word in job.words for file in self._files(word))
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
        """The anchors of a language; where they are to be spoilt, with the jobs that do it."""
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
        line += [*self.vectors(language), *self.options(ANCHORS, variant.options), "--seed", str(sample)]
        after = (lexicon,) if lexicon else ()
        return self.add(StudyJob("anchors", place, (*line, *_into(output)), after, output=output))

    def vectors(self, language: str) -> list[str]:
        """The options that name the vectors of a language."""
        target, line = self.study.languages[language], []
        if target.target_vectors is not None:
            line += ["--target-vectors", self.path(target.target_vectors)]
        if target.max_vocab is not None:
            line += ["--max-vocab", str(target.max_vocab)]
        return line

    def map(self, model: str, language: str, row: StudyRow, sample: int, *, kept: bool) -> StudyJob:
        """A mapped folder; `kept`: into the source model's own space."""
        variant = self.study.maps[str(row.map)]
        anchors = self.anchors(model, language, str(row.anchors), sample)
        space = "kept" if kept else "mapped"
        sampled = f".{sample}" if len(self.study.anchors[str(row.anchors)].samples) > 1 else ""
        name = f"{model}/{language}/{row.anchors}{sampled}/{row.map}/{space}"
        vocabulary = []
        # Self-learning looks for its anchors among the words that are mapped, so it gets them all.
        for each in self.study.languages[language].vocab_from if not variant.options.get("self_learning") else ():
            vocabulary += ["--vocab-from", self.path(each)]
        line = ["map", str(anchors.output), "--source-model", self.models[model], *self.vectors(language)]
        line += [*vocabulary, *self.options(MAPS, variant.options)]
        if kept and not variant.keeps_source:
            line += ["--keep-source"]
        output = f"mapped/{name}"
        mapped = self.add(StudyJob("map", name, (*line, *_into(output)), (anchors,), output=output, temporary=True))
        return self._aligned(language, mapped, variant) if variant.is_aligned else mapped

    def _aligned(self, language: str, mapped: StudyJob, variant: MapVariant) -> StudyJob:
        """A mapped folder after `align`, which does not read the test texts of any task."""
        target = self.study.languages[language]
        line = ["align", str(mapped.output)]
        for value in target.parallel:
            files = parallel_files(value, self.study.path.parent)
            line += ["--parallel", ",".join(os.path.relpath(each, self.study.folder) for each in files)]
        tests = target.test.values() if isinstance(target.test, dict) else [target.test] if target.test else []
        for test in dict.fromkeys(map(self.path, tests)):
            line += ["--exclude", test] if self._is_file(test) else []
        line += self.options(ALIGN, variant.align if isinstance(variant.align, dict) else {})
        output = f"aligned/{mapped.name}"
        return self.add(
            StudyJob("align", mapped.name, (*line, *_into(output)), (mapped,), output=output, temporary=True)
        )

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
        """A stitched checkpoint, adapted if the row says so."""
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

    def scored(self, name: str, line: Sequence[str], after: Sequence[StudyJob], kind: str = "evaluate") -> StudyJob:
        """A command that scores something, with its files of scores and predictions."""
        scores, predictions = f"scores/{name}.json", f"predictions/{name}.tsv"
        line = (*line, "--predictions", predictions, "--overwrite", "--json")
        return self.add(StudyJob(kind, name, line, tuple(after), output=scores, stdout=scores))


def _into(output: str) -> tuple[str, ...]:
    """Where a command writes to. What a killed run completed is there, but not marked: the same is not done twice."""
    return "--if-changed", "-o", output
