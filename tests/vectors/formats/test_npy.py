"""`.npy` with words. Oracle: numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.vectors.formats import npy as arrays
from mosecrot_cli.vectors.readers import peek, read_vectors

WORDS = ["a", "b c", "c\u2028d", "\u3000", "5", "é"]


def save(folder: Path, matrix: np.ndarray, words: list[str] | None = None, *, name: str = "v.vocab.txt") -> Path:
    np.save(folder / "v.npy", matrix)
    (folder / name).write_bytes("".join(word + "\n" for word in words or WORDS).encode())
    return folder / "v.npy"


@pytest.mark.parametrize("name", ["v.vocab.txt", "v.txt"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_floats_of_any_width_and_order(tmp_path: Path, name, dtype, order):
    matrix = np.random.default_rng(0).normal(size=(6, 3)).astype(dtype, order=order)
    found = read_vectors(save(tmp_path, matrix, name=name), max_vocab=None)
    assert list(found.words) == WORDS
    assert found.matrix.dtype == np.float32 and found.matrix.dtype.isnative and found.matrix.flags.c_contiguous
    np.testing.assert_array_equal(found.matrix, matrix.astype(np.float32))
    assert found.companions == (str(tmp_path / name),)


def test_float32_is_mapped_and_not_copied(tmp_path: Path, numbers):
    found = read_vectors(save(tmp_path, numbers), max_vocab=4)
    mapped = found.matrix
    while not isinstance(mapped, np.memmap) and mapped is not None:
        mapped = mapped.base
    assert mapped is not None and len(found) == len(found.matrix) == 4
    assert found.digest is None  # nothing but the wanted rows is read
    assert (peek(tmp_path / "v.npy").rows, peek(tmp_path / "v.npy").dimension) == (6, 5)


def test_dropped_words_take_their_rows_along(tmp_path: Path, numbers, monkeypatch):
    monkeypatch.setattr(arrays, "_BLOCK_NUMBERS", 10)
    found = read_vectors(save(tmp_path, numbers, ["a", "", "b", "a", "c", "d"]), max_vocab=3)
    assert list(found.words) == ["a", "b", "c"]
    np.testing.assert_array_equal(found.matrix, numbers[[0, 2, 4]])
    assert found.notes == {"rows": 5, "duplicates": 1, "empty_words": 1, "renormalised": 0}


def test_crlf_and_byte_order_mark_in_the_words(tmp_path: Path, numbers):
    path = save(tmp_path, numbers[:2], ["x"])
    (tmp_path / "v.vocab.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert list(read_vectors(path, max_vocab=None).words) == ["a", "b"]


class Boom:
    """Unpickling this would fail the test."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_bad_input(tmp_path: Path, numbers):
    broken = numbers.copy()
    broken[4, 1] = np.inf
    cases = [
        (broken, None, "v.npy: row 5", "infinite"),
        (np.full((6, 2), 1e300), None, "v.npy: row 1", "float32"),
        (numbers, ["a"], "v.vocab.txt", "1 words for the 6 rows"),
        (numbers[0], None, "v.npy", r"shape \[5\]"),
        (np.ones((6, 5), dtype=np.int64), None, "v.npy", "int64"),
        (numbers[:0], None, "v.npy", "not word vectors"),
        (np.array([[Boom()]], dtype=object), None, "v.npy", "not an array of numbers"),
    ]
    for matrix, words, where, match in cases:
        with pytest.raises(DataError, match=match) as caught:
            read_vectors(save(tmp_path, matrix, words), max_vocab=None)
        assert (caught.value.where or "").endswith(where)


def test_damaged_arrays(tmp_path: Path, numbers):
    path = save(tmp_path, numbers)
    whole = path.read_bytes()
    Boom_pickle = b"\x80\x04cpytest\nfail\n(U\x01xtR."
    for content in (whole[:-9], whole[:20], b"\x93NUMPY", Boom_pickle, b"a 1 2\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match="no array|truncated|header|pickle") as caught:
            read_vectors(path, max_vocab=None)
        assert "\n" not in str(caught.value)
    np.savez(tmp_path / "v.npz", numbers)
    (tmp_path / "v.npz").rename(path)
    with pytest.raises(DataError, match="archive"):
        read_vectors(path, max_vocab=None)


def test_words_missing_or_in_another_encoding(tmp_path: Path, numbers):
    path = save(tmp_path, numbers)
    (tmp_path / "v.vocab.txt").write_bytes(b"a\nb\n\xe9\nd\ne\nf\n")
    with pytest.raises(DataError, match="not UTF-8") as caught:
        read_vectors(path, max_vocab=None)
    assert (caught.value.where or "").endswith("v.vocab.txt:3")
    (tmp_path / "v.vocab.txt").unlink()
    with pytest.raises(DataError, match="words are missing"):
        read_vectors(path, max_vocab=None)
