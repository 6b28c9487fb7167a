"""Write one Markdown page per command from the declarations in the code: `python tools/command_pages.py FOLDER`.

A group (`baseline`, `vectors`) is one page with a section per command. Texts, options, defaults and choices are those
of `--help`.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from mosecrot_cli.cli.app import app
from mosecrot_cli.cli.framework.command import declaration_of
from mosecrot_cli.cli.framework.help import choices_of, default_of, first_paragraph, usage, written
from mosecrot_cli.settings.option import REQUIRED, Parameter


def pages() -> dict[str, str]:
    """Name of a command or group -> its page."""
    found = {}
    for name, command in typer.main.get_group(app).commands.items():
        inner = getattr(command, "commands", None)
        lines = [f"# mosecrot {name}", ""]
        if inner:
            lines += [str(command.help), ""]
            for child, each in inner.items():
                lines += [f"## mosecrot {name} {child}", "", *_command(f"mosecrot {name} {child}", each, level=3)]
        else:
            lines += _command(f"mosecrot {name}", command, level=2)
        found[name] = "\n".join(lines).rstrip() + "\n"
    return found


def index() -> str:
    """A table of the commands with what each does."""
    lines = ["# Commands", "", "| command | what it does |", "|---|---|"]
    for name, command in typer.main.get_group(app).commands.items():
        lines.append(f"| [`{name}`]({name}.md) | {_cell(first_paragraph(command.help))} |")
    return "\n".join(lines) + "\n"


def _command(path: str, command: Any, *, level: int) -> Iterator[str]:
    parameters = declaration_of(command.callback).parameters
    yield from ("```text", usage(path, parameters), "```", "")
    yield from _prose(command.help)
    panels: dict[str, list[Parameter]] = {}
    for parameter in parameters:
        panels.setdefault(parameter.option.panel, []).append(parameter)
    for title, rows in panels.items():
        yield from (f"{'#' * level} {title}", "", "| option | what it does | default |", "|---|---|---|")
        for row in rows:
            yield f"| `{written(row)}` | {_description(row)} | {_default(row)} |"
        yield ""


def _prose(text: str) -> Iterator[str]:
    """The docstring; its indented lines become a code block."""
    code = False
    for line in [*inspect.cleandoc(text).splitlines(), ""]:
        if line.startswith(" ") != code and (line or code):
            yield from ([] if code else [""])
            yield "```" if code else "```bash"
            code = not code
        yield line.strip() if code else line


def _description(parameter: Parameter) -> str:
    text = _cell(parameter.option.help)
    if choices := choices_of(parameter):
        text += "".join(f"<br>`{value}`: {_cell(summary)}" for value, summary in choices)
    if parameter.option.variable:
        text += f" Environment variable: `{parameter.option.variable}`."
    return text


def _default(parameter: Parameter) -> str:
    if parameter.default is REQUIRED:
        return "required"
    told = default_of(parameter)
    return _cell(told) if not told or parameter.option.unset == told else f"`{told}`"


def _cell(text: str) -> str:
    """Text in a table; code spans take it as it is (the site's Markdown, unlike GitHub's, keeps a backslash there)."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def main(folder: Path) -> None:
    """Write the pages and their index."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (pages() | {"index": index()}).items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
