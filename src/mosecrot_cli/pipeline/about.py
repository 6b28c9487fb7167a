"""What `mosecrot list`, `env` and `cache` tell: what there is, where it runs, and what the cache holds."""

from __future__ import annotations

import os
import platform
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli import __version__
from mosecrot_cli.files import cache_folder, writing
from mosecrot_cli.manifest import package_versions
from mosecrot_cli.settings.about import CachePart, CacheSettings, Listing, ListSettings, PruneSettings
from mosecrot_cli.settings.choices import Choice, MapPreset, Method, OnlineLexicon, Weighting
from mosecrot_cli.sources.languages import Language, find_language, in_muse, require_language

Row = dict[str, Any]
"""A line of a listing: name of the column -> value."""

_DAY = 24 * 3600.0


def listing(settings: ListSettings) -> list[Row]:
    """The rows of a listing; those of a language are the ones that exist for it.

    Raises:
        UsageError: no such language.
    """
    language = require_language(settings.tgt, "`tgt`") if settings.tgt else None
    match settings.what:
        case Listing.languages:
            return _languages(language)
        case Listing.lexica:
            return _lexica(language)
        case Listing.vectors:
            return _vectors(language)
        case Listing.datasets:
            return _datasets(language)
        case Listing.methods:
            return _choices(Method)
        case Listing.weightings:
            return _choices(Weighting)
        case Listing.presets:
            return _choices(MapPreset)


def _choices(kind: Iterable[Choice]) -> list[Row]:
    return [{"name": str(choice), "description": choice.summary} for choice in kind]


def _languages(wanted: Language | None) -> list[Row]:
    from mosecrot_cli.sources.listings import CRAWL, MUSE, SIB200, WIKI

    own = sorted(WIKI | CRAWL | MUSE | SIB200)
    found = [wanted] if wanted else [find_language(code) for code in own]
    known = {language.code: language for language in found if language.known}
    return [_language(language) for _, language in sorted(known.items())]


def _language(language: Language) -> Row:
    from mosecrot_cli.sources.vectors import default_name

    english = find_language("en")
    return {
        "code": language.code,
        "name": language.name,
        "lexicon": "-" if language.code == "en" else "muse" if in_muse(english, language) else "panlex",
        "vectors": default_name(language),
        "sib200": find_language(language.code).flores or "-",
    }


def _lexica(language: Language | None) -> list[Row]:
    from mosecrot_cli.sources.lexica.registry import find_lexicon

    english = find_language("en")
    rows = []
    for choice in OnlineLexicon:
        if choice is OnlineLexicon.muse and language and not in_muse(english, language):
            continue
        source, _ = find_lexicon(choice)
        rows.append({"name": str(choice), "description": choice.summary, "licence": source.provenance.licence})
    return rows


def _vectors(language: Language | None) -> list[Row]:
    from mosecrot_cli.errors import SourceUnavailableError
    from mosecrot_cli.sources.fetch import Fetcher
    from mosecrot_cli.sources.vectors import NAMES, vectors_of_language

    if language is None:
        return [{"name": name, "description": description} for name, description in NAMES.items()]
    fetcher, rows = Fetcher(), []
    for name, description in NAMES.items():
        try:
            source = vectors_of_language(name, language, fetcher, parameter="target_vectors")
        except SourceUnavailableError:
            continue
        rows.append({"name": name, "description": description, "where": source.where})
    return rows


def _datasets(language: Language | None) -> list[Row]:
    from mosecrot_cli.tasks.amazon import LANGUAGES
    from mosecrot_cli.tasks.registry import DATASETS

    lacking = set()
    if language is not None:
        lacking |= {"amazon"} if language.code not in LANGUAGES else set()
        lacking |= {"sib200"} if language.flores is None else set()
    return [
        {"name": name, "description": entry.summary, **asdict(entry.preset)}
        for name, entry in DATASETS.items()
        if name not in lacking
    ]


def environment() -> Row:
    """Versions, devices, addresses and the cache, for reports of faults. Addresses are shown without secrets.

    Raises:
        DataError, UsageError: the file of addresses is malformed.
    """
    from mosecrot_cli.model.devices import available_devices
    from mosecrot_cli.sources.addresses import shown
    from mosecrot_cli.sources.endpoints import ENVIRONMENT, is_offline, load_endpoints

    return {
        "mosecrot": __version__,
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "devices": available_devices(),
        "packages": package_versions(),
        "cache": str(cache_folder()),
        "cache_bytes": sum(file.bytes for file in cached_files(CacheSettings())),
        "offline": is_offline(),
        "hub": shown(load_endpoints().hub),
        "endpoints": os.environ.get(ENVIRONMENT) or None,
    }


@dataclass(frozen=True, slots=True)
class CachedFile:
    """A file of the cache.

    Attributes:
        part: the part that it belongs to.
        path: the file.
        bytes: its size.
        days: since it was last used, as far as the file system says.
    """

    part: str
    path: Path
    bytes: int
    days: float


def cached_files(settings: CacheSettings) -> list[CachedFile]:
    """The files in the parts of the cache, the largest first. Other files in the folder are passed over."""
    parts = [settings.part] if settings.part else list(CachePart)
    found = (file for part in parts for file in _files_of(part))
    return sorted(found, key=lambda file: (-file.bytes, str(file.path)))


def _files_of(part: CachePart) -> Iterator[CachedFile]:
    now = time.time()
    for folder, _, names in os.walk(cache_folder() / part):  # links to folders are not followed
        for name in names:
            path = Path(folder) / name
            try:
                state = path.lstat()
            except OSError:  # removed meanwhile
                continue
            if stat.S_ISREG(state.st_mode):
                used = max(state.st_atime, state.st_mtime)
                yield CachedFile(str(part), path, state.st_size, max(0.0, (now - used) / _DAY))


def prune(settings: PruneSettings) -> list[CachedFile]:
    """Remove files from the cache; what is needed again is downloaded or made again.

    Locks, and downloads that were going on within the last day, are left.

    Returns:
        The files that were removed, or would be.

    Raises:
        OutputError: the system refuses it.
    """
    chosen = [file for file in cached_files(settings) if file.days >= settings.days and not _in_use(file)]
    if not settings.dry_run:
        for file in chosen:
            with writing(file.path):
                file.path.unlink(missing_ok=True)
    return chosen


def _in_use(file: CachedFile) -> bool:
    name = file.path.name
    return name.endswith(".lock") or (file.days < 1 and (".part" in name or name.startswith(".mosecrot-")))
