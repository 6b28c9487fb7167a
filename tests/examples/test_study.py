"""`examples/transfer/study.sh` with a `mosecrot` that only notes what it is asked for, and the real one's parser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mosecrot_cli.cli.app import app

SCRIPT = Path(__file__).parents[2] / "examples" / "transfer" / "study.sh"
FOLDERS = ("eng_Latn", "rus_Cyrl", "fra_Latn", "zho_Hans")

STUB = """#!/usr/bin/env bash
set -eu
(IFS=$'\\t'; echo "$*") >> "$CALLS"
command=$1 output= predictions=
[ "$command" != compare ] || cat "$2" "$3" >&2
while [ $# -gt 0 ]; do
    case $1 in -o) output=$2 ;; --predictions) predictions=$2 ;; esac
    shift
done 1>&2
case $command in
    anchors) [ -e "$output" ] || printf 's%s\\tt%s\\n' {1..20}{,} > "$output" ;;
    compare) echo '{"difference": 0.1, "interval": {"low": 0, "high": 0.2}, "p_value": 0.5}' ;;
    evaluate)
        touch "${predictions%.tsv}".seed-{1,2,3}.tsv
        echo '{"n": 8, "runs": [{"seed": 1, "macro_f1": 0.5}]}' ;;
    baseline) touch "$predictions"; echo '{"n": 8, "runs": [{"seed": null, "macro_f1": 0.6}]}' ;;
    *) mkdir -p "$output" ;;
esac
"""


class Study:
    """A run of the script in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.calls: list[list[str]] = []
        self.table = ""
        self.work.mkdir()
        (self.work / "prepared").touch()  # nothing is fetched
        for program, text in {"mosecrot": STUB, "python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'}.items():
            file = folder / "bin" / program
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
            file.chmod(0o755)
        for language in FOLDERS:
            for split in ("train", "dev", "test"):
                file = folder / "sib" / language / f"{split}.tsv"
                file.parent.mkdir(parents=True, exist_ok=True)
                rows = (f"{number}\t{'ab'[number % 2]}\ttext {number}\n" for number in range(20))
                file.write_text("index_id\tcategory\ttext\n" + "".join(rows))
        (folder / "lexica").mkdir()

    def run(self, *options: str, languages: str = "russian french chinese") -> str:
        log = self.folder / "calls"
        log.write_text("")
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(log),
            "LANGUAGES": languages,
        }
        command = [str(SCRIPT), *options, "sib", "lexica", "work"]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        self.calls = [line.split("\t") for line in log.read_text().splitlines()]
        return done.stdout

    def of(self, command: str) -> list[list[str]]:
        return [call for call in self.calls if call[0] == command]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """After `study.sh --quick --fs`. Change nothing."""
    made = Study(tmp_path_factory.mktemp("study"))
    made.table = made.run("--quick", "--fs")
    return made


def test_every_call_is_one_that_the_command_takes(study: Study):
    root = typer.main.get_group(app)
    assert len(study.calls) > 200
    for call in study.calls:
        command, arguments = root, list(call)
        while hasattr(command, "commands"):
            command = command.commands[arguments.pop(0)]
        command.make_context(call[0], arguments)


def test_table(study: Study):
    lines = study.table.splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## Chinese", "## English", "## French", "## Russian"]
    assert sum(line.startswith("| identical | ") for line in lines) == 4
    assert sum(line.startswith("| identical-learnt | ") for line in lines) == 1
    assert sum(line.startswith("| full | fs-sparsemax |") for line in lines) == 1
    assert "| none | lr-on-target-labels | .600 | .600 | 1 | +.100 [+.000, +.200] | .500 |" in lines
    compared = [line for line in lines if line.startswith("| full | paper-sparsemax |")]
    assert compared == ["| full | paper-sparsemax | .500 | .500 | 1 | – | – |"] * 3
    header, *rows = (study.work / "results.tsv").read_text().splitlines()
    assert header.startswith("language\t") and len(rows) == 2 * sum(line.startswith("| ") for line in lines) - 8


def test_no_label_of_a_target_language_is_trained_on(study: Study):
    for call in study.of("finetune"):
        trained = [call[place + 1] for place, word in enumerate(call) if word in ("--train", "--dev")]
        assert trained in (["data/english/train.tsv", "data/english/dev.tsv"], [])
    assert (study.work / "data" / "french" / "unlabelled.txt").read_text().splitlines()[1] == "text 1"


def test_quick_takes_some_sentences_of_each_label(study: Study):
    rows = (study.work / "data" / "french" / "test.tsv").read_text().splitlines()
    assert [row.split("\t")[1] for row in rows[1:]] == ["a", "b"] * 6


def test_self_learning_sees_all_words(tmp_path: Path):
    study = Study(tmp_path)
    study.run(languages="chinese")
    learning = ["--self-learning" in call for call in study.of("map")]
    assert [sum(learning), len(learning) - sum(learning)] == [1 + 6, 2 + 14 + 6 * 3 + 3 + 2 + 6 + 3 * 2]
    assert learning == ["--vocab-from" not in call for call in study.of("map")]


def test_shuffled_anchors(study: Study):
    full, spoilt = (
        (study.work / "anchors" / "french" / f"{name}.tsv").read_text().splitlines() for name in ("full", "shuffled-1")
    )
    assert 0 < sum(old != new for old, new in zip(full, spoilt, strict=True)) <= 0.3 * len(full)


def test_goes_on_where_it_was(tmp_path: Path):
    study = Study(tmp_path)
    table = study.run("--quick", languages="french")
    lost = study.work / "results" / "french" / "full" / "residual-0.3.test.json"
    lost.unlink()
    assert study.run("--quick", languages="french") == table
    assert lost.exists()
    assert len(study.of("evaluate")) == 2 and len(study.of("stitch")) == 1
    again = [call for call in study.calls if call[0] in ("anchors", "finetune", "map") and "--if-changed" not in call]
    assert [call[0] for call in again] == ["map"] and "0.3" in again[0]


def test_usage(tmp_path: Path):
    done = subprocess.run([str(SCRIPT), "--slow", "a", "b"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Usage: examples/transfer/study.sh" in done.stderr and "pipefail" not in done.stderr
    assert not list(tmp_path.iterdir())
