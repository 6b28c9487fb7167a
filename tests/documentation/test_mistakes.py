"""The table of docs/mistakes.md: each row's command is run, and its answer is the one that the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from documentation.blocks import ROOT
from documentation.stand_ins import make_files, make_state
from mosecrot_cli.cli.app import run

ROW = re.compile(r"^\| (?P<mistake>[^|`]+) \| `(?P<command>[^`]+)` \| (?P<code>\d) \| (?P<answer>.+) \|$")
ROWS = [
    found.groupdict()
    for line in (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8").splitlines()
    if (found := ROW.match(line))
]


def news() -> str:
    """AG News as it is distributed: class, title, text, without a header."""
    said = ["team won the match", "atom has energy"]
    return "".join(f'"{n % 2 + 1}","Story number {n}","The {said[n % 2]} {n}"\n' for n in range(24))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a user who has stitched a model, and the odd files that the table names."""
    files, folder = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("mistakes") / "place"
    make_files(files)
    make_state(folder, files, "stitched")
    (folder / "news.csv").write_text(news(), encoding="utf-8")
    (folder / "pairs.tsv").write_text("sentence1\tsentence2\tlabel\nA match.\tA goal.\tyes\n", encoding="utf-8")
    (folder / "gaps.tsv").write_text("label\ttext\nsports\tA match.\nNaN\tA star.\n", encoding="utf-8")
    (folder / "misspelt.tsv").write_text("label\ttext\nsports\tA match.\nsport\tA goal.\n", encoding="utf-8")
    first = (folder / "lexicon.en-ru.tsv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "one.tsv").write_text(f"{first}\n", encoding="utf-8")
    return folder


def test_the_table_is_read():
    lines = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8").splitlines()
    assert len(ROWS) == sum(line.startswith("| ") for line in lines) - 1 > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["command"])
def test_the_answer_is_the_one_that_the_page_shows(row: dict[str, str], place: Path, monkeypatch, capsys):
    monkeypatch.chdir(place)
    monkeypatch.setenv("COLUMNS", "400")
    assert run(shlex.split(row["command"])) == int(row["code"])
    captured = capsys.readouterr()
    # The shown answer is a code span, or several, each a line of stderr.
    answers = re.findall(r"`` (.+?) ``|`([^`]+)`", row["answer"])
    assert answers
    for one in answers:
        assert next(filter(None, one)) in " ".join(captured.err.split())
    if row["code"] != "0":
        assert captured.out == ""
