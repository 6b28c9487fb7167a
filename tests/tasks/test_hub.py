"""The hub's path, walked with local folders (the same call), and the hub out of reach (a child process)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.tasks import sib200
from mosecrot_cli.tasks.loading import load_split
from mosecrot_cli.tasks.types import Columns

CARD = """---
configs:
- config_name: rus_Cyrl
  data_files:
  - {split: train, path: data/rus_Cyrl/train.tsv}
  - {split: validation, path: data/rus_Cyrl/dev.tsv}
- config_name: eng_Latn
  data_files:
  - {split: test, path: data/rus_Cyrl/dev.tsv}
---
"""
ROWS = 'index_id\tcategory\ttext\n548\tsports\t"Он сказал: ""да""."\n824\ttravel\tПосмотрите\n'


@pytest.fixture
def sib(tmp_path: Path) -> Path:
    home = tmp_path / "sib200"
    for split in ("train", "dev"):
        path = home / "data" / "rus_Cyrl" / f"{split}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ROWS)
    (home / "README.md").write_text(CARD)
    return home


def test_sib200_from_the_hub_and_from_files_is_the_same(sib: Path, data_dir: Path) -> None:
    hub = sib200.download(find_language("ru"), "dev", SilentReporter(), repository=str(sib))
    released = data_dir / "sib200" / "rus_Cyrl" / "dev.tsv"
    released.parent.mkdir(parents=True)
    released.write_text(ROWS)
    local = load_split("sib200:rus", "dev", data_dir=data_dir)
    assert (hub.ids, hub.texts, hub.labels) == (local.ids, local.texts, local.labels)
    assert hub.texts[0] == 'Он сказал: "да".'
    assert hub.language == local.language == "ru"
    assert hub.notes == local.notes
    assert local.lines == (2, 3)
    assert hub.lines is None


def test_sib200_layouts_and_languages(data_dir: Path) -> None:
    place = data_dir / "sib-200" / "data" / "annotated" / "bak_Cyrl" / "test.tsv"
    place.parent.mkdir(parents=True)
    place.write_text(ROWS)
    assert len(load_split("sib200:bak_Cyrl", "test", data_dir=data_dir)) == 2
    with pytest.raises(UsageError, match="SIB-200 does not have Eastern Low German"):
        load_split("sib200:nds", "test", data_dir=data_dir)


def test_numbered_labels_get_their_names(tmp_path: Path) -> None:
    features = Features(
        {"sentence": Value("string"), "label": ClassLabel(names=["bad", "good"]), "idx": Value("int64")}
    )
    rows = {"sentence": ["a", "b"], "label": [1, 0], "idx": [10, 11]}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "set" / "test.parquet")
    dataset = load_split(f"hf:{tmp_path / 'set'}", "test", language="eng")
    assert (dataset.ids, dataset.texts, dataset.labels) == (("10", "11"), ("a", "b"), ("good", "bad"))
    assert dataset.language == "en"
    withheld = {"sentence": ["a", "b"], "label": [-1, -1], "idx": [0, 1]}
    Dataset.from_dict(withheld, features=features).to_parquet(tmp_path / "blind" / "test.parquet")
    assert load_split(f"hf:{tmp_path / 'blind'}", "test", require_labels=False).labels is None
    with pytest.raises(DataError, match=r"\(test\), row 1: the label is empty"):
        load_split(f"hf:{tmp_path / 'blind'}", "test")


def test_columns_splits_and_stars(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.csv").write_text("words,stars,kind\nschön,5,1.5\n")
    with pytest.raises(
        DataError, match=r"hf:.*no column is called like a text column: the columns are words, stars, kind"
    ):
        load_split(f"hf:{folder}", "train")
    assert load_split(f"hf:{folder}", "train", columns=Columns(text="words")).labels == ("positive",)
    assert load_split(f"hf:{folder}", "train", columns=Columns("words", "kind")).labels == ("1.5",)
    with pytest.raises(DataError, match="there is no dev split, only train"):
        load_split(f"hf:{folder}", "dev", columns=Columns(text="words"))


def test_configurations(sib: Path) -> None:
    assert len(load_split(f"hf:{sib}:rus_Cyrl", "train")) == 2
    assert len(load_split(f"hf:{sib}:eng_Latn", "test")) == 2
    with pytest.raises(DataError, match="there is no configuration 'ru': there are 2, such as rus_Cyrl") as caught:
        load_split(f"hf:{sib}:ru", "train")
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="a configuration must be named: there are 2, such as"):
        load_split(f"hf:{sib}", "train")
    with pytest.raises(UsageError, match="the name of the data set is missing"):
        load_split("hf:", "train")


def test_code_of_a_data_set_is_not_run(tmp_path: Path) -> None:
    folder, trace = tmp_path / "scripted", tmp_path / "trace"
    folder.mkdir()
    (folder / "scripted.py").write_text(f"open({str(trace)!r}, 'w')\n")
    with pytest.raises(SourceUnavailableError, match="code from the hub is not run"):
        load_split(f"hf:{folder}", "train")
    assert not trace.exists()


CHILD = """
import sys
from mosecrot_cli.errors import MosecrotError
from mosecrot_cli.tasks.loading import load_split
for spec in ("amazon:de", "sib200:tt", "hf:somebody/something"):
    try:
        load_split(spec, "test")
    except MosecrotError as error:
        print(error.exit_code, str(error))
"""


def test_offline_says_what_to_fetch(tmp_path: Path) -> None:
    # Offline rather than a dead address: the hub's client spends half a minute on retries there.
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    amazon, sib, named = done.stdout.splitlines()
    assert amazon.startswith("5 amazon:de: ")
    assert "de/test.jsonl of huggingface.co/datasets/mteb/amazon_reviews_multi" in amazon
    assert "`data_dir`" in amazon
    assert sib.startswith("5 sib200:tt: ")
    assert "data/annotated/tat_Cyrl/{train,dev,test}.tsv" in sib
    assert "`data_dir`" in sib
    assert named.startswith("5 hf:somebody/something: ")
