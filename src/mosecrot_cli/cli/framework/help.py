"""The text of `--help`: what a command does, its examples, and its options in panels, within the terminal's width.

Examples are printed as they stand, so that they can be pasted; everything else is wrapped between words.
"""

from __future__ import annotations

import inspect
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, get_args

import typer

from mosecrot_cli.settings import ALL
from mosecrot_cli.settings.option import DATA_SET, OUTPUT, REQUIRED, Parameter
from mosecrot_cli.tasks.registry import described_names

DOCUMENTATION: Final = "https://github.com/mosecrot/mosecrot"
_COLUMN = 26
"""Where the descriptions start."""
_WIDEST = 100


@dataclass(frozen=True)
class Row:
    """A line of a panel: an option or a command.

    Attributes:
        name: how it is written.
        text: what it does, with its default.
        choices: its values, each with a description.
    """

    name: str
    text: str
    choices: Sequence[tuple[str, str]] = ()


def command_page(command: Any, ctx: Any) -> str:
    """The page of a command."""
    parameters: Sequence[Parameter] = getattr(command.callback, "declaration").parameters  # noqa: B009
    panels: dict[str, list[Row]] = {}
    for parameter in parameters:
        panels.setdefault(parameter.option.panel, []).append(row_of(parameter))
    last = [*panels.pop(OUTPUT, []), Row("-h, --help", "Show this page.")]
    panels[OUTPUT] = last
    return _page(usage(ctx.command_path, parameters), command.help, panels)


def group_page(group: Any, ctx: Any) -> str:
    """The page of a group: its commands and its own options."""
    panels: dict[str, list[Row]] = {}
    for name, command in group.commands.items():
        if not command.hidden:
            panel = command.rich_help_panel
            title = panel if isinstance(panel, str) else "Commands"
            panels.setdefault(title, []).append(Row(name, first_paragraph(command.help)))
    panels["Options"] = [
        Row(", ".join(sorted(each.opts, key=len)), each.help or "")
        for each in group.get_params(ctx)
        if not getattr(each, "hidden", False)
    ]
    return _page(f"{ctx.command_path} COMMAND [OPTIONS]", group.help, panels)


def usage(path: str, parameters: Sequence[Parameter]) -> str:
    """The usage line of a command."""
    arguments = [_argument(each) for each in parameters if each.option.positional]
    return " ".join([path, *arguments, "[OPTIONS]"])


def row_of(parameter: Parameter) -> Row:
    """A parameter as a line of its panel."""
    option = parameter.option
    told = default_of(parameter)
    notes = "[required]" if parameter.default is REQUIRED else f"[default: {told}]" if told else ""
    if option.variable:
        notes += f" [env: {option.variable}]"
    return Row(written(parameter), f"{option.help} {notes}".strip(), choices_of(parameter))


def default_of(parameter: Parameter) -> str:
    """The default in words; empty for a switch that is off and for what is required."""
    default, option = parameter.default, parameter.option
    if default is REQUIRED or (default is False and not any("/" in flag for flag in option.flags)):
        return ""
    if default is None or default == ():
        return option.unset or ""
    if isinstance(default, bool):
        return max(option.flags, key=len).split("/")[0 if default else 1].lstrip("-")
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, float):
        return f"{default:g}"
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return "all" if default == ALL else str(default)


def choices_of(parameter: Parameter) -> list[tuple[str, str]]:
    """The values that can be chosen, each with its description; empty where there are no descriptions."""
    if parameter.option.metavar == DATA_SET and parameter.default is REQUIRED:
        return described_names()
    kind = choice_type(parameter)
    found = [(str(member.value), getattr(member, "summary", "")) for member in kind or ()]
    return found if any(summary for _, summary in found) else []


def choice_type(parameter: Parameter) -> type[Enum] | None:
    """The enumeration that a parameter's value is one of, if it is one."""
    for kind in (parameter.type, *get_args(parameter.type)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind
    return None


def first_paragraph(text: str | None) -> str:
    """What a docstring says first, on one line."""
    return " ".join(inspect.cleandoc(text or "").partition("\n\n")[0].split())


def written(parameter: Parameter) -> str:
    """A parameter as it is written, with the name of its value: `-o, --output PATH`."""
    option = parameter.option
    if option.positional:
        return ", ".join([f"{option.metavar}", *option.flags])
    names = [name for flag in sorted(option.flags, key=len) for name in _both(flag)]
    value = _metavar(parameter)
    return f"{', '.join(names)} {value}".strip()


def _both(flag: str) -> list[str]:
    """`--shared/--no-shared` as `--[no-]shared`; other pairs as two names."""
    yes, _, no = flag.partition("/")
    if not no:
        return [yes]
    return [f"--[no-]{yes[2:]}"] if no == f"--no-{yes[2:]}" else [yes, no]


def _metavar(parameter: Parameter) -> str:
    if parameter.option.metavar:
        return parameter.option.metavar
    if kind := choice_type(parameter):
        return "|".join(str(member.value) for member in kind)
    return ""


def _argument(parameter: Parameter) -> str:
    name = parameter.option.metavar or parameter.name.upper()
    if parameter.type is not str and str(parameter.type).startswith("tuple"):
        name += "..."
    return name if parameter.default is REQUIRED else f"[{name}]"


# --- layout -----------------------------------------------------------------------------------------------------------
def _page(usage_line: str, text: str | None, panels: dict[str, list[Row]]) -> str:
    width = _width()
    lines = [f"{_heading('Usage:')} {usage_line}", "", *_prose(text or "", width)]
    while not lines[-1]:
        lines.pop()
    for title, rows in panels.items():
        lines += ["", _heading(f"{title}:")]
        for row in rows:
            lines += _row(row, width)
    lines += ["", f"Documentation: {DOCUMENTATION}"]
    return "\n".join(lines) + "\n"


def _prose(text: str, width: int) -> Iterator[str]:
    """Paragraphs, wrapped; indented lines as they stand."""
    paragraph: list[str] = []
    for line in [*inspect.cleandoc(text).splitlines(), ""]:
        if paragraph and (not line.strip() or line.startswith(" ")):
            yield from textwrap.wrap(" ".join(paragraph), width, break_on_hyphens=False)
            paragraph = []
        if line.startswith(" "):
            yield f"  {line.strip()}" if not line.startswith("      ") else f"      {line.strip()}"
        elif line.strip():
            paragraph.append(line)
        else:
            yield ""


def _row(row: Row, width: int) -> Iterator[str]:
    described = _wrapped(row.text, width - _COLUMN)
    if len(row.name) <= _COLUMN - 4:
        yield f"  {_name(row.name)}{' ' * (_COLUMN - 2 - len(row.name))}{described[0]}".rstrip()
        described = described[1:]
    else:
        yield f"  {_name(row.name)}"
    yield from (" " * _COLUMN + line for line in described)
    longest = max((len(value) for value, _ in row.choices), default=0)
    for value, summary in row.choices:
        indent = _COLUMN + 2
        yield from textwrap.wrap(
            f"{value.ljust(longest)}  {summary}",
            width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + longest + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _wrapped(text: str, width: int) -> list[str]:
    # `[default: 50]` stays together; `--keep-source` is not cut at its hyphens.
    bound = text.replace("[default: ", "[default:\xa0")
    lines = textwrap.wrap(bound, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace("\xa0", " ") for line in lines]


def _width() -> int:
    if not sys.stdout.isatty():
        return 80
    return max(60, min(shutil.get_terminal_size().columns, _WIDEST))


def _coloured() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _heading(text: str) -> str:
    return typer.style(text, bold=True) if _coloured() else text


def _name(text: str) -> str:
    return typer.style(text, fg="cyan") if _coloured() else text
