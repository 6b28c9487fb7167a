"""What a report says about its own ground: leakage, the maps, and whose work was used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import MosecrotError
from mosecrot_cli.manifest import Manifest, describe_input, manifest_of
from mosecrot_cli.pipeline.leakage.exclusion import text_key
from mosecrot_cli.pipeline.study.definition import Task
from mosecrot_cli.pipeline.study.plan import Plan
from mosecrot_cli.pipeline.study.report.collect import Finished
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DataSettings
from mosecrot_cli.structured import read_json
from mosecrot_cli.tasks.loading import load_texts
from mosecrot_cli.tasks.registry import is_named

_READ: Mapping[str, tuple[str, str]] = {
    "--train": ("training data", "train"),
    "--dev": ("development data", "dev"),
    "--texts": ("unlabelled texts", "train"),
}
"""Option of a command that trains or adapts -> what it reads, and the split of a named data set."""


@dataclass(frozen=True)
class Leak:
    """Test texts compared with texts that a model has seen.

    Attributes:
        test: the test data.
        other: the other texts.
        role: what they were read as.
        texts: number of test texts.
        shared: how many of them are among the others; None if one of the two could not be read.
        problem: why not.
    """

    test: str
    other: str
    role: str
    texts: int
    shared: int | None
    problem: str = ""


@dataclass(frozen=True)
class MapCheck:
    """The verdict of `inspect` on a map.

    Attributes:
        model, language: of the map.
        map: the anchors and the map that were inspected.
        method: in words.
        anchors: number of anchors.
        verdict: normal, low, high or none.
        findings: the numbers that are not normal, with what to do.
    """

    model: str
    language: str
    map: str
    method: str
    anchors: int
    verdict: str
    findings: tuple[str, ...]


@dataclass(frozen=True)
class CitedWork:
    """Whose work something is."""

    name: str
    licence: str
    citation: str


@dataclass(frozen=True)
class _Judgement:
    statistic: str
    verdict: str
    advice: str = ""


@dataclass(frozen=True)
class _Inspected:
    method: str
    anchors: int
    verdict: str
    judgements: list[_Judgement] = field(default_factory=list)


def leaks(plan: Plan, finished: Sequence[Finished], reporter: Reporter) -> list[Leak]:
    """Every pair of test data and texts that a model was trained on or adapted to, with the texts they share.

    Two texts are the same if their words are (`text_key`).
    """
    pairs: dict[tuple[str, str, str], tuple[str, str, Task]] = {}
    for each in finished:
        run = each.run
        (test,) = _named(run.chain[-1].words, "--data")
        for option, (role, split) in _READ.items():
            for job in run.chain:
                for other in _named(job.words, option) if job.kind != "inspect" else ():
                    pairs.setdefault((test, other, role), (run.language, split, plan.study.tasks[run.task]))
    texts: dict[tuple[str, str], set[str] | str] = {}

    def read(spec: str, split: str, language: str, task: Task) -> set[str] | str:
        key = (spec, split)
        if key not in texts:
            texts[key] = _texts(plan.study.folder, spec, split, language, task, reporter)
        return texts[key]

    found = []
    for (test, other, role), (language, split, task) in pairs.items():
        mine = read(test, "test", language, task)
        source = plan.study.source if role != "unlabelled texts" else language
        theirs = read(other, split, source, task)
        if isinstance(mine, str) or isinstance(theirs, str):
            found.append(Leak(test, other, role, 0, None, mine if isinstance(mine, str) else str(theirs)))
        else:
            found.append(Leak(test, other, role, len(mine), len(mine & theirs)))
    return found


def changed_inputs(plan: Plan) -> list[str]:
    """What the manifests of the models and anchors say was read, and is another file now."""
    folder, found = plan.study.folder, []
    for job in plan.jobs.values():
        manifest = _manifest(folder, str(job.output)) if job.kind in ("finetune", "anchors") else None
        for read in manifest.inputs.values() if manifest else ():
            path = folder / read.path
            if read.sha256 and path.is_file() and describe_input(path).sha256 != read.sha256:
                found.append(f"{job.key}: {read.path} is not the file that was read")
    return found


def map_checks(plan: Plan) -> list[MapCheck]:
    """The verdicts of `inspect` that are there."""
    found = []
    for (model, language), job in plan.checks.items():
        path = plan.study.folder / str(job.output)
        if not (plan.study.folder / job.target).exists() or not path.exists():
            continue
        told = read_json(path, _Inspected)
        findings = tuple(
            f"{each.statistic} is {each.verdict}: {each.advice}"
            for each in told.judgements
            if each.verdict in ("low", "high") and each.advice
        )
        map_ = "/".join(job.after[0].name.split("/")[2:])
        found.append(MapCheck(model, language, map_, told.method, told.anchors, told.verdict, findings))
    return found


def origins(plan: Plan, finished: Sequence[Finished]) -> list[CitedWork]:
    """Licences and citations that the manifests and scores name."""
    found: dict[str, CitedWork] = {}
    for job in plan.jobs.values():
        if job.kind not in ("anchors", "finetune"):
            continue
        manifest = _manifest(plan.study.folder, str(job.output))
        for source in _sources(manifest) if manifest else ():
            found.setdefault(source.name, source)
    for each in finished:
        (data,) = _named(each.run.chain[-1].words, "--data")
        name = data.partition(":")[0]
        if "licence" in each.notes and is_named(data):
            found.setdefault(name, CitedWork(name, str(each.notes["licence"]), str(each.notes.get("citation", ""))))
    return list(found.values())


def _sources(manifest: Manifest) -> Iterator[CitedWork]:
    listed: Any = manifest.statistics.get("sources") or []
    for source in listed:
        yield CitedWork(str(source.get("name")), str(source.get("licence", "")), str(source.get("citation", "")))


def _manifest(folder: Path, output: str) -> Manifest | None:
    path = manifest_of(folder / output)
    return Manifest.read(path) if path.is_file() else None


def _named(words: Sequence[str], option: str) -> list[str]:
    return [words[place + 1] for place, word in enumerate(words[:-1]) if word == option]


def _texts(folder: Path, spec: str, split: str, language: str, task: Task, reporter: Reporter) -> set[str] | str:
    """The texts of a data set in comparable form, or why they cannot be read."""
    data_dir = task.options.get("data_dir")
    settings = DataSettings(task.options.get("text_column"), None, Path(data_dir) if data_dir else None)
    path = folder / spec
    given = str(path) if path.exists() else spec
    try:
        found = load_texts(given, split, settings, language=language, reporter=reporter)
    except MosecrotError as error:
        return str(error)
    return {text_key(text) for text in found}
