"""Checks of outputs: they replace nothing that mosecrot did not write, and no input.

`staging` writes outputs atomically. This module checks beforehand, before hours of work, that they may and can be
written.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mosecrot_cli.errors import DataError, OutputExistsError, UsageError
from mosecrot_cli.files import writing
from mosecrot_cli.manifest import FOLDER_MANIFEST, Manifest
from mosecrot_cli.staging import tidy

_OF_THE_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
_FOREIGN = "was not written by mosecrot"
_CHOOSE = "choose another output, or move it away"


def check_outputs(
    paths: Sequence[Path],
    *,
    inputs: Mapping[str, object],
    overwrite: bool,
    folder: bool = False,
    manifest: Path | None = None,
) -> None:
    """Tidy up after killed runs; then check that outputs can be written, and that nothing is lost by it.

    A file that the user names may be replaced by another file with `overwrite`. What mosecrot adds to it (further
    files, a manifest) replaces only what mosecrot wrote, and so does a folder: its manifest shows that.

    Args:
        paths: the outputs, starting with the one that the user named.
        inputs: name -> path of what the command reads; hub ids, `-` and None are ignored.
        overwrite: whether existing outputs may be replaced.
        folder: whether the output is a folder, with its manifest inside.
        manifest: the path of the manifest, if the outputs are files.

    Raises:
        UsageError: an output is, holds or lies in an input or the current folder.
        OutputExistsError: an output exists and may not be replaced.
        OutputError: the system does not allow writing an output.
    """
    every = [*paths, *([manifest] if manifest else [])]
    for path in every:
        check_name(path)
        _check_apart(path, inputs)
    for path in every:
        tidy(path)
    # First what `overwrite` would not replace either.
    if folder:
        _check_folder(paths[0])
    else:
        for path in every:
            _check_file(path)
        if manifest:
            _check_companions(manifest, paths[1:])
    for path in every:
        if os.path.lexists(path) and not overwrite:
            raise OutputExistsError("the output exists", where=str(path), hint="`overwrite` replaces it")
    for path in every:
        _check_parent(path)


def check_name(path: Path) -> None:
    """Refuse unsuitable names of outputs: `.`, `..`, `/`, an empty name, a circular link, a very long name.

    `check_outputs` does this too; a command that derives further names from an output calls it first.

    Raises:
        UsageError, OutputError: see `check_outputs`.
    """
    with writing(path):
        with contextlib.suppress(FileNotFoundError):
            path.stat()
        if Path.cwd().is_relative_to(os.path.realpath(path)):
            raise UsageError(
                "the output is the current folder, or holds it", where=str(path), hint="name a new file or folder"
            )


def _check_apart(path: Path, inputs: Mapping[str, object]) -> None:
    final = Path(os.path.realpath(path))
    for name, given in inputs.items():
        if given is None or str(given) == "-" or not os.path.lexists(str(given)):
            continue
        read = Path(os.path.realpath(str(given)))
        if final == read or _is_same_file(final, read):
            relation = "is"
        elif read.is_relative_to(final):
            relation = "holds"
        elif final.is_relative_to(read) or _is_linked_into(final, read):
            relation = "lies in"
        else:
            continue
        raise UsageError(
            f"the output {relation} the input `{name}` ({given})", where=str(path), hint="choose another output"
        )


def _is_same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _is_linked_into(path: Path, folder: Path) -> bool:
    """Whether a file has a second name (a hard link) somewhere in a folder."""
    if not path.is_file() or path.stat().st_nlink == 1 or not folder.is_dir():
        return False
    return any(_is_same_file(path, inside) for inside in folder.rglob("*"))


def _check_folder(path: Path) -> None:
    """Check that a folder, if it exists, contains only files that mosecrot wrote.

    Raises:
        OutputExistsError: it does not.
    """
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise OutputExistsError("there is a file in the place of the folder", where=str(path), hint=_CHOOSE)
    present = {
        inside.relative_to(path).as_posix() for inside in path.rglob("*") if inside.is_symlink() or not inside.is_dir()
    }
    if not present:
        return
    try:
        written = Manifest.read(path / FOLDER_MANIFEST).files
    except DataError as error:
        raise OutputExistsError(f"the folder {_FOREIGN}", where=str(path), hint=_CHOOSE) from error
    # Manifests from before version 0.2 do not list the files.
    if written and (foreign := _foreign(present, written)):
        more = f" and {len(foreign) - 1:,} more" if len(foreign) > 1 else ""
        raise OutputExistsError(f"the folder holds {foreign[0]}{more}, which {_FOREIGN}", where=str(path), hint=_CHOOSE)


def _foreign(present: Iterable[str], written: Iterable[str]) -> list[str]:
    return sorted(name for name in set(present).difference(written) if Path(name).name not in _OF_THE_SYSTEM)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise OutputExistsError("there is a folder in the place of the file", where=str(path), hint=_CHOOSE)
    if path.exists() and not path.is_file():
        raise OutputExistsError(
            "there is a pipe or a device in the place of the file", where=str(path), hint="`-` means standard output"
        )


def _check_companions(manifest: Path, companions: Sequence[Path]) -> None:
    """Check that files next to an output, whose names the user did not choose, replace only what mosecrot wrote.

    Raises:
        OutputExistsError: it does not.
    """
    written: tuple[str, ...] | None = None
    if os.path.lexists(manifest):
        try:
            written = Manifest.read(manifest).files or tuple(path.name for path in companions)
        except DataError as error:
            raise OutputExistsError(f"the manifest {_FOREIGN}", where=str(manifest), hint=_CHOOSE) from error
    for path in companions:
        if os.path.lexists(path) and path.name not in (written or ()):
            raise OutputExistsError(f"the file {_FOREIGN}", where=str(path), hint=_CHOOSE)


def _check_parent(path: Path) -> None:
    parent = Path(os.path.realpath(path)).parent
    with writing(path):
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(parent))
