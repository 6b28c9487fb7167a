"""Text vectors. Oracle: gensim's reader; where that has no opinion, the values that the test wrote."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.vectors.formats import text
from mosecrot_cli.vectors.formats.text_blocks import parse_block
from mosecrot_cli.vectors.readers import peek, read_vectors


def fails(read, content, *, where: str, match: str, **options) -> None:
    with pytest.raises(DataError, match=match) as caught:
        read(content, **options)
    assert str(caught.value).count("\n") == 0
    assert (caught.value.where or "").endswith(where)


def test_agrees_with_gensim_on_a_file_that_gensim_wrote(tmp_path, numbers, read_text_bytes):
    theirs = KeyedVectors(vector_size=5)
    theirs.add_vectors(["der", "Hund", "3.5", "ü\u3000b", "a\u00a0b", "c\u2028d"], numbers)
    theirs.save_word2vec_format(str(tmp_path / "g.vec"), binary=False)
    ours = read_vectors(tmp_path / "g.vec", max_vocab=None)
    again = KeyedVectors.load_word2vec_format(str(tmp_path / "g.vec"), binary=False)
    assert list(ours.words) == again.index_to_key
    np.testing.assert_array_equal(ours.matrix, again.vectors)
    np.testing.assert_array_equal(ours.matrix, numbers)
    assert ours.matrix.dtype == np.float32 and ours.matrix.flags.c_contiguous
    assert ours.digest == hashlib.sha256((tmp_path / "g.vec").read_bytes()).hexdigest()


PLAIN = "3 2\nthe 0.1 0.2\nHund -1e-3 4\n42 5 6\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.removeprefix("3 2\n"),  # no header
        PLAIN.replace("\n", " \n"),  # fastText's trailing blank
        PLAIN.replace("\n", "   \n"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", " \r\n"),
        PLAIN.replace(" ", "\t"),
        PLAIN.replace("the ", "the\t"),
        PLAIN.replace(" ", "  "),
        PLAIN.removesuffix("\n"),
        PLAIN + "\n\n",
        "\ufeff" + PLAIN,
        "\n" + PLAIN,
        PLAIN.replace("Hund", "\n  Hund"),
        PLAIN.replace("4\n", "+4.0E0\n"),
    ],
)
@pytest.mark.parametrize("name", ["v.vec", "v.txt", "v.vec.gz", "noname"])
def test_layouts_of_the_same_vectors(read_text_bytes, content, name):
    found = read_text_bytes(content, name=name)
    assert list(found.words) == ["the", "Hund", "42"]
    np.testing.assert_array_equal(found.matrix, np.float32([[0.1, 0.2], [-1e-3, 4], [5, 6]]))


def test_words_keep_whatever_stands_before_the_numbers(read_text_bytes):
    words = [
        "a\u00a0b",
        "\u3000",
        "c\u2028d\u2029",
        "\u0085",
        "x\x1cy",
        "x\x0by",
        "New York",
        ". . .",
        '"',
        '"a',
        "#",
        "NaN",
    ]
    words += ["inf", "1e5", "0x1", "\ufeffz", "a\x00b", "route 66", "null", "NA", ",", "a\rb", "-", "</s>"]
    lines = "".join(f"{word} 0.5 {row}.25\n" for row, word in enumerate(words))
    for content in (f"{len(words)} 2\n{lines}", "first 1.5 2.5\n" + lines):
        found = read_text_bytes(content)
        assert [word for word in found.words if word != "first"] == words
        np.testing.assert_array_equal(found.matrix[-len(words) :, 1], np.arange(len(words)) + 0.25)


def test_a_byte_order_mark_belongs_to_a_word_inside_the_file(read_text_bytes, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 1)
    found = read_text_bytes("\ufeff2 1\n\ufeffa 1\n\ufeffb 2\n")
    assert list(found.words) == ["\ufeffa", "\ufeffb"]


def test_first_of_duplicates_wins_and_everything_dropped_is_counted(read_text_bytes):
    content = "7 1\nb 1\ncafé 2\nb 3\ncafe\u0301 4\n 5\ne\u0301 6\n\nb 7\n"
    found = read_text_bytes(content)
    assert list(found.words) == ["b", "café", "é"]
    np.testing.assert_array_equal(found.matrix.ravel(), [1, 2, 6])
    assert found.notes == {"rows": 7, "duplicates": 3, "empty_words": 1, "renormalised": 2, "blank_lines": 1}
    assert found.index == {"b": 0, "café": 1, "é": 2}


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text("ab \u00a0é.1", max_size=4).map(str.strip), min_size=1, max_size=12),
    block=st.integers(1, 200),
    limit=st.none() | st.integers(1, 6),
    data=st.data(),
)
def test_block_sizes_change_nothing(tmp_path_factory, words, block, limit, data):
    # Against a reader of ten lines, on words with inner blanks, duplicates and empty ones.
    values = data.draw(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=24, max_size=24))
    # "a 1" would be a word and a number too many.
    words = [word if word.rpartition(" ")[2].strip(".1") or not word else f"w{n}" for n, word in enumerate(words)]
    rows = [(word, values[2 * n : 2 * n + 2]) for n, word in enumerate(words)]
    expected: dict[str, list[float]] = {}
    for word, row in rows:
        if word and (limit is None or len(expected) < limit):
            expected.setdefault(word, row)
    path = tmp_path_factory.mktemp("v") / "v.vec"
    path.write_text("".join(f"{word} {row[0]!r} {row[1]!r}\n" for word, row in [("first", [0.0, 0.5]), *rows]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "BLOCK_BYTES", block)
        found = read_vectors(path, max_vocab=None if limit is None else limit + 1)
    assert list(found.words) == ["first", *expected]
    np.testing.assert_array_equal(found.matrix[1:], np.float32(list(expected.values())).reshape(-1, 2))


def test_max_vocab_counts_words_and_stops_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 64)
    path = tmp_path / "v.vec"
    # What lies beyond the wanted words is broken: it must not be parsed. It counts in the digest.
    path.write_text("1000 2\na 1 2\na 3 4\nb 5 6\nc 7 8\n" + "broken\n" * 20000)
    found = read_vectors(path, max_vocab=3)
    assert list(found.words) == ["a", "b", "c"]
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.notes["duplicates"] == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 99])
@pytest.mark.parametrize("name", ["v.vec", "v.vec.gz"])
def test_the_digest_is_that_of_the_whole_file_whatever_is_taken_of_it(read_text_bytes, tmp_path, name, limit):
    found = read_text_bytes(PLAIN, name=name, max_vocab=limit)
    assert found.digest == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("content", "where", "match"),
    [
        ("", "v.vec", "empty"),
        ("\n\n", "v.vec:3", "no word vectors"),
        ("3 2\n", "v.vec:1", "promises 3 rows"),
        ("hello\nworld\n", "v.vec:1", "no word vectors"),
        ("3 2\na 1 2\nb 3 4\n", "v.vec:1", "promises 3 rows, the file has 2"),
        ("2 2\na 1 2\nb 3 4\nc 5 6\n", "v.vec:4", "more rows than the header"),
        ("2 3\na 1 2\nb 3 4\n", "v.vec:1", "promises 2 rows of 3 numbers, the first row has 2"),
        ("2 1\na 1 2\nb 3 4\n", "v.vec:1", "promises 2 rows of 1 numbers, the first row has 2"),
        ("2 2\na 1 2\nb 3\n", "v.vec:3", "1 numbers, 2 are expected"),
        ("2 2\na 1 2\nb 3 4 5\n", "v.vec:3", "more than the expected 2"),
        ("2 2\na 0.1 0.2\nb 0.3 0.4 0.5\n", "v.vec:3", "more than the expected 2"),
        ("a 1 2\nb 3 4\nc 5", "v.vec:3", "1 numbers"),
        ("a 1 2\nb 3 x\nc 5 6\n", "v.vec:2", "'x' is not a number"),
        ("a 1 2\nb 3 1_0\n", "v.vec:2", "'1_0' is not a number"),
        ("a 1 2\nb 3 nan\n", "v.vec:2", "'nan' is not a finite"),
        ("a 1 2\nb -inf 3\n", "v.vec:2", "'-inf' is not a finite"),
        ("a 1 2\nb 1e39 3\n", "v.vec:2", "'1e39' is not a finite"),
        ("a 1 2\nNew York 3 nan\n", "v.vec:2", "not a finite"),
        ("a 1 2\n\nb 3\n", "v.vec:3", "1 numbers"),
        ("a 1 2\nlonely\n", "v.vec:2", "0 numbers"),
        ("a 1 2\ncafé 3 4\n".encode("latin-1"), "v.vec:2", "not UTF-8"),
        ("a 1 2\n".encode("utf-16"), "v.vec", "UTF-16"),
        (b"PK\x03\x04\x00\x00 whatever\n", "v.vec", "damaged archive"),
    ],
)
def test_bad_input_is_named_with_its_line(read_text_bytes, content, where, match):
    fails(read_text_bytes, content, where=where, match=match)


def test_line_numbers_hold_far_into_the_file(read_text_bytes, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 256)
    lines = [f"w{n} {n} 1\n" for n in range(500)]
    lines[431] = "w431 431\n"
    fails(read_text_bytes, "500 2\n" + "".join(lines), where=":433", match="1 numbers")


def test_a_lying_header_reserves_no_memory(read_text_bytes):
    fails(read_text_bytes, "99999999999999 2\na 1 2\n", where=":1", match="the file has 1")
    fails(read_text_bytes, "2 99999999999999\na 1 2\n", where=":1", match="at most 65,536")
    fails(read_text_bytes, "99999999999999 2\na 1 2\n", where=":1", match="the file has 1", name="v.vec.gz")
    assert len(read_text_bytes(PLAIN, max_vocab=10**15)) == 3


def test_a_damaged_or_truncated_gzip_file(tmp_path: Path):
    whole = gzip.compress(("300 2\n" + "".join(f"w{n} {n} 0.5\n" for n in range(300))).encode())
    path = tmp_path / "v.vec.gz"
    for content, match in [(whole[:-30], "truncated"), (whole[:60] + b"\0" * 60 + whole[120:], "damaged|truncated")]:
        path.write_bytes(content)
        with pytest.raises(DataError, match=match):
            read_vectors(path, max_vocab=None)


def test_content_decides_when_the_name_is_wrong(tmp_path: Path):
    (tmp_path / "plain.vec.gz").write_text(PLAIN)
    (tmp_path / "packed.vec").write_bytes(gzip.compress(PLAIN.encode()))
    (tmp_path / "text.bin").write_text(PLAIN)
    for path in tmp_path.iterdir():
        assert list(read_vectors(path, max_vocab=None).words) == ["the", "Hund", "42"]


def test_missing_file_and_folder(tmp_path: Path):
    for path in (tmp_path / "no.vec", tmp_path):
        with pytest.raises(DataError):
            read_vectors(path, max_vocab=None)


def test_peek(tmp_path: Path):
    path = tmp_path / "v.vec"
    path.write_text(PLAIN)
    assert (peek(path).rows, peek(path).dimension, peek(path).format) == (3, 2, "text")
    path.write_text(PLAIN.removeprefix("3 2\n"))
    assert (peek(path).rows, peek(path).dimension) == (None, 2)
    assert peek(path).size == path.stat().st_size


def test_a_few_odd_lines_leave_the_regular_ones_on_the_fast_path(monkeypatch):
    regular = [f"w{n} {n} 0.5" for n in range(50)]
    regular[20] = "New York 20 0.5"
    block = parse_block("\n".join(regular).encode(), line=1, dimension=2, path="v")
    assert block.words[19:22] == ["w19", "New York", "w21"]
    np.testing.assert_array_equal(block.matrix[:, 0], np.arange(50))
