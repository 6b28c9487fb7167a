"""Which words are wanted. Oracles: brute force over substrings, `WordVectors.find`, the stitched tokenizer itself."""

from __future__ import annotations

import fasttext
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import RowKind
from mosecrot_cli.vectors.formats import npy as arrays
from mosecrot_cli.vectors.formats import text, word2vec
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.wanted_words import WantedWords
from mosecrot_cli.vectors.writers import write_vectors
from pico import pico_tokenizer

letters = st.sampled_from("aAbßSsσςΣéÉ\u0301İıǅǆ'’ʼ-,1狗我भ\u0301ा")
words = st.text(letters, min_size=1, max_size=5)
sentences = st.lists(words, max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("texts", "wanted", "unwanted"),
    [
        (["Donaudampfschiff"], ["Donau", "dampf", "schiff", "donau", "DAMPF"], ["Dampfer", "nau d", "boot"]),
        (["我们喜欢狗"], ["我们", "喜欢", "狗", "们喜"], ["我喜", "猫"]),
        (["GROSSE Straße"], ["große", "STRASSE", "ss"], ["s g"]),
        (["ΟΔΟΣ"], ["οδος", "οδός"[:2]], ["οδός"]),
        (["l’eau caf\u0065\u0301"], ["l'eau", "eau", "café", "caf"], ["cafe"]),
        ([], [], ["", "a"][1:]),
    ],
)
def test_pieces_of_texts(texts, wanted, unwanted):
    found = WantedWords(texts)
    assert [word for word in wanted if word not in found] == []
    assert [word for word in unwanted if word in found] == []


def test_words_of_a_list_are_wanted_whole():
    found = WantedWords(words=["Hundehütte", "New York"])
    assert all(word in found for word in ("hundehütte", "Hundehütte", "new york"))
    assert not any(word in found for word in ("hütte", "Hund", "york"))


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(sentences, max_size=3), word=st.text("aBé狗 -", min_size=1, max_size=4))
def test_agrees_with_brute_force_on_plain_letters(texts, word):
    plain = [text.lower() for text in texts if set(text) <= set("aAbéÉ狗我 -,1")]
    expected = any(word.lower() in chunk for text in plain for chunk in text.split())
    assert (word in WantedWords(plain)) == expected


def test_no_long_word_is_lost():
    long = "x" * 30 + "abc" * 30
    assert all(long[start:end] in WantedWords([long]) for start in (0, 20) for end in (60, 70, len(long)))


@settings(max_examples=300, deadline=None)
@given(vocabulary=st.lists(words, min_size=1, max_size=8), asked=words)
def test_what_find_finds_is_wanted(vocabulary, asked):
    import unicodedata

    vectors = WordVectors(sorted({unicodedata.normalize("NFC", word) for word in vocabulary}), np.zeros((1, 1)))
    row = vectors.find(asked)
    assert row is None or vectors.words[row] in WantedWords(words=[asked])


@settings(max_examples=150, deadline=None)
@given(vocabulary=st.lists(words, min_size=1, max_size=12, unique=True), text=sentences, lowercased=st.booleans())
@example(vocabulary=["x", "▁", "straße"], text="STRASSE x", lowercased=False)
@example(vocabulary=["\u0301"], text="ß\u0301", lowercased=False)
def test_every_piece_that_the_stitched_tokenizer_could_use_is_wanted(vocabulary, text, lowercased):
    built = build_target_tokenizer(vocabulary, pico_tokenizer("bert"), lowercased=lowercased)
    normalizer = built.tokenizer.backend_tokenizer.normalizer
    chunks = normalizer.normalize_str(text).split()
    wanted = WantedWords([text])
    for number, (kind, index) in enumerate(zip(built.kinds, built.indices, strict=True)):
        form = built.tokenizer.convert_ids_to_tokens(number)
        if kind in (RowKind.WORD, RowKind.ALIAS) and any(form in chunk for chunk in chunks):
            assert vocabulary[index] in wanted, (form, chunks)


# --- while reading ---
WORDS = [f"{letter}{number}" for number in range(40) for letter in "abc"]


@pytest.fixture
def vectors() -> WordVectors:
    return WordVectors(WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32))


@pytest.mark.parametrize("ending", [".vec", ".vec.gz", ".bin", ".npy"])
@pytest.mark.parametrize("limit", [None, 1, 7, 40, 1000])
def test_reading_with_a_filter_is_reading_and_filtering(tmp_path, monkeypatch, vectors, ending, limit):
    for module, name, size in (
        (text, "BLOCK_BYTES", 200),
        (word2vec, "BLOCK_BYTES", 200),
        (arrays, "_BLOCK_NUMBERS", 12),
    ):
        monkeypatch.setattr(module, name, size)
    path = tmp_path / f"v{ending}"
    write_vectors(vectors, path)
    rows = [row for row, word in enumerate(WORDS) if word.startswith("b")][:limit]
    found = read_vectors(path, max_vocab=limit, keep=lambda word: word.startswith("b"))
    assert list(found.words) == [WORDS[row] for row in rows]
    np.testing.assert_array_equal(found.matrix, vectors.matrix[rows])
    last = rows[-1] if limit is not None and limit <= 40 else len(WORDS) - 1
    assert found.notes["unwanted"] >= last - len(rows) and found.notes["duplicates"] == 0
    if limit is None:
        assert found.notes["unwanted"] == 80 and found.notes["rows"] == len(WORDS)


def test_a_fasttext_model_too(tmp_path):
    (tmp_path / "t.txt").write_text(" ".join(WORDS * 5))
    # Of fewer threads fastText leaves a part of its matrix as the memory happened to be.
    model = fasttext.train_unsupervised(str(tmp_path / "t.txt"), dim=4, epoch=1, bucket=50, verbose=0, thread=12)
    model.save_model(str(tmp_path / "m.bin"))
    found = read_vectors(tmp_path / "m.bin", max_vocab=5, keep=lambda word: word.startswith("b"))
    assert len(found) == 5 and all(word.startswith("b") for word in found.words)
    np.testing.assert_allclose(found.matrix[0], model.get_word_vector(found.words[0]), rtol=1e-6)


def test_nothing_wanted_is_an_error(tmp_path, vectors):
    write_vectors(vectors, tmp_path / "v.vec")
    with pytest.raises(DataError, match="none of its words is wanted"):
        read_vectors(tmp_path / "v.vec", max_vocab=None, keep=lambda word: False)
