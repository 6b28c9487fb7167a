"""Families whose embeddings are shared by several modules, or that lack a padding token; and those that are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedTokenizerFast, pipeline

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.loading import (
    load_classifier,
    load_for_finetuning,
    load_input_embeddings,
    quiet_transformers,
)
from mosecrot_cli.model.stitching.stitch import stitch
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.model.training.types import TrainingSettings
from pico import LABELS, pico_tokenizer

WORDS = ["собака", "кошка", "лес", "снег", "вода", "рыба", "хлеб", "дождь", "ветер"]
TEXTS = ["собака лес снег", "рыба", "вода хлеб дождь ветер кошка, 1999!"]
SIZES = {
    "bart": {
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "scale_embedding": True,
        "forced_eos_token_id": 2,
    },
    "t5": {"d_model": 32, "d_kv": 16, "d_ff": 32, "num_layers": 1, "num_heads": 2, "decoder_start_token_id": 1},
    "gpt2": {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 66},
    "ibert": {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
}


def tokenizer_of(family):
    if family != "gpt2":
        return pico_tokenizer("xlm-roberta" if family == "t5" else "roberta")
    source = pico_tokenizer("roberta")
    backend = type(source.backend_tokenizer).from_str(source.backend_tokenizer.to_str())
    backend.no_padding()  # what another test has set, from which the class would take a padding token
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="</s>", bos_token="<s>", model_max_length=64)


def write_checkpoint(folder, family):
    tokenizer = tokenizer_of(family)
    config = AutoConfig.for_model(
        family,
        **SIZES[family],
        vocab_size=len(tokenizer),
        max_position_embeddings=66,
        pad_token_id=None if family == "gpt2" else tokenizer.pad_token_id,
        bos_token_id=0,
        eos_token_id=2,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_config(config)
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
    with quiet_transformers():
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", ["bart", "t5", "gpt2"])
def test_a_stitched_model_of_the_family_is_read_by_plain_transformers(family, tmp_path):
    classifier = load_classifier(write_checkpoint(tmp_path / "model", family))
    width = classifier.model.get_input_embeddings().weight.shape[1]
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), width)).astype(np.float32)
    result = stitch(classifier.model, classifier.tokenizer, WORDS, matrix, lowercased=True)
    result.save(tmp_path / "stitched")
    result.check_saved(tmp_path / "stitched", WORDS)
    expected = predict_probabilities(result.model, result.tokenizer, TEXTS)
    with quiet_transformers():
        classify = pipeline("text-classification", model=str(tmp_path / "stitched"), top_k=None)
    for batch in (1, 3):
        found = [{row["label"]: row["score"] for row in rows} for rows in classify(TEXTS, batch_size=batch)]
        assert np.allclose([[rows[label] for label in LABELS] for rows in found], expected, atol=1e-5)
    assert len({row.tobytes() for row in expected.round(4)}) == len(TEXTS)
    modules = [each for each in result.model.modules() if isinstance(each, torch.nn.Embedding)]
    rows = {id(each.weight): each.num_embeddings for each in modules}
    assert rows[id(result.model.get_input_embeddings().weight)] == len(result.tokenizer)


def test_a_model_without_a_padding_token_is_trained_in_batches(tmp_path):
    classifier = load_for_finetuning(write_checkpoint(tmp_path / "model", "gpt2"), LABELS, seed=1)
    texts = LabelledTexts(
        ["the dog", "bread and cheese", "rain", "snow wind rain"], ["animals", "food", *["weather"] * 2]
    )
    result = train_classifier(
        classifier.model,
        classifier.tokenizer,
        texts,
        work=tmp_path / "work",
        settings=TrainingSettings(epochs=1, batch_size=4),
    )
    assert result.steps == 1 and classifier.model.config.pad_token_id == classifier.tokenizer.eos_token_id


@pytest.mark.parametrize(
    "load", [load_input_embeddings, load_classifier, lambda folder: load_for_finetuning(folder, LABELS)]
)
def test_a_family_whose_embeddings_cannot_be_replaced_is_refused_first(load, tmp_path):
    with pytest.raises(DataError, match="IBert.* has no plain matrix of input embeddings"):
        load(write_checkpoint(tmp_path / "model", "ibert"))


def test_a_decoder_with_embeddings_of_its_own_is_refused(tmp_path):
    model = load_classifier(write_checkpoint(tmp_path / "model", "bart")).model
    model.model.decoder.embed_tokens.weight = torch.nn.Parameter(model.model.shared.weight.detach().clone())
    with pytest.raises(DataError, match="other input embeddings in its decoder"):
        stitch(model, tokenizer_of("bart"), WORDS, np.zeros((len(WORDS), 32), np.float32), lowercased=True)
