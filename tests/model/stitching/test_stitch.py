"""Stitching, for every family: nothing but the word embeddings changes, and plain transformers runs the result."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.loading import load_classifier
from mosecrot_cli.model.stitching.stitch import source_rows, stitch
from mosecrot_cli.model.stitching.vocabulary import RowKind
from pico import FAMILIES, LABELS, pico_classifier, pico_tokenizer, write_pico_checkpoint

WORDS = ["собака", "кошка", "в", "лесу", ",", "снег", "хлеб", "дом", "волк", "can't", "dog", "New\u00a0York"]
TEXTS = [
    "Собака в лесу, волк.",
    "кошка",
    "хлеб и снег (1999): the bread! СНЕГ",
    "неизвестное слово",
    "",
]
every_family = pytest.mark.parametrize("family", FAMILIES)


def mapped_matrix(model, words=WORDS, seed=3):
    width = model.get_input_embeddings().embedding_dim
    return np.random.default_rng(seed).normal(size=(len(words), width)).astype(np.float32)


def tensors(model):
    """All parameters and buffers, also those that are not saved (position ids), by name."""
    return {**dict(model.named_parameters()), **dict(model.named_buffers())}


def embedding_name(model):
    weight = model.get_input_embeddings().weight
    return next(name for name, parameter in model.named_parameters() if parameter is weight)


def stitched(family, **options):
    model, tokenizer = pico_classifier(family), pico_tokenizer(family)
    return model, tokenizer, stitch(model, tokenizer, WORDS, mapped_matrix(model), **{"lowercased": True, **options})


@every_family
def test_only_the_word_embeddings_change_and_the_input_does_not(family):
    model, tokenizer = pico_classifier(family), pico_tokenizer(family)
    before = {name: tensor.clone() for name, tensor in tensors(model).items()}
    config = model.config.to_dict()
    result = stitch(model, tokenizer, WORDS, mapped_matrix(model), lowercased=True)
    after = tensors(result.model)
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {embedding_name(model)}
    assert all(torch.equal(before[name], tensor) for name, tensor in tensors(model).items())
    assert model.config.to_dict() == config
    assert result.model.config.to_dict() == {**config, "vocab_size": len(result.tokenizer)}


@every_family
def test_each_row_has_the_vector_that_it_should(family):
    model, tokenizer, result = stitched(family)
    own, new = model.get_input_embeddings(), result.model.get_input_embeddings()
    matrix, target = mapped_matrix(model), result.tokenizer
    assert new.weight.shape == (len(target), own.embedding_dim)
    assert new.padding_idx == own.padding_idx
    for index in tokenizer.all_special_ids:
        assert target.convert_ids_to_tokens(index) == tokenizer.convert_ids_to_tokens(index)
        assert torch.equal(new.weight[index], own.weight[index])
    for row, word in enumerate(WORDS[:-1]):
        ids = target(word, add_special_tokens=False)["input_ids"]
        assert len(ids) == 1
        assert np.array_equal(new.weight[ids[0]].detach().numpy(), matrix[row])
    for mark, index in (("!", "!"), ("horse", "horse")):
        [theirs] = tokenizer(f"one{mark}" if mark == "!" else f"one {mark}", add_special_tokens=False)["input_ids"][1:]
        [ours] = target(index, add_special_tokens=False)["input_ids"]
        assert torch.equal(new.weight[ours], own.weight[theirs])
    assert result.left_out == {"white space inside, or nothing but it": 1}
    assert sum(result.rows.values()) == len(target)


@every_family
def test_padding_changes_nothing(family):
    *_, result = stitched(family)
    with torch.no_grad():
        padded = result.model(**result.tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
        alone = [result.model(**result.tokenizer(text, return_tensors="pt")).logits[0] for text in TEXTS]
    assert torch.allclose(padded, torch.stack(alone), atol=1e-5)
    assert padded.std(dim=0).min() > 1e-3  # the texts do differ


@every_family
def test_plain_transformers_gives_the_same_predictions(family, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model", family)
    classifier = load_classifier(folder)
    matrix = mapped_matrix(classifier.model)
    result = stitch(classifier.model, classifier.tokenizer, WORDS, matrix, lowercased=True)
    result.save(tmp_path / "stitched")
    pipeline = transformers.pipeline("text-classification", model=str(tmp_path / "stitched"), top_k=None)
    with torch.no_grad():
        logits = result.model(**result.tokenizer(TEXTS, padding=True, return_tensors="pt")).logits
    for expected, found in zip(logits.softmax(dim=-1), pipeline(TEXTS), strict=True):
        scores = {row["label"]: row["score"] for row in found}
        assert [scores[label] for label in LABELS] == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_memory_map_of_another_type_and_a_half_precision_model(tmp_path):
    model, tokenizer = pico_classifier().half(), pico_tokenizer()
    matrix = mapped_matrix(model).astype(np.float64)
    np.save(tmp_path / "target.npy", matrix)
    result = stitch(model, tokenizer, WORDS, np.load(tmp_path / "target.npy", mmap_mode="r"), lowercased=True)
    weight = result.model.get_input_embeddings().weight
    assert weight.dtype == torch.float16
    [index] = result.tokenizer("кошка", add_special_tokens=False)["input_ids"]
    assert np.array_equal(weight[index].detach().numpy(), matrix[1].astype(np.float16))


def test_frozen_embeddings_stay_frozen():
    model, tokenizer = pico_classifier(), pico_tokenizer()
    model.get_input_embeddings().weight.requires_grad_(False)
    result = stitch(model, tokenizer, WORDS, mapped_matrix(model), lowercased=True)
    assert not result.model.get_input_embeddings().weight.requires_grad
    assert result.model.classifier.weight.requires_grad


def test_shared_strings_can_be_left_out():
    *_, result = stitched("bert", shared_strings=False)
    assert result.rows["shared"] == 0
    assert result.rows["punctuation"] > 5
    assert result.rows["number"] > 3
    assert result.tokenizer.unk_token_id in result.tokenizer("horse")["input_ids"]


def test_cased_vectors_take_the_capitalised_words_of_an_uncased_model():
    tokenizer = pico_tokenizer("bert")  # lower-cases its texts
    rows = {row.string: row for row in source_rows(tokenizer, lowercased=False) if row.kind is RowKind.SHARED}
    assert rows["Horse"].index == rows["HORSE"].index == rows["horse"].index
    cased = {row.string for row in source_rows(pico_tokenizer("roberta"), lowercased=False)}
    assert "horse" in cased
    assert "Horse" not in cased  # a cased model has no such token


def test_a_matrix_that_does_not_fit_is_bad_data():
    model, tokenizer = pico_classifier("electra"), pico_tokenizer("electra")
    assert model.config.hidden_size == 32
    with pytest.raises(DataError, match="32 dimensions, but the model's input embeddings have 16"):
        stitch(model, tokenizer, WORDS, np.zeros((len(WORDS), 32), dtype=np.float32), lowercased=True)
    with pytest.raises(DataError, match="11 mapped words"):
        stitch(model, tokenizer, WORDS[:11], np.zeros((12, 16), dtype=np.float32), lowercased=True)
