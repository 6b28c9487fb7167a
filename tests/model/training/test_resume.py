"""A killed run goes on and ends like an uninterrupted one; what a kill leaves behind is found out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from model.tiny import (
    DEV,
    QUICK,
    STEPS,
    TRAIN,
    checkpoints,
    same,
    tiny_model,
    tiny_texts,
    tiny_tokenizer,
    weights,
)
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.training import trainer as trainer_module
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.model.training.work_folder import is_complete
from mosecrot_cli.progress import SilentReporter


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


class Killed(Exception):
    pass


def kill_at(monkeypatch, step):
    def killing(self, args, state, control, **kwargs):
        if state.global_step == step:
            raise Killed

    monkeypatch.setattr(trainer_module.ProgressCallback, "on_step_end", killing)


@pytest.mark.parametrize("step", [8, 14])
def test_a_resumed_run_ends_like_an_uninterrupted_one(tokenizer, tmp_path, reporter, monkeypatch, step):
    whole = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / "whole", settings=QUICK)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, step)
        train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / "killed", settings=QUICK)
    # Folders may move between the runs.
    work = (tmp_path / "killed").rename(tmp_path / "moved")
    result = train_classifier(
        tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=replace(QUICK, resume=True), reporter=reporter
    )
    assert result.steps == whole.steps == STEPS
    assert result.history == whole.history
    assert result.best_epoch == whole.best_epoch
    assert same(weights(result.model), weights(whole.model))
    assert reporter.lines[0] == f"going on from checkpoint-{step // 6 * 6}"
    assert reporter.bars == [("fine-tuning", STEPS, STEPS)]


def test_resuming_a_finished_run_gives_its_result(tokenizer, tmp_path):
    whole = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK)
    expected = weights(whole.model)
    again = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=replace(QUICK, resume=True))
    assert (again.steps, again.best_epoch, again.history) == (whole.steps, whole.best_epoch, whole.history)
    assert same(weights(again.model), expected)


def test_resume_without_a_checkpoint_starts_from_the_beginning(tokenizer, tmp_path):
    result = train_classifier(
        tiny_model(), tokenizer, TRAIN, work=tmp_path / "new", settings=replace(QUICK, resume=True)
    )
    assert result.steps == STEPS


@pytest.mark.parametrize(
    ("changes", "train", "seed", "named"),
    [
        ({"epochs": 4}, TRAIN, 0, "epochs"),
        ({"freeze_embeddings": True}, TRAIN, 0, "freeze_embeddings"),
        ({}, LabelledTexts(*tiny_texts(45, seed=3)), 0, "train texts"),
        ({}, TRAIN, 5, "embeddings"),
    ],
)
def test_resume_with_something_else_is_wrong_usage(tokenizer, tmp_path, changes, train, seed, named):
    train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=replace(QUICK, epochs=1))
    settings = replace(QUICK, **{"epochs": 1, **changes})
    with pytest.raises(UsageError, match=f"had other {named} "):
        train_classifier(
            tiny_model(seed=seed), tokenizer, train, work=tmp_path, settings=replace(settings, resume=True)
        )


def test_without_resume_an_earlier_run_is_removed(tokenizer, tmp_path):
    train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=QUICK)
    settings = replace(QUICK, batch_size=45)
    assert train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings).steps == 3
    assert checkpoints(tmp_path) == ["checkpoint-3"]


@pytest.fixture(scope="module")
def finished(tokenizer, tmp_path_factory):
    work = tmp_path_factory.mktemp("finished")
    train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=QUICK)
    return work


@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut"])
def test_a_checkpoint_that_is_not_whole_is_found_out(finished, tmp_path, name, damage):
    folder = shutil.copytree(finished / f"checkpoint-{STEPS}", tmp_path / "copy")
    assert is_complete(folder)
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(content[: 0 if damage == "empty" else len(content) - 20])
    assert not is_complete(folder)


def test_an_incomplete_checkpoint_is_passed_over(finished, tokenizer, tmp_path, reporter):
    work = shutil.copytree(finished, tmp_path / "work")
    torn = work / f"checkpoint-{STEPS}"
    (torn / "trainer_state.json").unlink()
    assert len(checkpoints(work)) == 2
    result = train_classifier(
        tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=replace(QUICK, resume=True), reporter=reporter
    )
    assert reporter.lines[0] in {"going on from checkpoint-6", "going on from checkpoint-12"}
    assert result.steps == STEPS
    assert is_complete(torn)


KILLED = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parents[2])!r}]
from pathlib import Path
from model.tiny import DEV, QUICK, TRAIN, tiny_model, tiny_tokenizer
from mosecrot_cli.model.training import train_classifier
work = Path(sys.argv[1])
train_classifier(tiny_model(), tiny_tokenizer(), TRAIN, DEV, work=work, settings=QUICK)
"""


@pytest.mark.slow
def test_kill_minus_nine_at_any_moment(tokenizer, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "killed" / "checkpoint-6" / "optimizer.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed, whole = (
        train_classifier(
            tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / name, settings=replace(QUICK, resume=True)
        )
        for name in ("killed", "whole")
    )
    assert resumed.steps == whole.steps == STEPS
    assert same(weights(resumed.model), weights(whole.model))


FILES = ["optimizer.pt", "scheduler.pt", "rng_state.pth", "model.safetensors", "trainer_state.json"]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_goes_on(name, tokenizer, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, 14)
        train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK)
    older, newer = tmp_path / "checkpoint-6", tmp_path / "checkpoint-12"
    path = newer / name
    if name in ("model.safetensors", "scheduler.pt"):
        path.write_bytes(path.read_bytes()[:40])
    else:
        flip(path)
    if name == "trainer_state.json":
        path.write_text('{"global_step": "many"}')
    warned: list[str] = []

    class Hearing(SilentReporter):
        def warn(self, message: str) -> None:
            warned.append(message)

    whole = train_classifier(
        tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=replace(QUICK, resume=True), reporter=Hearing()
    )
    assert whole.steps == STEPS and len(warned) == 1
    assert str(newer) in warned[0] and name in warned[0] and warned[0].endswith(f"going on from {older.name}")


def test_damaged_checkpoints_alone_are_one_line(tokenizer, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, 8)
        train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK)
    for folder in checkpoints(tmp_path):
        flip(tmp_path / folder / "optimizer.pt")
    with pytest.raises(DataError, match="optimizer.pt is damaged"):
        train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=replace(QUICK, resume=True))
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(DataError, match="run.json"):
        train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=replace(QUICK, resume=True))
