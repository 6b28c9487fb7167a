"""What README and docs name exists: commands and options, files, addresses in this repository; README's limits hold."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from documentation.blocks import GENERATED, ROOT, Page, pages
from mosecrot_cli.cli.app import app

PAGES = pages()
REPOSITORY = "https://github.com/mosecrot/mosecrot"
README = next(page for page in PAGES if page.name == "README.md")
# Options of other programs that the pages mention.
FOREIGN = {"--index-url", "--strict", "--quick", "--full", "--only", "--repeats", "--output", "--device"}


def command_at(words: list[str]) -> tuple[Any, list[str]]:
    """The command that a line names, and the rest of the line."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    return command, rest


def options_of(command: Any) -> set[str]:
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return own | {"--help", "-h"}


def all_options(command: Any) -> set[str]:
    below = getattr(command, "commands", {}).values()
    return options_of(command).union(*(all_options(each) for each in below))


def command_lines(page: Page) -> list[tuple[str, str]]:
    """Every `mosecrot …` of the page's shell blocks and code spans, with where it stands."""
    found = []
    for block in page.blocks:
        if block.language == "sh":
            for line in block.commands():
                parts = re.split(r"\s*(?:\||&&|;)\s*", line)
                found += [(block.where, part) for part in parts if re.match(r"mosecrot\b", part)]
    spans = re.findall(r"`(mosecrot [^`]+)`", page.prose)
    return found + [(page.name, span) for span in spans]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Page):
    for where, line in command_lines(page):
        words = [word for word in shlex.split(line.replace("…", "")) if word][1:]
        # A span may name alternatives: `mosecrot vectors train|convert`.
        words = [word.split("|")[0] if not word.startswith("-") else word for word in words]
        command, rest = command_at(words)
        assert not hasattr(command, "commands") or all(word.startswith("-") for word in rest), f"{where}: {line}"
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert given <= options_of(command), f"{where}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_the_prose_exist(page: Page):
    spans = " ".join(re.findall(r"`([^`]+)`", page.prose))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", spans))
    assert named <= all_options(typer.main.get_command(app)) | FOREIGN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_linked_files_exist(page: Page):
    folder = (ROOT / page.name).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", page.prose):
        if target.startswith(f"{REPOSITORY}/blob/main/") or target.startswith(f"{REPOSITORY}/tree/main/"):
            path = ROOT / target.removeprefix(REPOSITORY).split("/", 3)[3].partition("#")[0]
        elif re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        else:
            path = folder / target.partition("#")[0]
        if GENERATED in path.parents:
            continue  # `make docs` finds dead links among them
        assert path.exists(), f"{page.name}: {target}"


def test_the_tests_that_hold_a_promise_exist():
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 20
    for path, name in named:
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_every_command_is_in_the_navigation_of_the_site():
    named = re.findall(r"commands/(\w+)\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert sorted(named) == sorted([*typer.main.get_group(app).commands, "index"])


def test_the_readme_is_short():
    assert len(README.text.splitlines()) <= 150
    assert max(len(line) for line in README.text.splitlines() if not line.startswith("|")) <= 130


def test_no_paragraph_of_the_readme_holds_more_than_three_numbers():
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", "", README.prose)
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", prose):
        if not paragraph.lstrip().startswith(("|", "#")):
            numbers = re.findall(r"(?<![\w.])[.\d][\d.,–]*", re.sub(r"^\d+\. ", "", paragraph.strip()))
            numbers = [number for number in numbers if any(letter.isdigit() for letter in number)]
            assert len(numbers) <= 3, paragraph


def test_the_picture_is_there():
    assert (ROOT / "docs/images/five-steps.svg").is_file()
    assert "docs/images/five-steps.svg" in README.text


def test_one_version_everywhere():
    import mosecrot_cli

    version = mosecrot_cli.__version__
    assert f"\nversion: {version}\n" in Path(ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(version)}\] – \d{{4}}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
