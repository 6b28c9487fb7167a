"""Data sets of the hub, fetched by the real clients from a server that speaks its protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.tasks.loading import load_split

SHA = "0" * 40
TOPICS = ("health", "sports", "travel")


def repository(server, name: str, files: dict[str, bytes]) -> None:
    """A data set repository: its files, and what the API says of it, folder by folder."""
    api = f"/api/datasets/{name}"
    answers: dict[str, Any] = {}
    entries = [{"type": "file", "path": path, "size": len(body), "oid": SHA} for path, body in files.items()]
    info = {"id": name, "sha": SHA, "siblings": [{"rfilename": path} for path in files], "private": False}
    for end in ("", "/revision/main", f"/revision/{SHA}"):
        answers[api + end] = info | {"gated": False, "disabled": False, "downloads": 1, "likes": 1, "tags": []}
    folders = {""} | {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
    for folder in folders:
        inside = [entry for entry in entries if entry["path"].rpartition("/")[0] == folder]
        below = [{"type": "directory", "path": path, "size": 0, "oid": SHA} for path in folders - {""}
                 if path.rpartition("/")[0] == folder]  # fmt: skip
        place = "/" + folder.replace("/", "%2F") if folder else ""
        answers[f"{api}/tree/{SHA}{place}?recursive=false&expand=false"] = inside + below
    server.files |= {path: json.dumps(answer).encode() for path, answer in answers.items()}
    for path, body in files.items():
        server.files |= {f"/datasets/{name}/resolve/{revision}/{path}": body for revision in ("main", SHA)}


def sib(count: int, start: int) -> bytes:
    rows = [f"{start + n}\t{TOPICS[n % 3]}\tбу {start + n}" for n in range(count)]
    return ("\n".join(["index_id\tcategory\ttext", *rows]) + "\n").encode()


@pytest.fixture
def sib200(hub):
    splits = {"train": "train", "validation": "dev", "test": "test"}
    configs = "".join(
        f"- config_name: {code}\n  data_files:\n"
        + "".join(f"  - split: {split}\n    path: data/{code}/{file}.tsv\n" for split, file in splits.items())
        for code in ("tat_Cyrl", "deu_Latn")
    )
    files = {"README.md": f"---\nconfigs:\n{configs}---\n".encode()}
    for start, code in enumerate(("tat_Cyrl", "deu_Latn")):
        files |= {f"data/{code}/{file}.tsv": sib(6, 100 * start + len(file)) for file in splits.values()}
    repository(hub, "Davlan/sib200", files)
    return hub


def test_sib200(sib200):
    reporter = SilentReporter()
    found = load_split("sib200:Tatar", "dev", reporter=reporter)
    assert found.ids == ("3", "4", "5", "6", "7", "8") and found.labels == TOPICS * 2
    assert found.texts[0] == "бу 3" and found.language == "tt"
    assert found.notes["licence"] == "CC BY-SA 4.0"
    assert [warning.partition(" (")[0] for warning in reporter.warnings] == ["SIB-200"]
    assert load_split("sib200:tt", "test", reporter=reporter).ids[0] == "4"
    assert len(reporter.warnings) == 1


def test_any_data_set_tells_where_its_licence_is(sib200):
    reporter = SilentReporter()
    found = load_split("hf:Davlan/sib200:deu_Latn", "train", language="de", reporter=reporter)
    assert found.notes == {"licence": "see its card", "citation": "see its card"}
    assert "huggingface.co/datasets/Davlan/sib200" in reporter.warnings[0]


def test_a_repository_that_is_not_there(hub):
    with pytest.raises(
        SourceUnavailableError, match=r"tat_Cyrl/\{train,dev,test\}\.tsv.*name DIR with `data_dir`"
    ) as caught:
        load_split("sib200:tt", "test")
    assert "\n" not in str(caught.value)


def test_reviews_of_the_mirror(hub):
    rows = [{"id": f"de_{n}", "text": f"Titel\n\nText {n}", "label": n, "label_text": str(n)} for n in range(5)]
    path = "/datasets/mteb/amazon_reviews_multi/resolve/main/de/test.jsonl"
    hub.files[path] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    hub.faults[path] = ["", "500", "cut 40"]
    reporter = SilentReporter()
    found = load_split("amazon:de", "test", reporter=reporter)
    assert found.labels == ("negative", "negative", "neutral", "positive", "positive")
    assert "non-commercial" in str(found.notes["licence"]) and len(reporter.warnings) == 1
