"""word2vec binary. Oracle: gensim's reader and writer."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from mosecrot_cli.errors import DataError
from mosecrot_cli.vectors.formats import word2vec
from mosecrot_cli.vectors.readers import peek, read_vectors

WORDS = ["der", "Hund", "ü\u3000b", "a\u00a0b", "42", "狗"]


def content(numbers: np.ndarray, *, end: bytes = b"\n", words: list[bytes] | None = None) -> bytes:
    named = words or [word.encode() for word in WORDS]
    rows = (word + b" " + row.astype("<f4").tobytes() + end for word, row in zip(named, numbers, strict=True))
    return f"{len(named)} {numbers.shape[1]}\n".encode() + b"".join(rows)


@pytest.mark.parametrize("name", ["g.bin", "g.vector", "g.bin.gz"])
def test_agrees_with_gensim(tmp_path: Path, numbers, name):
    theirs = KeyedVectors(vector_size=5)
    theirs.add_vectors(WORDS, numbers)
    theirs.save_word2vec_format(str(tmp_path / name), binary=True)
    ours = read_vectors(tmp_path / name, max_vocab=None)
    assert list(ours.words) == WORDS
    np.testing.assert_array_equal(ours.matrix, numbers)
    assert ours.digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert peek(tmp_path / name).format == "word2vec binary"
    assert (peek(tmp_path / name).rows, peek(tmp_path / name).dimension) == (6, 5)


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("block", [7, 8 << 20])
def test_with_and_without_line_breaks_in_blocks_of_any_size(tmp_path: Path, numbers, end, block, monkeypatch):
    monkeypatch.setattr(word2vec, "BLOCK_BYTES", block)
    monkeypatch.setattr(word2vec, "_LONGEST_HEADER_BYTES", 16)
    path = tmp_path / "v.bin"
    path.write_bytes(content(numbers, end=end))
    ours = read_vectors(path, max_vocab=None)
    assert list(ours.words) == WORDS
    np.testing.assert_array_equal(ours.matrix, numbers)
    some = read_vectors(path, max_vocab=4)
    assert list(some.words) == WORDS[:4] and some.digest == ours.digest
    np.testing.assert_array_equal(some.matrix, numbers[:4])


def test_binary_is_told_from_text_even_under_a_text_name(tmp_path: Path):
    path = tmp_path / "v.vec"
    path.write_bytes(content(np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32)))
    assert peek(path).format == "word2vec binary"


def test_first_of_duplicates_wins(tmp_path: Path, numbers):
    path = tmp_path / "v.bin"
    path.write_bytes(content(numbers, words=[b"a", b"b", b"a", b"", b"e\xcc\x81", b"c"]))
    ours = read_vectors(path, max_vocab=None)
    assert list(ours.words) == ["a", "b", "é", "c"]
    np.testing.assert_array_equal(ours.matrix, numbers[[0, 1, 4, 5]])
    assert (ours.notes["duplicates"], ours.notes["empty_words"], ours.notes["renormalised"]) == (1, 1, 1)


def test_bad_input_is_named_with_its_row(tmp_path: Path, numbers):
    broken = numbers.copy()
    broken[3, 2] = np.nan
    infinite = numbers.copy()
    infinite[0, 0] = np.inf
    whole = content(numbers)
    latin = [word.encode() for word in WORDS[:2]] + ["ü".encode("latin-1")] + [b"x", b"y", b"z"]
    cases = [
        (content(broken), "row 4", "NaN"),
        (content(infinite), "row 1", "NaN or infinite"),
        (whole[:-15], "row 6", "truncated"),
        (whole[:40], "row 2", "truncated"),
        (whole + b"more", "row 7", "more data than the 6 rows"),
        (content(numbers, words=latin), "row 3", "not UTF-8"),
        (b"6 5\n", "row 1", "truncated"),
        (b"0 5\n", "v.bin", "no word vectors"),
        (b"999999999999 5\n" + whole[4:], "row 7", "truncated"),
    ]
    path = tmp_path / "v.bin"
    for data, where, match in cases:
        path.write_bytes(data)
        with pytest.raises(DataError, match=match) as caught:
            read_vectors(path, max_vocab=None)
        assert (caught.value.where or "").endswith(where), match


def test_a_truncated_gzip_file(tmp_path: Path, numbers):
    path = tmp_path / "v.bin.gz"
    path.write_bytes(gzip.compress(content(numbers))[:-20])
    with pytest.raises(DataError, match="truncated"):
        read_vectors(path, max_vocab=None)
