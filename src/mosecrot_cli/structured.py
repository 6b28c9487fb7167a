"""The one way to read JSON and TOML: typed, bounded in depth and size, and any fault is a `DataError` with its place.

msgspec does the work: it checks types while it parses, faster than `json` alone parses. Its import takes 20 ms or
more, so it waits until something is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import regular_file

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T")

JsonObject = dict[str, Any]
"""An object whose values are checked where they are used."""

MAX_DEPTH = 64
MAX_BYTES = 256 << 20
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\\\)*\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})",
    re.IGNORECASE,
)
_BYTE = re.compile(r" ?\(byte (\d+)\)")
_BOM = b"\xef\xbb\xbf"


def read_json(path: Path, kind: type[T], *, hint: str | None = None) -> T:
    """The content of a JSON file as a value of a type.

    Args:
        path: a regular file of UTF-8 text; a byte order mark is dropped.
        kind: what it holds: a dataclass, or a type such as `dict[str, Any]`. Fields that a dataclass does not have are
            passed over.
        hint: how to mend the file, for the message.

    Raises:
        DataError: the file is missing, unreadable, too large or nested too deeply, is not JSON, or holds something
            else than `kind`. The message names the file, and the line or the place in the document.
    """
    return decode_json(_read(path, hint), kind, where=str(path), hint=hint)


def read_toml(path: Path, kind: type[T], *, hint: str | None = None) -> T:
    """The content of a TOML file as a value of a type; see `read_json`.

    Raises:
        DataError: as of `read_json`.
    """
    import msgspec

    _, content = read_toml_text(path, hint=hint)
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise DataError(_unexpected(error), where=str(path), hint=hint) from error


def read_toml_text(path: Path, *, hint: str | None = None) -> tuple[str, JsonObject]:
    """The text of a TOML file, for messages that name a line, and its content, unchecked (`converted` checks it).

    Raises:
        DataError: as of `read_json`.
    """
    where = str(path)
    import tomllib

    try:
        text = _read(path, hint).removeprefix(_BOM).decode("utf-8")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte 0x{error.object[error.start]:02x})", where=where, hint=hint) from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise DataError(f"not TOML: {error}", where=f"{where}:{line[1]}" if line else where, hint=hint) from error
    except RecursionError as error:
        raise DataError("nested too deeply", where=where, hint=hint) from error


def converted(content: Any, kind: type[T]) -> T:
    """Content of a file as a value of a type.

    Raises:
        ValueError: it is something else (`msgspec.ValidationError`, whose message ends in the place).
    """
    import msgspec

    return msgspec.convert(content, kind)


def decode_json(data: bytes, kind: type[T], *, where: str, hint: str | None = None) -> T:
    """A JSON document as a value of a type.

    Args:
        data: UTF-8 text.
        kind: see `read_json`.
        where: the name of the file or server, for messages; a malformed document adds the line.
        hint: how to mend it, for messages.

    Raises:
        DataError: as of `read_json`.
    """
    import msgspec

    data = data.removeprefix(_BOM)
    _check_depth(data, where, hint)
    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:
        what = f"not UTF-8 (byte 0x{error.object[error.start]:02x})"
        raise DataError(what, where=where, hint=hint) from error
    except msgspec.ValidationError as error:
        raise DataError(_unexpected(error), where=where, hint=hint) from error
    except (msgspec.DecodeError, RecursionError) as error:
        reason, line = _malformed(error, data)
        raise DataError(f"not JSON: {reason}", where=f"{where}:{line}", hint=hint) from error


def decode_line(line: bytes, kind: type[T], *, where: str, hint: str | None = None) -> T:
    """One line of a file of JSON lines as a value of a type.

    Args:
        line: UTF-8 text.
        kind: see `decode_json`.
        where: the file and the number of the line, for messages.
        hint: how to mend it, for messages.

    Raises:
        DataError: as of `read_json`.
    """
    try:
        return decode_json(line, kind, where="", hint=hint)
    except DataError as error:
        raise DataError(error.what, where=where, hint=hint) from error


def to_json(value: Any) -> Any:
    r"""A value as `read_json` gives it back: JSON has no NaN, and UTF-8 cannot hold every file name.

    NaN and infinity become None, mappings and sequences dicts and lists, a byte of a name that is not UTF-8 `\udcff`,
    and what JSON has no form for (a path) its string.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {to_json(str(name)): to_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    text = str(value)
    try:  # a name is UTF-8 even if the locale does not say so
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _read(path: Path, hint: str | None) -> bytes:
    with regular_file(path, hint=hint).open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError(f"larger than {MAX_BYTES >> 20} MiB", where=str(path), hint=hint)
    return data


def _check_depth(data: bytes, where: str, hint: str | None) -> None:
    """Refuse what is nested deeper than `MAX_DEPTH`, for what is parsed is walked by recursive functions later."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(data):
        token = match.group()
        if token in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                line = data.count(b"\n", 0, match.start()) + 1
                raise DataError("not JSON: nested too deeply", where=f"{where}:{line}", hint=hint)
        elif token in (b"]", b"}"):
            depth -= 1


def _malformed(error: Exception, data: bytes) -> tuple[str, int]:
    """What is wrong with a document that msgspec refused, and the line."""
    text = str(error)
    place = _BYTE.search(text)
    position = int(place[1]) if place else len(data)  # without a position, the document ended too early
    if isinstance(error, RecursionError):
        text = "nested too deeply"
    elif half := _HALF_PAIR.search(data):
        text, position = f"{half.group().decode()} is half of a surrogate pair", half.start()
    text = _BYTE.sub("", text).removeprefix("JSON is ")
    return text[:1].lower() + text[1:], data.count(b"\n", 0, position) + 1


def _unexpected(error: msgspec.ValidationError) -> str:
    """Which part of a document is of another type than it should be."""
    what, _, place = str(error).partition(" - at `$")
    what = what.replace("`", "")
    return f"{place.strip('.`') or 'the document'}: {what[:1].lower()}{what[1:]}"
