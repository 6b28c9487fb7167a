"""Whole files or none: outputs are written next to their final name and renamed when complete; the cache's place."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mosecrot_cli.errors import DataError, OutputError, OutputExistsError

PARTIAL = ".partial"
CACHE = "MOSECROT_CACHE"
_CANNOT_WRITE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EFBIG,
    errno.ENOTDIR,
    errno.EEXIST,
}


def cache_folder() -> Path:
    """The folder for what can be fetched or computed again: MOSECROT_CACHE, else the platform's place for caches."""
    if named := os.environ.get(CACHE):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("mosecrot", appauthor=False))


def partial_path(path: Path) -> Path:
    """Where `path` is written until it is whole."""
    return path.with_name(path.name + PARTIAL)


def check_writable(path: Path, *, overwrite: bool, marker: str | None = None) -> None:
    """Fail early when `path` must not or cannot be written.

    Args:
        path: the output, a file or a folder.
        overwrite: whether an existing output may be replaced.
        marker: a file that an existing *folder* must hold to be replaced, so that `-o ~` destroys nothing.

    Raises:
        OutputExistsError: it exists and may not be replaced.
        OutputError: its folder cannot be written.
    """
    if path.exists():
        if not overwrite:
            raise OutputExistsError("the output exists", where=str(path), hint="--overwrite replaces it")
        if path.is_dir() and marker and any(path.iterdir()) and not (path / marker).exists():
            raise OutputExistsError(
                "the folder was not written by mosecrot", where=str(path), hint="choose another --output"
            )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's refusals to write `path` into an `OutputError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _CANNOT_WRITE:
            reason = os.strerror(error.errno)
            raise OutputError(f"cannot write: {reason.lower()}", where=str(error.filename or path)) from error
        raise


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def atomic_outputs(*paths: Path, keep_partial: bool = False) -> Iterator[list[Path]]:
    """Write several outputs that belong together: all of them appear, or none.

    Yields one partial path for each of `paths`; on success each is renamed to its final name and what stood there is
    removed only then. On any error or interruption the partial outputs are removed.

    Args:
        paths: final names, files or folders.
        keep_partial: leave an incomplete output in place (for runs that can be resumed).

    Raises:
        OutputError: the system refuses the writing.
    """
    partials = [partial_path(path) for path in paths]
    done = False
    try:
        with writing(paths[0]):
            if not keep_partial:
                for partial in partials:
                    remove(partial)
            yield partials
            for partial, path in zip(partials, paths, strict=True):
                _replace(partial, path)
            done = True
    finally:
        if not done and not keep_partial:
            for partial in partials:
                remove(partial)


def _replace(partial: Path, path: Path) -> None:
    if path.is_dir():
        old = path.with_name(path.name + ".old")
        remove(old)
        path.rename(old)
        partial.rename(path)
        remove(old)
    else:
        partial.replace(path)


def existing_file(path: Path, *, hint: str | None = None) -> Path:
    """`path`, which must be a readable file.

    Raises:
        DataError: it is not.
    """
    if path.is_dir():
        raise DataError("a folder, but a file is wanted", where=str(path), hint=hint)
    if not path.exists():
        raise DataError("no such file", where=str(path), hint=hint)
    if not os.access(path, os.R_OK):
        raise DataError("the file cannot be read: permission denied", where=str(path), hint=hint)
    return path


def regular_file(path: Path, *, hint: str | None = None) -> Path:
    """`path`, which must be a readable regular file: reading a pipe or a device may take for ever.

    Raises:
        DataError: it is not.
    """
    if not existing_file(path, hint=hint).is_file():
        raise DataError("a pipe or a device, but a regular file is wanted", where=str(path), hint=hint)
    return path


def sha256(path: Path) -> str:
    """SHA-256 of a file, or of a folder's regular files (names and contents, sorted by name, manifests left out)."""
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.name.endswith("manifest.json"):
            total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()
