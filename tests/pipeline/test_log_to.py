"""`finetune --log-to`: the curves arrive at the tracker, and nothing else is said."""

import json
from pathlib import Path

import pytest

from commands import failure_of
from mosecrot_cli.cli.app import run

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
    monkeypatch.setattr("mosecrot_cli.pipeline.finetune.run.find_spec", lambda name: None)
    assert "pip install wandb" in failure_of(f"{TRAIN} --log-to wandb", 2, capsys)
    assert "'mlflow' is not one of" in failure_of(f"{TRAIN} --log-to mlflow", 2, capsys)
