"""Shares of unknown words and tokens, counted by hand."""

from __future__ import annotations

import pytest

from mosecrot_cli.model.coverage import VocabularyCoverage, vocabulary_coverage
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from pico import pico_tokenizer

WORDS = ["donau", "dampf", "schiff", "can't", "we", "jean-paul", "我们", "喜欢", "狗", "а́б", "チーム"]


@pytest.mark.parametrize(
    ("text", "tokens", "unknown_tokens", "words", "unknown_words"),
    [
        ("we can't", 2, 0, 2, 0),
        ("Donaudampfschiff we", 4, 0, 2, 1),  # known pieces, but no word of the vocabulary
        ("we quux !", 3, 2, 2, 1),  # the mark is an unknown token, not a word
        ("jean-paul jean", 2, 1, 2, 1),
        ("we-we", 3, 1, 1, 1),  # one hyphenated word
        ("'we'", 3, 2, 1, 0),  # quotes around a word are no part of it
        ("我们喜欢狗", 3, 0, 3, 0),
        ("我们喜欢猫", 3, 1, 3, 1),
        ("狗we", 2, 0, 2, 0),
        ("а́б", 1, 0, 1, 0),
        ("チーム狗", 2, 0, 2, 0),  # the mark of a long vowel is a letter of no script
        ("", 0, 0, 0, 0),
    ],
)
def test_counts(text, tokens, unknown_tokens, words, unknown_words):
    tokenizer = build_target_tokenizer(WORDS, pico_tokenizer("bert"), lowercased=True).tokenizer
    assert vocabulary_coverage(tokenizer, [text]) == VocabularyCoverage(tokens, unknown_tokens, words, unknown_words)


def test_shares_are_over_all_texts():
    tokenizer = build_target_tokenizer(WORDS, pico_tokenizer("bert"), lowercased=True).tokenizer
    found = vocabulary_coverage(tokenizer, ["we quux", "we we"])
    assert (found.unknown_word_share, found.unknown_token_share) == (0.25, 0.25)
    assert vocabulary_coverage(tokenizer, []).unknown_word_share == 0.0


def test_long_texts_are_counted_whole():
    tokenizer = build_target_tokenizer(WORDS, pico_tokenizer("bert"), lowercased=True).tokenizer
    tokenizer(["we we we"], truncation=True, max_length=2, padding=True)
    assert vocabulary_coverage(tokenizer, ["we " * 500]).tokens == 500
