"""Words of a pre-trained model, against the plain call of the tokenizer as an oracle."""

from __future__ import annotations

import json

import pytest
from tokenizers import Tokenizer
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.source_words import SourceWords, unlimited_ids
from pico import ENGLISH, FAMILIES, pico_tokenizer

WORDS = ["dog", "horse", "cheese", "zebra", "see", "rice", "日本", ",", "bread", "unfindable"]
every_family = pytest.mark.parametrize("family", FAMILIES)


def in_a_sentence(tokenizer, word):
    """The ids that `word` adds to a sentence; a token that is nothing but the space before it is none of its own."""
    before = tokenizer("one", add_special_tokens=False)["input_ids"]
    ids = tokenizer(f"one {word}", add_special_tokens=False)["input_ids"]
    assert ids[: len(before)] == before
    return [index for index in ids[len(before) :] if tokenizer.convert_ids_to_tokens(index) not in ("▁", "Ġ")]


@every_family
def test_ids_are_those_of_the_word_in_a_sentence(family):
    tokenizer = pico_tokenizer(family)
    for word, ids in zip(WORDS, SourceWords(tokenizer).token_ids(WORDS), strict=True):
        expected = in_a_sentence(tokenizer, word)
        assert ids == (() if set(expected) & set(tokenizer.all_special_ids) else tuple(expected)), word


@every_family
def test_words_of_the_training_texts_are_single_tokens_for_every_kind_of_vocabulary(family):
    assert [len(ids) for ids in SourceWords(pico_tokenizer(family)).token_ids(["dog", "cheese", "horse"])] == [1, 1, 1]


@every_family
def test_special_and_empty_words_have_no_ids(family):
    tokenizer = pico_tokenizer(family)
    words = [tokenizer.mask_token, tokenizer.unk_token, f"dog{tokenizer.sep_token}", "", " "]
    assert SourceWords(tokenizer).token_ids(words) == [()] * len(words)


@every_family
def test_whole_words_are_exactly_the_entries_that_come_back(family):
    tokenizer = pico_tokenizer(family)
    expected = {}
    for index in set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids):
        plain = tokenizer.decode([index]).strip()
        if plain and in_a_sentence(tokenizer, plain) == [index]:
            expected[plain] = index
    assert SourceWords(tokenizer).whole_word_tokens() == expected
    assert {"dog", "horse", "cheese"} <= expected.keys()


@pytest.mark.parametrize("family", ["roberta", "deberta", "modernbert"])
def test_bytelevel_punctuation_has_the_form_of_running_text(family):
    tokenizer = pico_tokenizer(family)
    vocabulary, found = tokenizer.get_vocab(), SourceWords(tokenizer).punctuation_tokens()
    assert "Ġ(" in vocabulary  # the texts have " (", and "," without a space before it
    assert (found["("], found[","], found["."]) == (vocabulary["Ġ("], vocabulary[","], vocabulary["."])


@every_family
def test_punctuation_is_punctuation(family):
    found = SourceWords(pico_tokenizer(family)).punctuation_tokens()
    assert {".", ",", "!", "("} <= found.keys()
    assert not any(character.isalnum() for mark in found for character in mark)


def test_truncation_and_padding_of_a_tokenizer_file_play_no_part_and_stay():
    plain = pico_tokenizer("bert")
    backend = Tokenizer.from_str(plain.backend_tokenizer.to_str())
    backend.enable_truncation(3)
    backend.enable_padding(length=4)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]")
    before = json.loads(tokenizer.backend_tokenizer.to_str())
    words = ["cheese", "rice.,!?()"]
    assert SourceWords(tokenizer).token_ids(words) == SourceWords(plain).token_ids(words)
    assert len(SourceWords(tokenizer).token_ids(words)[1]) > 3
    assert unlimited_ids(tokenizer, ENGLISH[:3]) == plain(list(ENGLISH[:3]), add_special_tokens=False)["input_ids"]
    assert json.loads(tokenizer.backend_tokenizer.to_str()) == before


def test_a_slow_tokenizer_is_refused():
    with pytest.raises(DataError, match="not a fast tokenizer"):
        SourceWords(ByT5Tokenizer())
