"""`mosecrot list`, `mosecrot env` and `mosecrot cache list|size|prune`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from mosecrot_cli.cli.framework.command import Command, Group, command
from mosecrot_cli.cli.output import Sink
from mosecrot_cli.settings.about import CacheSettings, EnvironmentSettings, ListSettings, PruneSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.about import CachedFile

cache = typer.Typer(help="Show or empty the cache of downloads and parsed vectors.", no_args_is_help=True, cls=Group)


@command(ListSettings)
def list_(settings: ListSettings, sink: Sink) -> None:
    """List what there is: languages, lexica, vectors, data sets, methods, weightings or presets.

    Examples:
        mosecrot list languages
        mosecrot list vectors --tgt tt
    """
    from mosecrot_cli.pipeline.about import listing

    rows = listing(settings)
    if sink.as_json:
        sink.value(rows)
    else:
        _lines(sink, [[str(value) for value in row.values()] for row in rows])


@command(EnvironmentSettings)
def env(settings: EnvironmentSettings, sink: Sink) -> None:
    """Show versions, devices and the cache: what a report of a fault should contain.

    Example:
        mosecrot env --json
    """
    from mosecrot_cli.pipeline.about import environment

    found = environment()
    if sink.as_json:
        sink.value(found)
        return
    found["packages"] = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    found["devices"] = ", ".join(found["devices"])
    found["cache"] = f"{found['cache']} ({_size(found.pop('cache_bytes'))})"
    _lines(sink, [[name, "-" if value is None else str(value)] for name, value in found.items()])


@cache.command("list", cls=Command)
@command(CacheSettings)
def list_cache(settings: CacheSettings, sink: Sink) -> None:
    """List the files of the cache, the largest first.

    Example:
        mosecrot cache list --part vectors
    """
    from mosecrot_cli.pipeline.about import cached_files

    _files(sink, cached_files(settings))


@cache.command(cls=Command)
@command(CacheSettings)
def size(settings: CacheSettings, sink: Sink) -> None:
    """Show how much room each part of the cache takes.

    Example:
        mosecrot cache size --json
    """
    from mosecrot_cli.pipeline.about import cached_files

    total: Counter[str] = Counter()
    for file in cached_files(settings):
        total[file.part] += file.bytes
    if sink.as_json:
        sink.value({"parts": total, "total": total.total()})
        return
    _lines(sink, [[part, _size(bytes_)] for part, bytes_ in total.most_common()] + [["total", _size(total.total())]])


@cache.command(cls=Command)
@command(PruneSettings)
def prune(settings: PruneSettings, sink: Sink) -> None:
    """Remove files from the cache. What is needed again is downloaded or made again.

    Examples:
        mosecrot cache prune --part parsed
        mosecrot cache prune --unused-for 90 --dry-run
    """
    from mosecrot_cli.pipeline.about import prune as run

    removed = run(settings)
    _files(sink, removed)
    what = "would be removed" if settings.dry_run else "removed"
    sink.summary(what, [("files", f"{len(removed):,}"), ("size", _size(sum(file.bytes for file in removed)))])


def _files(sink: Sink, files: Sequence[CachedFile]) -> None:
    if sink.as_json:
        sink.value([asdict(file) | {"path": str(file.path)} for file in files])
    else:
        _lines(sink, [[_size(file.bytes), f"{file.days:,.0f} days", str(file.path)] for file in files])


def _lines(sink: Sink, rows: Sequence[Sequence[Any]]) -> None:
    """Rows as aligned columns on stdout."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sink.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
