"""Dictionaries that are not tables: Ding (`::`), FreeDict's TEI, Apertium's `.dix`, and JSON lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast
from xml.etree import ElementTree

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.entries import OddLines, translations
from mosecrot_cli.structured import decode_json

_DING = " :: "
_JSON_HINT = (
    "objects with `source` and `target` are read. From an extract of kaikki.org such lines are made by "
    """jq -c '.word as $s | .translations[]? | select(.code=="CODE" and .word) | {source: $s, target: .word}'"""
)
_XML_HINT = "a TEI dictionary of FreeDict or an Apertium .dix has pairs of words"

Entry = tuple[int, str, str]
"""Line, source, target."""


def read_dictionary(text: str, name: str, odd: OddLines) -> Iterator[Entry] | None:
    """The pairs of a dictionary, or None if the text is not in one of these formats.

    Args:
        text: the whole file.
        name: its name in messages.
        odd: how to treat lines that are not entries.

    Raises:
        DataError: the XML is damaged, or a line is not an entry (`name:line`).
    """
    start = text.lstrip("\ufeff \t\n")[:1]
    lines = text.split("\n")
    if start == "<" and re.search(r"<(?:\w+:)?(?:TEI|dictionary)\b", text[:100_000]):
        return _xml(text, name)
    if start == "{" and lines[0].rstrip().endswith("}"):
        return _json_lines(lines, name, odd)
    entries = [line for line in lines if line.strip() and not line.startswith("#")]
    if 2 * sum(_DING in line for line in entries) > len(entries):
        return _ding(lines, name, odd)
    return None


def _ding(lines: Sequence[str], name: str, odd: OddLines) -> Iterator[Entry]:
    """Ding's format: `ball; orb {n} | balls :: Ball {m} | Bälle`; both sides list their `|` parts in the same order."""
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        sides = [side.split("|") for side in line.split(_DING.strip())]
        if len(sides) != 2:
            odd.report(DataError("not an entry `source :: target`", where=f"{name}:{number}"))
            continue
        for source, target in zip(*sides, strict=False):
            for pair in translations(source.strip(), target.strip(), dictionary=True):
                yield number, *pair


def _xml(text: str, name: str) -> Iterator[Entry]:
    if "<!ENTITY" in text:
        raise DataError("XML with entities of its own is not read", where=name, hint="replace the entities first")
    parser = ElementTree.XMLPullParser(events=("start", "end"))  # type: ignore[var-annotated]
    starts: list[int] = []
    try:
        for number, line in enumerate(text.split("\n"), start=1):
            parser.feed(line + "\n")
            for event, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
                if _tag(element) not in _ENTRIES:
                    continue
                if event == "start":
                    starts.append(number)
                else:
                    place = starts.pop()
                    yield from ((place, *pair) for pair in _pairs_of(element))
        parser.close()
    except ElementTree.ParseError as error:
        raise DataError(f"damaged XML ({error})", where=f"{name}:{error.position[0]}", hint=_XML_HINT) from error


def _pairs_of(entry: ElementTree.Element) -> Iterator[tuple[str, str]]:
    found = list(_ENTRIES[_tag(entry)](entry))
    entry.clear()
    for source, target in found:
        yield from translations(source, target, dictionary=True)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _tei(entry: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Pairs of each `<form><orth>` with each `<cit type="trans"><quote>`, in TEI's namespace or none."""
    words = [_text(item) for item in entry.iter() if _tag(item) == "orth"]
    for citation in entry.iter():
        if _tag(citation) == "cit" and citation.get("type", "").startswith("trans"):
            quotes = [_text(item) for item in citation if _tag(item) == "quote"]
            yield from ((word, quote) for word in words for quote in quotes)


def _dix(entry: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The pair of `<p><l>…</l><r>…</r></p>`, or of `<i>…</i>` if both sides are equal."""
    sides = {_tag(item): _text(item) for item in entry.iter() if _tag(item) in ("l", "r", "i")}
    source, target = sides.get("l", sides.get("i", "")), sides.get("r", sides.get("i", ""))
    if source and target:
        yield source, target


def _text(element: ElementTree.Element) -> str:
    """The text of an element; Apertium's `<b/>` is a space, and its `<s/>` is a note without text."""
    parts = [element.text or ""]
    for child in element:
        parts += [" " if _tag(child) == "b" else _text(child), child.tail or ""]
    return " ".join("".join(parts).split())


def _json_lines(lines: Sequence[str], name: str, odd: OddLines) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            record = decode_json(line.encode(), dict[str, Any], where=where)
            yield number, _cell(record, "source", where), _cell(record, "target", where)
        except DataError as error:
            odd.report(error)


def _cell(record: dict[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise DataError(f"a JSON object without a string `{key}`", where=where, hint=_JSON_HINT)
    return " ".join(value.split())


_ENTRIES = {"entry": _tei, "e": _dix}
