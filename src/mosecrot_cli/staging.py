"""Atomic outputs: they appear completely or not at all, even after a kill, and only one process writes them.

An output is written into a staging folder next to it (`staging_folders`). When all outputs are complete, a list of
renames is written, and then they are renamed. The staging folder of a killed process is tidied by the next process that
writes next to it: renames that were listed are completed, and everything else is discarded. Until then, `check_whole`
tells readers that a set of outputs is mixed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mosecrot_cli.errors import DataError, OutputExistsError
from mosecrot_cli.files import remove, writing
from mosecrot_cli.staging_folders import (
    MARKER,
    OUTPUTS,
    PARTIAL,
    StagingFolder,
    awaits_its_name,
    locked,
    staging_folders,
    tidy_folder,
)

__all__ = [
    "MARKER",
    "PARTIAL",
    "atomic_outputs",
    "check_whole",
    "clear_partial",
    "partial_path",
    "scratch_folder",
    "tidy",
]


@contextmanager
def atomic_outputs(*paths: Path, overwrite: bool, keep_partial: bool = False) -> Iterator[list[Path]]:
    """Write several outputs that belong together: all of them appear, or none.

    Yields one working path for each of `paths`, with the same name. On success each is renamed to its final name, and
    what stood there is removed only then. A symbolic link stays, and what it points to is replaced. On an error or
    interruption everything that was written is removed.

    Args:
        paths: final names, files or folders.
        overwrite: whether existing outputs may be replaced; the caller has to check that they are ours.
        keep_partial: for one folder: write into `NAME.partial`, which is there already, is left in place by an error,
            and is found again by the next run. It is removed if nothing has been written.

    Raises:
        OutputExistsError: an output exists, or `NAME.partial` was not made by mosecrot.
        OutputError: the system refuses the writing, or another process writes the same output.
    """
    finals = [Path(os.path.realpath(path)) for path in paths]
    with ExitStack() as stack, writing(*paths):
        for path in finals:
            path.parent.mkdir(parents=True, exist_ok=True)
        stagings = {
            folder: stack.enter_context(
                StagingFolder.open(folder, [path.name for path in finals if path.parent == folder])
            )
            for folder in dict.fromkeys(path.parent for path in finals)
        }
        if keep_partial:
            works = [stack.enter_context(_partial_folder(path)) for path in finals]
        else:
            works = [stagings[path.parent].folder / OUTPUTS / path.name for path in finals]
        yield works
        for path in finals:
            _check_replaceable(path, overwrite=overwrite)
        for folder, staging in stagings.items():
            staging.prepare([(work, path) for work, path in zip(works, finals, strict=True) if path.parent == folder])
        for staging in stagings.values():
            staging.commit()


@contextmanager
def scratch_folder(output: Path) -> Iterator[Path]:
    """A temporary folder next to an output; removed at the end, or by the next run after a kill.

    Raises:
        OutputError: the system refuses it.
    """
    folder = Path(os.path.realpath(output)).parent
    with writing(output), StagingFolder.open(folder, []) as staging:
        yield staging.folder / OUTPUTS


def tidy(path: Path) -> None:
    """Complete or discard the leftovers of killed processes next to an output.

    Raises:
        OutputError: the system refuses it.
    """
    parent = Path(os.path.realpath(path)).parent
    if staging_folders(parent):
        with writing(path), locked(parent):
            tidy_folder(parent, ())


def check_whole(path: Path) -> None:
    """Check that no run was killed between two renames of the outputs that `path` belongs to.

    Raises:
        DataError: one was killed, so `path` may be missing or belong to another run than its neighbours.
    """
    final = Path(os.path.realpath(path))
    for folder in staging_folders(final.parent):
        if awaits_its_name(folder, final.name):
            raise DataError(
                "the run that wrote this output was stopped before all of its files had their names",
                where=str(path),
                hint="run the same command again, with `overwrite`",
            )


def clear_partial(folder: Path) -> None:
    """Remove what an earlier run has left in its `NAME.partial` folder."""
    for inside in folder.iterdir():
        if inside.name != MARKER:
            remove(inside)


def partial_path(path: Path) -> Path:
    """The folder in which a resumable output is written."""
    final = Path(os.path.realpath(path))
    return final.with_name(final.name + PARTIAL)


@contextmanager
def _partial_folder(final: Path) -> Iterator[Path]:
    folder = partial_path(final)
    try:
        folder.mkdir()
    except FileExistsError:
        if not folder.is_dir() or (not (folder / MARKER).is_file() and any(folder.iterdir())):
            raise OutputExistsError(
                "the place of the unfinished output holds something that was not written by mosecrot",
                where=str(folder),
                hint="move it away, or choose another output",
            ) from None
    (folder / MARKER).touch()
    try:
        yield folder
    finally:
        with contextlib.suppress(FileNotFoundError):
            if [path.name for path in folder.iterdir()] == [MARKER]:
                remove(folder)


def _check_replaceable(path: Path, *, overwrite: bool) -> None:
    """Refuse to replace a file that was created after the command began."""
    if not overwrite and os.path.lexists(path):
        raise OutputExistsError("the output exists", where=str(path), hint="`overwrite` replaces it")
