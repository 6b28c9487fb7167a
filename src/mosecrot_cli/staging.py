"""Atomic outputs: they appear completely or not at all, even after a kill, and only one process writes them.

An output is written into a staging folder next to it (`.mosecrot-` and random characters), which is created
exclusively, so that it never replaces a file of the user. Its journal names the outputs, and a lock on the journal
shows that its process is alive. When all outputs are complete, a list of renames is written, and then they are renamed.
The staging folder of a killed process is tidied by the next process that writes next to it: renames that were listed
are completed, and everything else is discarded. Until then, `check_whole` tells readers that a set of outputs is mixed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mosecrot_cli.errors import DataError, OutputError, OutputExistsError
from mosecrot_cli.files import remove, writing
from mosecrot_cli.structured import read_json

try:
    import fcntl
except ImportError:  # without flock, outputs are still complete, but two processes do not notice each other
    fcntl = None  # type: ignore[assignment]

PREFIX = ".mosecrot-"
JOURNAL = "journal.json"
RENAMES = "renames.json"
PARTIAL = ".partial"
MARKER = ".mosecrot-partial"
"""Marks a `NAME.partial` folder, which is kept after an interruption so that the run can be resumed, as ours."""

_FORMAT = "staging folder"
_OUTPUTS = "outputs"


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
            folder: stack.enter_context(_Staging.open(folder, [path.name for path in finals if path.parent == folder]))
            for folder in dict.fromkeys(path.parent for path in finals)
        }
        if keep_partial:
            works = [stack.enter_context(_partial_folder(path)) for path in finals]
        else:
            works = [stagings[path.parent].folder / _OUTPUTS / path.name for path in finals]
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
    with writing(output), _Staging.open(folder, []) as staging:
        yield staging.folder / _OUTPUTS


def tidy(path: Path) -> None:
    """Complete or discard the leftovers of killed processes next to an output.

    Raises:
        OutputError: the system refuses it.
    """
    parent = Path(os.path.realpath(path)).parent
    if _stagings(parent):
        with writing(path), _locked(parent):
            _tidy(parent, ())


def check_whole(path: Path) -> None:
    """Check that no run was killed between two renames of the outputs that `path` belongs to.

    Raises:
        DataError: one was killed, so `path` may be missing or belong to another run than its neighbours.
    """
    final = Path(os.path.realpath(path))
    for folder in _stagings(final.parent):
        try:
            renames = read_json(folder / RENAMES, _Renames).renames
        except DataError:  # the usual case: none are listed
            continue
        if _quoted(final.name) in {rename.final for rename in renames}:
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


@dataclass(frozen=True)
class _Staging:
    """A staging folder of this process, or of one that was killed, with its journal locked.

    Attributes:
        folder: where it is.
        lock: the open journal; closing it unlocks.
    """

    folder: Path
    lock: int

    @classmethod
    @contextmanager
    def open(cls, parent: Path, names: Sequence[str]) -> Iterator[_Staging]:
        """A new staging folder for outputs in `parent`; it is removed at the end, unless renames failed half-way."""
        with _locked(parent):
            _tidy(parent, names)
            staging = cls._create(parent, names)
        try:
            yield staging
        finally:
            if not (staging.folder / RENAMES).exists():
                staging.remove()
            os.close(staging.lock)

    @classmethod
    def _create(cls, parent: Path, names: Sequence[str]) -> _Staging:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        staging = cls(folder, os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644))
        try:
            _try_lock(staging.lock)
            os.write(staging.lock, _json(_Journal(_FORMAT, tuple(map(_quoted, names)))))
            (folder / _OUTPUTS).mkdir()
        except OSError:
            staging.remove()
            os.close(staging.lock)
            raise
        return staging

    @classmethod
    def of_killed(cls, folder: Path, names: Iterable[str]) -> _Staging | None:
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


def _tidy(parent: Path, names: Sequence[str]) -> None:
    """Complete or discard the leftovers of killed processes in a folder.

    Raises:
        OutputError: a living process writes one of `names`.
    """
    for folder in _stagings(parent):
        staging = _Staging.of_killed(folder, names)
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


def _stagings(parent: Path) -> list[Path]:
    """The folders in `parent` that look like staging folders."""
    try:
        with os.scandir(parent) as entries:
            found = [entry for entry in entries if entry.name.startswith(PREFIX)]
            return sorted(Path(entry) for entry in found if entry.is_dir(follow_symlinks=False))
    except OSError:  # a folder that is not there, or cannot be listed
        return []


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


def _identity(path: Path) -> str | None:
    """What distinguishes a file or folder from a later one of the same name; None if it does not exist."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    changed = 0 if stat.S_ISDIR(state.st_mode) else state.st_mtime_ns
    return f"{state.st_dev}:{state.st_ino}:{changed}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
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
