import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, OutputError, OutputExistsError
from mosecrot_cli.staging import atomic_outputs, check_whole, clear_partial, partial_path, scratch_folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def write_set(folder: Path, text: str) -> None:
    """Two files and a folder."""
    paths = [folder / "a.tsv", folder / "sub", folder / "b.json"]
    with atomic_outputs(*paths, overwrite=True) as (first, middle, last):
        middle.mkdir()
        for path in (first, middle / "inner", last):
            path.write_text(text)


def read_set(folder: Path) -> set[str]:
    return {(folder / name).read_text() for name in ("a.tsv", "sub/inner", "b.json")}


def test_outputs_appear_together_and_nothing_else_stays(tmp_path: Path):
    with atomic_outputs(tmp_path / "a.tsv", tmp_path / "folder", overwrite=False) as (work, folder):
        assert (work.name, folder.name) == ("a.tsv", "folder")
        work.write_text("x")
        folder.mkdir()
        (folder / "inner").write_text("y")
        assert not (tmp_path / "a.tsv").exists() and not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["a.tsv", "folder", "folder/inner"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_interrupted_write_leaves_the_old_output_and_nothing_else(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "a.tsv"
    path.write_text("old")
    with pytest.raises(error), atomic_outputs(path, overwrite=True) as (work,):
        work.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.tsv"]


def test_a_folder_is_replaced_whole(tmp_path: Path):
    path = tmp_path / "mapped"
    path.mkdir()
    (path / "stale").write_text("")
    (tmp_path / "mapped.old").mkdir()
    (tmp_path / "mapped.partial").write_text("the user's")
    with atomic_outputs(path, overwrite=True) as (work,):
        work.mkdir()
        (work / "fresh").write_text("")
        assert (path / "stale").exists()
    assert names(tmp_path) == ["mapped", "mapped.old", "mapped.partial", "mapped/fresh"]


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path):
    (tmp_path / "disk").mkdir()
    for name in ("file", "folder", "dangling"):
        (tmp_path / name).symlink_to(tmp_path / "disk" / name)
    (tmp_path / "disk" / "file").write_text("old")
    (tmp_path / "disk" / "folder").mkdir()
    with atomic_outputs(*(tmp_path / name for name in ("file", "folder", "dangling")), overwrite=True) as works:
        works[0].write_text("new")
        works[1].mkdir()
        (works[1] / "inner").write_text("new")
        works[2].write_text("new")
    for name in ("file", "folder", "dangling"):
        assert (tmp_path / name).is_symlink()
    assert {(tmp_path / name).read_text() for name in ("disk/file", "disk/folder/inner", "disk/dangling")} == {"new"}


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_has_come_into_being_meanwhile_is_not_replaced(tmp_path: Path, kind: str):
    path = tmp_path / "out"

    def write() -> None:
        with atomic_outputs(path, overwrite=False) as (work,):
            work.write_text("ours")
            if kind == "file":
                path.write_text("the user's")
            elif kind == "folder":
                path.mkdir()
            else:
                path.symlink_to("nowhere")

    with pytest.raises(OutputExistsError):
        write()
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize(
    "make",
    [
        lambda number: OSError(number, os.strerror(number), "a"),
        lambda number: RuntimeError(f"Error while serializing: I/O error: {os.strerror(number)} (os error {number})"),
    ],
)
def test_a_refusing_system_is_an_output_error(tmp_path: Path, number: int, make: Callable[[int], Exception]):
    with pytest.raises(OutputError, match="a: cannot write"), atomic_outputs(tmp_path / "a", overwrite=False):
        raise make(number)
    assert names(tmp_path) == []


def test_a_folder_that_vanishes_is_an_output_error_and_a_missing_input_is_not(tmp_path: Path):
    with pytest.raises(FileNotFoundError), atomic_outputs(tmp_path / "a", overwrite=False):
        (tmp_path / "input").read_text()
    with pytest.raises(OutputError, match="not a directory"), atomic_outputs(tmp_path / "a", overwrite=False):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "x")


# --- work that outlives an error ---


def test_partial_work_is_kept_and_found_again(tmp_path: Path):
    path = tmp_path / "model"
    with pytest.raises(ValueError), atomic_outputs(path, overwrite=False, keep_partial=True) as (work,):
        (work / "checkpoint").write_text("1")
        raise ValueError
    assert names(tmp_path) == ["model.partial", "model.partial/.mosecrot-partial", "model.partial/checkpoint"]
    with atomic_outputs(path, overwrite=False, keep_partial=True) as (work,):
        assert work == partial_path(path) and (work / "checkpoint").read_text() == "1"
        clear_partial(work)
        (work / "weights").write_text("2")
    assert names(tmp_path) == ["model", "model/weights"]


def test_partial_work_that_holds_nothing_is_removed(tmp_path: Path):
    with pytest.raises(ValueError), atomic_outputs(tmp_path / "model", overwrite=False, keep_partial=True):
        raise ValueError
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_partial_folder_of_the_user_stays(tmp_path: Path, kind: str):
    partial = tmp_path / "model.partial"
    if kind == "file":
        partial.write_text("the user's")
    else:
        partial.mkdir()
        (partial / "letter").write_text("dear")
    before = names(tmp_path)
    with (
        pytest.raises(OutputExistsError, match="not written by mosecrot"),
        atomic_outputs(tmp_path / "model", overwrite=True, keep_partial=True),
    ):
        pytest.fail("not reached")
    assert names(tmp_path) == before


# --- kills ---


CHILD = """
import os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_staging
step, count = int(sys.argv[2]), 0
def counted(original):
    def call(*arguments, **options):
        global count
        count += 1
        if count == step:
            os._exit(9)
        return original(*arguments, **options)
    return call
for name in ("rename", "replace", "unlink", "mkdir", "rmdir", "open", "write"):
    setattr(os, name, counted(getattr(os, name)))
test_staging.write_set(Path(sys.argv[1]), "new")
os._exit(0)
"""


@pytest.mark.parametrize("old", [True, False])
def test_a_kill_at_any_step_loses_nothing_and_mixes_nothing(tmp_path: Path, old: bool):
    """A child process is killed at each change of the file system in turn; the next run puts everything right."""
    (tmp_path / "letter").write_text("dear")
    (tmp_path / ".mosecrot-mine").mkdir()
    (tmp_path / ".mosecrot-mine" / "journal.json").write_text("{}")
    child = CHILD.format(tests=str(Path(__file__).parent))
    kills = 0
    while True:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        if old:
            write_set(folder, "old")
        kills += 1
        code = subprocess.run([sys.executable, "-c", child, str(folder), str(kills)], check=False).returncode
        if code == 0:
            break
        assert code == 9
        mixed = old and len({text for text in _present(folder) if text}) > 1
        if mixed:
            with pytest.raises(DataError, match="was stopped before all of its files had their names"):
                check_whole(folder / "a.tsv")
        with scratch_folder(folder / "other"):
            pass  # any next writer tidies
        assert len(_present(folder)) == 1, f"mixed after kill {kills}"
        assert set(names(folder)) <= {"a.tsv", "b.json", "sub", "sub/inner"}, f"litter after kill {kills}"
        write_set(folder, "again")
        assert read_set(folder) == {"again"}
        for path in (folder / "a.tsv", folder / "b.json", folder / "sub" / "inner"):
            path.unlink()
        (folder / "sub").rmdir()
        check_whole(folder / "a.tsv")
    assert kills > 15
    assert names(tmp_path / ".mosecrot-mine") == ["journal.json"] and (tmp_path / "letter").exists()


def _present(folder: Path) -> set[str | None]:
    found = [folder / name for name in ("a.tsv", "sub/inner", "b.json")]
    return {path.read_text() if path.exists() else None for path in found}


def test_after_a_kill_what_the_user_has_put_there_since_stays(tmp_path: Path):
    write_set(tmp_path, "old")
    child = CHILD.format(tests=str(Path(__file__).parent))
    for step in range(1, 60):
        subprocess.run([sys.executable, "-c", child, str(tmp_path), str(step)], check=False)
        if list(tmp_path.glob(".mosecrot-*/renames.json")):
            break
    (tmp_path / "b.json").unlink()
    (tmp_path / "b.json").write_text("the user's")
    with scratch_folder(tmp_path / "other"):
        pass
    assert (tmp_path / "b.json").read_text() == "the user's"
    assert (tmp_path / "a.tsv").read_text() == "new"


# --- two processes ---


def test_of_several_writers_one_wins(tmp_path: Path):
    path, results = tmp_path / "out", []
    barrier = threading.Barrier(4)

    def write(text: str) -> None:
        barrier.wait()
        try:
            with atomic_outputs(path, overwrite=True) as (work,):
                work.mkdir()
                barrier.wait(5)  # all have tried before one is done
                (work / "inner").write_text(text)
            results.append(text)
        except (OutputError, threading.BrokenBarrierError) as error:
            results.append(type(error).__name__)
            if isinstance(error, OutputError):
                barrier.wait(5)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count("OutputError") == 3
    (winner,) = [text for text in results if text != "OutputError"]
    assert (path / "inner").read_text() == winner and names(tmp_path) == ["out", "out/inner"]


def test_writers_of_other_outputs_do_not_meet(tmp_path: Path):
    with (
        atomic_outputs(tmp_path / "a", overwrite=False) as (first,),
        atomic_outputs(tmp_path / "b", overwrite=False) as (second,),
    ):
        first.write_text("1")
        second.write_text("2")
    assert names(tmp_path) == ["a", "b"]
