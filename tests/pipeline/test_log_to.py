"""`finetune --log-to`: the curves arrive at the tracker, and nothing else is said."""

import json
import sqlite3
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from commands import failure_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.model.training.trackers import tracked
from mosecrot_cli.progress import SilentReporter

TRAIN = "finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --source-model pico-bert"
TRAIN += " --epochs 2 --lr 3e-3 --batch-size 16"


@pytest.mark.slow
def test_the_curves_are_those_of_the_report(world: Path, capfd: pytest.CaptureFixture[str]):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    capfd.readouterr()
    assert run(f"{TRAIN} --log-to tensorboard -v".split()) == 0
    out, err = capfd.readouterr()
    # One line an epoch; no bar and no talk of the libraries, with -v either.
    assert [line[:9] for line in err.splitlines() if line.startswith("epoch")] == ["epoch 1/2", "epoch 2/2"]
    assert out == "" and "it/s" not in err and "%|" not in err and "[transformers]" not in err and "INFO" not in err
    curves = event_accumulator.EventAccumulator("runs/model-seed-1").Reload()
    history = json.loads(Path("model/training.json").read_text())["history"]
    for tag, name in (("train/loss", "loss"), ("eval/macro_f1", "macro_f1")):
        found = [event.value for event in curves.Scalars(tag)]
        assert found == pytest.approx([record[name] for record in history], abs=1e-4)
    assert not any("runs" in path.parts for path in Path("model").rglob("*"))
    # Where the curves go does not change the result.
    assert "log_to" not in json.loads(Path("model/manifest.json").read_text())["settings"]
    assert run(f"{TRAIN} --if-changed -q".split()) == 0


def test_a_tracker_that_is_not_installed(world: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setattr("mosecrot_cli.pipeline.finetune.seeds.find_spec", lambda name: None)
    assert "pip install wandb" in failure_of(f"{TRAIN} --log-to wandb", 2, capsys)
    assert "'mlflow' is not one of" in failure_of(f"{TRAIN} --log-to mlflow", 2, capsys)


class _Wandb(ModuleType):
    """Stands in for the library: `init` opens the run of the process, as the Trainer does it."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.run: SimpleNamespace | None = None
        self.finished: list[tuple[str, int]] = []

    def init(self, name: str) -> None:
        sys.stdout.write("wandb: a greeting\n")
        self.run = SimpleNamespace(name=name, url=None, dir=f"wandb/{name}/files")

    def finish(self, exit_code: int) -> None:
        assert self.run is not None
        self.finished.append((self.run.name, exit_code))
        self.run = None


class _Milestones(SilentReporter):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def milestone(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> _Wandb:
    found = _Wandb()
    monkeypatch.setitem(sys.modules, "wandb", found)
    return found


def test_each_training_is_a_run_of_its_own(wandb: _Wandb, capsys: pytest.CaptureFixture[str]):
    reporter = _Milestones()
    for name in ("seed-1", "seed-2"):
        with tracked(["wandb"], name, reporter):
            assert wandb.run is None  # the Trainer opens one only where none is open
            wandb.init(name)
    assert wandb.finished == [("seed-1", 0), ("seed-2", 0)]
    assert reporter.said == [f"wandb: the curves are in wandb/{name}" for name in ("seed-1", "seed-2")]
    assert capsys.readouterr().out == ""


def test_a_run_of_the_user_stays_open(wandb: _Wandb):
    wandb.init("mine")
    with tracked(["wandb"], "seed-1", SilentReporter()):
        assert wandb.run is not None
    assert wandb.run is not None and wandb.run.name == "mine" and wandb.finished == []


def test_a_tracker_that_cannot_be_reached_is_one_line(wandb: _Wandb):
    no_key = type("UsageError", (Exception,), {"__module__": "wandb.errors"})("No API key\nconfigured.")
    with pytest.raises(SourceUnavailableError, match=r"^wandb: No API key configured\. \(log in with `wandb login`"), \
         tracked(["wandb"], "seed-1", SilentReporter()):  # fmt: skip
        wandb.init("seed-1")
        raise no_key
    assert wandb.finished == [("seed-1", 1)]
    with pytest.raises(ValueError, match="ours"), tracked(["wandb"], "seed-1", SilentReporter()):
        raise ValueError("ours")


@pytest.mark.slow
def test_with_the_library_itself_offline(world: Path, capfd: pytest.CaptureFixture[str], monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(world))
    capfd.readouterr()
    assert run(f"{TRAIN} --seeds 1,2 --log-to wandb --json".split()) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["output"] == "model"
    assert err.count("wandb: the curves are in ") == 2 == len(list(Path("wandb").glob("offline-run-*")))


@pytest.mark.slow
def test_trackio_itself(world: Path, capfd: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(world / "tracked"))  # the library reads it when it is imported
    pytest.importorskip("trackio")
    capfd.readouterr()
    assert run(f"{TRAIN} --log-to trackio --json".split()) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["output"] == "model" and "trackio: the curves are in project mosecrot" in err
    with sqlite3.connect("tracked/mosecrot.db") as found:
        rows = [json.loads(metrics) for (metrics,) in found.execute("SELECT metrics FROM metrics ORDER BY step")]
    history = json.loads(Path("model/training.json").read_text())["history"]
    scores = [row["eval/macro_f1"] for row in rows if "eval/macro_f1" in row]
    assert scores == pytest.approx([record["macro_f1"] for record in history], abs=1e-4)
