"""Fine-tuning: it learns, the seed decides, nothing but the weights changes, errors are one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from sklearn.metrics import f1_score

from model.tiny import (
    CPU,
    DEV,
    LABELS,
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
from mosecrot_cli.errors import DataError, MosecrotError, OutputError, UsageError
from mosecrot_cli.model.batching import SimilarLengthBatches
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.training import trainer as trainer_module
from mosecrot_cli.model.training.run import LabelledTexts, TrainingSettings, train_classifier
from mosecrot_cli.settings import ComputeSettings, Precision


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def test_it_learns_and_takes_the_best_dev_epoch(tokenizer, tmp_path, reporter):
    train = LabelledTexts(*tiny_texts(120, seed=1))
    settings = replace(QUICK, epochs=5)
    result = train_classifier(tiny_model(), tokenizer, train, DEV, work=tmp_path, settings=settings, reporter=reporter)
    assert [(record.epoch, record.step) for record in result.history] == [(n, 15 * n) for n in range(1, 6)]
    scores = [record.macro_f1 for record in result.history]
    assert scores[0] < 0.6 < 0.8 < max(scores)
    assert result.steps == 75
    assert result.best_epoch == 1 + scores.index(max(scores))
    # Oracle for the weights and the score: our own inference and scikit-learn.
    predicted = predict_probabilities(result.model, tokenizer, DEV.texts).argmax(axis=1)
    assert f1_score(DEV.labels, [LABELS[index] for index in predicted], average="macro") == pytest.approx(max(scores))
    assert reporter.bars == [("fine-tuning", 75, 75)]
    assert [line.split(":")[0] for line in reporter.lines] == [f"epoch {n}/5" for n in range(1, 6)]
    assert "dev macro-F1" in reporter.lines[0]
    assert [line.endswith(" left") for line in reporter.lines] == [True] * 4 + [False]


def test_the_best_epoch_need_not_be_the_last(tokenizer, tmp_path, monkeypatch):
    scores = iter([0.3, 0.9, 0.9])
    monkeypatch.setattr(trainer_module, "_macro_f1", lambda predictions: {"macro_f1": next(scores)})
    after_two = train_classifier(
        tiny_model(dropout=0.0),
        tokenizer,
        TRAIN,
        work=tmp_path / "two",
        settings=replace(QUICK, epochs=2, scheduler="constant"),
    )
    result = train_classifier(
        tiny_model(dropout=0.0),
        tokenizer,
        TRAIN,
        DEV,
        work=tmp_path / "dev",
        settings=replace(QUICK, scheduler="constant"),
    )
    assert result.best_epoch == 2  # the first of equals
    assert result.steps == STEPS
    assert same(weights(result.model), weights(after_two.model))


def test_without_dev_the_last_epoch_is_taken(tokenizer, tmp_path):
    result = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=QUICK)
    assert result.best_epoch == 3
    assert [record.macro_f1 for record in result.history] == [None] * 3
    assert checkpoints(tmp_path) == [f"checkpoint-{STEPS}"]  # disk stays bounded


def test_a_run_of_few_steps_writes_no_checkpoint_each_epoch(tokenizer, tmp_path, monkeypatch):
    written = []
    original = trainer_module.ClassifierTrainer._save_checkpoint

    def save(self, *args, **options):
        written.append(self.state.global_step)
        original(self, *args, **options)

    monkeypatch.setattr(trainer_module.ClassifierTrainer, "_save_checkpoint", save)
    each = STEPS // 3
    settings = replace(QUICK, epochs=5, save_steps=each + 1)
    sparse = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path / "sparse", settings=settings)
    assert written == [2 * each, 4 * each]
    # Whether checkpoints are written decides nothing, and a run that goes on ends alike.
    whole = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=replace(QUICK, epochs=5))
    assert same(weights(sparse.model), weights(whole.model))
    settings = replace(settings, resume=True)
    resumed = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path / "sparse", settings=settings)
    assert same(weights(resumed.model), weights(whole.model)) and len(resumed.history) == 5
    assert written[2:] == [each * n for n in range(1, 6)]


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
    # What loading, saving and the first loss write into any config.
    ordinary = {"architectures", "dtype", "problem_type"}
    train_classifier(model, tokenizer, TRAIN, DEV, work=tmp_path, settings=QUICK)
    assert capfd.readouterr() == ("", "")
    assert tokenizer.backend_tokenizer.to_str() == before
    changed = {key for key, value in model.config.to_dict().items() if value != config.get(key)}
    assert changed <= ordinary
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


def test_bf16_learns_what_float32_learns(tokenizer, tmp_path):
    found = {}
    for precision in (Precision.fp32, Precision.bf16):
        settings = replace(QUICK, compute=ComputeSettings("cpu", precision=precision))
        work = tmp_path / precision
        found[precision] = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=work, settings=settings)
        assert found[precision].device == f"cpu, {precision}"
    losses = [[record.loss for record in result.history] for result in found.values()]
    assert losses[0] == pytest.approx(losses[1], abs=0.03)
    assert losses[0] != losses[1]
    assert losses[0][-1] < losses[0][0] - 0.1


@pytest.mark.parametrize("processes", [1, 2])
def test_batches_hold_every_text_and_differ_from_epoch_to_epoch(processes):
    lengths = np.random.default_rng(0).integers(2, 80, size=403).tolist()
    shares = [SimilarLengthBatches(lengths, 16, 7, process=rank, processes=processes) for rank in range(processes)]
    orders = []
    for epoch in range(3):
        for share in shares:
            share.set_epoch(epoch)
        batches = [[row for part in parts for row in part] for parts in zip(*shares, strict=True)]
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


def test_a_learning_rate_at_which_training_diverges_is_told(tokenizer, tmp_path, reporter):
    settings = replace(QUICK, learning_rate=100.0)
    train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings, reporter=reporter)
    assert sum("try a lower learning rate" in warning for warning in reporter.warnings) == 1


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
