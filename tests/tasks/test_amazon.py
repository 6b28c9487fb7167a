"""The Amazon reviews in their published form and in the mirror's."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.tasks.loading import load_split

# As in dataset_de_test.json of the publication.
PUBLISHED = [
    {
        "review_id": f"de_{stars}",
        "product_id": "product_de_1",
        "reviewer_id": "reviewer_de_1",
        "stars": str(stars),
        "review_body": f"Körper {stars}",
        "review_title": f"Titel {stars}",
        "language": "de",
        "product_category": "book",
    }
    for stars in (1, 2, 3, 4, 5)
]
MIRRORED = [
    {"id": f"de_{stars}", "text": f"Titel {stars}\n\nKörper {stars}", "label": stars - 1, "label_text": str(stars - 1)}
    for stars in (1, 2, 3, 4, 5)
]
GROUPS = ("negative", "negative", "neutral", "positive", "positive")


def write(path: Path, records: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize(
    ("place", "records"),
    [
        ("dataset_de_dev.json", PUBLISHED),
        ("amazon/json/dev/dataset_de_dev.json", PUBLISHED),
        ("amazon/de/validation.jsonl", MIRRORED),
        ("amazon_reviews_multi/de/val.jsonl", MIRRORED),
        ("amazon_de_dev.jsonl", MIRRORED),
    ],
)
def test_both_forms_give_the_same(data_dir: Path, place: str, records: list[dict[str, object]]) -> None:
    write(data_dir / place, records)
    dataset = load_split("amazon:de", "dev", data_dir=data_dir)
    assert dataset.ids == tuple(f"de_{stars}" for stars in range(1, 6))
    assert dataset.labels == GROUPS
    assert dataset.texts[0] == "Titel 1\n\nKörper 1"
    assert dataset.language == "de"
    assert "non-commercial" in str(dataset.notes["licence"])


def test_one_table_for_all_languages(data_dir: Path) -> None:
    french = [{**record, "review_id": "fr", "language": "fr"} for record in PUBLISHED]
    (data_dir / "amazon").mkdir()
    pd.DataFrame(french + PUBLISHED).to_csv(data_dir / "amazon" / "test.csv")
    dataset = load_split("amazon", "test", language="deu", data_dir=data_dir)
    assert dataset.ids == tuple(f"de_{stars}" for stars in range(1, 6))
    with pytest.raises(DataError, match="empty"):
        load_split("amazon:es", "test", data_dir=data_dir)


def test_sentiments_that_were_grouped_already_stay(data_dir: Path) -> None:
    write(data_dir / "amazon" / "tt" / "test.jsonl", [{"text": "яхшы", "label": 2, "label_text": "positive"}])
    assert load_split("amazon:tt", "test", data_dir=data_dir).labels == ("positive",)


def test_bad_files(data_dir: Path) -> None:
    place = data_dir / "amazon" / "de" / "test.jsonl"
    write(place, [{"text": "a", "label": 5}])
    with pytest.raises(DataError, match=r"test\.jsonl:1: the label '5'"):
        load_split("amazon:de", "test", data_dir=data_dir)
    write(place, [{"text": "a", "stars": 7}])
    with pytest.raises(DataError, match=r"test\.jsonl:1: '7' is not a star rating"):
        load_split("amazon:de", "test", data_dir=data_dir)
    write(place, [{"text": "a"}])
    with pytest.raises(DataError, match="there is no column stars or label, only text"):
        load_split("amazon:de", "test", data_dir=data_dir)


def test_a_language_that_the_corpus_lacks() -> None:
    with pytest.raises(UsageError, match=r"do not exist in Tatar .*de, en, es, fr, ja, zh"):
        load_split("amazon:tt", "test")
