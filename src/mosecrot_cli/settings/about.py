"""Settings of the commands that describe the toolkit: `mosecrot list`, `env` and `cache`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mosecrot_cli.settings.choices import Choice
from mosecrot_cli.settings.option import Argument, Option


class Listing(Choice):
    """What `mosecrot list` lists."""

    languages = "languages", "languages with vectors or data, under the codes that commands take"
    lexica = "lexica", "online lexica"
    vectors = "vectors", "online word vectors"
    datasets = "datasets", "labelled data sets"
    methods = "methods", "methods of `map`"
    weightings = "weightings", "weightings of `map`"
    presets = "presets", "presets of `map`"


class CachePart(Choice):
    """A part of the cache: the folder of that name."""

    vectors = "vectors", "downloaded word vectors"
    lexica = "lexica", "downloaded lexica"
    taxi1500 = "taxi1500", "downloaded Taxi1500 files"
    parsed = "parsed", "vectors in a form that opens at once, made when they are first read"
    licences = "licences", "notes of which licences were shown"


@dataclass(frozen=True, kw_only=True)
class ListSettings:
    """`mosecrot list`.

    Attributes:
        what: what to list.
        tgt: list only what exists for this language; None: everything.
    """

    what: Annotated[Listing, Argument(help="What to list.", metavar="WHAT")]
    tgt: Annotated[
        str | None,
        Option("--tgt", help="List what exists for this language (code or name).", metavar="LANG", unset="everything"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentSettings:
    """`mosecrot env`: nothing to set."""


@dataclass(frozen=True, kw_only=True)
class CacheSettings:
    """`mosecrot cache list` and `size`.

    Attributes:
        part: one part of the cache; None: all of them.
    """

    part: Annotated[
        CachePart | None, Option("--part", help="Only this part of the cache.", metavar="NAME", unset="all parts")
    ] = None


@dataclass(frozen=True, kw_only=True)
class PruneSettings(CacheSettings):
    """`mosecrot cache prune`.

    Attributes:
        days: remove only files that were not used for so many days.
        dry_run: show what would be removed, and remove nothing.
    """

    days: Annotated[
        int, Option("--unused-for", help="Only files that were not used for this many days.", metavar="DAYS", least=0)
    ] = 0
    dry_run: Annotated[bool, Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False
