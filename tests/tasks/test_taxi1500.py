"""Taxi1500 in the shapes in which it is released: labelled TSV files and verse-per-line editions."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.tasks.loading import load_split

ENGLISH = {
    "train": (
        "62003016\tFaith\tBy this we know love .\n43013001\tGrace\tHe loved them .\n66004004\tSin\tI saw 24 elders ."
    ),
    "dev": "01001001\tDescription\tIn the beginning",
    "test": "55002024\tRecommendation\tA slave does not need to fight\n60003012\tSin\tthe eyes of Jehovah",
}
METADATA = "# language_name: \tGerman\n# closest_ISO_639-3: \tdeu\n# year_short: \t1545\n# copyright_short:\n\n"
GERMAN = METADATA + (
    "01001001\tAm Anfang schuf Gott Himmel und Erde .\n"
    "# 02001001\tein auskommentierter Vers\n"
    "43013001\tWie er hatte geliebt die Seinen ,\n"
    '55002024\t"Ein Knecht des Herrn" soll nicht zänkisch sein\n'
    "60003012\t\n"
    "62003016\tDaran haben wir erkannt die Liebe\n"
    "66004004\tund auf den Stühlen saßen vierundzwanzig Älteste"
)


@pytest.fixture
def english(data_dir: Path) -> Path:
    for split, text in ENGLISH.items():
        (data_dir / f"eng_{split}.tsv").write_text(text)
    return data_dir


def test_english_as_released(english: Path) -> None:
    train = load_split("taxi1500", "train", language="en", data_dir=english)
    assert train.ids == ("62003016", "43013001", "66004004")
    assert train.labels == ("Faith", "Grace", "Sin")
    assert train.texts[2] == "I saw 24 elders ."
    assert train.language == "en"
    assert "Apache" in str(train.notes["licence"])
    assert "2305.08487" in str(train.notes["citation"])


@pytest.mark.parametrize("home", ["taxi1500", "Taxi1500/eng_data", "eng_data"])
def test_a_clone_of_the_repository_serves(data_dir: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (data_dir / home).mkdir(parents=True)
    (data_dir / home / "eng_dev.tsv.gz").write_bytes(gzip.compress(ENGLISH["dev"].encode()))
    monkeypatch.setenv("MOSECROT_DATA", str(data_dir))
    assert load_split("taxi1500:eng", "dev").texts == ("In the beginning",)


@pytest.mark.parametrize(
    "place",
    [
        "deu-x-bible-luther1545.txt",
        "editions/deu_luther.txt",
        "taxi1500/corpus/deu.txt",
        "Taxi1500-c_v3.0/deuluth1545.txt",
        "Taxi1500/Taxi1500-c_v1.0/deu-x-bible-luther1545.txt.gz",
    ],
)
def test_an_edition_is_joined_with_the_english_labels(english: Path, place: str) -> None:
    path = english / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(GERMAN.encode()) if place.endswith(".gz") else GERMAN.encode())
    reporter = SilentReporter()
    train = load_split("taxi1500:de", "train", data_dir=english, reporter=reporter)
    assert train.ids == ("62003016", "43013001", "66004004")
    assert train.labels == ("Faith", "Grace", "Sin")
    assert train.texts[2] == "und auf den Stühlen saßen vierundzwanzig Älteste"
    assert train.language == "de"
    assert train.notes["edition"] == path.name
    assert train.notes["missing_verses"] == 0
    assert not reporter.warnings


def test_missing_and_empty_verses_are_left_out_and_told(english: Path) -> None:
    (english / "deu.txt").write_text(GERMAN)
    reporter = SilentReporter()
    test = load_split("taxi1500", "test", language="deu", data_dir=english, reporter=reporter)
    assert test.texts == ('"Ein Knecht des Herrn" soll nicht zänkisch sein',)
    assert test.labels == ("Recommendation",)
    assert test.notes["missing_verses"] == 1
    assert "1 of 2 labelled verses" in reporter.warnings[0]


def test_the_fullest_edition_is_taken_unless_one_is_named(english: Path) -> None:
    part = "\n".join(line for line in GERMAN.splitlines() if not line.startswith("43"))
    (english / "deu-x-bible-a.txt").write_text(part)
    (english / "deu-x-bible-b.txt").write_text(GERMAN)
    (english / "deu-x-bible-c.txt").write_text(GERMAN)
    assert load_split("taxi1500:de", "train", data_dir=english).notes["edition"] == "deu-x-bible-b.txt"
    named = load_split("taxi1500:deu-x-bible-a", "train", data_dir=english)
    assert named.ids == ("62003016", "66004004")
    assert named.language == "de"


def test_labelled_files_of_other_languages(english: Path) -> None:
    folder = english / "train_dev_test" / "test"
    folder.mkdir(parents=True)
    (folder / "tat.tsv").write_text("55002024\tRecommendation\tҺәм Раббының колы\n")
    test = load_split("taxi1500:tt", "test", data_dir=english)
    assert test.texts == ("Һәм Раббының колы",)


def test_lost_leading_zeros_are_given_back(english: Path) -> None:
    (english / "deu.txt").write_text(GERMAN.replace("01001001", "1001001"))
    assert load_split("taxi1500:de", "dev", data_dir=english).ids == ("01001001",)


@pytest.mark.parametrize(
    ("edition", "message"),
    [
        (GERMAN.replace("43013001\t", "43013001 "), r"deu\.txt:8: the line is not a verse"),
        (GERMAN.replace("43013001\t", "JOH 13:1\t"), r"deu\.txt:8: the line is not a verse"),
        ("40001001\tein anderer Vers\n", r"deu\.txt: none of the 3 labelled verses"),
        (GERMAN.encode("latin-1"), r"deu\.txt:9: not UTF-8"),
    ],
)
def test_bad_editions(english: Path, edition: str | bytes, message: str) -> None:
    (english / "deu.txt").write_bytes(edition if isinstance(edition, bytes) else edition.encode())
    with pytest.raises(DataError, match=message):
        load_split("taxi1500:de", "train", data_dir=english)


def test_what_is_not_there_is_named_with_the_option(english: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"taxi1500:tt: .*tat\*\.txt .*Taxi1500-c .*`data_dir`"):
        load_split("taxi1500:tt", "test", data_dir=english)
    with pytest.raises(SourceUnavailableError, match=r"eng_\{train,dev,test\}\.tsv .*`data_dir`"):
        load_split("taxi1500:en", "test")
    shutil.rmtree(english)
    with pytest.raises(DataError, match="no such folder"):
        load_split("taxi1500:en", "test", data_dir=english)
