"""What `--lexicon` names: a file, stdin, or an online source by name.

An online source is a function from two language codes to pairs, registered in `SOURCES`. None can be fetched by this
version: each entry says which file to fetch instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.files import existing_file
from mosecrot_cli.lexicon.formats import STDIN
from mosecrot_cli.lexicon.readers import read_lexicon
from mosecrot_cli.lexicon.types import Pair


class LexiconSource(Protocol):
    """An online source of lexica."""

    def __call__(self, source_language: str, target_language: str) -> list[Pair]:
        """The pairs of a language pair, with the source's name as their origin.

        Raises:
            SourceUnavailableError: it has no such lexicon, or cannot be reached.
        """


@dataclass(frozen=True, slots=True)
class ManualSource:
    """A source that has to be fetched by hand.

    Attributes:
        name: its name for `--lexicon`.
        advice: which file to fetch, with the places `{source}` and `{target}` for the language codes.
    """

    name: str
    advice: str

    def __call__(self, source_language: str, target_language: str) -> list[Pair]:
        """Say which file to fetch.

        Raises:
            SourceUnavailableError: always.
        """
        advice = self.advice.format(source=source_language, target=target_language)
        raise SourceUnavailableError(
            "this version cannot fetch the lexicon", where=f"--lexicon {self.name}", hint=f"{advice}: --lexicon FILE"
        )


SOURCES: Mapping[str, LexiconSource] = {
    source.name: source
    for source in (
        ManualSource(
            "muse",
            "fetch https://dl.fbaipublicfiles.com/arrival/dictionaries/{source}-{target}.txt and give its path",
        ),
        ManualSource(
            "panlex",
            "export the {source}-{target} translations of https://panlex.org as TSV (source, target, quality) and give "
            "its path",
        ),
        ManualSource(
            "google",
            "translate a list of {source} words to {target} and give the path of a TSV (source, target)",
        ),
        ManualSource(
            "wiktionary",
            "fetch the dictionary of {target} by its English name, such as tatar.txt, from "
            "https://github.com/CPJKU/wechsel/tree/main/dicts/data and give its path",
        ),
    )
}


class LexiconKind(StrEnum):
    """What the value of `--lexicon` is."""

    FILE = "file"
    STDIN = "stdin"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class LexiconChoice:
    """A value of `--lexicon`: its kind, and the path (`-` for stdin) or the name of the online source."""

    kind: LexiconKind
    value: str


def resolve_lexicon(value: str) -> LexiconChoice:
    """What a value of `--lexicon` means. The name of a source wins over a file of that name; `./muse` is the file.

    Raises:
        DataError: neither a source nor a readable file.
    """
    if value == STDIN:
        return LexiconChoice(LexiconKind.STDIN, value)
    if value.lower() in SOURCES:
        return LexiconChoice(LexiconKind.SOURCE, value.lower())
    near = difflib.get_close_matches(value.lower(), SOURCES, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    existing_file(Path(value), hint=f"{meant}--lexicon takes a file, - or {', '.join(SOURCES)}")
    return LexiconChoice(LexiconKind.FILE, value)


def read_lexica(
    values: Sequence[str], *, source_language: str | None = None, target_language: str | None = None
) -> list[Pair]:
    """The pairs of several `--lexicon` values, one after the other; each lexicon has an origin of its own.

    Args:
        values: files, `-`, or names of online sources.
        source_language: the code of the model's language; needed for online sources.
        target_language: the code of the vectors' language; needed for online sources.

    Raises:
        UsageError: stdin twice, the same lexicon twice, or an online source without languages.
        DataError: a file is missing or malformed.
        SourceUnavailableError: an online source cannot be used.
    """
    choices = [resolve_lexicon(value) for value in values]
    for choice in choices:
        if choices.count(choice) > 1:
            raise UsageError(f"--lexicon {choice.value} is given {choices.count(choice)} times")
    pairs: list[Pair] = []
    origins: set[str] = set()
    for choice in choices:
        found = _read(choice, source_language, target_language)
        pairs += _apart(found, origins, choice.value)
        origins.update(pair.origin for pair in found)
    if not pairs:
        raise DataError("no lexicon is given", where="--lexicon")
    return pairs


def _read(choice: LexiconChoice, source_language: str | None, target_language: str | None) -> list[Pair]:
    if choice.kind is not LexiconKind.SOURCE:
        return read_lexicon(choice.value)
    if not source_language or not target_language:
        raise UsageError(f"--lexicon {choice.value} needs to know the languages", hint="give --src and --tgt")
    return SOURCES[choice.value](source_language, target_language)


def _apart(pairs: list[Pair], taken: set[str], name: str) -> list[Pair]:
    """The pairs, with origins that no earlier lexicon has: `de.txt` of another folder is another lexicon."""
    if taken.isdisjoint(pair.origin for pair in pairs):
        return pairs
    return [replace(pair, origin=f"{pair.origin} ({name})") if pair.origin in taken else pair for pair in pairs]
