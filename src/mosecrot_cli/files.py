"""Files: what must be there, what cannot be written, digests, and the folder of the cache."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mosecrot_cli.errors import DataError, OutputError
from mosecrot_cli.suggestions import did_you_mean

CACHE = "MOSECROT_CACHE"
CARD = "README.md"
"""The model card in the folder of a checkpoint."""
_CANNOT_WRITE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EBUSY),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ELOOP, errno.ENAMETOOLONG, errno.EMLINK),
}
_RUST_ERROR = re.compile(r"\(os error (\d+)\)")
_NUMPY_ERROR = re.compile(r"^\d+ requested and \d+ written$")


def cache_folder() -> Path:
    """The folder for what can be fetched or computed again: MOSECROT_CACHE, else the platform's place for caches."""
    if named := os.environ.get(CACHE):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("mosecrot", appauthor=False))


@contextmanager
def writing(*paths: Path) -> Iterator[None]:
    """Turn the system's refusals to write into an `OutputError`, naming the first path if the system names none."""
    try:
        yield
    except Exception as error:
        number = _refusal(error)
        if number == errno.ENOENT and not all(path.parent.is_dir() for path in paths):
            raise OutputError("cannot write: its folder is gone", where=str(paths[0])) from error
        if number not in _CANNOT_WRITE:
            raise
        where = str(getattr(error, "filename", None) or paths[0])
        raise OutputError(f"cannot write: {os.strerror(number).lower()}", where=where) from error


def _refusal(error: Exception) -> int | None:
    """The number of the system's error behind an exception, also of those of numpy and of libraries in Rust."""
    if match := _RUST_ERROR.search(str(error)):
        return int(match[1])
    if isinstance(error, OSError) and _NUMPY_ERROR.search(str(error)):
        return errno.ENOSPC
    return error.errno if isinstance(error, OSError) else None


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which is renamed to `path` when all is well and removed otherwise.

    For single files of the cache. Outputs of commands, which belong to the user, are written by `staging`.

    Raises:
        OutputError: the system refuses the writing.
    """
    import tempfile  # as hashlib below: `--help` needs neither, and they take it some milliseconds

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".mosecrot-", suffix=".part", dir=path.parent)
        os.close(descriptor)
        partial = Path(name)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def existing_file(path: Path, *, hint: str | None = None) -> Path:
    """`path`, which must be a readable file.

    Raises:
        DataError: it is not.
    """
    if path.is_dir():
        raise DataError("a folder, but a file is wanted", where=str(path), hint=hint)
    if not path.exists():
        raise DataError("no such file", where=str(path), hint=did_you_mean(path, hint))
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
    """SHA-256 of a file, or of a folder's regular files (names and contents, sorted by name).

    Manifests and model cards, which tell about the others and may change alone, are left out.
    """
    import hashlib

    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    total = hashlib.sha256()
    for file in digested_files(path):
        total.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n".encode())
    return total.hexdigest()


def digested_files(folder: Path) -> list[Path]:
    """The files that the digest of a folder is made of: see `sha256`."""
    found = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != CARD)
    return [file for file in found if not file.name.endswith("manifest.json")]
