"""Wrong usage: former spellings, options that are given twice, and what Typer complains about, in one line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.exceptions import TyperException

from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings.option import Parameter


def in_current_spelling(args: Sequence[str], parameters: Sequence[Parameter], retired: Mapping[str, str]) -> list[str]:
    """The arguments with the former spellings of options replaced.

    Raises:
        UsageError: an option that has gone.
    """
    former = {old: each.option.flag for each in parameters for old in each.option.former}
    result = list(args)
    for position, argument in enumerate(result):
        if argument == "--":
            break
        flag, equals, value = argument.partition("=")
        if flag in retired:
            raise UsageError(f"now a command of its own: {retired[flag]}", where=flag)
        if flag in former:
            typer.echo(f"warning: {flag} is now called {former[flag]}", err=True)
            result[position] = f"{former[flag]}{equals}{value}"
    return result


def refuse_repeated(order: Sequence[Any]) -> None:
    """Refuse an option that takes one value and was given twice: which one is meant?

    Raises:
        UsageError: such an option.
    """
    for parameter, times in Counter(order).items():
        harmless = getattr(parameter, "multiple", False) or (
            getattr(parameter, "is_flag", False) and not parameter.secondary_opts
        )
        if times > 1 and parameter.param_type_name == "option" and not harmless:
            raise UsageError(f"given {times} times", where=max(parameter.opts, key=len), hint="give it once")


def usage_error(error: TyperException) -> UsageError:
    """What Typer says about the command line, as an error of this toolkit: one line, with the nearest name."""
    context = getattr(error, "ctx", None)
    page = f"see {context.command_path} --help" if context else None
    if unknown := getattr(error, "option_name", None) if hasattr(error, "possibilities") else None:
        near = getattr(error, "possibilities", None)
        return UsageError("no such option", where=unknown, hint=f"did you mean {near[0]}?" if near else page)
    parameter = getattr(error, "param", None)
    if parameter is None:
        text = error.format_message().rstrip(".")
        return UsageError(text[:1].lower() + text[1:], hint=None if "mean" in text else page)
    flag = max(parameter.opts, key=len) if parameter.param_type_name == "option" else parameter.display_name_raw
    if not error.message:
        return UsageError(f"{parameter.param_type_name} {flag} is missing", hint=page)
    return UsageError(error.message, where=flag)
