"""Writers. Oracles: the readers (round trips), gensim's readers, numpy."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mosecrot_cli.errors import DataError, OutputError, UsageError
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.writers import save_words, write_matrix_stream, write_vectors

ENDINGS = [".vec", ".txt", ".vec.gz", ".bin", ".npy"]
float32s = st.floats(width=32, allow_nan=False, allow_infinity=False)
# Everything but surrogates (no UTF-8 has them) and ASCII blanks, which the text formats use.
characters = st.characters(exclude_categories=["Cs"], exclude_characters=" \t\r\n")


@st.composite
def word_vectors(draw: st.DrawFn) -> WordVectors:
    import unicodedata

    words = st.text(characters, min_size=1, max_size=6).map(lambda word: unicodedata.normalize("NFC", word))
    named = draw(st.lists(words, min_size=1, max_size=6, unique=True))
    # A mark of byte order at the very start of a file is not a part of its first word.
    named = [word for word in named if not word.startswith("\ufeff")] or ["x"]
    shape = (len(named), draw(st.integers(1, 4)))
    return WordVectors(words=named, matrix=draw(hnp.arrays(np.float32, shape, elements=float32s)))


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=60, deadline=None)
@given(vectors=word_vectors())
def test_what_is_written_reads_back_bit_by_bit(tmp_path_factory, ending, vectors):
    path = tmp_path_factory.mktemp("w") / f"v{ending}"
    write_vectors(vectors, path)
    again = read_vectors(path, max_vocab=None)
    assert list(again.words) == list(vectors.words)
    assert again.matrix.tobytes() == vectors.matrix.tobytes()


@pytest.mark.parametrize("ending", [".vec", ".vec.gz", ".bin"])
def test_gensim_reads_it(tmp_path: Path, ending, numbers):
    words = ["der", "Hund", "ü\u3000b", "a\u00a0b", '"', "狗"]
    write_vectors(WordVectors(words=words, matrix=numbers), tmp_path / f"v{ending}")
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / f"v{ending}"), binary=ending == ".bin")
    assert theirs.index_to_key == words
    np.testing.assert_array_equal(theirs.vectors, numbers)


def test_the_same_vectors_give_the_same_bytes(tmp_path: Path, numbers):
    vectors = WordVectors(words=list("abcdef"), matrix=numbers)
    for ending in ENDINGS:
        first, second = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
        write_vectors(vectors, first)
        write_vectors(vectors, second)
        assert first.read_bytes() == second.read_bytes()
    assert (tmp_path / "two.vocab.txt").read_text() == "a\nb\nc\nd\ne\nf\n"


@pytest.mark.parametrize(
    ("ending", "bad", "good"),
    [
        (".vec", ["", "a\tb", "a\nb", " a", "a ", "a  b", "route 66"], ["New York", "66 route", "66"]),
        (".bin", ["", "a b", "a\nb"], ["a\tb"]),
        (".npy", ["", "a\nb", "a\r"], [" a", "a  b", "route 66", "a\tb"]),
    ],
)
def test_words_that_would_not_come_back_are_refused(tmp_path: Path, ending, bad, good):
    matrix = np.ones((2, 2), dtype=np.float32)
    for word in bad:
        with pytest.raises(DataError, match="cannot be written"):
            write_vectors(WordVectors(words=["x", word], matrix=matrix), tmp_path / f"v{ending}")
    for word in good:
        write_vectors(WordVectors(words=["x", word], matrix=matrix), tmp_path / f"v{ending}")
        assert list(read_vectors(tmp_path / f"v{ending}", max_vocab=None).words) == ["x", word]


def test_an_unknown_ending_and_an_unwritable_place(tmp_path: Path, numbers):
    vectors = WordVectors(words=list("abcdef"), matrix=numbers)
    with pytest.raises(UsageError, match="endings"):
        write_vectors(vectors, tmp_path / "v.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_vectors(vectors, tmp_path / "file" / "v.vec")


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_blocks_are_written_as_one_array(tmp_path: Path, dtype):
    whole = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    blocks = [whole[:4], whole[4:4], np.asfortranarray(whole[4:9]), whole[9:]]
    digest = write_matrix_stream(tmp_path / "m.npy", iter(blocks), shape=(10, 3), dtype=dtype)
    found = np.load(tmp_path / "m.npy")
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, whole.astype(dtype))
    np.save(tmp_path / "numpy.npy", whole.astype(dtype))
    assert (tmp_path / "m.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()
    assert digest == hashlib.sha256((tmp_path / "m.npy").read_bytes()).hexdigest()


def test_blocks_must_be_of_the_announced_shape(tmp_path: Path):
    block = np.zeros((2, 3), dtype=np.float32)
    for shape in [(3, 3), (1, 3), (2, 4)]:
        with pytest.raises(ValueError, match="rows|shape"):
            write_matrix_stream(tmp_path / "m.npy", [block], shape=shape)


def test_words_are_saved_one_a_line(tmp_path: Path):
    save_words(["a b", "é\u2028"], tmp_path / "w.txt")
    assert (tmp_path / "w.txt").read_bytes() == "a b\né\u2028\n".encode()
