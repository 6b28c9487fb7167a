"""Resolving a value of `lexicons`: a file, standard input, an online source, parallel text, or identical strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import existing_file
from mosecrot_cli.lexicon.entries import OddLines
from mosecrot_cli.lexicon.files import read_lexicon
from mosecrot_cli.lexicon.parallel import parallel_files
from mosecrot_cli.lexicon.types import ALIGNED, IDENTICAL, Pair
from mosecrot_cli.settings.choices import OnlineLexicon
from mosecrot_cli.suggestions import nearest
from mosecrot_cli.text_lines import STDIN

SOURCES = tuple(OnlineLexicon)
"""The online sources; a part may follow, as in `muse:train`."""


class LexiconKind(StrEnum):
    """The kinds of lexica that the settings can name."""

    FILE = "file"
    STDIN = "stdin"
    SOURCE = "source"
    ALIGNED = "align"
    IDENTICAL = "identical"


@dataclass(frozen=True, slots=True)
class LexiconChoice:
    """A lexicon of the settings: its kind, and the path (`-` for stdin), the name of the source, or parallel files."""

    kind: LexiconKind
    value: str


def meant_by(value: str) -> LexiconChoice:
    """What a value of `lexicons` means, whether or not its files exist. A source wins over a file of the same name."""
    if value == STDIN:
        return LexiconChoice(LexiconKind.STDIN, value)
    name, colon, text = value.partition(":")
    if colon and name.lower() == ALIGNED:
        return LexiconChoice(LexiconKind.ALIGNED, text)
    if value.lower() == IDENTICAL:
        return LexiconChoice(LexiconKind.IDENTICAL, IDENTICAL)
    if name.lower() in SOURCES:
        return LexiconChoice(LexiconKind.SOURCE, value.lower())
    return LexiconChoice(LexiconKind.FILE, value)


def resolve_lexicon(value: str) -> LexiconChoice:
    """The same, with the files looked for; `./muse` is the file.

    Raises:
        DataError: the value is neither a source nor a readable file, or a file of parallel text is missing.
    """
    choice = meant_by(value)
    if choice.kind is LexiconKind.ALIGNED:
        parallel_files(choice.value)
    if choice.kind is LexiconKind.FILE:
        near = nearest(value, (*SOURCES, IDENTICAL))
        meant = f"did you mean {near}? " if near else ""
        named = ", ".join((*SOURCES, f"{ALIGNED}:FILE", IDENTICAL))
        existing_file(Path(value), hint=f"{meant}`lexicons` takes a file, - or {named}")
    return choice


def read_lexica(
    values: Sequence[str],
    *,
    bring: Callable[[str], Path] | None = None,
    align: Callable[[str], list[Pair]] | None = None,
    odd: OddLines | None = None,
) -> list[Pair]:
    """Read the pairs of several lexica, one lexicon after the other, each with its own origin.

    `identical` is not a lexicon and adds no pairs here: the selection finds them.

    Args:
        values: files, `-`, names of online sources, `align:` and parallel files, or `identical`.
        bring: returns the file of an online source by its name; None if online sources cannot be used.
        align: returns the pairs of parallel files by their names; None if parallel files cannot be used.
        odd: how to treat lines that do not fit their file; by default they are an error.

    Raises:
        UsageError: a lexicon is given twice, or an online source is given without languages.
        DataError: a file is missing or malformed.
        SourceUnavailableError: an online source cannot be used.
    """
    choices = [resolve_lexicon(value) for value in values]
    for choice in choices:
        if choices.count(choice) > 1:
            raise UsageError(f"{choice.value} is given {choices.count(choice)} times", where="`lexicons`")
    pairs: list[Pair] = []
    origins: set[str] = set()
    lexica = [choice for choice in choices if choice.kind is not LexiconKind.IDENTICAL]
    for choice in lexica:
        found = _read(choice, bring, align, odd)
        pairs += _apart(found, origins, choice.value)
        origins.update(pair.origin for pair in found)
    if not choices:
        raise DataError("no lexicon is given", where="`lexicons`")
    return pairs


def _read(
    choice: LexiconChoice,
    bring: Callable[[str], Path] | None,
    align: Callable[[str], list[Pair]] | None,
    odd: OddLines | None,
) -> list[Pair]:
    if choice.kind is LexiconKind.ALIGNED:
        if align is None:
            raise UsageError("parallel text cannot be aligned here", where="`lexicons`", hint="align it with `anchors`")
        return align(choice.value)
    if choice.kind is not LexiconKind.SOURCE:
        return read_lexicon(choice.value, odd=odd)
    if bring is None:
        raise UsageError(
            f"{choice.value} needs to know the languages", where="`lexicons`", hint="name them with `src` and `tgt`"
        )
    return [replace(pair, origin=choice.value) for pair in read_lexicon(bring(choice.value), odd=odd)]


def _apart(pairs: list[Pair], taken: set[str], name: str) -> list[Pair]:
    """The pairs, with origins that differ from those of earlier lexica (two files may both be called `de.txt`)."""
    if taken.isdisjoint(pair.origin for pair in pairs):
        return pairs
    return [replace(pair, origin=f"{pair.origin} ({name})") if pair.origin in taken else pair for pair in pairs]
