"""The predictions file. Oracle: pandas' reader; round trips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.evaluation.predictions import (
    Predictions,
    check_against_gold,
    read_predictions,
    to_records,
    write_predictions,
)

LABELS = ("sci/tech", 'the "rest"', "a\tb")
PREDICTIONS = Predictions(
    ids=("1", "x y", "3"),
    gold=("sci/tech", 'the "rest"', "a\tb"),
    predicted=("sci/tech", "a\tb", "sci/tech"),
    labels=LABELS,
    probabilities=np.array([[0.5, 0.25, 0.25], [1e-9, 0.1, 0.9], [1 / 3, 1 / 3, 1 / 3]]),
)


def test_round_trip_and_pandas(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    write_predictions(PREDICTIONS, path)
    back = read_predictions(path)
    assert (back.ids, back.gold, back.predicted, back.labels) == (
        PREDICTIONS.ids,
        PREDICTIONS.gold,
        PREDICTIONS.predicted,
        LABELS,
    )
    np.testing.assert_allclose(back.probabilities, PREDICTIONS.probabilities, rtol=1e-5)
    frame = pd.read_csv(path, sep="\t", dtype={"id": str})
    assert list(frame.columns) == ["id", "gold", "predicted", *LABELS]
    assert tuple(frame.gold) == PREDICTIONS.gold


def test_without_gold(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    write_predictions(Predictions(("1",), None, ("b",), ("a", "b"), np.array([[0.2, 0.8]])), path)
    assert path.read_text() == "id\tgold\tpredicted\ta\tb\n1\t\tb\t0.2\t0.8\n"
    assert read_predictions(path).gold is None


def test_records() -> None:
    first = next(to_records(PREDICTIONS))
    assert first["predicted"] == first["gold"] == "sci/tech"
    assert first["probabilities"] == {"sci/tech": 0.5, 'the "rest"': 0.25, "a\tb": 0.25}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"p\.tsv:1: not a predictions file"),
        ("id\ttext\n1\ta\n", r"p\.tsv:1: not a predictions file"),
        ("id\tgold\tpredicted\ta\n", r"p\.tsv: the file holds no predictions"),
        ("id\tgold\tpredicted\ta\n1\ta\ta\t1\n2\ta\ta\n", r"p\.tsv:3: the row has 3 columns instead of 4"),
        ("id\tgold\tpredicted\ta\n1\ta\tb\t1\n", r"p\.tsv:2: the predicted label 'b' has no column"),
        ("id\tgold\tpredicted\ta\n1\ta\ta\tnan\n", r"p\.tsv:2: 'nan' is not a probability"),
        ("id\tgold\tpredicted\ta\n1\ta\ta\t1,0\n", r"p\.tsv:2: '1,0' is not a probability"),
        ("id\tgold\tpredicted\ta\n1\ta\ta\t1\n2\t\ta\t1\n", r"p\.tsv:3: some gold labels are empty"),
        ('id\tgold\tpredicted\ta\n1\ta\ta\t1\n2\t"a"b\ta\t1\n', r"p\.tsv:3: malformed"),
    ],
)
def test_bad_files_name_the_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "p.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_predictions(path)


def test_bad_encoding_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_bytes("id\tgold\tpredicted\tä\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        read_predictions(path)
    with pytest.raises(DataError, match="no such file"):
        read_predictions(tmp_path / "none.tsv")


def test_check_against_gold() -> None:
    where = {"path": Path("p.tsv"), "source": "test.tsv"}
    gold = list(PREDICTIONS.gold or ())
    check_against_gold(PREDICTIONS, PREDICTIONS.ids, gold, **where)
    with pytest.raises(DataError, match=r"p\.tsv:3: id 'x y', where test\.tsv has '2'"):
        check_against_gold(PREDICTIONS, ("1", "2", "3"), gold, **where)
    with pytest.raises(DataError, match=r"p\.tsv:4: the gold label of '3'"):
        check_against_gold(PREDICTIONS, PREDICTIONS.ids, [*gold[:2], "sci/tech"], **where)
    with pytest.raises(DataError, match=r"p\.tsv:4: 3 predictions for the 2 texts"):
        check_against_gold(PREDICTIONS, PREDICTIONS.ids[:2], gold[:2], **where)
    with pytest.raises(DataError, match=r"p\.tsv:5: 3 predictions for the 4 texts"):
        check_against_gold(PREDICTIONS, (*PREDICTIONS.ids, "4"), [*gold, "x"], **where)
