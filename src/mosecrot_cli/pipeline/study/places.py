"""Where something stands in a TOML file, for messages: the parser of the standard library does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Place = tuple[str | int, ...]
"""Keys and indices from the top of the document: `("grid", 0, "maps")`."""

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*((?:\"[^\"]*\"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:\"[^\"]*\"|'[^']*'|[\w-]+))*)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")
_STEP = re.compile(r"\[(\d+|\.\.\.)\]|\.?([^.\[\]]+)")


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line of the deepest part of a place that has one of its own; 1 if none has.

    Args:
        text: the document.
        place: keys and indices.
    """
    best, line = 0, 1
    for number, found in _places(text):
        depth = len(found)
        if depth > best and tuple(place[:depth]) == found:
            best, line = depth, number
    return line


def place_of(path: str) -> Place:
    """The place that msgspec names as `$.grid[0].maps`; `[...]` (some value of a table) ends it."""
    found: list[str | int] = []
    for index, key in _STEP.findall(path.removeprefix("$")):
        if index == "...":
            break
        found.append(int(index) if index else key)
    return tuple(found)


def _places(text: str) -> Iterator[tuple[int, Place]]:
    table: Place = ()
    counts: dict[Place, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            yield number, table
        elif key := _KEY.match(line):
            yield number, table + _parts(key[1])


def _parts(dotted: str) -> Place:
    return tuple(double or single or bare for double, single, bare in _PART.findall(dotted))
