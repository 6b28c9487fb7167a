"""Staging folders: where outputs are written before they get their names, with a journal that survives a kill.

A staging folder (`.mosecrot-` and random characters) is next to its outputs, and is created exclusively, so that it
never replaces a file of the user. Its journal names the outputs, and a lock on the journal shows that its process is
alive. Once all outputs are complete, a list of renames is written, which any later process completes if this one is
killed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mosecrot_cli.errors import DataError, OutputError
from mosecrot_cli.files import remove
from mosecrot_cli.structured import read_json

try:
    import fcntl
except ImportError:  # without flock, outputs are still complete, but two processes do not notice each other
    fcntl = None  # type: ignore[assignment]

PREFIX = ".mosecrot-"
JOURNAL = "journal.json"
RENAMES = "renames.json"
OUTPUTS = "outputs"
PARTIAL = ".partial"
MARKER = ".mosecrot-partial"
"""Marks a `NAME.partial` folder, which is kept after an interruption so that the run can be resumed, as ours."""

_FORMAT = "staging folder"


@dataclass(frozen=True)
class _Rename:
    """One output; its names are relative to the parent of the staging folder, and quoted, as they may not be UTF-8.

    Attributes:
        work: the name under which it is written.
        final: its final name.
        replaces: identity of the file or folder that it replaces; None if there is none.
    """

    work: str
    final: str
    replaces: str | None = None


@dataclass(frozen=True)
class _Renames:
    """Content of `renames.json`: the renames to do once all outputs are complete."""

    renames: tuple[_Rename, ...]


@dataclass(frozen=True)
class _Journal:
    """Content of `journal.json`: the outputs that a process works on."""

    mosecrot: str
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class StagingFolder:
    """A staging folder of this process, or of one that was killed, with its journal locked.

    Attributes:
        folder: where it is.
        lock: the open journal; closing it unlocks.
    """

    folder: Path
    lock: int

    @classmethod
    @contextmanager
    def open(cls, parent: Path, names: Sequence[str]) -> Iterator[StagingFolder]:
        """A new staging folder for outputs in `parent`; it is removed at the end, unless renames failed half-way."""
        with locked(parent):
            tidy_folder(parent, names)
            staging = cls._create(parent, names)
        try:
            yield staging
        finally:
            if not (staging.folder / RENAMES).exists():
                staging.remove()
            os.close(staging.lock)

    @classmethod
    def _create(cls, parent: Path, names: Sequence[str]) -> StagingFolder:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        staging = cls(folder, os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644))
        try:
            _try_lock(staging.lock)
            os.write(staging.lock, _json(_Journal(_FORMAT, tuple(map(_quoted, names)))))
            (folder / OUTPUTS).mkdir()
        except OSError:
            staging.remove()
            os.close(staging.lock)
            raise
        return staging

    @classmethod
    def of_killed(cls, folder: Path, names: Iterable[str]) -> StagingFolder | None:
        """The staging folder of a killed process; None if its process is alive, or if the folder is not ours.

        Raises:
            OutputError: its process is alive and writes one of `names`.
        """
        try:
            lock = os.open(folder / JOURNAL, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return None
        staging = cls(folder, lock)
        if _try_lock(lock):
            if staging._journal() or os.fstat(lock).st_size == 0:  # or killed before it could write
                return staging
            os.close(lock)
            return None
        os.close(lock)
        journal = staging._journal()
        claimed = [name for name in names if journal and _quoted(name) in journal.outputs]
        if claimed:
            raise OutputError(
                "another process of mosecrot is writing this output",
                where=str(folder.parent / claimed[0]),
                hint="wait for it to end, or choose another output",
            )
        return None

    def _journal(self) -> _Journal | None:
        """The content of the journal; None if it is not ours."""
        try:
            journal = read_json(self.folder / JOURNAL, _Journal)
        except DataError:
            return None
        return journal if journal.mosecrot == _FORMAT else None

    def prepare(self, pairs: Sequence[tuple[Path, Path]]) -> None:
        """List the renames; from now on, any process that finds this staging folder completes them."""
        parent = self.folder.parent
        renames = tuple(
            _Rename(_quoted(os.path.relpath(work, parent)), _quoted(final.name), _identity(final))
            for work, final in pairs
        )
        written = self.folder / "renames.new"
        written.write_bytes(_json(_Renames(renames)))
        written.rename(self.folder / RENAMES)

    def commit(self, *, after_kill: bool = False) -> None:
        """Do the renames that are listed and not yet done, and remove the list.

        Args:
            after_kill: keep files that the user may have put in the place of an output since then.
        """
        parent = self.folder.parent
        for number, rename in enumerate(read_json(self.folder / RENAMES, _Renames).renames):
            work, final = parent / _unquoted(rename.work), parent / _unquoted(rename.final)
            if not os.path.lexists(work) or (after_kill and _identity(final) not in (None, rename.replaces)):
                continue
            if work.name.endswith(PARTIAL):
                (work / MARKER).unlink(missing_ok=True)
            if final.is_dir():
                final.rename(self.folder / f"replaced-{number}")
                work.rename(final)
            else:
                work.replace(final)
        for path in self.folder.glob("replaced-*"):
            remove(path)
        (self.folder / RENAMES).unlink()

    def remove(self) -> None:
        """Remove the folder, the journal last, so that a killed removal is completed by the next process."""
        for path in self.folder.iterdir():
            if path.name != JOURNAL:
                remove(path)
        (self.folder / JOURNAL).unlink(missing_ok=True)
        self.folder.rmdir()


def tidy_folder(parent: Path, names: Sequence[str]) -> None:
    """Complete or discard the leftovers of killed processes in a folder.

    Raises:
        OutputError: a living process writes one of `names`.
    """
    for folder in staging_folders(parent):
        staging = StagingFolder.of_killed(folder, names)
        if staging is None:
            with contextlib.suppress(OSError):  # killed before there was a journal; not empty: not ours
                folder.rmdir()
            continue
        try:
            if (folder / RENAMES).exists():
                staging.commit(after_kill=True)
            staging.remove()
        finally:
            os.close(staging.lock)


def awaits_its_name(folder: Path, name: str) -> bool:
    """Whether an output of this name is among the renames that a staging folder lists."""
    try:
        renames = read_json(folder / RENAMES, _Renames).renames
    except DataError:  # the usual case: none are listed
        return False
    return _quoted(name) in {rename.final for rename in renames}


def staging_folders(parent: Path) -> list[Path]:
    """The folders in `parent` that look like staging folders."""
    try:
        with os.scandir(parent) as entries:
            found = [entry for entry in entries if entry.name.startswith(PREFIX)]
            return sorted(Path(entry) for entry in found if entry.is_dir(follow_symlinks=False))
    except OSError:  # a folder that is not there, or cannot be listed
        return []


def _identity(path: Path) -> str | None:
    """What distinguishes a file or folder from a later one of the same name; None if it does not exist."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    changed = 0 if stat.S_ISDIR(state.st_mode) else state.st_mtime_ns
    return f"{state.st_dev}:{state.st_ino}:{changed}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making staging folders in `folder` for a moment."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Lock a file unless another process has it locked."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)  # else a file system without locks
    return True


def _json(value: _Journal | _Renames) -> bytes:
    import msgspec

    return msgspec.json.encode(asdict(value))


def _quoted(name: str) -> str:
    return quote_from_bytes(os.fsencode(name))


def _unquoted(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))
