"""Amazon reviews of three classes, for the study `reviews`, out of https://github.com/mojave-pku/UniPrompt.

The reviews may be used for research, not commercially, so they are no part of mosecrot. One and two stars are negative,
three neutral, four and five positive. Half of the test reviews of each language is not written: it served for choices.

Usage: python reviews.py CHECKOUT FOLDER
  CHECKOUT   git clone https://github.com/mojave-pku/UniPrompt
  FOLDER     where en.train.tsv, en.dev.tsv, LANGUAGE.test.tsv and LANGUAGE.texts.tsv are written
"""

import csv
import random
import sys
from pathlib import Path

LABELS = {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"}
TARGETS = ("fr", "zh", "ja")
DEV = 400

Review = tuple[str, str, str]
"""Id, label, text."""


def reviews(checkout: Path, language: str, file: str) -> list[Review]:
    path = checkout / "data" / "k-shot" / f"amazon-review-{language}" / file
    if not path.is_file():
        sys.exit(f"{path}: no such file (CHECKOUT must be a clone of https://github.com/mojave-pku/UniPrompt)")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [(name, " ".join(text.split()), stars) for name, text, stars in csv.reader(lines)]
    return [(name, LABELS[stars], text) for name, text, stars in rows if text]


def write(path: Path, rows: list[Review]) -> None:
    lines = ["id\tlabel\ttext", *("\t".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def shuffled(rows: list[Review]) -> list[Review]:
    random.Random(0).shuffle(rows)
    return rows


def main(checkout: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    both = [review for sample in ("256-42", "256-13") for review in reviews(checkout, "en", f"{sample}/train.csv")]
    train = {text: (name, label, text) for name, label, text in both}
    dev = [review for review in reviews(checkout, "en", "256-42/dev.csv") if review[2] not in train]
    write(folder / "en.train.tsv", sorted(train.values()))
    write(folder / "en.dev.tsv", shuffled(dev)[:DEV])
    for language in ("en", *TARGETS):
        test = shuffled(reviews(checkout, language, "16-42/test.csv"))
        write(folder / f"{language}.test.tsv", test[len(test) // 2 :])
    for language in TARGETS:
        write(folder / f"{language}.texts.tsv", reviews(checkout, language, "256-42/train.csv"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
