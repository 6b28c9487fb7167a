import errno
import hashlib
import os
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError, OutputError, OutputExistsError
from mosecrot_cli.files import atomic_outputs, check_writable, existing_file, partial_path, sha256


def test_outputs_appear_together_and_partials_are_gone(tmp_path: Path):
    first, second = tmp_path / "a.tsv", tmp_path / "folder"
    with atomic_outputs(first, second) as (partial, folder):
        partial.write_text("x")
        folder.mkdir()
        (folder / "inner").write_text("y")
        assert not first.exists() and not second.exists()
    assert first.read_text() == "x"
    assert (second / "inner").read_text() == "y"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "folder"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_output_and_nothing_else(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "a.tsv"
    path.write_text("old")

    def write() -> None:
        with atomic_outputs(path) as (partial,):
            partial.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_keep_partial_leaves_what_was_written(tmp_path: Path):
    path = tmp_path / "model"

    def write() -> None:
        with atomic_outputs(path, keep_partial=True) as (partial,):
            partial.mkdir()
            (partial / "checkpoint").write_text("1")
            raise ValueError

    with pytest.raises(ValueError):
        write()
    assert (partial_path(path) / "checkpoint").exists()
    assert not path.exists()


def test_a_folder_is_replaced_whole(tmp_path: Path):
    path = tmp_path / "mapped"
    path.mkdir()
    (path / "stale").write_text("")
    with atomic_outputs(path) as (partial,):
        partial.mkdir()
        (partial / "fresh").write_text("")
        assert (path / "stale").exists()
    assert [inner.name for inner in path.iterdir()] == ["fresh"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_refusing_system_is_an_output_error(tmp_path: Path, number: int):
    def write() -> None:
        with atomic_outputs(tmp_path / "a"):
            raise OSError(number, os.strerror(number), "a.partial")

    with pytest.raises(OutputError, match="a.partial: cannot write"):
        write()
    assert not list(tmp_path.iterdir())


def test_check_writable_refuses_what_exists_and_what_is_not_ours(tmp_path: Path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        check_writable(folder, overwrite=False, marker="manifest.json")
    with pytest.raises(OutputExistsError, match="not written by mosecrot"):
        check_writable(folder, overwrite=True, marker="manifest.json")
    (folder / "manifest.json").write_text("{}")
    check_writable(folder, overwrite=True, marker="manifest.json")


def test_check_writable_makes_parent_folders_and_refuses_a_file_in_their_place(tmp_path: Path):
    check_writable(tmp_path / "a" / "b" / "out.tsv", overwrite=False)
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        check_writable(tmp_path / "file" / "out.tsv", overwrite=False)


def test_existing_file_says_what_is_wrong(tmp_path: Path):
    with pytest.raises(DataError, match="no such file"):
        existing_file(tmp_path / "none")
    with pytest.raises(DataError, match="a folder"):
        existing_file(tmp_path)


def test_digest_of_a_folder_depends_on_names_and_contents_but_not_on_manifests(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"1")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"1").hexdigest()
    before = sha256(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    assert sha256(tmp_path) == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert sha256(tmp_path) != before
