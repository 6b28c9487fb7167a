"""examples/transfer/reviews.py: tables of reviews out of a checkout of another repository."""

import csv
from pathlib import Path

import pytest
import reviews


def lay_out(checkout: Path, language: str, file: str, rows: list[tuple[str, str, str]]) -> None:
    path = checkout / "data" / "k-shot" / f"amazon-review-{language}" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows(rows)


def test_train_dev_test_and_texts_share_no_review(tmp_path: Path):
    english = [("1", "Broke,\nat once.", "1"), ("2", "It is a lamp.", "3"), ("3", " ", "5")]
    lay_out(tmp_path, "en", "256-42/train.csv", english)
    lay_out(tmp_path, "en", "256-13/train.csv", [("9", "It is a lamp.", "3"), ("4", "Very good!", "5")])
    lay_out(tmp_path, "en", "256-42/dev.csv", [("5", "Very good!", "5"), ("6", "Not bad.", "4")])
    for language in ("en", *reviews.TARGETS):
        lay_out(tmp_path, language, "16-42/test.csv", [(str(n), f"{language} {n}", "2") for n in range(10)])
    for language in reviews.TARGETS:
        lay_out(tmp_path, language, "256-42/train.csv", [("7", f"{language} text", "4")])
    reviews.main(tmp_path, tmp_path / "out")

    def lines(name: str) -> list[str]:
        return (tmp_path / "out" / name).read_text(encoding="utf-8").splitlines()[1:]

    assert lines("en.train.tsv") == [
        "1\tnegative\tBroke, at once.",
        "4\tpositive\tVery good!",
        "9\tneutral\tIt is a lamp.",
    ]
    assert lines("en.dev.tsv") == ["6\tpositive\tNot bad."]
    assert len(set(lines("ja.test.tsv"))) == 5 and all("\tnegative\tja " in line for line in lines("ja.test.tsv"))
    assert lines("zh.texts.tsv") == ["7\tpositive\tzh text"]


def test_a_folder_that_is_no_checkout_is_told(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"train\.csv: no such file \(CHECKOUT must be a clone of https"):
        reviews.main(tmp_path, tmp_path / "out")
