"""The cache of vectors. Oracle: the same reading without it."""

from __future__ import annotations

import gzip
import hashlib
import mmap
import os
import shutil
from collections import namedtuple
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import UsageError
from mosecrot_cli.vectors import cache, readers
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors

WORDS = st.lists(
    st.sampled_from(["a", "b", "é", "e\u0301", "", "New York", "狗", "c\u2028d", "x\ry", "\x00"]), max_size=12
)
FORMATS = ["v.vec", "v.vec.gz", "v.bin", "v.bin.gz"]


@dataclass(frozen=True)
class Cached:
    """Reading with a cache of its own."""

    folder: Path

    @property
    def entries(self) -> list[Path]:
        return sorted((self.folder / "parsed").glob("*"))

    def read(self, path: Path, max_vocab: int | None = None) -> WordVectors:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOSECROT_CACHE", str(self.folder))
            return read_vectors(path, max_vocab=max_vocab)

    def digest(self, path: Path) -> str | None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MOSECROT_CACHE", str(self.folder))
            return cache.VectorCache.of_environment().known_digest(path)

    def hits(self, path: Path, max_vocab: int | None = None) -> bool:
        """Whether the file need not be parsed."""
        with pytest.MonkeyPatch.context() as patch:
            detect = readers.detect_format
            patch.setattr(readers, "detect_format", lambda path: replace(detect(path), read=_parsed))
            try:
                self.read(path, max_vocab)
            except NotImplementedError:
                return False
            return True


def _parsed(*arguments: object, **options: object) -> WordVectors:
    raise NotImplementedError


def read_anew(path: Path, max_vocab: int | None = None) -> WordVectors:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOSECROT_VECTOR_CACHE", "off")
        return read_vectors(path, max_vocab=max_vocab)


def check_same(found: WordVectors, expected: WordVectors) -> None:
    assert list(found.words) == list(expected.words)
    np.testing.assert_array_equal(found.matrix, expected.matrix)
    assert found.matrix.dtype == np.float32 and found.matrix.flags.c_contiguous
    assert (found.notes, found.digest, found.source) == (expected.notes, expected.digest, expected.source)
    assert found.index == expected.index


def write(path: Path, words: list[str], *, blanks: int = 0) -> Path:
    """Vectors of two numbers; in text, with some blank lines here and there."""
    rows = [(word, np.float32([row, -0.5])) for row, word in enumerate(["first", *words])]
    if ".vec" in path.name:
        lines = [f"{word} {row[0]} {row[1]}\n" for word, row in rows]
        for blank in range(blanks):
            lines.insert(1 + 3 * blank, "\n")
        content = "".join(lines).encode()
    else:
        words = [word.replace(" ", "_").replace("\r", "") or "_" for word, _ in rows]
        content = f"{len(rows)} 2\n".encode()
        content += b"".join(word.encode() + b" " + row[1].tobytes() for word, row in zip(words, rows, strict=True))
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    return Cached(tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "v.vec", ["b", "c", "b", "e\u0301", "d"])


@settings(max_examples=80, deadline=None)
@given(
    words=WORDS,
    name=st.sampled_from(FORMATS),
    blanks=st.integers(0, 3),
    limits=st.lists(st.none() | st.integers(1, 14), min_size=1, max_size=4),
)
def test_a_cached_reading_is_the_same_reading(tmp_path_factory, words, name, blanks, limits):
    folder = tmp_path_factory.mktemp("v")
    path, cached = write(folder / name, words, blanks=blanks), Cached(folder / "cache")
    for limit in [*limits, *limits]:
        check_same(cached.read(path, limit), read_anew(path, limit))


def test_the_second_reading_is_mapped_and_not_parsed(file, cached):
    for vectors in (cached.read(file), cached.read(file)):  # the first is mapped as soon as it is written
        base = vectors.matrix
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base.obj, mmap.mmap)
        assert not vectors.matrix.flags.writeable
    assert cached.hits(file)


def test_what_was_read_serves_fewer_words_and_not_more(file, cached):
    cached.read(file, 3)
    assert cached.hits(file, 1) and cached.hits(file, 3)
    assert not cached.hits(file, 4) and not cached.hits(file)
    cached.read(file, 99)
    assert cached.hits(file, 4) and cached.hits(file) and cached.hits(file, 100)
    assert len(cached.entries) == 1


def test_any_damage_is_seen_and_mended(file, cached, monkeypatch):
    monkeypatch.setattr(cache, "_ALIGNMENT", 8)  # less padding, whose damage is none
    expected = cached.read(file)
    (entry,) = cached.entries
    whole = entry.read_bytes()
    for position in range(len(whole)):
        entry.write_bytes(whole[:position] + bytes([whole[position] ^ 0x41]) + whole[position + 1 :])
        check_same(cached.read(file), expected)
    for length in (0, 1, 40, len(whole) // 2, len(whole) - 1):
        entry.write_bytes(whole[:length])
        assert not cached.hits(file)
        check_same(cached.read(file), expected)
        assert entry.read_bytes() == whole
    entry.write_bytes(whole + b"\0")
    assert not cached.hits(file)


def test_damage_in_a_large_matrix_is_seen_where_it_is_used(tmp_path, cached, monkeypatch):
    monkeypatch.setattr(cache, "_MIB", 64)
    path = write(tmp_path / "v.vec", [f"w{row}" for row in range(50)])
    cached.read(path)
    (entry,) = cached.entries
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-1] + b"\1")
    assert cached.hits(path, 40) and not cached.hits(path, 51)
    check_same(cached.read(path), read_anew(path))


def test_an_entry_of_another_file_is_not_taken(tmp_path, file, cached):
    other = write(tmp_path / "other.vec", ["x", "c", "b", "e\u0301", "d"])
    cached.read(other)
    (foreign,) = cached.entries
    cached.read(file)
    (own,) = set(cached.entries) - {foreign}
    shutil.copyfile(foreign, own)
    check_same(cached.read(file), read_anew(file))


@pytest.mark.parametrize("change", ["content", "time", "size"])
def test_a_changed_file_is_read_again(file, cached, change):
    cached.read(file)
    state = file.stat()
    text = file.read_text()
    if change == "size":
        file.write_text(text + "e 1 2\n")
    if change == "content":
        file.write_text(text.replace("first", "last."))
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns + (change == "time")))
    assert not cached.hits(file)
    assert cached.digest(file) is None
    check_same(cached.read(file), read_anew(file))
    assert len(cached.entries) == 1


def test_a_file_that_changes_while_it_is_read_is_not_kept(file, cached, monkeypatch):
    found = readers.detect_format(file)

    def read(path, **options):
        vectors = found.read(path, **options)
        path.write_text("z 1 2\n")
        return vectors

    monkeypatch.setattr(readers, "detect_format", lambda path: replace(found, read=read))
    assert "first" in cached.read(file)
    assert not cached.entries


def test_the_source_of_a_reading_is_the_path_that_was_given(file, cached, monkeypatch, tmp_path):
    cached.read(file)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.vec").symlink_to(file)
    assert cached.hits(Path("link.vec"))
    assert cached.read(Path("link.vec")).source == "link.vec"


def test_a_cache_that_cannot_be_written_fails_nothing(file, tmp_path, cached, monkeypatch):
    (tmp_path / "blocked").write_text("")
    check_same(Cached(tmp_path / "blocked").read(file), read_anew(file))

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        check_same(cached.read(file), read_anew(file))
    usage = namedtuple("usage", "free")
    with monkeypatch.context() as patch:
        patch.setattr(cache, "disk_usage", lambda folder: usage(free=1000))
        check_same(cached.read(file), read_anew(file))
    assert not cached.entries


def test_switched_off_it_is_neither_read_nor_written(file, cached, monkeypatch):
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", "off")
    cached.read(file)
    assert not cached.folder.exists()
    monkeypatch.delenv("MOSECROT_VECTOR_CACHE")
    cached.read(file)
    assert cached.entries
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", "OFF")
    assert not cached.hits(file)
    assert cached.digest(file) is None


@pytest.mark.parametrize("value", ["maybe", "-3 GB", "inf", "nan"])
def test_a_bound_that_makes_no_sense_is_wrong_usage(file, monkeypatch, value):
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", value)
    with pytest.raises(UsageError, match=r"MOSECROT_VECTOR_CACHE.*makes no sense"):
        read_vectors(file, max_vocab=None)


def test_the_least_recently_used_entries_go_when_there_is_no_room(tmp_path, cached, monkeypatch):
    paths = [write(tmp_path / f"{name}.vec", ["b", "c"]) for name in "abc"]
    for path in paths[:2]:
        cached.read(path)
    size = cached.entries[0].stat().st_size
    monkeypatch.setattr(cache, "_MIB", 64)
    for age, path in enumerate(paths[:2]):  # the entry of the second is the older one
        os.utime(cached.folder / "parsed" / cache._entry_name(path), (0, 10 - age))
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", str(2.5 * size / 1e9))
    cached.read(paths[2])
    assert [cached.hits(path) for path in paths] == [True, False, True]
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", str(100 / 1e9))  # too small for one
    cached.read(paths[1])
    assert not cached.hits(paths[1])


def test_what_killed_processes_left_is_removed(file, cached):
    (cached.folder / "parsed").mkdir(parents=True)
    old, new = (cached.folder / "parsed" / f"{name}.partial" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    cached.read(file)
    assert not old.exists() and new.exists()


def test_the_digest_comes_from_the_cache(file, cached):
    cached.read(file, 2)
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    assert cached.read(file, 1).digest == cached.digest(file) == expected
    (entry,) = cached.entries
    entry.write_bytes(entry.read_bytes()[:40])
    assert cached.digest(file) is None
