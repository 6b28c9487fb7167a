"""The loss against numpy, and which rows a training moves."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.sentences.encoder import EmbeddingTable, SentenceEncoder
from mosecrot_cli.model.sentences.row_training import (
    RowTrainingSettings,
    SentencePairs,
    contrastive,
    squared_error,
    train_rows,
)
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import Precision
from pico import ENGLISH, pico_classifier, pico_tokenizer

RANDOM = np.random.default_rng(0)
FOUND, WANTED = RANDOM.normal(size=(2, 7, 5)).astype(np.float32)
DIFFERENT = np.stack([np.arange(7), np.arange(7)])


def cosines() -> np.ndarray:
    sides = [side.astype(np.float64) / np.linalg.norm(side, axis=1, keepdims=True) for side in (FOUND, WANTED)]
    return sides[0] @ sides[1].T


def test_the_squared_error_is_relative_to_the_variance():
    variance = ((WANTED - WANTED.mean(axis=0)) ** 2).mean()
    found = squared_error(torch.tensor(FOUND), torch.tensor(WANTED), torch.tensor(variance))
    assert float(found) == pytest.approx(((FOUND - WANTED) ** 2).mean() / variance, rel=1e-5)
    constant = torch.tensor(WANTED).mean(dim=0).expand(7, 5)
    assert float(squared_error(constant, torch.tensor(WANTED), torch.tensor(variance))) == pytest.approx(1, rel=1e-5)


def test_the_contrastive_loss_is_the_mean_of_both_directions():
    logits = cosines() / 0.05
    expected = -np.mean([np.diag(log_softmax(logits, axis=axis)).mean() for axis in (0, 1)])
    found = contrastive(torch.tensor(FOUND), torch.tensor(WANTED), DIFFERENT, 0.05)
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_pairs_that_share_a_sentence_are_no_wrong_answers_for_each_other():
    same = DIFFERENT.copy()
    same[0, 3] = same[0, 1]  # pairs 1 and 3 have one source sentence
    same[1, 6] = same[1, 2]  # pairs 2 and 6 have one target sentence
    logits = cosines() / 0.05
    for one, other in ((1, 3), (2, 6)):
        logits[one, other] = logits[other, one] = -np.inf
    expected = -np.mean([np.diag(log_softmax(logits, axis=axis)).mean() for axis in (0, 1)])
    assert float(contrastive(torch.tensor(FOUND), torch.tensor(WANTED), same, 0.05)) == pytest.approx(
        expected, rel=1e-4
    )


def trained(seed: int = 1, learning_rate: float = 0.01, epochs: int = 2, *, linear: bool = False):
    """A training towards the vectors of another table, its table before, which rows were free, and which occur."""
    tokenizer, body = pico_tokenizer(), pico_classifier().base_model
    own = body.get_input_embeddings().weight.detach().numpy().copy()
    encoder = SentenceEncoder.of(body, tokenizer, Device("cpu", Precision.fp32, ""))
    features = encoder.encode(tokenizer, ENGLISH[:40], 96)
    free = np.arange(len(own)) % 2 == 0
    wanted = encoder.vectors(features, SilentReporter(), "")
    own += np.random.default_rng(7).normal(scale=0.2, size=own.shape).astype(np.float32)
    centred = own - own.mean(axis=0) if linear else None
    table = encoder.replace_embeddings(own.copy(), np.arange(len(own)), centred)
    pairs = SentencePairs(
        features,
        wanted,
        np.stack([np.arange(40)] * 2),
        trained=np.arange(30),
        held_out=np.arange(30, 40),
    )
    settings = RowTrainingSettings(epochs, learning_rate, 8, 0.05, seed)
    used = np.unique(np.concatenate([each["input_ids"] for each in features[:30]]))
    return train_rows(encoder, table, free, pairs, settings, SilentReporter()), own, free, used


def test_only_free_rows_that_occur_move():
    result, own, free, used = trained()
    moved = (result.rows != own).any(axis=1)
    assert result.best > 0 and moved.any()
    assert set(np.flatnonzero(moved)) <= set(used) & set(np.flatnonzero(free))
    assert len(result.history) == 3
    assert result.best == int(np.argmin([agreement.loss for agreement in result.history]))


def test_the_linear_map_learns_only_where_it_is_applied_to_something():
    with_map, without = trained(linear=True)[0], trained()[0]
    assert with_map.linear.any() and not without.linear.any()
    assert with_map.history[0] == without.history[0]  # it is 0 at the start
    assert with_map.history[with_map.best].loss < with_map.history[0].loss


def test_a_table_adds_the_linear_map_of_its_centred_rows():
    rows, centred, linear = RANDOM.normal(size=(3, 4, 4)).astype(np.float32)
    table = EmbeddingTable(rows, np.array([2, 0, 1, 3]), centred, scale=2.0)
    table.linear.data = torch.from_numpy(linear)
    found = table(torch.tensor([[0, 3]])).detach().numpy()
    assert found[0] == pytest.approx(2 * (rows + centred @ linear)[[2, 3]], rel=1e-5)


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (trained(seed)[0].rows for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_training_that_makes_it_worse_is_undone():
    result, own, *_ = trained(learning_rate=1e4)
    assert result.best == 0 and np.array_equal(result.rows, own)
