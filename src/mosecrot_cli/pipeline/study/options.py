"""Options of the ordinary commands in a study file: checked as the command line would, and turned into its words.

A key is the name of the setting (`max_anchors`), as in Python and in manifests.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from mosecrot_cli.settings.choices import ALL
from mosecrot_cli.settings.option import Parameter, parameters_of
from mosecrot_cli.suggestions import nearest


def options_of(settings: type[Any], *without: str) -> dict[str, Parameter]:
    """The options of a command by name, but for those that the study itself sets."""
    return {each.name: each for each in parameters_of(settings) if each.name not in without}


def check(parameter: Parameter, value: Any) -> None:
    """Check a value of a study file as the command will.

    Raises:
        ValueError: the option does not take it.
    """
    kind, several = _kind(parameter)
    if isinstance(value, list):
        if not several:
            raise ValueError(f"{parameter.name} takes one value, not a list")
        for item in value:
            _check_one(parameter, kind, item)
    else:
        _check_one(parameter, kind, value)


def command_words(options: Mapping[str, Parameter], values: Mapping[str, Any]) -> list[str]:
    """The values as words of a command line."""
    found: list[str] = []
    for name, value in values.items():
        option, (_, several) = options[name].option, _kind(options[name])
        if isinstance(value, bool):
            yes, _, no = max(option.flags, key=len).partition("/")
            found += [yes] if value else [no] if no else []
        elif several and option.parser is None:
            for item in value if isinstance(value, list | tuple) else [value]:
                found += [option.flag, _text(item)]
        elif isinstance(value, list | tuple):
            found += [option.flag, ",".join(map(_text, value))]
        else:
            found += [option.flag, _text(value)]
    return found


def is_text(parameter: Parameter) -> bool:
    """Whether its values are texts, which may name files."""
    kind, _ = _kind(parameter)
    return kind in (str, Path) and parameter.option.parser is None


def _check_one(parameter: Parameter, kind: Any, value: Any) -> None:
    option, name = parameter.option, parameter.name
    if kind is bool:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false, not {value!r}")
    elif isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} cannot be {value!r}")
    elif isinstance(kind, type) and issubclass(kind, Enum):
        known = [str(member.value) for member in kind]
        if str(value) not in known:
            near = nearest(str(value), known)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{name}: {value!r} is not one of {', '.join(known)}{hint}")
    elif option.parser is not None:
        try:
            option.parser(str(value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    elif kind in (int, float):
        _check_number(parameter, kind, value)
    elif not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {value!r}")


def _check_number(parameter: Parameter, kind: Any, value: Any) -> None:
    option, name = parameter.option, parameter.name
    if isinstance(value, str) or (kind is int and not isinstance(value, int)):
        raise ValueError(f"{name}: {value!r} is not a {'whole number' if kind is int else 'number'}")
    if option.least is not None and value < option.least:
        raise ValueError(f"{name}: {value} is below {option.least}")
    if option.most is not None and value > option.most:
        raise ValueError(f"{name}: {value} is above {option.most}")


def _kind(parameter: Parameter) -> tuple[Any, bool]:
    """The type of one value, and whether there can be several."""
    plain = parameter.type
    if get_origin(plain) in (Union, types.UnionType):
        plain = next(kind for kind in get_args(plain) if kind is not type(None))
    if get_origin(plain) is tuple:
        return get_args(plain)[0], True
    return plain, False


def _text(value: Any) -> str:
    return "all" if value == ALL else str(value)
