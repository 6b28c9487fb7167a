"""Lexicon files of every form, checked against a few-line reader written for this test and against what was written."""

import csv
import gzip
import io
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon import Pair, read_anchor_pairs, read_lexicon, write_anchor_scores, write_anchors

LETTERS = st.characters(categories=("Lu", "Ll", "Lo", "Lt", "Nd"))
WORD = st.text(LETTERS, min_size=1, max_size=8)
# What a tab-separated cell can hold: anything but control characters and line ends, no white space at its ends.
CELL = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12)
CELL = CELL.map(lambda text: unicodedata.normalize("NFC", text).strip()).filter(bool)

# What a cell of a lexicon can hold that is one word, not several, and no note.
WORDY = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="#{}[]<>(),;|/:"), min_size=1
)
WORDY = WORDY.map(lambda text: " ".join(unicodedata.normalize("NFC", text).split()).removeprefix("to ")).filter(bool)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def write(folder: Path, text: str | bytes, name: str = "lexicon.txt") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def words(pairs: list[Pair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs]


def muse_reader(path: str) -> list[tuple[str, str]]:
    """As MUSE reads its dictionaries: two words a line, split at white space."""
    with Path(path).open(encoding="utf-8") as stream:
        lines = [unicodedata.normalize("NFC", line).split() for line in stream]
    return [(source, target) for source, target in lines]


@given(lines=st.lists(st.tuples(WORD, WORD, st.sampled_from([" ", "\t"])), min_size=1))
def test_muse_files_are_read_as_muse_reads_them(tmp_path_factory, lines):
    text = "".join(f"{source}{separator}{target}\n" for source, target, separator in lines)
    path = write(tmp_path_factory.getbasetemp(), text)
    header = (lines[0][0].lower(), lines[0][1].lower())
    assert header != ("source", "target")
    assert words(read_lexicon(path)) == muse_reader(path)


@given(rows=st.lists(st.tuples(WORDY, WORDY), min_size=1))
def test_csv_is_read_as_the_csv_module_writes_it(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "lexicon.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert words(read_lexicon(str(path))) == rows


@example(pairs=[Pair("dog", ", Hund", None, "x"), Pair("ball [sports]", "Ball {m}", 0.5, "x")])
@given(pairs=st.lists(st.builds(Pair, CELL, CELL, st.none() | FINITE, CELL), min_size=1))
def test_anchor_files_round_trip(tmp_path_factory, pairs):
    folder = tmp_path_factory.getbasetemp()
    write_anchors(pairs, folder / "anchors.tsv")
    assert words(read_anchor_pairs(folder / "anchors.tsv")) == words(pairs)
    write_anchor_scores(pairs, folder / "anchors.scores.tsv")
    for reader in (read_anchor_pairs, read_lexicon):
        again = reader(str(folder / "anchors.scores.tsv"))
        assert [(p.source, p.target, p.score, p.origin) for p in again] == [
            (p.source, p.target, p.score, p.origin) for p in pairs
        ]


def test_anchor_file_bytes():
    pairs = [Pair("dog", "Hund", 0.5, "muse"), Pair(",", ",")]
    stream = io.StringIO()
    write_anchors(pairs, stream)
    assert stream.getvalue() == "dog\tHund\n,\t,\n"
    stream = io.StringIO()
    write_anchor_scores(pairs, stream)
    assert stream.getvalue() == "source\ttarget\tscore\torigin\ndog\tHund\t0.5\tmuse\n,\t,\t\t\n"


def test_an_anchor_file_without_a_header_may_start_with_the_words_source_and_target(tmp_path):
    assert words(read_anchor_pairs(write(tmp_path, "source\ttarget\n"))) == [("source", "target")]
    assert words(read_lexicon(write(tmp_path, "source\ttarget\ndog\tHund\n"))) == [("dog", "Hund")]


@pytest.mark.parametrize("bad", ["a\tb", "a\nb", "a\rb"])
def test_words_that_would_break_a_line_are_not_written(bad):
    with pytest.raises(ValueError, match="tab or a line break"):
        write_anchors([Pair(bad, "x")], io.StringIO())


TSV = "free of charge\tgratis\ndog\tgroßer Hund\n\ncat\tKatze\n"


def test_tsv_fields_may_hold_spaces(tmp_path):
    pairs = read_lexicon(write(tmp_path, TSV, "de.tsv"))
    assert words(pairs) == [("free of charge", "gratis"), ("dog", "großer Hund"), ("cat", "Katze")]
    assert [pair.line for pair in pairs] == [1, 2, 4]
    assert {pair.origin for pair in pairs} == {"de.tsv"}
    assert {pair.score for pair in pairs} == {None}


@pytest.mark.parametrize(
    "data",
    [
        TSV.replace("\n", "\r\n").encode(),
        TSV.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + TSV.encode(),
        unicodedata.normalize("NFD", TSV).encode(),
        TSV.rstrip("\n").encode(),
        gzip.compress(TSV.encode(), mtime=0),
        gzip.compress(TSV[:20].encode(), mtime=0) + gzip.compress(TSV[20:].encode(), mtime=0),
        ('"free of charge",gratis\ndog,"großer Hund"\n\ncat, Katze\n').encode(),
        ('"free\nof\tcharge",gratis\ndog,"großer Hund"\n\ncat, Katze\n').encode(),
        ("source\ttarget\n" + TSV).encode(),
        b"Target,Source\ngratis,free of charge\n" + "großer Hund,dog\nKatze,cat\n".encode(),
    ],
    ids=["crlf", "cr", "bom", "nfd", "no-last-newline", "gz", "gz-members", "csv", "csv-lines", "header", "reversed"],
)
def test_one_lexicon_in_many_dresses(tmp_path, monkeypatch, data):
    expected = words(read_lexicon(write(tmp_path, TSV)))
    assert words(read_lexicon(write(tmp_path, data, "lexicon"))) == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))
    from_stdin = read_lexicon("-")
    assert words(from_stdin) == expected
    assert from_stdin[0].origin == "stdin"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "dog, Hund\ncat, Katze\n", [("dog", "Hund"), ("cat", "Katze")]),
        ("a.csv.gz", "ice cream,glace\nhot dog,hot-dog\n", [("ice cream", "glace"), ("hot dog", "hot-dog")]),
        ("a.txt", "1,000 1.000\n1,5 1.5\n", [("1,000", "1.000"), ("1,5", "1.5")]),
        ("a.tsv", "1,5\t1.5\n,\t,\n", [("1,5", "1.5"), (",", ",")]),
        ("a.txt", "no\u00a0one niemand\n", [("no\u00a0one", "niemand")]),
        ("a.txt", 'say "sagen"\n', [("say", '"sagen"')]),
    ],
)
def test_the_columns_of_a_file(tmp_path, name, text, expected):
    assert words(read_lexicon(write(tmp_path, text, name))) == expected


def test_stdin_may_be_text(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(TSV))
    assert len(read_lexicon("-")) == 3


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("dog\tHund\t0.9\ncat\tKatze\t1e-2\n", [0.9, 0.01]),
        ("dog\tHund\t0.9\tnoun\ncat\tKatze\n", [0.9, None]),
        ("dog\tHund\tnan\ncat\tKatze\t5\n", [None, 5.0]),
        ("dog\tHund\tnoun\ncat\tKatze\tnoun\n", [None, None]),
        ("dog\tHund\tnoun\ncat\tKatze\t2\nfox\tFuchs\tnoun\n", [None, None, None]),
        ("english\tgerman\tquality\ndog\tHund\t3\n", [3.0]),
        ("score,target,source\n3,Hund,dog\n,Katze,cat\n", [3.0, None]),
    ],
)
def test_scores(tmp_path, text, scores):
    pairs = read_lexicon(write(tmp_path, text, "lexicon.tsv"))
    assert [pair.score for pair in pairs] == scores
    assert (pairs[0].source, pairs[0].target) == ("dog", "Hund")


def test_an_empty_side_is_for_the_selection_to_count(tmp_path):
    path = write(tmp_path, "dog\tHund\ncat\t\n\tMaus\n")
    assert words(read_lexicon(path)) == [("dog", "Hund"), ("cat", ""), ("", "Maus")]
    with pytest.raises(DataError, match=r":2: an anchor without a target"):
        read_anchor_pairs(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", ": the input is empty"),
        (b"\n \t\n", ": the input is empty"),
        (b"dog\tHund\ncat\nfox\tFuchs\n", ":2: one column"),
        (b"dog Hund\n\ncat\n", ":3: one column"),
        (b"dog,Hund\nbig cat,Katze\nfox\n", ":3: one column"),
        (b"dog\n", ":1: one column"),
        (b"dog Hund\nbig cat Katze\nfox Fuchs\n", ":2: 3 words"),
        (b"dog\tHund\ncat\tK\xe4tzchen\n", r":2: not UTF-8 \(byte 0xe4\)"),
        (b"\xef\xbb\xbfdog\tHund\ncat\tK\xe4tzchen\n", ":2: not UTF-8"),
        ("dog\tHund\n".encode("utf-16"), ":1: the file is UTF-16, .*iconv -f UTF-16"),
        ("dog\tHund\n".encode("utf-16-le"), ":1: the file is UTF-16"),
        (b"dog\tHund\ncat\tK\0tze\n", ":2: a NUL character"),
        (b"source\ttarget\tscore\n", ": a header and no pair"),
        (b"a\tb\t0.1\nc\td\t0.2\ne\tf\tmany\n", ":3: the score 'many'"),
        (b"source\ttarget\tscore\na\tb\tinf\n", ":2: the score 'inf'"),
        (b'dog,Hund\ncat,"Katze\nfox,Fuchs\n', ":2: no CSV"),
        (gzip.compress(TSV.encode(), mtime=0)[:-12], ": damaged gzip"),
        (b"\x1f\x8bnot gzip at all", ": damaged gzip"),
    ],
)
def test_bad_input_names_the_place(tmp_path, monkeypatch, data, message):
    path = write(tmp_path, data)
    with pytest.raises(DataError, match="lexicon.txt" + message):
        read_lexicon(path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    with pytest.raises(DataError, match="stdin" + message):
        read_lexicon("-")


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_lexicon(tmp_path / "none.tsv")
    with pytest.raises(DataError, match="a folder"):
        read_lexicon(tmp_path)


def test_closed_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="closed"):
        read_lexicon("-")
