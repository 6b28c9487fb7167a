"""Sentence vectors against plain transformers, for every family, with the model's own embeddings and with a table."""

import numpy as np
import pytest
import torch

from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.sentences.encoder import EmbeddingTable, SentenceEncoder
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import Precision
from pico import ENGLISH, FAMILIES, pico_classifier, pico_tokenizer

SENTENCES = ["the dog", *ENGLISH[:5], "a cat sees the old soup (10) .", "bird"]
CPU = Device("cpu", Precision.fp32, "cpu, fp32")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mean_of_the_last_layer_over_the_tokens(family: str):
    tokenizer = pico_tokenizer(family)
    body = pico_classifier(family).base_model.eval()
    with torch.no_grad():
        # One by one, so that there is no padding that could count.
        states = [body(**tokenizer(text, return_tensors="pt")).last_hidden_state[0] for text in SENTENCES]
    expected = np.stack([state.mean(dim=0).numpy() for state in states])
    own = body.get_input_embeddings().weight.detach().numpy().copy()
    encoder = SentenceEncoder.of(body, tokenizer, CPU)
    features = encoder.encode(tokenizer, SENTENCES, 96)
    assert not any(weight.requires_grad for weight in body.parameters())
    assert np.allclose(encoder.vectors(features, SilentReporter(), "").numpy(), expected, atol=1e-5)
    # A table of the rows that occur, in another order, gives the same vectors, and only it has gradients.
    used = np.unique(np.concatenate([each["input_ids"] for each in features]))
    ids = np.union1d(used, [tokenizer.pad_token_id])[::-1].copy()
    places = np.full(len(own), -1)
    places[ids] = np.arange(len(ids))
    table = encoder.replace_embeddings(own[ids], places)
    assert np.allclose(encoder.vectors(features, SilentReporter(), "").numpy(), expected, atol=1e-5)
    encoder.batch(features).pow(2).sum().backward()
    assert np.array_equal(ids[table.weight.grad.abs().sum(dim=1).gt(0).numpy()][::-1], used)
    assert [weight for weight in body.parameters() if weight.requires_grad] == [table.weight]


def test_long_sentences_are_cut():
    tokenizer = pico_tokenizer()
    encoder = SentenceEncoder.of(pico_classifier().base_model, tokenizer, CPU)
    features = encoder.encode(tokenizer, [ENGLISH[0] * 3], 7)
    assert features[0]["input_ids"] == tokenizer(ENGLISH[0], truncation=True, max_length=7)["input_ids"]


def test_a_table_scales_as_the_embeddings_that_it_replaces():
    table = EmbeddingTable(np.eye(2, dtype=np.float32), np.array([1, -1, 0]), scale=3.0)
    assert table(torch.tensor([[0, 2]])).tolist() == [[[0, 3], [3, 0]]]
