"""Kills the commands that write files and runs them again: `python -m reliability.kill --kills 200 --seed 1`.

Each case starts from a small finished chain, runs one command in a forked process and kills it: at a change of names in
the file system (a rename, a removal, a new folder), or at a random moment. In half of the cases an older output is there and is
replaced. It is a fault when

- a file that the command had no business with is changed or removed, after the kill or at the end,
- an output is, after the kill, neither the old nor the new one, and readers would not notice,
- the same command, run again, does not end well or gives another result than a run that was never killed,
- or something is left behind after that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.staging import check_whole
from reliability.world import build_world, connect_to_hub, hub, preload, quick_jobs, stored

SECONDS = 600
"""For one command, among them a whole study, on a busy machine."""
_ANCHORS = "anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -q -o"
_FURTHER = "transfer model --tgt xx --lexicon few.tsv --target-vectors spelt.vec -q -o new/stitched"
_ANCHOR_FILES = ("tsv", "scores.tsv", "manifest.json")
_REPOSITORY = "me/of-the-case"
_TRAIN = "finetune --train en.train.tsv --source-model pico-bert --embeddings none --epochs 2 --batch-size 8 -q -o"


@dataclass(frozen=True)
class Command:
    """A command that writes files.

    Attributes:
        line: what is run, killed, and run again.
        older: what has written the output before, where there is an older one; None: it replaces nothing.
        outputs: its files and folders, the one that the user named first.
        again: what the second run is told in addition.
        repository: what it uploads to; a new one for each case.
        grows: its outputs appear one by one, each of them whole, and jobs of its own may outlive it for a while.
    """

    line: str
    older: str | None
    outputs: tuple[str, ...]
    again: str = ""
    repository: str = ""
    grows: bool = False


COMMANDS = {
    "anchors": Command(
        f"{_ANCHORS} new.tsv",
        f"{_ANCHORS} new.tsv --max-anchors 20",
        ("new.tsv", "new.scores.tsv", "new.manifest.json"),
    ),
    "anchors, cognates": Command(
        f"{_ANCHORS.replace('en-xx.tsv', 'few.tsv').replace('xx.vec', 'spelt.vec')} new.tsv --cognates",
        f"{_ANCHORS} new.tsv",
        ("new.tsv", "new.scores.tsv", "new.manifest.json"),
    ),
    "transfer": Command(
        f"{_FURTHER} --cognates",
        _FURTHER,
        ("new/stitched", "new/mapped", *(f"new/anchors.{each}" for each in _ANCHOR_FILES)),
        again="--if-changed",
        grows=True,
    ),
    "transfer, judged": Command(
        f"{_FURTHER} --cognates --source-vectors en.vec --texts texts.txt",
        f"{_FURTHER} --source-vectors en.vec --texts xx.test.tsv",
        (
            "new/stitched",
            *(f"new/mapped{suffix}" for suffix in ("", "-learnt")),
            *(f"new/anchors{suffix}.{each}" for suffix in ("", "-learnt") for each in _ANCHOR_FILES),
        ),
        again="--if-changed",
        grows=True,
    ),
    "map": Command("map anchors.tsv --k 5 -q -o new", "map anchors.tsv --k 3 -q -o new", ("new",)),
    "map transfer": Command("map anchors.tsv --preset transfer -q -o new", "map anchors.tsv --k 3 -q -o new", ("new",)),
    "align": Command(
        "align kept --parallel parallel.tsv --epochs 2 -q -o new",
        "align kept --parallel parallel.tsv --epochs 1 -q -o new",
        ("new",),
    ),
    "finetune": Command(f"{_TRAIN} new", f"{_TRAIN} new --lr 1e-3", ("new",)),
    "finetune, resumed": Command(f"{_TRAIN} new", f"{_TRAIN} new --lr 1e-3", ("new",), "--resume"),
    "stitch": Command("stitch -q -o new", "stitch --no-shared -q -o new", ("new",)),
    "evaluate": Command(
        "evaluate --data xx.test.tsv -q --predictions new.tsv",
        "evaluate --data xx.train.tsv -q --predictions new.tsv",
        ("new.tsv",),
    ),
    "predict": Command("predict stitched texts.txt -o new.tsv", "predict model texts.txt -o new.tsv", ("new.tsv",)),
    "baseline lr": Command(
        "baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec -q --predictions new.tsv",
        "baseline lr --train xx.test.tsv --data xx.train.tsv --target-vectors xx.vec -q --predictions new.tsv",
        ("new.tsv",),
    ),
    "vectors convert": Command(
        "vectors convert xx.vec -q -o new.npy",
        "vectors convert xx.vec --dtype float16 -q -o new.npy",
        ("new.npy", "new.vocab.txt", "new.npy.manifest.json"),
    ),
    "vectors prune": Command(
        "vectors prune xx.vec --max-vocab 20 -q -o new.npy",
        "vectors prune xx.vec --max-vocab 9 -q -o new.npy",
        ("new.npy", "new.vocab.txt", "new.npy.manifest.json"),
    ),
    "vectors train": Command(
        "vectors train texts.txt --threads 1 --maxn 0 --dim 8 --min-count 1 --epochs 1 -q -o new.npy",
        "vectors train texts.txt --threads 1 --maxn 0 --dim 4 --min-count 1 --epochs 1 -q -o new.npy",
        ("new.npy", "new.vocab.txt", "new.npy.manifest.json"),
    ),
    "leakage": Command("leakage stitched --data xx.test.tsv -q", None, ()),
    "push": Command(f"push stitched {_REPOSITORY} -q", None, (), repository=_REPOSITORY),
    "study init": Command(
        "study init my-language -q -o new.toml", "study init paper-table1 -q -o new.toml", ("new.toml",)
    ),
    "study report": Command(
        "study report study.toml -q -o new", "study report study.toml --resamples 100 -q -o new", ("new",)
    ),
    "study run": Command("study run again.toml -q", None, ("again/predictions",), grows=True),
}
_OF_A_STUDY = ("study report", "study run")
FOREIGN = ("letter.txt", "new.old/backup", "new.tsv.partial", "new.npy.partial", ".mosecrot-mine/journal.json")
"""Files of the user with names that the commands use, or have used."""
_OF_TIME = ("manifest.json", "training.json", "trainer_state.json")
"""Files that hold the time, which no two runs share."""
_BUSY = "this study is being run already"
_STEPS = ("rename", "replace", "unlink", "rmdir", "mkdir")


@dataclass(frozen=True)
class Verdict:
    """A kill and what was wrong after it; `fault` is empty where nothing was."""

    command: str
    seed: str
    older: bool
    moment: str
    fault: str


def _fork(line: str, kill_at: Callable[[], None] | None = None) -> int:
    """Start a command line in a forked process, whose messages go to `stderr` in the parent folder."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        for number in (1, 2):
            os.dup2(os.open("../stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        if line.startswith("push"):
            connect_to_hub()
        from mosecrot_cli.cli.app import run

        if kill_at:
            kill_at()
        code = run(line.split())
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  whatever it is, it is the answer
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _count_steps(step: int, told: Path | None = None) -> Callable[[], None]:
    """Wrap the calls that change names, to kill the process at one of them, or to write down how many there are."""

    def wrap() -> None:
        count = 0

        def counted(original: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                result = original(*arguments, **options)
                if told:
                    told.write_text(str(count))
                return result

            return call

        for name in _STEPS:
            setattr(os, name, counted(getattr(os, name)))

    return wrap


def _digests(path: Path) -> dict[str, str]:
    """Digest of each file of an output, without those that hold the time."""
    files = [path] if path.is_file() else [inside for inside in sorted(path.rglob("*")) if inside.is_file()]
    kept = [file for file in files if not file.name.endswith(_OF_TIME)]
    return {str(file.relative_to(path.parent)): hashlib.sha256(file.read_bytes()).hexdigest() for file in kept}


def _results(command: Command, repository: str) -> dict[str, str]:
    found = {name: digest for output in command.outputs for name, digest in _digests(Path(output)).items()}
    return found | ({f"hub: {name}": digest for name, digest in stored(repository).items()} if repository else {})


def _last_line(path: Path) -> str:
    return next(reversed(path.read_text().splitlines()), "")


class Killer:
    """Runs cases in one folder.

    Args:
        world: the finished chain, with files of the user.
        place: an empty folder to work in.
    """

    def __init__(self, world: Path, place: Path) -> None:
        self.world, self.place = world, place
        self.repository = ""
        self._fresh = cache(self._run_once)
        self._before = cache(self._run_older)

    def run(self, name: str, seed: str) -> Verdict:
        """Kill a command once, run it again, and judge."""
        chance = random.Random(seed)
        command = COMMANDS[name]
        older = command.older is not None and chance.random() < 0.5
        wanted, seconds, steps = self._fresh(name)
        start, old = self._before(name) if older else (self.world, {})
        folder = self.place / "case"
        shutil.copytree(start, folder)
        os.chdir(folder)
        line = self._line_of(command, seed) + (" --overwrite" if older else "")
        try:
            moment = self._kill(line, chance, seconds, steps)
            fault = self._judge_killed(command, old, wanted) or self._judge_rerun(command, line, wanted)
        finally:
            os.chdir(self.place)
            shutil.rmtree(folder)
        return Verdict(name, seed, older, moment, fault)

    def _kill(self, line: str, chance: random.Random, seconds: float, steps: int) -> str:
        if steps and chance.random() < 0.7:
            step = chance.randint(1, steps) if chance.random() < 0.5 else steps - chance.randint(0, min(9, steps - 1))
            _wait(_fork(line, _count_steps(step)))
            return f"step {step} of {steps}"
        moment = chance.uniform(0, seconds)
        child = _fork(line)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        _wait(child)
        return f"after {moment:.3f} of {seconds:.3f} seconds"

    def _line_of(self, command: Command, case: str) -> str:
        """The command line, which uploads to a repository of this case."""
        self.repository = f"me/{self.place.name}-{case}" if command.repository else ""
        return command.line.replace(command.repository, self.repository) if command.repository else command.line

    def _run_once(self, name: str) -> tuple[dict[str, str], float, int]:
        """The right result, how long it takes, and how often names change."""
        folder = self.place / "fresh"
        shutil.copytree(self.world, folder)
        os.chdir(folder)
        line, told = self._line_of(COMMANDS[name], "fresh"), self.place / "steps"
        told.write_text("0")
        started = time.monotonic()
        code = _wait(_fork(line, _count_steps(0, told)))
        seconds = time.monotonic() - started
        if code:
            raise SystemExit(f"{line} fails undisturbed: {(self.place / 'stderr').read_text()}")
        found = _results(COMMANDS[name], self.repository)
        os.chdir(self.place)
        shutil.rmtree(folder)
        return found, seconds, int(told.read_text())

    def _run_older(self, name: str) -> tuple[Path, dict[str, str]]:
        """The world with an older output in it, and that output."""
        folder = self.place / f"older {name}"
        shutil.copytree(self.world, folder)
        os.chdir(folder)
        line = str(COMMANDS[name].older)
        if _wait(_fork(line)):
            raise SystemExit(f"{line} fails: {(self.place / 'stderr').read_text()}")
        return folder, _results(COMMANDS[name], "")

    def _judge_killed(self, command: Command, old: dict[str, str], new: dict[str, str]) -> str:
        """What is wrong right after the kill."""
        if fault := self._judge_foreign(command):
            return fault
        found = _results(command, self.repository)
        if found in (old, new) or (command.repository and not found):
            return ""
        if command.grows:
            wrong = sorted(name for name, digest in found.items() if digest not in (old.get(name), new.get(name)))
            return f"half an output: {wrong}" if wrong else ""
        try:
            check_whole(Path(command.outputs[0]))
        except DataError:
            return ""
        return f"half an output that readers take for a whole one: {sorted(found)}"

    def _judge_rerun(self, command: Command, line: str, wanted: dict[str, str]) -> str:
        """What is wrong after the command was run again."""
        code = _wait(_fork(f"{line} {command.again}"))
        while command.grows and code == DataError.exit_code and _BUSY in _last_line(self.place / "stderr"):
            time.sleep(0.2)  # as it advises
            code = _wait(_fork(line))
        # Killed when all was done, or completed by the second run: then the output is there.
        if code not in ((0, 4) if "--overwrite" not in line else (0,)):
            return f"run again, it ends with {code}: {_last_line(self.place / 'stderr')}"
        found = _results(command, self.repository)
        if found != wanted:
            return f"run again, it gives another result: {sorted(found.items() ^ wanted.items())[:2]}"
        tops = {Path(output).parts[0] for output in command.outputs}
        left = {path.name for path in Path().iterdir()} - {path.name for path in self.world.iterdir()} - tops
        left |= {str(path) for top in tops for path in Path(top).rglob(".mosecrot-*")}
        return f"left behind: {sorted(left)}" if left else self._judge_foreign(command)

    def _judge_foreign(self, command: Command) -> str:
        for path in sorted(self.world.rglob("*")):
            name = path.relative_to(self.world)
            if path.is_file() and (not name.is_file() or name.read_bytes() != path.read_bytes()):
                return f"{name} was changed or removed"
        return ""


def kill(count: int, seed: int, jobs: int, names: Sequence[str]) -> list[Verdict]:
    """Kill `count` times, the commands in turn, in `jobs` processes at a time."""
    preload()
    home, study = Path.cwd(), not set(names).isdisjoint(_OF_A_STUDY)
    cases = [(names[number % len(names)], f"{seed}-{number}") for number in range(count)]
    with (
        tempfile.TemporaryDirectory() as given,
        hub(),
        quick_jobs(Path(given) / "bin") if study else nullcontext(),
    ):
        top = Path(given)
        os.environ["MOSECROT_CACHE"] = str(top / "cache")
        os.environ["MOSECROT_VECTOR_CACHE"] = "off"
        build_world(top / "world", study=study)
        shutil.copyfile(top / "world" / "study.toml", top / "world" / "again.toml")
        for name in FOREIGN:
            (top / "world" / name).parent.mkdir(exist_ok=True)
            (top / "world" / name).write_text("the user's\n")
        # A command stays with one process, which knows its right result.
        shares = [[case for case in cases if names.index(case[0]) % jobs == job] for job in range(jobs)]
        children = [_start_worker(top, shares[job], job) for job in range(jobs)]
        codes = [_wait(child) for child in children]
        lines = [json.loads(line) for job in range(jobs) for line in (top / f"results-{job}").open(encoding="utf-8")]
        os.chdir(home)
    if any(codes) or len(lines) != count:
        raise SystemExit(f"{count} kills were wanted, {len(lines)} were judged; the processes ended with {codes}")
    return [Verdict(**line) for line in lines]


def _start_worker(top: Path, share: list[tuple[str, str]], job: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        place = top / f"job-{job}"
        place.mkdir()
        killer = Killer(top / "world", place)
        with (top / f"results-{job}").open("w", encoding="utf-8") as stream:
            for name, seed in share:
                stream.write(json.dumps(asdict(killer.run(name, seed))) + "\n")
                stream.flush()
        code = 0
    except BaseException:  # noqa: BLE001  the parent sees that verdicts are missing
        traceback.print_exc()
    finally:
        os._exit(code)


def main() -> None:
    """Print how often each command was killed, and each fault."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--no-study", action="store_true", help="Leave out what needs a finished study.")
    given = parser.parse_args()
    names = [name for name in given.commands if not (given.no_study and name in _OF_A_STUDY)]
    verdicts = kill(given.kills, given.seed, given.jobs, names)
    for verdict in verdicts:
        if verdict.fault:
            print(f"FAULT {verdict.command} ({verdict.seed}, older {verdict.older}, {verdict.moment}): {verdict.fault}")
    for name, number in Counter(verdict.command for verdict in verdicts).items():
        print(
            f"{name:20} {number:5} kills, {sum(v.older for v in verdicts if v.command == name):4} over an older output"
        )
    print(f"{len(verdicts)} kills, {sum(bool(verdict.fault) for verdict in verdicts)} faults")
    sys.exit(any(verdict.fault for verdict in verdicts))


if __name__ == "__main__":
    main()
