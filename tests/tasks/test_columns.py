"""Which column is which: sense-checked guesses, names, numbers, and refusals that name the mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import DataSettings
from mosecrot_cli.tasks.columns import is_header, numbered_layout
from mosecrot_cli.tasks.loading import load, load_split
from mosecrot_cli.tasks.textfiles import read_file, stream_texts
from mosecrot_cli.tasks.types import Columns

WORDS = "star planet theory laser cell atom orbit light energy data".split()
SENTENCES = [f"{WORDS[n % 10]} {WORDS[(n * 3) % 10]} of the {n} {WORDS[(n * 7) % 10]}" for n in range(24)]
CLASSES = [("sports", "science")[n % 2] for n in range(24)]


def write(path: Path, rows: list[tuple[str, ...]], separator: str = "\t") -> str:
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def agnews(path: Path) -> str:
    rows = [(f'"{n % 2 + 1}"', f'"Story {n} about {WORDS[n % 10]}"', f'"{SENTENCES[n]}."') for n in range(24)]
    return write(path, rows, ",")


def test_class_title_text_is_not_taken_for_id_label_text(tmp_path: Path) -> None:
    """AG News as it is distributed: never a label for each title."""
    path = agnews(tmp_path / "train.csv")
    with pytest.raises(DataError, match=r"train\.csv:1: .*not an identifier: 2 values in 24 rows") as caught:
        read_file(path)
    assert "`label_column` 1 `text_column` 3" in str(caught.value)
    dataset = read_file(path, Columns(text="3", label="1"))
    assert dataset.label_names == ("1", "2")
    assert dataset.texts[0] == SENTENCES[0] + "."
    assert dataset.ids == tuple(str(n) for n in range(1, 25))


def test_a_command_without_labels_is_told_of_no_label_column(tmp_path: Path) -> None:
    path = agnews(tmp_path / "train.csv")
    with pytest.raises(DataError, match="give `text_column` 3") as caught:
        list(stream_texts(path))
    assert "label_column" not in str(caught.value)
    assert next(iter(stream_texts(path, "3"))) == SENTENCES[0] + "."
    rows = [(f"x{n}", label, text) for n, (label, text) in enumerate(zip(CLASSES, SENTENCES, strict=True))]
    path = write(tmp_path / "a.tsv", [("nr1", "kind", "words"), *rows])
    with pytest.raises(DataError, match="looks like a header") as caught:
        list(stream_texts(path))
    assert "`text_column` words" in str(caught.value) and "label_column" not in str(caught.value)
    with pytest.raises(DataError, match="there is no text column 'word'.*`text_column`") as caught:
        list(stream_texts(path, "word"))
    assert "label_column" not in str(caught.value)


def test_id_label_text_is_guessed_where_it_looks_the_part(tmp_path: Path) -> None:
    rows = [(str(40001000 + n), label, text) for n, (label, text) in enumerate(zip(CLASSES, SENTENCES, strict=True))]
    dataset = read_file(write(tmp_path / "a.tsv", rows))
    assert (dataset.labels, dataset.texts, dataset.ids[0]) == (tuple(CLASSES), tuple(SENTENCES), "40001000")
    titles = [(str(n), f"Story {n}", text) for n, text in enumerate(SENTENCES)]
    with pytest.raises(DataError, match="second column is not a label: 24 values in 24 rows"):
        read_file(write(tmp_path / "b.tsv", titles))


@pytest.mark.parametrize(
    "header",
    [
        "sentence1 sentence2 label",
        "q1 label text2",
        "premise hypothesis gold",
        "text_a text_b label",
    ],
)
@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
def test_sentence_pairs_are_refused_by_name(tmp_path: Path, header: str, suffix: str) -> None:
    names = header.split()
    rows = [tuple(f"{name} {n}" if "label" not in name else CLASSES[n] for name in names) for n in range(12)]
    if suffix == ".jsonl":
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows))
    else:
        path = Path(write(tmp_path / f"a{suffix}", [tuple(names), *rows], "\t" if suffix == ".tsv" else ","))
    with pytest.raises(DataError, match=r":1: the columns .* and .* hold pairs of sentences") as caught:
        read_file(str(path), require_labels=False)
    assert "`text_column`" in str(caught.value)
    assert read_file(str(path), Columns(text=names[0]), require_labels=False).texts[0] == rows[0][0]


def test_a_header_of_unknown_names_is_not_data(tmp_path: Path) -> None:
    rows = [(f"x{n}", label, text) for n, (label, text) in enumerate(zip(CLASSES, SENTENCES, strict=True))]
    path = write(tmp_path / "a.tsv", [("nr1", "kind", "words"), *rows])
    for columns in (Columns(), Columns(text="3", label="2")):
        with pytest.raises(
            DataError, match=r"a\.tsv:1: the first row looks like a header \(nr1, kind, words\)"
        ) as caught:
            read_file(path, columns)
        assert "`label_column` kind `text_column` words" in str(caught.value)
    assert read_file(path, Columns(text="words", label="kind")).labels == tuple(CLASSES)
    assert read_file(write(tmp_path / "b.tsv", rows), Columns(text="3", label="2")).labels == tuple(CLASSES)


def test_one_usual_name_among_names_makes_a_header() -> None:
    assert is_header(["num", "label", "words"], Columns())
    assert not is_header(["7", "label", "words"], Columns())
    assert not is_header(["7", "class", "a class of its own"], Columns())


def test_two_columns_are_suggested_rather_than_guessed(tmp_path: Path) -> None:
    rows = list(zip(CLASSES, SENTENCES, strict=True))
    with pytest.raises(DataError, match="`label_column` 1 `text_column` 2"):
        read_file(write(tmp_path / "a.tsv", rows))
    with pytest.raises(DataError, match="`label_column` 2 `text_column` 1"):
        read_file(write(tmp_path / "b.tsv", [(text, label) for label, text in rows]))


def test_columns_by_number_with_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", [("text", "label", "words"), ("a", "x", "b c"), ("d", "y", "e f")])
    assert read_file(path, Columns(text="3", label="2")).texts == ("b c", "e f")
    with pytest.raises(DataError, match="'label' cannot be both text and label"):
        read_file(path, Columns(text="label", label="2"))
    with pytest.raises(DataError, match="there is no text column '4'"):
        read_file(path, Columns(text="4"))
    for wrong in ("0", "²", "1.0", "-1"):
        with pytest.raises(DataError):
            numbered_layout([["a", "b"]], Columns(text=wrong, label="2"), require_labels=True, where="x")


@pytest.mark.parametrize("label", ["NaN", "nan", "#N/A", "<NA>", "null"])
def test_a_missing_value_is_never_a_class(tmp_path: Path, label: str) -> None:
    rows = [("text", "label"), *zip(SENTENCES[:3], CLASSES, strict=False), ("a text", label), ("more", "sports")]
    path = write(tmp_path / "a.csv", rows, ",")
    with pytest.raises(DataError, match=rf"a\.csv:5: the label is '{label}', which stands for a missing value"):
        read_file(path)
    assert read_file(path, require_labels=False).labels is None


def test_nan_of_python_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": 1}\n{"text": "b", "label": NaN}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: not JSON"):
        read_file(str(path))


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a"])
def test_the_separator_of_excel(tmp_path: Path, line: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(f"{line}\r\ntext;label\r\none, two;x\r\n", encoding="utf-8-sig")
    dataset = read_file(str(path))
    assert (dataset.texts, dataset.labels, dataset.lines) == (("one, two",), ("x",), (3,))
    path.write_text(f"{line}\n")
    with pytest.raises(DataError, match="the file is empty"):
        read_file(str(path))


def test_half_of_a_surrogate_pair_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": "x"}\n{"text": "b \\ud83d", "label": "x"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:2: .*half of a surrogate pair"):
        read_file(str(path))
    path.write_text('{"text": "\\ud83d\\ude00", "label": "x"}\n')
    assert read_file(str(path)).texts == ("\U0001f600",)


@pytest.mark.parametrize(
    "nested", ["[" * 100_000, '{"text": ' * 50_000, '{"text": ' + "[" * 50_000 + "]" * 50_000 + "}"]
)
def test_json_of_any_depth_is_one_line(tmp_path: Path, nested: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(nested + "\n")
    with pytest.raises(DataError, match=r"a\.jsonl:1: ") as caught:
        read_file(str(path))
    assert len(str(caught.value)) < 300


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["text", "label", "id"]), json_values) | json_values, min_size=1, max_size=4
    )
)
def test_json_of_any_type_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, records: list[object]) -> None:
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    try:
        dataset = read_file(str(path))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert len(dataset) == len(records)
        assert all(text.strip() and label.strip() for text, label in zip(dataset.texts, dataset.labels, strict=True))


def test_a_label_column_that_does_not_repeat_is_warned_of(tmp_path: Path) -> None:
    rows = [("label", "text"), *((f"Story {n}", text) for n, text in enumerate(SENTENCES))]
    path, reporter = write(tmp_path / "a.tsv", rows), SilentReporter()
    load(path, "train", DataSettings(), language=None, reporter=reporter)
    assert reporter.warnings == [f"{path}: 24 classes for 24 texts: is `label_column` the right one?"]


@pytest.mark.parametrize(
    ("spec", "near"),
    [("sib2000", "sib200"), ("sib-200:fr", "sib200:fr"), ("taxi15000", "taxi1500"), ("Amazon:de", "amazon:de")],
)
def test_misspelt_names_of_data_sets(spec: str, near: str) -> None:
    with pytest.raises(
        DataError, match=rf"{spec}: there is no file and no data set of this name \(did you mean {near}\?\)"
    ):
        load_split(spec, "train", language="en")


@pytest.mark.parametrize("name", ["sib200", "amazon", "taxi1500"])
def test_unknown_languages_of_named_data_sets(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"eng_{split}.tsv").write_text("1\tSin\ta\n")
    with pytest.raises(UsageError, match=rf"{name}:russain: 'russain' is not a known language \(near: ru \(Russian\)"):
        load_split(f"{name}:russain", "test", data_dir=tmp_path)
    with pytest.raises(UsageError, match=rf"{name}:xx: 'xx' is not a known language"):
        load_split(f"{name}:xx", "test", data_dir=tmp_path)
