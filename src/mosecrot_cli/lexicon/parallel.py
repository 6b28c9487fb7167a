"""Parallel text: sentences and their translations, in the forms in which people have them.

One file holds both languages: a table `source TAB target`, or a translation memory (TMX). Two files hold one each:
line by line, as Moses has them, or as verses `ID TAB text`, which are joined by their ids.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.text_lines import display_name, read_lines, read_text

_HEADER = ("source", "target")
_ID = re.compile(r"\S+")
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_TWO_FILES = "SOURCE,TARGET names two files, one for each language"


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation.

    Attributes:
        source: the sentence in the language of the model.
        target: its translation.
        id: what its file calls it (a verse); None where it has no name.
    """

    source: str
    target: str
    id: str | None = None


def parallel_files(value: str, folder: Path = Path()) -> tuple[Path, ...]:
    """The files that a value names: one, or a source and a target file with a comma between them.

    Args:
        value: as a user writes it.
        folder: what the names are relative to.

    Raises:
        DataError: one of them is missing.
    """
    if not value:
        raise DataError("no file of parallel text is named", where="align:", hint=f"align:FILE; {_TWO_FILES}")
    if (folder / value).is_file() or "," not in value:
        return (existing_file(folder / value, hint=_TWO_FILES),)
    source, _, target = value.partition(",")
    return existing_file(folder / source, hint=_TWO_FILES), existing_file(folder / target, hint=_TWO_FILES)


def parallel_name(value: str) -> str:
    """The names of the files of a value, without their folders: `parallel.tsv` or `en.txt,ru.txt`.

    Raises:
        DataError: see `parallel_files`.
    """
    return ",".join(path.name for path in parallel_files(value))


def read_parallel(files: Sequence[Path], *, src: str | None = None, tgt: str | None = None) -> list[SentencePair]:
    """The pairs of one file of both languages, or of a source and a target file; pairs with an empty side are left out.

    In verse files an id may occur several times (several translations, one after the other in a file): each source
    text of an id is paired with each target text. Verses that only one side has are left out.

    Args:
        files: as `parallel_files` gives them.
        src: the source language, which tells the sides of a TMX apart.
        tgt: the target language, likewise.

    Raises:
        DataError: a file is missing, empty or malformed (`path:line`), the files do not fit each other, or there is no
            pair.
    """
    if len(files) == 1:
        name = str(files[0])
        pairs = list(_tmx(name, src, tgt) if _is_xml(name) else _table(name))
    else:
        pairs = list(_two_files(*map(str, files)))
    found = [pair for pair in pairs if pair.source and pair.target]
    if not found:
        raise DataError("no pair of sentences", where=" and ".join(map(str, files)))
    return found


def _is_xml(name: str) -> bool:
    return next((line.lstrip("\ufeff \t").startswith("<") for _, line in read_lines(name) if line.strip()), False)


def _table(name: str) -> Iterator[SentencePair]:
    places = (0, 1)
    for row, (number, line) in enumerate(_filled(name)):
        cells = line.split("\t")
        if row == 0 and set(_HEADER) <= {cell.strip().lower() for cell in cells}:
            named = [cell.strip().lower() for cell in cells]
            places = named.index(_HEADER[0]), named.index(_HEADER[1])
            continue
        if len(cells) != 2 and (places == (0, 1) or len(cells) <= max(places)):
            columns = "1 column" if len(cells) == 1 else f"{len(cells)} columns"
            raise DataError(
                f"{columns}, but a sentence and its translation are wanted",
                where=f"{display_name(name)}:{number}",
                hint=f"a tab separates them, or a first line names the columns source and target; {_TWO_FILES}",
            )
        yield SentencePair(cells[places[0]].strip(), cells[places[1]].strip())


def _two_files(source: str, target: str) -> Iterator[SentencePair]:
    sides = [list(_filled(name)) for name in (source, target)]
    for name, lines in zip((source, target), sides, strict=True):
        if not lines:
            raise DataError("the file is empty", where=name)
    if all(_is_verse(lines[0][1]) for lines in sides):
        yield from _joined(_verses(source, sides[0]), _verses(target, sides[1]))
        return
    for name, lines, other in ((source, sides[0], sides[1]), (target, sides[1], sides[0])):
        if _is_verse(lines[0][1]) and not _is_verse(other[0][1]):
            what = "its lines have ids (ID TAB text), but those of the other file have none"
            raise DataError(what, where=f"{name}:{lines[0][0]}", hint="both files need ids, or neither")
    yield from _line_by_line(source, target)


def _filled(name: str) -> Iterator[tuple[int, str]]:
    """The lines that are not blank; comments (`# …`) at the start, as editions of the Parallel Bible Corpus have them,
    are left out.
    """
    started = False
    for number, line in read_lines(name):
        started = started or (bool(line.strip()) and not line.startswith("# "))
        if started and line.strip():
            yield number, line


def _is_verse(line: str) -> bool:
    identifier, tab, text = line.partition("\t")
    return bool(tab) and _ID.fullmatch(identifier.strip()) is not None and "\t" not in text


def _verses(name: str, lines: Sequence[tuple[int, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for number, line in lines:
        identifier, tab, text = line.partition("\t")
        # A translation may leave a verse out: an id with no text, or no tab after it.
        if not _ID.fullmatch(identifier.strip()) or "\t" in text:
            raise DataError("no verse: an id, a tab and its text are wanted", where=f"{name}:{number}")
        if tab and text.strip():
            found.setdefault(identifier.strip(), []).append(text.strip())
    return found


def _joined(source: dict[str, list[str]], target: dict[str, list[str]]) -> Iterator[SentencePair]:
    for identifier, texts in source.items():
        for text in texts:
            for translation in target.get(identifier, ()):
                yield SentencePair(text, translation, identifier)


def _line_by_line(source: str, target: str) -> Iterator[SentencePair]:
    sides = [[line.strip() for _, line in read_lines(name)] for name in (source, target)]
    counts = [len(side) for side in sides]
    if counts[0] != counts[1]:
        raise DataError(
            f"{counts[0]:,} lines, but {target} has {counts[1]:,}",
            where=f"{source}:{min(counts) + 1}",
            hint="line N of one is the translation of line N of the other; verses need ids: ID TAB text",
        )
    for pair in zip(*sides, strict=True):
        yield SentencePair(*pair)


def _tmx(name: str, src: str | None, tgt: str | None) -> Iterator[SentencePair]:
    text = read_text(name)
    if "<!ENTITY" in text:
        raise DataError("XML with entities of its own is not read", where=name, hint="replace the entities first")
    parser = ElementTree.XMLPullParser(events=("end",))  # type: ignore[var-annotated]
    wanted = _codes(src), _codes(tgt)
    seen: set[str] = set()
    try:
        for line in text.split("\n"):
            parser.feed(line + "\n")
            for _, element in cast("Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
                if element.tag == "tu":
                    sides = dict(_variants(element))
                    seen |= sides.keys()
                    yield SentencePair(_side(sides, wanted[0], wanted[1]), _side(sides, wanted[1], wanted[0]))
                    element.clear()
        parser.close()
    except ElementTree.ParseError as error:
        raise DataError(f"damaged XML ({error})", where=f"{name}:{error.position[0]}") from error
    for parameter, codes in zip(("src", "tgt"), wanted, strict=True):
        if codes and seen.isdisjoint(codes) and len(seen) != 1:
            there = ", ".join(sorted(seen)) or "none"
            what = f"no translation unit is in the language {codes[0]} (`{parameter}`)"
            raise DataError(what, where=name, hint=f"its languages are: {there}")


def _variants(unit: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for variant in unit.iter("tuv"):
        language = variant.get(_XML_LANGUAGE) or variant.get("lang") or ""
        segment = variant.find("seg")
        if segment is not None:
            yield language.lower().replace("_", "-").partition("-")[0], " ".join("".join(segment.itertext()).split())


def _side(sides: dict[str, str], codes: Sequence[str], others: Collection[str]) -> str:
    """The text in one of these languages; where the language is not named, the one that is not the other's."""
    if codes:
        return next((sides[code] for code in codes if code in sides), "")
    left = [text for code, text in sides.items() if code not in others]
    return left[0] if len(left) == 1 else ""


def _codes(language: str | None) -> tuple[str, ...]:
    """What a file may call a language: its code of two letters and those of three."""
    if language is None:
        return ()
    known = find_language(language)
    return tuple(dict.fromkeys((known.code.partition("-")[0], *known.iso639_3)))
