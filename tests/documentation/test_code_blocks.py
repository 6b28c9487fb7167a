"""README.md and docs/ as readers type them: every block is run, or says in the page's source why it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from documentation.blocks import ROOT, RUN, SHOWN, Block, Page, pages, read_page
from documentation.fork_server import MosecrotOnPath
from documentation.stand_ins import STATES, make_files, make_state

PAGES = pages()
BLOCKS = [block for page in PAGES for block in page.blocks]
RUNNABLE = [page for page in PAGES if any(block.runs for block in page.blocks)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand-ins")
    make_files(folder)
    return folder


@pytest.fixture(scope="module")
def state(files: Path, tmp_path_factory: pytest.TempPathFactory):
    """Lays out a fresh folder in a state; the commands of a state run once."""
    made: dict[str, Path] = {}

    def lay_out(name: str, folder: Path) -> None:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name) / "work"
            make_state(made[name], files, name)
        subprocess.run(["cp", "-r", f"{made[name]}/.", folder], check=True)

    return lay_out


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory):
    with MosecrotOnPath(tmp_path_factory.mktemp("bin")) as variables:
        yield variables | {"COLUMNS": "80"}


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run_one_after_the_other(page: Page, state, environment, tmp_path: Path):
    state(page.starts_from, tmp_path)
    for block in page.blocks:
        if block.runs:
            _run(block, tmp_path, environment)


def _run(block: Block, folder: Path, environment: dict[str, str]) -> None:
    program = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}[block.language]
    done = subprocess.run(
        [*program, block.code], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{block.where}\n{block.code}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_every_block_names_its_language_and_a_reason_if_it_is_not_run(block: Block):
    assert block.language in RUN | SHOWN
    assert not block.not_run or (block.language in RUN and len(block.not_run.split()) >= 3)


def test_every_page_starts_from_a_known_state():
    assert {page.starts_from for page in PAGES} <= set(STATES)


def test_most_blocks_are_run():
    runnable = [block for block in BLOCKS if block.language in RUN]
    assert sum(block.runs for block in runnable) > len(runnable) / 2


@pytest.mark.parametrize("text", ["```\nls\n```\n", " ```sh\nls\n ```\n", "```sh\nls\n", "<!-- not run: why not -->\n"])
def test_what_the_parser_refuses(text: str, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("documentation.blocks.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(ValueError, match=r"page\.md"):
        read_page(tmp_path / "page.md")


def test_reading_a_page(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("documentation.blocks.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(
        "<!-- starts from: mapped -->\n```sh\nls \\\n  -l  # all\n```\n<!-- not run: needs the network -->\n"
        "```sh\ncurl x |\n  wc\n```\n\n```text\n1\n```\n"
    )
    page = read_page(tmp_path / "page.md")
    assert [(block.runs, block.not_run) for block in page.blocks] == [
        (True, ""),
        (False, "needs the network"),
        (False, ""),
    ]
    assert page.blocks[0].commands() == ["ls -l"] and page.blocks[1].commands() == ["curl x | wc"]
    assert page.starts_from == "mapped" and page.prose.split() == []
    assert ROOT.joinpath("README.md").is_file()
