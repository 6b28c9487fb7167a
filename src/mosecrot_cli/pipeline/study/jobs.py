"""One job of a study: an ordinary command, what it needs and what it leaves."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mosecrot_cli.files import sha256

DONE = Path(".study/done")
WORK = Path("work")
TIMES = Path(".study/seconds")
OWN_FOLDERS = {"anchors", "mapped", "models", "stitched", "adapted", "scores", "predictions", "inspect", "logs", "work",
               "aligned"}  # fmt: skip
_HASHED = 16 << 20  # bytes: of larger files size and time stand for the content


@dataclass(frozen=True)
class Need:
    """What a job takes, for the scheduler.

    Attributes:
        memory: megabytes.
        minutes: of running time, generously.
        accelerated: whether a GPU helps.
    """

    memory: int = 4_000
    minutes: int = 30
    accelerated: bool = False


NEEDS: Mapping[str, Need] = {
    "anchors": Need(8_000, 60),
    "spoil": Need(1_000, 5),
    "map": Need(12_000, 60),
    "align": Need(12_000, 120, accelerated=True),
    "finetune": Need(12_000, 240, accelerated=True),
    "stitch": Need(8_000, 30),
    "adapt": Need(12_000, 120, accelerated=True),
    "evaluate": Need(8_000, 60, accelerated=True),
    "baseline": Need(8_000, 60),
    "inspect": Need(12_000, 60),
}
"""Kind of job -> what it takes. A profile may say otherwise."""


@dataclass(frozen=True)
class StudyJob:
    """A job, with all paths relative to the study's folder.

    Attributes:
        kind: the command: a key of `NEEDS`.
        name: what it is for, as a path: `ru/all/sparsemax-50`.
        words: the command line, without the program. Its last words are `-o` and the output where it has one.
        after: the jobs whose results it reads.
        output: the file or folder that it writes.
        stdout: the file that receives its standard output.
        temporary: the output is removed once every job that reads it is done.
        reads: files of the user, whose change makes the job new.
        inside: it is a helper of the study and no command of its own.
    """

    kind: str
    name: str
    words: tuple[str, ...]
    after: tuple[StudyJob, ...] = ()
    output: str | None = None
    stdout: str | None = None
    temporary: bool = False
    reads: tuple[str, ...] = ()
    inside: bool = False
    mark: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """Kind and name."""
        return f"{self.kind}/{self.name}"

    @property
    def need(self) -> Need:
        """What it takes."""
        return NEEDS[self.kind]

    @property
    def target(self) -> str:
        """What stands for its being done: a mark that names its content, or its temporary output."""
        if self.temporary:
            return str(self.output)
        return (DONE / self.kind / f"{self.name}.{self.mark}").as_posix()

    @property
    def log(self) -> str:
        """Where its messages go."""
        return f"logs/{self.kind}/{Path(self.target).relative_to(_base(self)).as_posix()}.log"

    @property
    def time(self) -> str:
        """Where the seconds that it took are kept."""
        return (TIMES / self.kind / self.name).as_posix()

    @property
    def predictions(self) -> str | None:
        """The file of predictions that it writes."""
        return self.words[self.words.index("--predictions") + 1] if "--predictions" in self.words else None

    @property
    def command(self) -> str:
        """The command line as a person would type it in the study's folder."""
        program = ["python", "-m", "mosecrot_cli.pipeline.study.spoil"] if self.inside else ["mosecrot"]
        line = shlex.join([*program, *self.words])
        return f"{line} > {shlex.quote(self.stdout)}" if self.stdout else line


def _base(step: StudyJob) -> Path:
    return (WORK if step.temporary else DONE) / step.kind


def mark_of(words: Iterable[str], after: Iterable[StudyJob], reads: Iterable[str], folder: Path) -> str:
    """A short digest of everything that a job's result depends on, but for versions.

    Args:
        words: its command line.
        after: the jobs before it, which have marks.
        reads: names of the user's files.
        folder: the study's folder.
    """
    told = [list(words), [step.mark for step in after], [_content(inside(folder, name)) for name in reads]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:10]


def inside(folder: Path, name: str) -> Path:
    """A name as seen from a folder that need not exist yet: `study/../lexicon.tsv` is `lexicon.tsv`."""
    return Path(os.path.normpath(folder / name))


def _content(path: Path) -> str:
    if not path.exists():
        return ""
    state = path.stat()
    if path.is_file() and state.st_size <= _HASHED:
        return sha256(path)
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    return " ".join(f"{each.name} {each.stat().st_size} {each.stat().st_mtime_ns}" for each in files)
