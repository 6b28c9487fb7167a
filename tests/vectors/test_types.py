"""Finding words, and whether a vocabulary was lower-cased."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.vectors.types import WordVectors


def vectors(*words: str, **more) -> WordVectors:
    return WordVectors(words=words, matrix=np.arange(2 * len(words), dtype=np.float32).reshape(-1, 2), **more)


def test_a_word_is_found_as_written_and_only_then_in_lower_case():
    cased = vectors("haus", "Haus", "baum")
    assert (cased.find("Haus"), cased.find("haus"), cased.find("Baum"), cased.find("HAUS")) == (1, 0, 2, 0)
    assert cased.find("tree") is None
    assert "BAUM" in cased and "tree" not in cased and 3 not in cased


def test_words_are_found_in_any_unicode_form():
    accented = vectors("café", "é")
    assert accented.find(unicodedata.normalize("NFD", "Café")) == 0


def test_lowering_that_leaves_a_combining_mark_is_normalised():
    assert unicodedata.is_normalized("NFC", "Ḯ") and vectors("ḯ").find("Ḯ") == 0


def test_rows_follow_the_asked_order_and_fall_back_to_subwords():
    known = vectors("a", "b")
    np.testing.assert_array_equal(known.rows(["b", "A", "b"]), [[2, 3], [0, 1], [2, 3]])
    with pytest.raises(KeyError, match="x"):
        known.rows(["a", "x"])
    guessing = vectors("a", "b", subwords=lambda word: np.full(2, len(word), dtype=np.float32))
    np.testing.assert_array_equal(guessing.rows(["xyz", "b"]), [[3, 3], [2, 3]])
    assert known.rows([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["haus", "baum", "straße", "123", "."], True),
        (["haus", "Baum"], False),
        ([f"w{n}" for n in range(200)] + ["NASA"], True),
        ([f"w{n}" for n in range(100)] + ["NASA", "EU"], False),
        (["我们", "狗"], False),
        (["我们", "狗", "NBA"], False),
        (["дом", "дерево"], True),
        ([], False),
    ],
)
def test_is_lowercased_counts_words_with_case(words, expected):
    assert is_lowercased(words) is expected
