"""Tables as other readers read them: Python's csv, pandas, polars, json."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.tasks.textfiles import read_file, stream_strings
from mosecrot_cli.tasks.types import Columns

cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x00\ufeff"), max_size=12)
filled = cell.filter(str.strip)
label = st.sampled_from(["x", "y z", 'the "w"', "a,b", "c;d"])
rows = st.lists(st.tuples(filled, label), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    return tmp_path_factory.mktemp("oracles")


@settings(max_examples=120, deadline=None)
@given(rows=rows, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), separator=st.sampled_from(",;"),
       end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(), excel=st.booleans())  # fmt: skip
def test_csv_is_read_as_python_and_pandas_read_it(folder, rows, quoting, separator, end, mark, excel) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, quoting=quoting, lineterminator=end).writerows([("text", "label"), *rows])
    path = folder / "a.csv"
    head = f"sep={separator}{end}" if excel else ""
    path.write_bytes(b"\xef\xbb\xbf" * mark + (head + written.getvalue()).encode())
    found = read_file(str(path))
    expected = list(csv.reader(io.StringIO(written.getvalue()), delimiter=separator))[1:]
    assert [list(pair) for pair in zip(found.texts, found.labels, strict=True)] == [
        [text, gold.strip()] for text, gold in expected
    ]
    frame = pd.read_csv(io.StringIO(written.getvalue()), sep=separator, dtype=str, keep_default_na=False)
    assert list(found.texts) == list(frame.text)


@settings(max_examples=80, deadline=None)
@given(rows=rows)
def test_csv_of_polars_is_read_back(folder, rows) -> None:
    path = folder / "p.csv"
    frame = pl.DataFrame(rows, schema=["text", "label"], orient="row")
    frame.write_csv(path)
    found = read_file(str(path))
    assert list(found.texts) == frame["text"].to_list()
    assert list(found.labels) == frame["label"].to_list()


@settings(max_examples=120, deadline=None)
@given(records=st.lists(st.fixed_dictionaries({"label": label, "text": filled}, optional={"id": cell, "more": st.lists(st.integers())}),
                        min_size=1, max_size=5), ascii_only=st.booleans())  # fmt: skip
def test_json_lines_are_read_as_json_reads_them(folder, records, ascii_only) -> None:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in records), encoding="utf-8")
    with path.open(encoding="utf-8", newline="\n") as stream:
        expected = [json.loads(line) for line in stream]
    found = read_file(str(path))
    assert list(found.texts) == [record["text"] for record in expected]
    assert list(found.labels) == [record["label"] for record in expected]
    if "id" in expected[0]:
        assert list(found.ids) == [
            record.get("id", "").strip() or str(number) for number, record in enumerate(expected, start=1)
        ]


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.lists(cell.map(lambda text: text.replace("\n", " ").replace("\t", " ").replace('"', "'")),
                               min_size=2, max_size=2).filter(lambda row: any(part.strip() for part in row)),
                      min_size=1, max_size=6))  # fmt: skip
def test_cells_of_a_plain_tsv_are_those_between_the_tabs(folder, lines) -> None:
    path = folder / "a.tsv"
    text = "".join("\t".join(row) + "\n" for row in lines)
    if text.lower().startswith("sep="):
        return
    path.write_text(text, encoding="utf-8", newline="\n")
    expected = [
        part for row in csv.reader(text.split("\n")[:-1], delimiter="\t", quoting=csv.QUOTE_NONE) for part in row
    ]
    assert list(stream_strings(str(path))) == expected


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=80), suffix=st.sampled_from([".tsv", ".csv", ".jsonl", ".txt", ".csv.gz"]),
       columns=st.sampled_from([Columns(), Columns("1", "2"), Columns("text", None)]), labelled=st.booleans())  # fmt: skip
def test_any_bytes_are_read_or_refused_in_one_line(folder, data, suffix, columns, labelled) -> None:
    path = folder / f"a{suffix}"
    path.write_bytes(data)
    try:
        found = read_file(str(path), columns, require_labels=labelled)
    except DataError as error:
        assert str(path) in str(error)
    else:
        assert len(found.texts) == len(found.ids) > 0
        assert not labelled or all(found.labels)
