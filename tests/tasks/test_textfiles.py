"""Files as users have them. Oracles: pandas' reader and writer, Python's csv and json writers."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.loading import load_split
from mosecrot_cli.tasks.textfiles import read_file, stream_file
from mosecrot_cli.tasks.types import Columns

# The shape of Taxi1500's English files: no header, verse id, label, text, no line feed at the end.
RELEASED = (
    "62003016\tFaith\tBy this we have come to know love , because he gave his life .\n"
    "43013001\tGrace\tNow because he knew that his hour had come , he loved them to the end .\n"
    "66004004\tDescription\t“ I saw 24 elders , ” he said , “ with golden crowns . ”"
)


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_released_tsv_loses_no_line(tmp_path: Path) -> None:
    dataset = read_file(write(tmp_path / "eng_train.tsv", RELEASED))
    expected = pd.read_csv(io.StringIO(RELEASED), sep="\t", header=None, dtype=str)
    assert list(dataset.ids) == list(expected[0]) == ["62003016", "43013001", "66004004"]
    assert list(dataset.labels or ()) == list(expected[1])
    assert list(dataset.texts) == list(expected[2])
    assert dataset.lines == (1, 2, 3)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("index_id\tcategory\ttext", ("7", "sports", "a text")),
        ("Text\tLabel\tid", ("a text", "sports", "7")),
        ("review_id\tsentence\tClass", ("7", "a text", "sports")),
        ("label\ttext\tlabel_text\tid", ("3", "a text", "sports", "7")),
        ("\tcontent\ttopic\tidx", ("0", "a text", "sports", "7")),
        ("body\tclassification\tguid", ("a text", "sports", "7")),
    ],
)
@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_columns_are_guessed_from_the_header(tmp_path: Path, header: str, row: tuple[str, ...], suffix: str) -> None:
    text = header + "\n" + "\t".join(row) + "\n"
    dataset = read_file(write(tmp_path / f"data{suffix}", text if suffix == ".tsv" else text.replace("\t", ",")))
    assert (dataset.ids, dataset.texts, dataset.labels) == (("7",), ("a text",), ("sports",))


def test_columns_by_name_and_by_number(tmp_path: Path) -> None:
    named = write(tmp_path / "a.tsv", "Frage\tArt\ttext\n1?\tx\tnot this\n")
    assert read_file(named, Columns("frage", "Art")).texts == ("1?",)
    numbered = write(tmp_path / "b.tsv", "x\t1?\ny\t2?\n")
    dataset = read_file(numbered, Columns("2", "1"))
    assert (dataset.texts, dataset.labels, dataset.ids) == (("1?", "2?"), ("x", "y"), ("1", "2"))


def test_json_lines(tmp_path: Path) -> None:
    records = [
        {"id": 5, "text": "Zeile 1\nZeile 2", "label": 1, "extra": {"a": [1]}},
        {"label": "x", "text": "\u2028", "id": None},
    ]
    text = "\n".join(json.dumps(record) for record in records)
    dataset = read_file(write(tmp_path / "data.jsonl", text), require_labels=False)
    assert dataset.texts == ("Zeile 1\nZeile 2", "\u2028")
    assert dataset.labels == ("1", "x")
    assert dataset.ids == ("5", "2")
    with pytest.raises(DataError, match=r"data\.jsonl:1: a list or an object"):
        read_file(str(tmp_path / "data.jsonl"), Columns(label="extra"))


@pytest.mark.parametrize("name", ["d.tsv", "d.csv", "d.jsonl"])
def test_gzip_reads_like_plain(tmp_path: Path, name: str) -> None:
    text = {
        "d.tsv": "text\tlabel\nä\tx\n",
        "d.csv": 'text,label\n"ä, b",x\n',
        "d.jsonl": '{"text": "ä", "label": "x"}\n',
    }[name]
    plain = read_file(write(tmp_path / name, text))
    packed = read_file(write(tmp_path / (name + ".gz"), gzip.compress(text.encode())))
    assert (plain.texts, plain.labels) == (packed.texts, packed.labels)
    damaged = gzip.compress(text.encode() * 500)[:-20]
    with pytest.raises(DataError, match=rf"{name}\.gz:\d+: damaged gzip"):
        read_file(write(tmp_path / (name + ".gz"), damaged))


class FakeStdin:
    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


@pytest.mark.parametrize(
    ("data", "texts", "labels"),
    [
        (RELEASED.encode(), None, ("Faith", "Grace", "Description")),
        (b'{"text": "a", "label": "x"}\n', ("a",), ("x",)),
        (b"text,label\na,x\n", ("a",), ("x",)),
        (b"\xef\xbb\xbfText\tLabel\r\na\tx\r\n", ("a",), ("x",)),
        (b"one, two\n\nthree\n", ("one, two", "", "three"), None),
        (b"\nfirst line is blank\n", ("", "first line is blank"), None),
    ],
)
def test_stdin_is_recognised_by_its_first_line(
    monkeypatch: pytest.MonkeyPatch, data: bytes, texts: tuple[str, ...] | None, labels: tuple[str, ...] | None
) -> None:
    monkeypatch.setattr(sys, "stdin", FakeStdin(data))
    dataset = load_split("-", "test", require_labels=False)
    assert dataset.labels == labels
    assert dataset.source == "stdin"
    if texts is not None:
        assert dataset.texts == texts


def test_a_stream_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    given_lines = []

    class Slow(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if not waiting:
                return 0
            line = waiting.pop(0)
            given_lines.append(line)
            buffer[: len(line)] = line
            return len(line)

    waiting = [b"one\n", b"two\n", b"three\n"]
    stdin = FakeStdin(b"")
    stdin.buffer = io.BufferedReader(Slow())  # type: ignore[assignment]
    monkeypatch.setattr(sys, "stdin", stdin)
    items = stream_file("-", require_labels=False)
    assert next(items).text == "one"
    assert given_lines == [b"one\n"]


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00"), min_size=1).filter(str.strip)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(plain, st.sampled_from(["x", "y z", 'the "w"'])), min_size=1, max_size=5))
@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
def test_whatever_pandas_writes_is_read_back(tmp_path: Path, suffix: str, rows: list[tuple[str, str]]) -> None:
    """Texts with tabs, line breaks, quotes, unusual line separators survive pandas' writers."""
    if suffix == ".tsv":
        # A field with both can look like complete rows, and rows are not to be swallowed.
        rows = [(text.replace("\t", " ") if "\n" in text else text, label) for text, label in rows]
    frame = pd.DataFrame(rows, columns=["text", "label"])
    path = tmp_path / f"data{suffix}"
    if suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        frame.to_csv(path, sep="\t" if suffix == ".tsv" else ",", index=False, lineterminator="\n")
    dataset = read_file(str(path))
    assert list(dataset.texts) == [text for text, _ in rows]
    assert list(dataset.labels or ()) == [label for _, label in rows]


def test_raw_quotes_of_a_tsv_stay_and_swallow_nothing(tmp_path: Path) -> None:
    texts = [
        '"Come," he said.',
        '"He who has ears',
        'let him hear."',
        'a "quoted" word',
        '"',
        '"a" and "b"',
        '"open to the end',
    ]
    body = "".join(f"4000100{number}\tFaith\t{text}\n" for number, text in enumerate(texts))
    assert read_file(write(tmp_path / "d.tsv", body)).texts == tuple(texts)


def test_quoted_fields_of_a_tsv(tmp_path: Path) -> None:
    body = (
        "id\tlabel\ttext\n"
        '1\tx\t"She said ""no""."\n'
        '2\tx\t"two\n\nparagraphs"\n'
        '3\t"a\tb"\t"tab\tinside"\n'
        '4\tx\t"raw quote, then\n'
        '5\tx\tlast"\n'
    )
    dataset = read_file(write(tmp_path / "d.tsv", body))
    assert dataset.texts == ('She said "no".', "two\n\nparagraphs", "tab\tinside", '"raw quote, then', 'last"')
    assert dataset.lines == (2, 3, 6, 7, 8)


def test_csv_lines_count_from_the_start_of_a_record(tmp_path: Path) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("text", "label"), ("a\nb", "x"), ("c", "y")])
    path = write(tmp_path / "d.csv", "\n" + stream.getvalue() + "d\n")
    items = stream_file(path)
    assert [(item.text, item.line) for item in (next(items), next(items))] == [("a\nb", 3), ("c", 5)]
    with pytest.raises(DataError, match=r"d\.csv:6: the row has 1 columns instead of 2"):
        next(items)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "text\tlabel\na\tx\nb\n", r"a\.tsv:3: the row has 1 columns instead of 2"),
        ("a.tsv", "text\tlabel\na\tx\nb\ty\tz\n", r"a\.tsv:3: the row has 3 columns"),
        ("a.tsv", "text\tlabel\na\tx\nb\t \n", r"a\.tsv:3: the label is empty"),
        ("a.tsv", "text\tlabel\n \tx\n", r"a\.tsv:2: the text is empty"),
        ("a.tsv", "text\tlabel\n", r"a\.tsv: the data set is empty"),
        ("a.tsv", "", r"a\.tsv: the file is empty"),
        ("a.tsv", "\n  \n", r"a\.tsv: the file is empty"),
        (
            "a.tsv",
            "text\tcolour\na\tx\n",
            r"a\.tsv:1: no column is called like a label column: the columns are text, colour .*`label_column`",
        ),
        ("a.tsv", "id\tcategory\tutterances\n1\tx\tb\n", r"a\.tsv:1: no column is called like a text column"),
        ("a.tsv", "num\ttype\twords\n1\tx\tb\n", r"a\.tsv:1: the table has neither a header"),
        ("a.tsv", "a text\tx\n", r"a\.tsv:1: the table has neither a header"),
        ("a.tsv", "text\tlabel\na\tx\n\xe4\ty\n".encode("latin-1"), r"a\.tsv:3: not UTF-8 \(byte 0xe4\).*iconv"),
        ("a.tsv", "text\tlabel\na\tx\n".encode("utf-16"), r"a\.tsv:1: the file is UTF-16"),
        ("a.csv", 'text,label\na,x\n"b"c,y\n', r"a\.csv:3: malformed CSV"),
        ("a.csv", 'text,label\na,x\n"b,y\nc,z\n', r"a\.csv:3: malformed CSV"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n{"text": \n', r"a\.jsonl:2: not JSON"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n["b"]\n', r"a\.jsonl:2: the document: expected object"),
        (
            "a.jsonl",
            '{"text": "a", "label": "x"}\n{"text": "\\ud83d", "label": "x"}\n',
            r"a\.jsonl:2: .*half of a surrogate",
        ),
        ("a.jsonl", '{"text": "a", "label": "x"}\n' + "[" * 100_000 + "\n", r"a\.jsonl:2: .*nested too deeply"),
        ("a.jsonl", '{"text": "a", "label": 1e999}\n', r"a\.jsonl:1: .*out of range"),
        ("a.jsonl", '{"text": "a", "label": "x"}\n\n{"text": "b"}\n', r"a\.jsonl:3: the label is empty"),
        ("a.txt", "one line\nanother\n", r"a\.txt:1: there is only one column"),
    ],
)
def test_bad_files_name_the_line(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_file(write(tmp_path / name, content))
    assert "\n" not in str(caught.value)


def test_given_columns_must_exist(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "text\tlabel\na\tx\n")
    with pytest.raises(DataError, match="there is no text column 'verse': the columns are text, label"):
        read_file(path, Columns(text="verse"))
    with pytest.raises(DataError, match="there is no label column 'kind'"):
        read_file(path, Columns(label="kind"), require_labels=False)
    with pytest.raises(DataError, match="there is no column '3': the table has 2"):
        read_file(write(tmp_path / "b.tsv", "a\tx\n"), Columns("3", "1"))


def test_no_such_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_file(str(tmp_path / "none.tsv"))
    with pytest.raises(DataError, match="a folder"):
        read_file(str(tmp_path))


def test_labels_are_optional_where_none_are_required(tmp_path: Path) -> None:
    some = write(tmp_path / "some.tsv", "text\tlabel\na\tx\n\t\nb\t\n")
    assert read_file(some, require_labels=False).labels is None
    assert [item.label for item in stream_file(some, require_labels=False)] == ["x", None]
    lines = write(tmp_path / "lines.txt", "a\n\nb")
    assert read_file(lines, require_labels=False).texts == ("a", "", "b")


def test_stars_are_grouped(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "review_body,Stars\n" + "".join(f"t{n},{n}\n" for n in (1, 2, 3, 4, "5.0")))
    assert read_file(path).labels == ("negative", "negative", "neutral", "positive", "positive")
    for bad in ("0", "6", "4.5", "good", "nan"):
        with pytest.raises(DataError, match=r"r\.csv:2: .* not a star rating"):
            read_file(write(tmp_path / "r.csv", f"review_body,stars\na,{bad}\n"))
    assert read_file(write(tmp_path / "l.csv", "text,label\na,5\n")).labels == ("5",)
