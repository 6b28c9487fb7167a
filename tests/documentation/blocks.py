"""The code blocks of README.md and docs/, as their readers would type them.

Two HTML comments, which neither GitHub nor the site shows, speak to the tests:

    <!-- not run: REASON -->       directly above a block: it is checked, but not executed
    <!-- starts from: STATE -->    anywhere on a page: what earlier pages have left in the folder (`stand_ins.STATES`)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "docs" / "commands"
"""The pages that `make docs` writes from the code; tests/cli checks them."""
RUN = {"sh", "python"}
SHOWN = {"text", "toml", "json", "bibtex", "yaml", "tsv"}
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>\S*)", re.ASCII)
_COMMENT = re.compile(r"<!--\s*(?P<kind>not run|starts from):\s*(?P<text>.*?)\s*-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text, and why it is not run ("" where it is)."""

    page: str
    line: int
    language: str
    code: str
    not_run: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        return self.language in RUN and not self.not_run

    def commands(self) -> list[str]:
        """Its logical shell lines: continuations joined, comments and blank lines left out."""
        joined = self.code.replace("\\\n", " ")
        # A line that ends in a pipe goes on in the next.
        joined = re.sub(r"\|\s*\n", "| ", joined)
        lines = [re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines()]
        return [" ".join(line.split()) for line in lines if line]


@dataclass(frozen=True)
class Page:
    """A page: its name from the root of the project, its text, blocks and starting state."""

    name: str
    text: str
    blocks: tuple[Block, ...]
    starts_from: str

    @property
    def prose(self) -> str:
        """Its text without blocks and comments."""
        text = re.sub(r"<!--.*?-->", "", self.text, flags=re.DOTALL)
        return re.sub(r"^( *)(`{3,}|~{3,}).*?^\1\2\s*$", "", text, flags=re.DOTALL | re.MULTILINE)


def pages() -> list[Page]:
    """README.md, CONTRIBUTING.md and all of docs/ that is written by hand."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read_page(path) for path in paths if GENERATED not in path.parents]


def read_page(path: Path) -> Page:
    """Parse a page.

    Raises:
        ValueError: a fence that is indented, has no language or is not closed; a reason that stands above no block.
    """
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    comments = {found["kind"]: found["text"] for found in _COMMENT.finditer(text)}
    blocks: list[Block] = []
    lines, number = text.splitlines(), 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        if fence is None:
            number += 1
            continue
        if fence["indent"] or not fence["language"]:
            raise ValueError(f"{name}:{number + 1}: a block is indented, or names no language")
        try:
            end = lines.index(fence["fence"], number + 1)
        except ValueError:
            raise ValueError(f"{name}:{number + 1}: the block is not closed") from None
        code = "\n".join(lines[number + 1 : end]) + "\n"
        blocks.append(Block(name, number + 1, fence["language"], code, _reason_above(lines, number)))
        number = end + 1
    reasons = sum(found["kind"] == "not run" for found in _COMMENT.finditer(text))
    if reasons != sum(bool(block.not_run) for block in blocks):
        raise ValueError(f"{name}: a `not run` comment stands above no block")
    return Page(name, text, tuple(blocks), comments.get("starts from", "files"))


def _reason_above(lines: list[str], number: int) -> str:
    above = "\n".join(lines[:number]).rstrip()
    found = list(_COMMENT.finditer(above))
    return found[-1]["text"] if found and found[-1].end() == len(above) and found[-1]["kind"] == "not run" else ""
