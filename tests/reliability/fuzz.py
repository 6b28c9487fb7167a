"""Runs the commands on damaged inputs and judges what they do: `python -m reliability.fuzz --mutations 3000 --seed 1`.

Each case damages one file of a small finished chain and runs one command that reads it, in a forked process with a
bound on time and memory. It is a fault when the command

- ends with exit code 1, a signal, a traceback or not in time,
- fails without exactly one line that begins with `error:`, or leaves a new file behind (`transfer` leaves whole outputs of
  the steps before the one that fails),
- changes or removes a file that was there,
- ends with exit code 0 and leaves NaN or infinity in what it wrote or printed,
- or sends a control character to the terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mosecrot_cli.manifest import Manifest
from reliability.mutations import mutate
from reliability.world import SECONDS, build_world, forked, hub, preload, quick_jobs

_COGNATES = "anchors --src en --tgt xx --lexicon few.tsv --source-model pico-bert --target-vectors spelt.vec --cognates -o new.tsv"
_TRANSFER = "transfer model --tgt xx --lexicon few.tsv --target-vectors spelt.vec --cognates -o further/stitched --json"
_LEARNT = f"{_TRANSFER} --source-vectors en.vec"
_JUDGED = f"{_LEARNT} --texts texts.txt"

COMMANDS: dict[str, list[str]] = {
    # What is read, by kind of input -> (file to damage, command line).
    "lexicon": [
        "en-xx.tsv|anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -o new.tsv"
    ],
    "vectors": [
        "xx.vec|anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -o new.tsv",
        "xx.vec|map anchors.tsv --source-model pico-bert --target-vectors xx.vec -o new",
        "xx.vec|vectors convert xx.vec -o new.npy",
        "xx.npy|vectors info xx.npy",
        "xx.npy|map anchors.tsv --source-model pico-bert --target-vectors xx.npy -o new",
        "xx.vocab.txt|vectors convert xx.npy -o new.vec",
        "xx.bin|vectors convert xx.bin -o new.vec",
        "xx.vec.gz|vectors info xx.vec.gz",
        "xx.vec.gz|vectors convert xx.vec.gz -o new.vec",
    ],
    "anchors": ["anchors.tsv|map -o new", "anchors.manifest.json|map -o new"],
    "cognates": [
        f"few.tsv|{_COGNATES}",
        f"spelt.vec|{_COGNATES}",
        f"pico-bert/tokenizer.json|{_COGNATES}",
        f"pico-bert/model.safetensors|{_COGNATES}",
        f"en.vec|{_COGNATES} --source-vectors en.vec",
    ],
    "transfer": [
        f"few.tsv|{_TRANSFER}",
        f"spelt.vec|{_TRANSFER}",
        f"few.tsv|{_LEARNT}",
        f"spelt.vec|{_LEARNT}",
        f"en.vec|{_LEARNT}",
        f"en.vec|{_JUDGED}",
        f"texts.txt|{_JUDGED}",
        f"model/config.json|{_TRANSFER}",
        f"model/manifest.json|{_TRANSFER}",
        f"model/tokenizer.json|{_TRANSFER}",
        f"model/model.safetensors|{_JUDGED}",
        f"pico-bert/model.safetensors|{_LEARNT}",
        f"pico-bert/config.json|{_TRANSFER}",
    ],
    "mapped": [
        "mapped/manifest.json|stitch -o new",
        "mapped/target.npy|stitch -o new",
        "mapped/target.vocab.txt|stitch -o new",
        "mapped/source.npy|stitch -o new",
        "mapped/manifest.json|inspect",
        "mapped/target.npy|inspect",
        "kept/out_of_fold.npz|finetune --train en.train.tsv --embeddings none --augment kept --epochs 1 -o new",
    ],
    "aligned": [
        "kept/manifest.json|align kept --parallel parallel.tsv --epochs 1 -o new",
        "kept/target.npy|align kept --parallel parallel.tsv --epochs 1 -o new",
        "parallel.tsv|align kept --parallel parallel.tsv --epochs 1 -o new",
        "pico-bert/config.json|align kept --parallel parallel.tsv --epochs 1 -o new",
        "aligned/manifest.json|stitch --embeddings aligned -o new",
        "aligned/manifest.json|leakage aligned --data xx.test.tsv --json",
    ],
    "model": [
        "pico-bert/config.json|anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert "
        "--target-vectors xx.vec -o new.tsv",
        "pico-bert/tokenizer.json|anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert "
        "--target-vectors xx.vec -o new.tsv",
        "pico-bert/model.safetensors|map anchors.tsv --source-model pico-bert --target-vectors xx.vec -o new",
        "pico-bert/config.json|finetune --train en.train.tsv --source-model pico-bert --embeddings none --epochs 1 -o new",
        "model/config.json|stitch -o new",
        "model/tokenizer.json|stitch -o new",
        "model/tokenizer_config.json|stitch -o new",
        "model/model.safetensors|stitch -o new",
        "model/manifest.json|stitch -o new",
    ],
    "checkpoint": [
        "stitched/config.json|predict stitched texts.txt",
        "stitched/tokenizer.json|predict stitched texts.txt",
        "stitched/tokenizer_config.json|predict stitched texts.txt",
        "stitched/model.safetensors|predict stitched texts.txt",
        "stitched/model.safetensors|evaluate --data xx.test.tsv --json",
        "stitched/manifest.json|evaluate --data xx.test.tsv --json",
        "stitched/config.json|evaluate --data xx.test.tsv --json",
    ],
    "data": [
        "xx.test.tsv|evaluate --data xx.test.tsv --json",
        "xx.test.csv|evaluate --data xx.test.csv",
        "xx.test.jsonl|evaluate --data xx.test.jsonl --json",
        "en.train.tsv|finetune --train en.train.tsv --source-model pico-bert --embeddings none --epochs 1 -o new",
        "xx.train.tsv|baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec --json",
        "texts.txt|predict stitched texts.txt",
        "texts.txt|predict stitched - --format jsonl < texts.txt",
        "xx.test.jsonl|predict stitched xx.test.jsonl --format jsonl",
        "p.tsv|compare p.tsv q.tsv --data xx.test.tsv",
    ],
    "leakage": [
        "biased/manifest.json|leakage biased --data xx.test.tsv --json",
        "model/manifest.json|leakage stitched --data xx.test.tsv",
        "mapped/manifest.json|leakage mapped --data xx.test.tsv --json",
        "anchors.manifest.json|leakage stitched --data xx.test.tsv",
        "xx.test.tsv|leakage stitched --data xx.test.tsv --json",
        "en.train.tsv|leakage stitched --data xx.test.tsv",
        "texts.txt|leakage biased --data xx.test.tsv",
    ],
    "push": [
        "stitched/config.json|push stitched me/xx --json",
        "stitched/README.md|push stitched me/xx",
        "stitched/manifest.json|push stitched me/xx --json",
        "stitched/tokenizer.json|push stitched me/xx --dry-run",
        "other/config.json|push other me/xx",
        "other/model.safetensors|push other me/xx --json",
        "other/tokenizer.json|push other me/xx",
    ],
    "study": [
        "study.toml|study run study.toml --dry-run --json",
        "study.toml|study run study.toml --dry-run",
        "study.toml|study report study.toml -o new",
        "study/scores/topics/pico-bert/xx/all/k5/kept/seed-1.json|study report study.toml -o new",
        "study/predictions/topics/pico-bert/xx/all/k5/kept/seed-1.tsv|study report study.toml -o new",
        "study/predictions/topics/pico-bert/xx/lr.tsv|study report study.toml -o new",
        "study/inspect/pico-bert/xx.json|study report study.toml -o new",
        "study/.study/jobs.json|study run study.toml --json",
        "en.train.tsv|study report study.toml -o new",
        "xx.test.tsv|study run study.toml --dry-run",
    ],
}


@dataclass(frozen=True)
class Case:
    """A file to damage, a command that reads it, and the seed of the damage."""

    kind: str
    file: str
    line: str
    seed: str


@dataclass(frozen=True)
class Verdict:
    """What is wrong with an answer; `fault` is empty where nothing is."""

    case: Case
    mutation: str
    code: int
    fault: str
    said: str


def cases(count: int, seed: int, kinds: Sequence[str], *, study: bool) -> list[Case]:
    """That many cases, the kinds of input in turn; those of a finished study only if there is one."""
    entries = {kind: [entry for entry in COMMANDS[kind] if study or not _of_a_finished_study(entry)] for kind in kinds}
    chosen = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        entry = entries[kind][number // len(kinds) % len(entries[kind])]
        file, line = entry.split("|", 1)
        chosen.append(Case(kind, file, line, f"{seed}-{number}"))
    return chosen


def _of_a_finished_study(entry: str) -> bool:
    return "study report" in entry or entry.startswith("study/")


def _copy(world: Path, folder: Path) -> None:
    """A copy of hard links: a command that writes into an input would change the world, which is checked."""
    shutil.copytree(world, folder, copy_function=os.link)


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its inode and size; what is no regular file with zeros."""
    found = {}
    for path in folder.rglob("*"):
        state = path.lstat()
        found[str(path.relative_to(folder))] = (state.st_ino, state.st_size) if path.is_file() else (0, 0)
    return found


def run_case(world: Path, case: Case, place: Path) -> Verdict:
    """Damage, run, judge."""
    folder = place / case.seed
    _copy(world, folder)
    chance = random.Random(case.seed)
    mutation = mutate(folder / case.file, chance)
    before = _listing(folder)
    os.chdir(folder)
    out, err = place / f"{case.seed}.out", place / f"{case.seed}.err"
    code = forked(case.line, out, err)
    said = err.read_bytes().decode("utf-8", "replace")
    fault = _fault(code, out, said, before, folder)
    if not fault and code:
        left = _left_behind(folder, before, steps=case.line.startswith("transfer"))
        fault = f"left behind: {left[0]}" if left else ""
    os.chdir(place)
    shutil.rmtree(folder)
    out.unlink()
    err.unlink()
    return Verdict(case, mutation, code, fault, said[-1500:])


def _fault(code: int, out: Path, said: str, before: dict[str, tuple[int, int]], folder: Path) -> str:
    after = _listing(folder)
    errors = [line for line in said.splitlines() if line.startswith("error:")]
    if code == -signal.SIGALRM:
        return f"no answer within {SECONDS} seconds"
    if code not in (0, 2, 3, 4, 5, 6):
        return f"exit code {code}"
    if "Traceback" in said:
        return "traceback"
    if any(ord(character) < 32 and character not in "\n\t" for character in said):
        return "control character on the terminal"
    if any(after.get(name) != state for name, state in before.items()):
        return "an input was changed or removed"
    if code:
        return "" if len(errors) == 1 else f"{len(errors)} lines of error"
    return _not_finite(out, [folder / name for name in after if name not in before])


def _left_behind(folder: Path, before: dict[str, tuple[int, int]], *, steps: bool) -> list[str]:
    """New files and folders; with `steps`, but for the outputs of steps that were finished."""
    new = sorted(_listing(folder).keys() - before.keys())
    if not steps:
        return new
    whole = set[str]()
    for name in new:
        if name.endswith("manifest.json"):
            home = Path(name).parent
            files = {str(home / file) for file in Manifest.read(folder / name).files}
            whole |= files if files <= set(new) else set()
    parents = {str(parent) for name in whole for parent in Path(name).parents}
    return [name for name in new if name not in whole | parents]


def _not_finite(out: Path, new: list[Path]) -> str:
    """What in the results of a successful command is not a finite number."""
    printed = out.read_bytes().decode("utf-8", "replace")
    words = printed.replace(",", " ").replace(":", " ").split()
    if any(word.lower() in ("nan", "inf", "-inf", "infinity", "-infinity") for word in words):
        return "NaN or infinity printed"
    for path in new:
        if path.suffix == ".npy" and not np.isfinite(np.load(path)).all():
            return f"NaN or infinity in {path.name}"
        if path.suffix == ".safetensors":
            from safetensors.numpy import load_file

            if not all(np.isfinite(tensor).all() for tensor in load_file(path).values()):
                return f"NaN or infinity in {path.name}"
    return ""


def _worker(world: Path, share: list[Case], place: Path, results: Path) -> None:
    """Run a share of the cases and append each verdict as a line of JSON."""
    place.mkdir()
    with results.open("w", encoding="utf-8") as stream:
        for case in share:
            verdict = run_case(world, case, place)
            told = [
                case.kind,
                case.file,
                case.line,
                case.seed,
                verdict.mutation,
                verdict.code,
                verdict.fault,
                verdict.said,
            ]
            stream.write(json.dumps(told) + "\n")
            stream.flush()


def fuzz(count: int, seed: int, jobs: int, kinds: Sequence[str], *, study: bool) -> list[Verdict]:
    """Run `count` cases in `jobs` processes at a time; `study`: also those that need a finished study."""
    preload()
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as given, hub():
        top = Path(given)
        os.environ["MOSECROT_CACHE"] = str(top / "cache")
        os.environ["MOSECROT_VECTOR_CACHE"] = "off"
        with quick_jobs(top / "bin") if study else nullcontext():
            build_world(top / "world", study=study)
        chosen = cases(count, seed, kinds, study=study)
        children = []
        for job in range(jobs):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    _worker(top / "world", chosen[job::jobs], top / f"job-{job}", top / f"results-{job}")
                    code = 0
                except Exception:  # noqa: BLE001  the parent sees that cases are missing
                    traceback.print_exc()
                finally:
                    os._exit(code)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        lines = [json.loads(line) for job in range(jobs) for line in (top / f"results-{job}").open(encoding="utf-8")]
        os.chdir(home)
    if any(codes) or len(lines) != count:
        raise SystemExit(f"{count} cases were wanted, {len(lines)} ended; the processes ended with {codes}")
    return [Verdict(Case(*line[:4]), *line[4:]) for line in lines]


def main() -> None:
    """Print a table of the answers by kind of input, and each fault."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--no-study", action="store_true", help="Leave out what needs a finished study.")
    given = parser.parse_args()
    verdicts = fuzz(given.mutations, given.seed, given.jobs, given.kinds, study=not given.no_study)
    faults = [verdict for verdict in verdicts if verdict.fault]
    for verdict in faults:
        print(
            f"FAULT {verdict.fault}: {verdict.case.line}\n  {verdict.case.file}, {verdict.mutation}, {verdict.case.seed}"
        )
        print("  " + "\n  ".join(verdict.said.splitlines()[-6:]))
    answers = Counter((verdict.case.kind, verdict.code) for verdict in verdicts)
    for (kind, code), number in sorted(answers.items()):
        print(f"{kind:12} exit code {code:3}: {number:6}")
    print(f"{len(verdicts)} mutations, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
