"""From a settings class to a command of the application.

    @command(StitchSettings)
    def stitch(settings: StitchSettings, sink: Sink) -> None:
        \"\"\"Help text.\"\"\"

The options are those that the fields of the settings class declare (`settings.option`), then those that further
parameters of the function declare in the same way (`word: Annotated[str | None, Option("--word", ...)] = None`), then
those that all commands have. A parameter `given` receives the names of the options that were given explicitly.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from mosecrot_cli.cli.framework.help import command_page, group_page
from mosecrot_cli.cli.framework.messages import did_you_mean, speak_for
from mosecrot_cli.cli.framework.usage import in_current_spelling, refuse_repeated
from mosecrot_cli.cli.output import session
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings.option import (
    OUTPUT,
    REQUIRED,
    Nested,
    Option,
    Parameter,
    assemble,
    option_of,
    parameters_of,
)

_OFFLINE: Final = Parameter(
    ("offline",), bool, False, Option("--offline", help="Fetch nothing; use what the cache holds.", panel=OUTPUT)
)
_JSON: Final = Parameter(
    ("as_json",), bool, False, Option("--json", help="Print the report as JSON on stdout.", panel=OUTPUT)
)
_TALK: Final = (
    Parameter(("verbose",), bool, False, Option("-v", "--verbose", help="Print details and tracebacks.", panel=OUTPUT)),
    Parameter(("quiet",), bool, False, Option("-q", "--quiet", help="Print errors only, no bars.", panel=OUTPUT)),
)
_OWN = ("settings", "sink", "given")
_TWICE = "_option"
"""Ends the name of the option that names an argument as well."""


@dataclass(frozen=True)
class Declaration:
    """What a command accepts.

    Attributes:
        parameters: its options, in the order of `--help`.
        retired: options of earlier releases -> what to use instead.
    """

    parameters: tuple[Parameter, ...]
    retired: Mapping[str, str] = field(default_factory=dict)


def command(
    settings: type[Any],
    changes: Nested | None = None,
    *,
    json: bool = True,
    offline: bool = False,
    retired: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function `(settings, sink, ...)`.

    Args:
        settings: the class that declares the options and receives their values.
        changes: options that this command leaves out or describes differently.
        json: whether it has `--json`.
        offline: whether it has `--offline`.
        retired: options of earlier releases -> what to use instead.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = parameters_of(settings, changes)
        extras = tuple(_extras(function))
        common = (*([_OFFLINE] if offline else []), *([_JSON] if json else []), *_TALK)
        declaration = Declaration((*own, *extras, *common), retired or {})

        @functools.wraps(function)
        def run(ctx: typer.Context, **values: Any) -> None:
            speak_for(declaration.parameters)
            given = _given(ctx, values)
            values = _joined(declaration.parameters, values)
            if values.pop("offline", False):
                _go_offline()
            talk = {name: values.pop(name, False) for name in ("as_json", "quiet", "verbose")}
            with session(**talk) as sink:
                chosen = assemble(settings, {each.name: values[each.name] for each in own if each.name in values})
                further = {each.name: values.get(each.name, each.default) for each in extras}
                if "given" in inspect.signature(function).parameters:
                    further["given"] = given
                function(chosen, sink, **further)

        del run.__wrapped__
        run.__signature__ = _signature(declaration.parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {}
        run.declaration = declaration  # type: ignore[attr-defined]
        return run

    return decorate


def declaration_of(callback: object) -> Declaration:
    """What the function of a command accepts."""
    found: Declaration = getattr(callback, "declaration", Declaration(()))
    return found


class Command(TyperCommand):
    """A command with the help pages and the checks of this toolkit."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, after old spellings are replaced and options that are given twice refused."""
        declaration = declaration_of(self.callback)
        speak_for(declaration.parameters)
        args = in_current_spelling(args, declaration.parameters, declaration.retired)
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            refuse_repeated(order)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        formatter.write(command_page(self, ctx))


class Group(TyperGroup):
    """A group of commands with the help pages of this toolkit."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        formatter.write(group_page(self, ctx))


def _extras(function: Callable[..., None]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in _OWN:
            plain, option = option_of(hints[name])
            assert option is not None, f"{name} declares no option"
            yield Parameter((name,), plain, parameter.default, option)


# --- from our declarations to Typer's ---------------------------------------------------------------------------------
def _signature(parameters: Sequence[Parameter]) -> inspect.Signature:
    return inspect.Signature(list(_typer_parameters(parameters)))


def _typer_parameters(parameters: Sequence[Parameter]) -> Iterator[inspect.Parameter]:
    yield inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    for parameter in parameters:
        kind, parser = _typer_type(parameter)
        option = parameter.option
        told: dict[str, Any] = {
            "help": option.help,
            "metavar": option.metavar,
            "parser": parser,
            "envvar": option.variable,
            "rich_help_panel": option.panel,
            "show_default": False,
        }
        default = _typer_default(parameter)
        if option.positional:
            if option.flags:
                again = typer.Option(*option.flags, **{**told, "help": f"The same as {option.metavar}."})
                yield _typer_parameter(parameter.name + _TWICE, kind, again, None)
                default = None
            yield _typer_parameter(parameter.name, kind, typer.Argument(**told), default)
        else:
            yield _typer_parameter(parameter.name, kind, typer.Option(*option.flags, **told), default)


def _typer_parameter(name: str, kind: Any, told: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, told], default=default)


def _typer_default(parameter: Parameter) -> Any:
    if parameter.default is REQUIRED:
        return inspect.Parameter.empty
    return None if parameter.default == () else parameter.default


def _typer_type(parameter: Parameter) -> tuple[Any, Callable[[Any], Any] | None]:
    """The type that Typer understands, and the parser of a value."""
    option, plain = parameter.option, _without_none(parameter.type)
    if option.parser is not None:
        return str, _answering(option.parser)
    if get_origin(plain) is tuple:
        item = get_args(plain)[0]
        return list[item], _parser_of(item, option)  # type: ignore[valid-type]
    return plain, _parser_of(plain, option)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else str
    return annotation


def _parser_of(kind: Any, option: Option) -> Callable[[Any], Any] | None:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _answering(functools.partial(_choose, kind))
    if kind in (int, float):
        return _answering(functools.partial(_number, kind, option.least, option.most))
    return None


def _answering(parser: Callable[[str], Any]) -> Callable[[Any], Any]:
    """The parser as Typer wants it: it also gets defaults, and its complaints name the option."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str) or isinstance(value, Enum):
            return value
        try:
            return parser(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def _choose(kind: type[Enum], text: str) -> Enum:
    values = [str(member.value) for member in kind]
    if text in values:
        return kind(text)
    raise ValueError(f"{text!r} is not one of {', '.join(values)}{did_you_mean(text, values)}")


def _number(kind: type[int] | type[float], least: int | None, most: int | None, text: str) -> int | float:
    try:
        value = kind(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a {'whole number' if kind is int else 'number'}") from None
    if value != value or (least is not None and value < least):
        raise ValueError(f"{text} is below {least}" if least is not None else f"{text} is not a number")
    if most is not None and value > most:
        raise ValueError(f"{text} is above {most}")
    return value


# --- from Typer's values to ours --------------------------------------------------------------------------------------
def _given(ctx: typer.Context, values: Mapping[str, Any]) -> frozenset[str]:
    def explicit(name: str) -> bool:
        source = ctx.get_parameter_source(name)
        return source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT")

    return frozenset(name.removesuffix(_TWICE) for name in values if explicit(name))


def _joined(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were given or have a default, by name; several values as a tuple.

    Raises:
        UsageError: what is both an argument and an option was given twice or not at all.
    """
    found: dict[str, Any] = {}
    for parameter in parameters:
        value = values[parameter.name]
        if parameter.name + _TWICE in values:
            both = (value, values[parameter.name + _TWICE])
            if (both[0] is None) == (both[1] is None):
                long = max(parameter.option.flags, key=len)
                raise UsageError(f"name {parameter.option.metavar} once", hint=f"as an argument or with {long}")
            value = both[1] if value is None else value
        if value is not None:
            found[parameter.name] = tuple(value) if isinstance(value, list) else value
    return found


def _go_offline() -> None:
    """Tell every library; they read it when they are first loaded, which is later."""
    os.environ["MOSECROT_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
