"""Probabilities: the oracle is `transformers.pipeline`; batching and padding must change nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from transformers import (
    MPNetConfig,
    MPNetForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    pipeline,
)

from model.tiny import LABELS, POSITIONS, tiny_model, tiny_texts, tiny_tokenizer
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model import inference
from mosecrot_cli.model.batching import PaddingCollator, encode, maximum_length, token_batches
from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.inference import (
    InferenceSettings,
    predict_probabilities,
    stream_probabilities,
)
from mosecrot_cli.model.reduced_precision import FEWEST_TEXTS, SAMPLED_TEXTS
from mosecrot_cli.settings import Precision
from pico import FAMILIES, pico_classifier, pico_tokenizer

LONG = " ".join(["cat"] * 3 * POSITIONS)


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def model():
    return tiny_model()


@pytest.fixture(scope="module")
def texts():
    return [*tiny_texts(60)[0], "", "unknown words ?", LONG, "cats"]


def by_pipeline(model, tokenizer, texts):
    limited = tiny_tokenizer()
    limited.model_max_length = POSITIONS
    classify = pipeline("text-classification", model=model, tokenizer=limited, device="cpu", top_k=None)
    answers = [classify([text], truncation=True)[0] for text in texts]
    return np.array([[{a["label"]: a["score"] for a in answer}[label] for label in LABELS] for answer in answers])


def test_agrees_with_the_pipeline_in_input_order(model, tokenizer, texts):
    expected = by_pipeline(model, tokenizer, texts)
    found = predict_probabilities(model, tokenizer, texts)
    assert found.shape == (len(texts), len(LABELS))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.05  # the oracle tells texts apart


@pytest.mark.parametrize(("max_tokens", "block_size"), [(1, 1), (1, 1000), (64, 7), (100_000, 1000)])
def test_batching_and_padding_change_nothing(model, tokenizer, texts, max_tokens, block_size):
    settings = InferenceSettings(max_tokens=max_tokens, block_size=block_size)
    found = predict_probabilities(model, tokenizer, texts, settings=settings)
    np.testing.assert_allclose(found, predict_probabilities(model, tokenizer, texts), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_batches_on_several_threads_give_the_answers_of_one(family, texts):
    model, tokenizer = pico_classifier(family), pico_tokenizer(family)
    settings = InferenceSettings(max_tokens=16)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3, 40):
            torch.set_num_threads(threads)
            found.append(predict_probabilities(model, tokenizer, texts * 3, settings=settings))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_allclose(found[1], found[0], atol=1e-6)
    np.testing.assert_allclose(found[2], found[0], atol=1e-6)


@pytest.mark.parametrize(("threads", "tokens"), [(1, 4_096), (2, 4_096), (4, 2_048), (64, 1_024)])
def test_many_threads_take_smaller_batches(threads, tokens, model, tokenizer, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(inference, "in_blocks", lambda work, rows, step, *, threaded: map(work, [slice(0, rows)]))
    monkeypatch.setattr(
        inference, "token_batches", lambda lengths, most: asked.append(most) or [np.arange(len(lengths))]
    )
    predict_probabilities(model, tokenizer, ["cats"])
    assert asked == [tokens]


def test_an_endless_stream_is_answered_block_by_block(model, tokenizer):
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield f"the cat {number}"

    settings = InferenceSettings(block_size=8)
    blocks = list(itertools.islice(stream_probabilities(model, tokenizer, endless(), settings=settings), 3))
    assert [len(block.texts) for block in blocks] == [8, 8, 8]
    assert blocks[2].texts[0] == "the cat 16"
    assert len(read) == 24


def test_the_mode_of_torch_does_not_leak_to_the_caller(model, tokenizer):
    for _ in stream_probabilities(model, tokenizer, ["cat", "dog"], settings=InferenceSettings(block_size=1)):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


def test_no_texts(model, tokenizer):
    assert predict_probabilities(model, tokenizer, []).shape == (0, len(LABELS))


def test_dropout_is_off_even_for_a_model_in_training_mode(tokenizer, texts):
    model = tiny_model(dropout=0.5)
    expected = predict_probabilities(model, tokenizer, texts)
    model.train()
    np.testing.assert_array_equal(predict_probabilities(model, tokenizer, texts), expected)


def test_bf16_differs_only_by_rounding(model, tokenizer, texts):
    device = Device("cpu", Precision.bf16, "")
    found = predict_probabilities(model, tokenizer, texts, device=device)
    expected = predict_probabilities(model, tokenizer, texts)
    assert not np.array_equal(found, expected)
    np.testing.assert_allclose(found, expected, atol=0.02)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


RECHECKED = Device("cpu", Precision.bf16, "cpu, bf16", rechecks=True)


def test_near_ties_are_computed_again_so_that_bf16_changes_no_label(model, tokenizer, reporter):
    many = tiny_texts(3 * FEWEST_TEXTS)[0]
    exact = predict_probabilities(model, tokenizer, many)
    rounded = predict_probabilities(model, tokenizer, many, device=Device("cpu", Precision.bf16, ""))
    assert (rounded.argmax(axis=1) != exact.argmax(axis=1)).any()  # without it, bf16 changes some
    found = predict_probabilities(model, tokenizer, many, device=RECHECKED, reporter=reporter)
    np.testing.assert_array_equal(found.argmax(axis=1), exact.argmax(axis=1))
    again = np.isclose(found, exact, rtol=0, atol=1e-6).all(axis=1)
    assert SAMPLED_TEXTS <= again.sum() < len(many)
    assert reporter.bars == [("classifying", len(many), len(many))]
    assert "again in fp32" in reporter.lines[-1]


def test_few_texts_are_computed_in_fp32(model, tokenizer, texts):
    assert len(texts) < FEWEST_TEXTS
    found = predict_probabilities(model, tokenizer, texts, device=RECHECKED)
    np.testing.assert_array_equal(found, predict_probabilities(model, tokenizer, texts))


def test_an_undecided_model_is_asked_in_fp32_from_the_second_block(tokenizer):
    model = tiny_model()
    with torch.no_grad():
        # Large logits that are nearly the same for all classes: their rounding is larger than their differences.
        model.classifier.weight.mul_(1e-2).add_(100 * model.classifier.weight[0].clone())
    many = tiny_texts(2 * FEWEST_TEXTS)[0]
    settings = InferenceSettings(block_size=FEWEST_TEXTS)
    found = predict_probabilities(model, tokenizer, many, device=RECHECKED, settings=settings)
    exact = predict_probabilities(model, tokenizer, many, settings=settings)
    same = (found == exact).all(axis=1)
    assert same[FEWEST_TEXTS:].all()
    assert not same[:FEWEST_TEXTS].all()


def test_the_bar_counts_every_text_once(model, tokenizer, texts, reporter):
    predict_probabilities(model, tokenizer, texts, reporter=reporter)
    assert reporter.bars == [("classifying", len(texts), len(texts))]


@pytest.mark.parametrize("problem", ["multi_label_classification", "regression"])
def test_other_heads_are_refused(tokenizer, problem):
    with pytest.raises(DataError, match=problem):
        predict_probabilities(tiny_model(problem_type=problem), tokenizer, ["cat"])


def test_a_tokenizer_without_padding_is_refused(model):
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = None
    with pytest.raises(DataError, match="padding"):
        predict_probabilities(model, tokenizer, ["cat"])


def test_the_tokenizer_stays_as_it_was(model):
    tokenizer = tiny_tokenizer()
    before = tokenizer.backend_tokenizer.to_str()
    predict_probabilities(model, tokenizer, [LONG, "cat"])
    assert tokenizer.backend_tokenizer.to_str() == before
    tokenizer.backend_tokenizer.enable_truncation(7)
    tokenizer.backend_tokenizer.enable_padding(length=9)
    before = tokenizer.backend_tokenizer.to_str()
    predict_probabilities(model, tokenizer, [LONG, "cat"])
    assert tokenizer.backend_tokenizer.to_str() == before


@pytest.mark.parametrize(
    ("config", "make"),
    [(RobertaConfig, RobertaForSequenceClassification), (MPNetConfig, MPNetForSequenceClassification)],
)
def test_models_that_count_positions_from_the_padding_take_texts_of_the_limit(tokenizer, config, make):
    torch.manual_seed(0)
    model = make(
        config(
            vocab_size=40,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=POSITIONS,
            pad_token_id=1,
        )
    )
    limit = maximum_length(model, tokenizer)
    assert limit == POSITIONS - 2
    assert predict_probabilities(model, tokenizer, [LONG]).shape == (1, 2)
    # One token more is outside the position table: the limit is not too low.
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        model(input_ids=torch.full((1, limit + 1), 5))


def test_a_maximum_length_cuts_before_the_last_special_token(model, tokenizer):
    assert maximum_length(model, tokenizer, 4) == 4
    [features] = encode(model, tokenizer, [LONG], 4)
    assert features["input_ids"][0] == tokenizer.cls_token_id
    assert features["input_ids"][-1] == tokenizer.sep_token_id
    assert len(features["input_ids"]) == 4
    with pytest.raises(UsageError, match="at least 3"):
        maximum_length(model, tokenizer, 2)


def test_padding_fills_the_side_that_the_tokenizer_names():
    rows = [{"input_ids": [5, 6, 7]}, {"input_ids": [8]}]
    right = PaddingCollator({"input_ids": 9})(rows)
    assert right["input_ids"].tolist() == [[5, 6, 7], [8, 9, 9]]
    assert right["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    left = PaddingCollator({"input_ids": 9}, left=True, multiple=4)(rows)
    assert left["input_ids"].tolist() == [[9, 5, 6, 7], [9, 9, 9, 8]]
    assert left["attention_mask"].tolist() == [[0, 1, 1, 1], [0, 0, 0, 1]]


def test_token_batches_hold_every_text_once_within_the_budget():
    lengths = np.random.default_rng(0).integers(1, 60, size=500).tolist()
    batches = token_batches(lengths, 200)
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    padded = [max(lengths[row] for row in batch) * len(batch) for batch in batches]
    assert max(padded) <= 200
    assert sum(padded) < 1.1 * sum(lengths)  # hardly any padding
    assert [len(batch) for batch in token_batches([300, 250], 200)] == [1, 1]  # a long text still has its batch
