"""Augmentation: training reads other vectors as often as it should, evaluation never, and nothing of it is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.tiny import CPU, DEV, QUICK, TOPICS, TRAIN, same, tiny_model, tiny_texts, tiny_tokenizer, weights
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.training import trainer as trainer_module
from mosecrot_cli.model.training.augmentation import Augmentation, augmented
from mosecrot_cli.model.training.launcher import train_in_workers
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.model.training.token_order import ReorderedTexts, moved
from mosecrot_cli.model.training.types import TrainingTask
from pico import FAMILIES, pico_classifier, pico_tokenizer

FROZEN = replace(QUICK, freeze_embeddings=True)


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def tokens_of(tokenizer, words) -> np.ndarray:
    return np.array(tokenizer.convert_tokens_to_ids(list(words)), dtype=np.int64)


@pytest.fixture(scope="module")
def augmentation(tokenizer) -> Augmentation:
    """Every topic word has one other vector; `dog` has three."""
    words = [word for topic in TOPICS.values() for word in topic]
    vectors = np.random.default_rng(0).normal(size=(len(words) + 2, 32)).astype(np.float32)
    return Augmentation(tokens_of(tokenizer, [*words, "dog", "dog"]), vectors, 0.5)


def test_each_occurrence_draws_among_the_vectors_of_its_token(tokenizer, augmentation):
    model = tiny_model()
    embedding = model.get_input_embeddings()
    dog, the = tokens_of(tokenizer, ["dog", "the"])
    ids = torch.tensor([[dog, the]] * 8000)
    torch.manual_seed(0)
    with augmented(model, augmentation):
        model.train()
        read = embedding(ids)
        model.eval()
        assert torch.equal(embedding(ids), embedding.weight[ids])  # dev texts are read as they are
    model.train()
    assert torch.equal(embedding(ids), embedding.weight[ids])  # and afterwards everything is
    assert torch.equal(read[:, 1], embedding.weight[ids[:, 1]])  # a token without other vectors
    candidates = torch.stack(
        [embedding.weight[dog], *torch.from_numpy(augmentation.vectors[augmentation.tokens == dog])]
    )
    found = (read[:, :1] == candidates).all(dim=-1)
    assert found.sum(dim=1).eq(1).all()
    shares = found.float().mean(dim=0).tolist()
    assert shares == pytest.approx([1 / 2, 1 / 6, 1 / 6, 1 / 6], abs=0.02)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_reads_what_a_replaced_row_would_give(family):
    """With the rate 1 and one vector a token, training reads as a model with other embeddings does."""
    tokenizer, model = pico_tokenizer(family), pico_classifier(family)
    weight = model.get_input_embeddings().weight
    ordinary = np.array(sorted(set(range(len(weight))) - set(tokenizer.all_special_ids)), dtype=np.int64)
    vectors = np.random.default_rng(1).normal(size=(len(ordinary), weight.shape[1])).astype(np.float32)
    batch = tokenizer(["the dog eats bread", "a cat"], padding=True, return_tensors="pt")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout) or "Dropout" in type(module).__name__:
            module.p = module.drop_prob = 0.0
    model.config.hidden_dropout_prob = model.config.attention_probs_dropout_prob = 0.0
    model.eval()
    model.get_input_embeddings().train()  # only the embedding layer trains: no dropout elsewhere
    with augmented(model, Augmentation(ordinary, vectors, 1.0)), torch.no_grad():
        read = model(**batch).logits
    model.eval()
    with torch.no_grad():
        weight[torch.from_numpy(ordinary)] = torch.from_numpy(vectors)
        assert torch.equal(read, model(**batch).logits)


def test_training_reads_other_vectors_and_the_checkpoint_keeps_the_models_own(tokenizer, tmp_path, augmentation):
    own = tiny_model().get_input_embeddings().weight.detach().clone()
    plain = train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / "plain", settings=FROZEN)
    first, again = (
        train_classifier(
            tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / name, settings=FROZEN, augmentation=augmentation
        )
        for name in ("first", "again")
    )
    assert torch.equal(first.model.get_input_embeddings().weight, own)
    assert weights(first.model).keys() == weights(plain.model).keys()
    assert same(weights(first.model), weights(again.model)) and first.history == again.history
    assert not same(weights(first.model), weights(plain.model))
    assert not first.model.get_input_embeddings()._forward_hooks


def test_it_learns_to_read_the_other_vectors(tokenizer, tmp_path, augmentation):
    """What it is for: after a stitch, the other vectors are all that the model gets to read."""

    def accuracy_when_stitched(**options) -> float:
        settings = replace(FROZEN, epochs=6)
        result = train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=settings, **options)
        weight = result.model.get_input_embeddings().weight
        with torch.no_grad():
            weight[torch.from_numpy(augmentation.tokens)] = torch.from_numpy(augmentation.vectors)
        names = result.model.config.id2label
        predicted = predict_probabilities(result.model, tokenizer, DEV.texts).argmax(axis=1)
        return float(np.mean([names[index] == gold for index, gold in zip(predicted, DEV.labels, strict=True)]))

    assert accuracy_when_stitched(augmentation=augmentation) > 0.85 > 0.6 > accuracy_when_stitched()


class Killed(Exception):
    pass


def test_a_resumed_run_ends_like_an_uninterrupted_one(tokenizer, tmp_path, augmentation, monkeypatch):
    augmentation = replace(augmentation, places=1)

    def train(name, *, resume=False, **options):
        settings = replace(FROZEN, resume=resume)
        return train_classifier(tiny_model(), tokenizer, TRAIN, DEV, work=tmp_path / name, settings=settings, **options)

    def killing(self, args, state, control, **kwargs):
        if state.global_step == 8:
            raise Killed

    whole = train("whole", augmentation=augmentation)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(trainer_module.ProgressCallback, "on_step_end", killing)
        train("killed", augmentation=augmentation)
    with pytest.raises(UsageError, match="other augmentation"):
        train("killed", resume=True, augmentation=replace(augmentation, rate=0.4))
    with pytest.raises(UsageError, match="other augmentation"):
        train("killed", resume=True, augmentation=replace(augmentation, places=2))
    with pytest.raises(UsageError, match="other augmentation"):
        train("killed", resume=True)
    result = train("killed", resume=True, augmentation=augmentation)
    assert result.history == whole.history
    assert same(weights(result.model), weights(whole.model))


def test_what_does_not_fit_is_refused(tokenizer, tmp_path, augmentation):
    for wrong, message in [
        (replace(augmentation, vectors=augmentation.vectors[:, :16]), "embeddings of 32 dimensions"),
        (replace(augmentation, tokens=augmentation.tokens + 25), "does not have"),
    ]:
        with pytest.raises(DataError, match=message):
            train_classifier(tiny_model(), tokenizer, TRAIN, work=tmp_path, settings=FROZEN, augmentation=wrong)
    with pytest.raises(UsageError, match="less than 0"):
        replace(augmentation, places=-1)
    for rate in (0.0, 1.5, float("nan")):
        with pytest.raises(UsageError, match="not a probability"):
            replace(augmentation, rate=rate)


def test_tokens_move_by_a_few_places_and_special_tokens_by_none():
    generator = np.random.default_rng(0)
    movable = [False, *[True] * 30, False, *[True] * 9, False]
    still = [place for place, may in enumerate(movable) if not may]
    inner = np.flatnonzero(movable)
    furthest = 0
    for _ in range(300):
        found = np.array(moved(movable, 2, generator))
        assert sorted(found) == list(range(len(movable)))
        assert found[still].tolist() == still
        distance = np.searchsorted(inner, found[inner]) - np.arange(len(inner))
        furthest = max(furthest, *np.abs(distance))
    assert furthest == 2
    assert moved(movable, 0, generator) == list(range(len(movable))) and moved([], 2, generator) == []


def test_epoch_seed_and_number_decide_the_order_of_a_text():
    row = {"input_ids": [1, *range(10, 40), 2], "token_type_ids": [*range(32)], "labels": 3}
    texts = ReorderedTexts([row, row], 2, {1, 2}, seed=5)
    first, other, again = texts[0], texts[1], texts[0]
    assert first == again and first != other and [first, other] == texts[:2]
    assert first["labels"] == 3 and [row["input_ids"][place] for place in first["token_type_ids"]] == first["input_ids"]
    assert first["input_ids"][0] == 1 and first["input_ids"][-1] == 2
    texts.set_epoch(1)
    assert texts[0] != first
    texts.set_epoch(0)
    assert texts[0] == first and texts[0] != ReorderedTexts([row], 2, {1, 2}, seed=6)[0]


@pytest.mark.slow
def test_several_processes_get_the_vectors(tokenizer, tmp_path, augmentation, reporter):
    """At a rate of 1 and with one vector a token nothing is left to chance: two processes train like one."""
    single = augmentation.tokens != tokens_of(tokenizer, ["dog"])[0]
    certain = Augmentation(augmentation.tokens[single], augmentation.vectors[single], 1.0, 2)
    train = LabelledTexts(*tiny_texts(48, seed=1))
    one, plain = (
        train_classifier(
            tiny_model(dropout=0.0), tokenizer, train, work=tmp_path / "one", settings=FROZEN, augmentation=given
        ).history
        for given in (certain, None)
    )
    two = train_in_workers(
        TrainingTask(tiny_model(dropout=0.0), tokenizer, train, None, FROZEN, certain),
        device=resolve_device(CPU),
        processes=2,
        work=tmp_path / "two",
        checkpoint=None,
        reporter=reporter,
    )
    for left, right in zip(one, two.history, strict=True):
        assert right.loss == pytest.approx(left.loss, rel=1e-3)
    assert plain[0].loss != pytest.approx(one[0].loss, rel=1e-3)
