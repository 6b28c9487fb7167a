"""Several processes (gloo on the CPU) train like one; an error in them is one error here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.tiny import (
    CPU,
    DEV,
    QUICK,
    TRAIN,
    checkpoints,
    tiny_model,
    tiny_texts,
    tiny_tokenizer,
    weights,
)
from mosecrot_cli.errors import DataError
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.training.launcher import train_in_workers
from mosecrot_cli.model.training.run import EpochRecord, LabelledTexts, TrainingResult, train_classifier
from mosecrot_cli.model.training.types import TrainingTask
from mosecrot_cli.model.training.work_folder import is_complete
from mosecrot_cli.settings import ComputeSettings


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.mark.slow
def test_two_processes_train_like_one(tokenizer, tmp_path, reporter):
    """Without dropout the gradients of two shares are, up to rounding, that of the whole batch (gloo on the CPU)."""
    train = LabelledTexts(*tiny_texts(48, seed=1))
    # Dev texts on which no epoch is perfect, so that the best one is not the first by accident.
    one = train_classifier(tiny_model(dropout=0.0), tokenizer, train, DEV, work=tmp_path / "one", settings=QUICK)
    two = train_in_workers(
        TrainingTask(tiny_model(dropout=0.0), tokenizer, train, DEV, QUICK),
        device=resolve_device(CPU),
        processes=2,
        work=tmp_path / "two",
        checkpoint=None,
        reporter=reporter,
    )
    assert two.steps == one.steps
    assert two.best_epoch == one.best_epoch
    for left, right in zip(one.history, two.history, strict=True):
        assert right.loss == pytest.approx(left.loss, rel=1e-3)
        assert right.macro_f1 == pytest.approx(left.macro_f1, abs=0.05)
    # The gradient of a key's bias is zero (a softmax does not see it); Adam makes steps of its rounding errors.
    expected = {name: tensor for name, tensor in weights(one.model).items() if not name.endswith("key.bias")}
    found = {name: tensor for name, tensor in weights(two.model).items() if name in expected}
    torch.testing.assert_close(found, expected, rtol=1e-2, atol=2e-3)
    assert reporter.bars == [("fine-tuning", two.steps, two.steps)]
    assert len(reporter.lines) == 3
    assert checkpoints(tmp_path / "two")
    assert all(is_complete(folder) for folder in (tmp_path / "two").glob("checkpoint-*"))
    assert not (tmp_path / "two" / "job").exists()


@pytest.mark.slow
def test_an_error_of_a_worker_is_one_error_here(tokenizer, tmp_path, reporter):
    with pytest.raises(DataError, match="label 'sport' is unknown to the model") as caught:
        train_in_workers(
            TrainingTask(
                tiny_model(), tokenizer, LabelledTexts(["a", "b"], ["sport", "food"], source="train.tsv"), None, QUICK
            ),
            device=resolve_device(CPU),
            processes=2,
            work=tmp_path,
            checkpoint=None,
            reporter=reporter,
        )
    assert caught.value.where == "train.tsv"
    assert not (tmp_path / "job").exists()


def test_several_gpus_go_to_workers(tokenizer, tmp_path, monkeypatch):
    from mosecrot_cli.model.training import launcher as workers
    from mosecrot_cli.model.training import run as training

    asked = []

    def train(task, **options):
        asked.append(task.settings)
        history = (EpochRecord(epoch=1, step=6, loss=0.5, macro_f1=None),)
        return TrainingResult(task.model, best_epoch=1, steps=6, history=history, seconds=1.0, device="two GPUs")

    monkeypatch.setattr(training, "resolve_device", lambda compute: resolve_device(CPU))
    monkeypatch.setattr(workers, "train_in_workers", train)
    settings = replace(QUICK, compute=ComputeSettings(gpus=(0, 3)))
    result = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings)
    assert asked == [settings] and result.device == "two GPUs"


@pytest.mark.parametrize(("visible", "expected"), [(None, "1,2"), ("4,5,7", "5,7"), ("", "1,2")])
def test_workers_see_the_chosen_gpus_among_the_visible(monkeypatch, visible, expected):
    from mosecrot_cli.model.training.launcher import _environment

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert _environment((1, 2), 2)["CUDA_VISIBLE_DEVICES"] == expected


PARENT = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
from dataclasses import replace
from pathlib import Path
from model.tiny import CPU, QUICK, TRAIN, tiny_model, tiny_tokenizer
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.training.types import TrainingTask
from mosecrot_cli.model.training.launcher import train_in_workers
from mosecrot_cli.progress import SilentReporter
task = TrainingTask(tiny_model(), tiny_tokenizer(), TRAIN, None, replace(QUICK, epochs=10_000))
train_in_workers(task, device=resolve_device(CPU), processes=2, work=Path(sys.argv[1]), checkpoint=None, reporter=SilentReporter())
"""


def workers_of(work):
    """Ids of the processes, torchrun included, that were started on this work folder's job."""
    job = f"{work / 'job'}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes().rstrip(b"\0").endswith(job):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path, number):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        assert wait_until(lambda: checkpoints(tmp_path), 60)
        assert len(workers_of(tmp_path)) == 3
        parent.send_signal(number)
        parent.wait(60)
        assert wait_until(lambda: not workers_of(tmp_path), 60)
    finally:
        parent.kill()
        for worker in workers_of(tmp_path):
            os.kill(worker, signal.SIGKILL)
