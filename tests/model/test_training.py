"""Fine-tuning: it learns, it is reproducible, a killed run goes on and ends alike, several processes equal one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from model.tiny import LABELS, tiny_model, tiny_texts, tiny_tokenizer
from safetensors import SafetensorError
from sklearn.metrics import f1_score

from mosecrot_cli.errors import DataError, MosecrotError, OutputError, UsageError
from mosecrot_cli.model import trainer as trainer_module
from mosecrot_cli.model.batching import SimilarLengthBatches
from mosecrot_cli.model.checkpoints import is_complete
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.training import LabelledTexts, TrainingSettings, train_classifier
from mosecrot_cli.model.workers import train_in_workers
from mosecrot_cli.settings import ComputeSettings, Precision

CPU = ComputeSettings("cpu")
QUICK = TrainingSettings(epochs=3, learning_rate=3e-3, batch_size=8, compute=CPU)
STEPS = 3 * 6  # of QUICK on TRAIN
TRAIN = LabelledTexts(*tiny_texts(45, seed=1))
DEV = LabelledTexts(*tiny_texts(30, seed=2))


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def checkpoints(work):
    return sorted(path.name for path in work.glob("checkpoint-*"))


def test_it_learns_and_takes_the_best_dev_epoch(tokenizer, tmp_path, reporter):
    result = train_classifier(
        tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=replace(QUICK, epochs=5), reporter=reporter
    )
    assert [(record.epoch, record.step) for record in result.history] == [(n, 6 * n) for n in range(1, 6)]
    scores = [record.macro_f1 for record in result.history]
    assert scores[-1] > scores[0]
    assert max(scores) > 0.8
    assert result.steps == 30
    assert result.best_epoch == 1 + scores.index(max(scores))
    # Oracle for the weights and the score: our own inference and scikit-learn.
    predicted = predict_probabilities(result.model, tokenizer, DEV.texts).argmax(axis=1)
    assert f1_score(DEV.labels, [LABELS[index] for index in predicted], average="macro") == pytest.approx(max(scores))
    assert reporter.bars == [("fine-tuning", 30, 30)]
    assert [line.split(":")[0] for line in reporter.lines] == [f"epoch {n}/5" for n in range(1, 6)]
    assert "dev macro-F1" in reporter.lines[0]


def test_the_best_epoch_need_not_be_the_last(tokenizer, tmp_path, monkeypatch):
    scores = iter([0.3, 0.9, 0.9])
    monkeypatch.setattr(trainer_module, "_macro_f1", lambda predictions: {"macro_f1": next(scores)})
    after_two = train_classifier(
        tiny_model(), tokenizer, TRAIN, work=tmp_path / "two", settings=replace(QUICK, epochs=2, scheduler="constant")
    )
    result = train_classifier(
        tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / "dev", settings=replace(QUICK, scheduler="constant")
    )
    assert result.best_epoch == 2  # the first of equals
    assert result.steps == STEPS
    assert same(weights(result.model), weights(after_two.model))


def test_without_dev_the_last_epoch_is_taken(tokenizer, tmp_path):
    result = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=QUICK)
    assert result.best_epoch == 3
    assert [record.macro_f1 for record in result.history] == [None] * 3
    assert checkpoints(tmp_path) == [f"checkpoint-{STEPS}"]  # disk stays bounded


def test_the_seed_decides_the_weights(tokenizer, tmp_path):
    first, again, other = (
        weights(train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings).model)
        for settings in (QUICK, QUICK, replace(QUICK, seed=2))
    )
    assert same(first, again)
    assert not same(first, other)


@pytest.mark.parametrize("freeze", [True, False])
def test_frozen_embeddings_stay_and_have_no_optimizer_state(tokenizer, tmp_path, freeze):
    model = tiny_model()
    before = model.get_input_embeddings().weight.detach().clone()
    settings = replace(QUICK, freeze_embeddings=freeze, weight_decay=0.1)
    train_classifier(model, tokenizer, TRAIN, work=tmp_path, settings=settings)
    assert torch.equal(model.get_input_embeddings().weight, before) == freeze
    state = torch.load(tmp_path / f"checkpoint-{STEPS}" / "optimizer.pt", weights_only=True)["state"]
    shapes = [entry["exp_avg"].shape for entry in state.values()]
    assert (before.shape in shapes) != freeze
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_nothing_is_printed_and_the_inputs_stay(tmp_path, capfd):
    tokenizer, model = tiny_tokenizer(), tiny_model()
    before, config = tokenizer.backend_tokenizer.to_str(), model.config.to_dict()
    train_classifier(model, tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK)
    assert capfd.readouterr() == ("", "")
    assert tokenizer.backend_tokenizer.to_str() == before
    assert model.config.to_dict() == config
    assert not model.training


def test_bf16_trains_and_gives_a_plain_float32_model(tokenizer, tmp_path):
    model = tiny_model().half()
    settings = replace(QUICK, epochs=1, compute=ComputeSettings("cpu", precision=Precision.bf16))
    train_classifier(model, tokenizer, TRAIN, work=tmp_path, settings=settings)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    full = train_classifier(
        tiny_model().half(), tokenizer, TRAIN, work=tmp_path, settings=replace(settings, compute=CPU)
    )
    assert not same(weights(full.model), weights(model))  # autocast was on in training …
    batch = {"input_ids": torch.tensor([[2, 6, 9, 3]])}
    fresh = tiny_model()
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(model(**batch).logits, fresh(**batch).logits)  # … and is gone


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
        tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=QUICK, resume=True, reporter=reporter
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
    again = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK, resume=True)
    assert (again.steps, again.best_epoch, again.history) == (whole.steps, whole.best_epoch, whole.history)
    assert same(weights(again.model), expected)


def test_resume_without_a_checkpoint_starts_from_the_beginning(tokenizer, tmp_path):
    result = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path / "new", settings=QUICK, resume=True)
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
        train_classifier(tiny_model(seed=seed), tokenizer, train, work=tmp_path, settings=settings, resume=True)


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
        tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=QUICK, resume=True, reporter=reporter
    )
    assert reporter.lines[0] in {"going on from checkpoint-6", "going on from checkpoint-12"}
    assert result.steps == STEPS
    assert is_complete(torn)


KILLED = """
import sys
sys.path[:0] = [{tests!r}]
import json
from pathlib import Path
from model.test_training import DEV, QUICK, TRAIN, tiny_model, tiny_tokenizer
from mosecrot_cli.model.checkpoints import digest_tensors
from mosecrot_cli.model.training import train_classifier
work = Path(sys.argv[1])
result = train_classifier(tiny_model(), tiny_tokenizer(), TRAIN, DEV, work=work, settings=QUICK, resume=True)
digest = digest_tensors(tensor for _, tensor in sorted(result.model.state_dict().items()))
print(json.dumps([result.steps, digest]))
""".format(tests=str(Path(__file__).parents[1]))


@pytest.mark.slow
def test_kill_minus_nine_at_any_moment(tokenizer, tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "killed" / "checkpoint-6" / "optimizer.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed = subprocess.run(command, capture_output=True, text=True, check=True)
    command[-1] = str(tmp_path / "whole")
    whole = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(resumed.stdout) == json.loads(whole.stdout)
    assert json.loads(whole.stdout)[0] == STEPS


@pytest.mark.parametrize("processes", [1, 2])
def test_batches_hold_every_text_and_differ_from_epoch_to_epoch(processes):
    lengths = np.random.default_rng(0).integers(2, 80, size=403).tolist()
    shares = [SimilarLengthBatches(lengths, 16, 7, process=rank, processes=processes) for rank in range(processes)]
    orders = []
    for epoch in range(3):
        for share in shares:
            share.set_epoch(epoch)
        batches = [sum(parts, []) for parts in zip(*shares, strict=True)]
        assert len(batches) == len(shares[0]) == 26
        seen = Counter(row for batch in batches for row in batch)
        assert set(seen) == set(range(403))
        assert seen.total() == 403 + (-403 % processes)
        assert all(len({len(part) for part in parts}) == 1 for parts in zip(*shares, strict=True))
        spread = np.mean([np.ptp([lengths[row] for row in batch]) for batch in batches])
        assert spread < 25  # 16 random ones of 2 to 79 spread over about 68
        orders.append(batches)
    assert orders[0] != orders[1] != orders[2]
    shares[0].set_epoch(0)
    assert list(shares[0]) == [batch[: len(batch) // processes] for batch in orders[0]]


@pytest.mark.slow
def test_two_processes_train_like_one(tokenizer, tmp_path, reporter):
    """Without dropout the gradients of two shares are, up to rounding, that of the whole batch (gloo on the CPU)."""
    train = LabelledTexts(*tiny_texts(48, seed=1))
    # Dev texts on which no epoch is perfect, so that the best one is not the first by accident.
    one = train_classifier(tiny_model(dropout=0.0), tokenizer, train, DEV, work=tmp_path / "one", settings=QUICK)
    two = train_in_workers(
        tiny_model(dropout=0.0),
        tokenizer,
        train,
        DEV,
        QUICK,
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
    torch.testing.assert_close(weights(two.model), weights(one.model), rtol=1e-2, atol=2e-3)
    assert reporter.bars == [("fine-tuning", two.steps, two.steps)]
    assert len(reporter.lines) == 3
    assert checkpoints(tmp_path / "two")
    assert all(is_complete(folder) for folder in (tmp_path / "two").glob("checkpoint-*"))
    assert not (tmp_path / "two" / "job").exists()


@pytest.mark.slow
def test_an_error_of_a_worker_is_one_error_here(tokenizer, tmp_path, reporter):
    with pytest.raises(DataError, match="label 'sport' is unknown to the model") as caught:
        train_in_workers(
            tiny_model(),
            tokenizer,
            LabelledTexts(["a", "b"], ["sport", "food"], source="train.tsv"),
            None,
            QUICK,
            device=resolve_device(CPU),
            processes=2,
            work=tmp_path,
            checkpoint=None,
            reporter=reporter,
        )
    assert caught.value.where == "train.tsv"
    assert not (tmp_path / "job").exists()


def test_several_gpus_go_to_workers(tokenizer, tmp_path, monkeypatch):
    from mosecrot_cli.model import training

    asked = {}
    monkeypatch.setattr(training, "resolve_device", lambda compute: resolve_device(CPU))
    monkeypatch.setattr(training, "train_in_workers", lambda *args, **options: asked.update(options))
    settings = replace(QUICK, compute=ComputeSettings(gpus=(0, 3)))
    train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings)
    assert asked["processes"] == 2


@pytest.mark.parametrize(("visible", "expected"), [(None, "1,2"), ("4,5,7", "5,7"), ("", "1,2")])
def test_workers_see_the_chosen_gpus_among_the_visible(monkeypatch, visible, expected):
    from mosecrot_cli.model.workers import _environment

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert _environment((1, 2), 2)["CUDA_VISIBLE_DEVICES"] == expected


@pytest.mark.parametrize(
    ("train", "dev", "message"),
    [
        (LabelledTexts([], []), None, "no texts"),
        (LabelledTexts(["a"], ["food", "food"]), None, "1 texts but 2 labels"),
        (LabelledTexts(["a"], ["sport"], "train.tsv"), None, "train.tsv: label 'sport' is unknown"),
        (TRAIN, LabelledTexts(["a"], ["sport"], "dev.tsv"), "dev.tsv: label 'sport' is unknown"),
    ],
)
def test_bad_data(tokenizer, tmp_path, train, dev, message):
    with pytest.raises(DataError, match=message):
        train_classifier(tiny_model(), tokenizer, train, dev, work=tmp_path, settings=QUICK)


@pytest.mark.parametrize(
    "changes",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"warmup": 1.5},
        {"weight_decay": -1.0},
        {"scheduler": "magic"},
        {"seed": -1},
    ],
)
def test_numbers_out_of_range_are_wrong_usage(changes):
    with pytest.raises(UsageError):
        TrainingSettings(**changes)


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),
    ],
)
def test_a_full_disk_is_an_output_error(tokenizer, tmp_path, monkeypatch, error):
    def full(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(trainer_module.ClassifierTrainer, "_save_checkpoint", full)
    with pytest.raises(OutputError, match="cannot"):
        train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=QUICK)


def test_a_loss_that_is_no_number_is_told_once(tokenizer, tmp_path, reporter):
    model = tiny_model()
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    train_classifier(model, tokenizer, TRAIN, work=tmp_path, settings=QUICK, reporter=reporter)
    assert len(reporter.warnings) == 1
    assert "no number" in reporter.warnings[0]


def test_memory_that_runs_out_is_one_line(tokenizer, tmp_path, monkeypatch):
    def starved(self, *args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(trainer_module.ClassifierTrainer, "training_step", starved)
    with pytest.raises(MosecrotError, match="not enough memory"):
        train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=QUICK)


def test_max_length_and_warmup_reach_the_trainer(tokenizer, tmp_path, monkeypatch):
    widths, rates = [], []

    def spying(self, args, state, control, optimizer=None, **kwargs):
        rates.append(optimizer.param_groups[0]["lr"])

    def collating(self, features):
        batch = original(self, features)
        widths.append(batch["input_ids"].shape[1])
        return batch

    original = trainer_module.PaddingCollator.__call__
    monkeypatch.setattr(trainer_module.ProgressCallback, "on_step_begin", spying)
    monkeypatch.setattr(trainer_module.PaddingCollator, "__call__", collating)
    settings = replace(QUICK, max_length=6, warmup=0.5)
    train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings)
    assert max(widths) == 6
    assert rates[0] == 0
    assert int(np.argmax(rates)) == STEPS // 2
    assert max(rates) == pytest.approx(QUICK.learning_rate)
