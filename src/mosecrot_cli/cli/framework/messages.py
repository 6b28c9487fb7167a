"""How messages reach the user: parameters by their flags, control characters escaped.

Below the command line a message names a parameter by its Python name in backticks: "`overwrite` replaces it". Here it
becomes the flag of the running command: "--overwrite replaces it".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType

from mosecrot_cli.settings.option import Option, Parameter
from mosecrot_cli.suggestions import nearest

_PARAMETER = re.compile(r"`([a-z_][a-z0-9_]*)(?:=([^`\n]*))?`")
OF_ANOTHER = re.compile(r"`([a-z]+(?: [a-z]+)?)\.([a-z_][a-z0-9_]*)(?:=([^`\n]*))?`")
_flags: ContextVar[Mapping[str, Option]] = ContextVar("flags", default=MappingProxyType({}))


def speak_for(parameters: Iterable[Parameter]) -> None:
    """From now on messages are those of a command with these parameters."""
    _flags.set({parameter.name: parameter.option for parameter in parameters})


def in_flags(text: str) -> str:
    """The text with the running command's parameters as flags: `` `k` `` is `--k`, `` `k=50` `` is `--k 50`.

    That of another command is written with the command: `` `map.vocab_from` `` is `mosecrot map --vocab-from`.
    Other names in backticks stay as they are.
    """
    return OF_ANOTHER.sub(_of_another, _PARAMETER.sub(_flag, text))


def _of_another(found: re.Match[str]) -> str:
    command, name, value = found.groups()
    return f"`mosecrot {command} --{name.replace('_', '-')}{f' {value}' if value else ''}`"


def _flag(found: re.Match[str]) -> str:
    name, value = found.groups()
    option = _flags.get().get(name)
    if option is None:
        return found[0]
    if value is None:
        return option.flag
    if value in ("True", "False"):
        return _switch(option, on=value == "True") or found[0]
    return f"{option.flag} {value.strip(chr(34) + chr(39))}"


def _switch(option: Option, *, on: bool) -> str | None:
    """The flag that sets a boolean; None where there is none for this value."""
    yes, _, no = max(option.flags, key=len).partition("/")
    return yes if on else no or None


def visible(text: str, *, keep: str = "") -> str:
    """The text with control characters (except those in `keep`) and lone surrogates written out."""
    return "".join(character if character in keep else _shown(character) for character in text)


def _shown(character: str) -> str:
    # Cc: control; Cs: surrogates (bytes of an argument that are not UTF-8); bidirectional overrides reorder a line.
    if character.isprintable() or character in "\u200c\u200d\xa0\u3000":
        return character
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if 0xD800 <= code < 0xE000 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return f"\\u{code:04x}"
    return character


def one_line(text: str) -> str:
    """The text as one line for the terminal, with parameters as flags."""
    return visible(" ".join(in_flags(text).split()))


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """`; did you mean 'sparsemax'?` for a near name, else an empty text."""
    near = nearest(given, names)
    return f"; did you mean {near!r}?" if near else ""
