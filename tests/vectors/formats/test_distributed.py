"""Vectors in the forms in which they are distributed: packed, in archives, cut, of other programs. Oracle: the text."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from mosecrot_cli import packing
from mosecrot_cli.errors import DataError
from mosecrot_cli.packing import zstd
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.vectors.formats.spacy import hash_of
from mosecrot_cli.vectors.readers import peek, read_vectors

WORDS = [f"q{number}" for number in range(38)]
MATRIX = np.random.default_rng(3).normal(size=(38, 24)).round(5).astype(np.float32)
ROWS = [f"{word} {' '.join(f'{x:.5f}' for x in row)}\n" for word, row in zip(WORDS, MATRIX, strict=True)]
TEXT = ("38 24\n" + "".join(ROWS)).encode()


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


def tarred(mode: str = "w:gz", **members: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def saved(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def check(path: Path, *, words: list[str] = WORDS) -> None:
    found = read_vectors(path, max_vocab=None)
    assert list(found.words) == words
    np.testing.assert_array_equal(found.matrix, MATRIX[: len(words)])


PACKED = {
    "xx.vec.gz": gzip.compress(TEXT, mtime=0),
    "xx.vec.bz2": bz2.compress(TEXT),
    "xx.vec.xz": lzma.compress(TEXT),
    "xx.vec.zst": zstd.compress(TEXT),
    "crawl.vec.zip": zipped(crawl_vec=TEXT),
    "crawl.zip": zipped(readme_txt=b"see the paper", crawl_vec=TEXT),
    "xx.tar": tarred("w", xx_vec=TEXT),
    "xx.tar.gz": tarred(xx_vec=TEXT, LICENSE_txt=b"free"),
    "xx.tar.xz": tarred("w:xz", xx_vec=TEXT),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_vectors_read_as_the_file_inside(tmp_path, name):
    path = saved(tmp_path, name, PACKED[name])
    check(path)
    found = peek(path)
    assert (found.rows, found.dimension, found.format) == (38, 24, "text")
    assert list(read_vectors(path, max_vocab=5).words) == WORDS[:5]


@pytest.mark.parametrize("name", PACKED)
def test_packed_vectors_that_are_cut(tmp_path, name):
    for length in (len(PACKED[name]) * 2 // 3, 40):
        path = saved(tmp_path, name, PACKED[name][:length])
        with pytest.raises(DataError, match="truncated|damaged|archive|fetch the file again|known format") as caught:
            read_vectors(path, max_vocab=None)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("two.zip", zipped(wiki_vec=TEXT, wiki_bin=b"x"), r"an archive of 2 files \('wiki.vec', 'wiki.bin'\).*unpack"),
        ("two.tar.gz", tarred(a_vec=TEXT, b_vec=TEXT), "an archive of 2 files"),
        ("none.zip", zipped(readme_md=b"x"), "an archive without vectors"),
        ("lfs.bin", b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n", "Git LFS.*git lfs pull"),
        ("page.vec", b"<!DOCTYPE html>\n<html></html>", "a web page"),
        ("page.vec.gz", gzip.compress(b"<html>", mtime=0), "a web page"),
        ("model.kv", b"\x80\x04\x95\x10\x00", "pickle.*save_word2vec_format"),
        ("mini.h5", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        ("floret.vec", b"50000 300 4 5 2 2166136261 < >\n0 0.1 0.2\n", "floret table.*print-word-vectors"),
        ("head.vec", ("38 24\n" + "".join(ROWS[:19])).encode(), r"promises 38 rows, the file has 19.*`19 24`"),
        ("array.npz", zipped(words_npy=b"\x93NUMPY\x01\x00"), "packed array.*unpack"),
    ],
)
def test_what_is_refused_and_the_way_out(tmp_path, name, content, match):
    with pytest.raises(DataError, match=match) as caught:
        read_vectors(saved(tmp_path, name, content), max_vocab=None)
    assert "\n" not in str(caught.value)


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that small files reach, too."""
    monkeypatch.setattr(packing, "MOST_UNPACKED", 1 << 16)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd.compress])
@pytest.mark.parametrize("tail", [b"q 0.5 ", b"\n"])
def test_bombs_are_refused(tmp_path, small_bound, pack, tail):
    path = saved(tmp_path, "bomb", pack(b"1000 2\na 1 2\n" + tail * 200_000))
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        read_vectors(path, max_vocab=None)


def test_a_bomb_in_a_zip_archive(tmp_path, small_bound):
    path = saved(tmp_path, "bomb.zip", zipped(x_vec=TEXT + b"\n" * 2_000_000))
    with pytest.raises(DataError, match="zip file unpacks to more than 200 times"):
        read_vectors(path, max_vocab=None)


def test_an_encrypted_archive(tmp_path):
    content = bytearray(zipped(x_vec=TEXT))
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    with pytest.raises(DataError, match="encrypted"):
        read_vectors(saved(tmp_path, "x.zip", bytes(content)), max_vocab=None)


def test_a_cut_file_with_a_corrected_first_line(tmp_path):
    check(saved(tmp_path, "head.vec", ("19 24\n" + "".join(ROWS[:19])).encode()), words=WORDS[:19])
    assert list(read_vectors(saved(tmp_path, "cut.vec", TEXT[: TEXT.index(b"q20")]), max_vocab=10).words) == WORDS[:10]


def test_glove_has_no_header(tmp_path):
    check(saved(tmp_path, "glove.txt", "".join(ROWS).encode()))


def test_numberbatch(tmp_path):
    text = "38 24\n" + "".join(f"/c/xx/{row}" for row in ROWS)
    check(saved(tmp_path, "numberbatch.txt", text.encode()))
    several = text.replace("/c/xx/q30", "/c/yy/q30")
    with pytest.raises(DataError, match=r"several languages \(/c/xx/… and /c/yy/q30…\).*grep"):
        read_vectors(saved(tmp_path, "many.txt", several.encode()), max_vocab=None)


def navec(words: list[str], *, rows: int | None = None, centroids: int = 4) -> tuple[bytes, np.ndarray]:
    random = np.random.default_rng(1)
    rows = len(words) if rows is None else rows
    indexes = random.integers(0, 4, size=(len(words), 6)).astype(np.uint8)
    codes = random.normal(size=(6, centroids, 2)).astype(np.float32)
    sizes = np.array([rows, 12, 6, centroids], dtype="<u4").tobytes()
    counts = np.arange(len(words), dtype="<u4").tobytes()
    vocabulary = np.array([len(words)], dtype="<u4").tobytes() + counts + "\n".join(words).encode()
    members = {
        "meta_json": json.dumps({"id": "x", "protocol": 1}).encode(),
        "vocab_bin": gzip.compress(vocabulary, mtime=0),
        "pq_bin": sizes + indexes.tobytes() + codes.tobytes(),
    }
    return tarred("w", **members), codes[np.arange(6), indexes % centroids].reshape(len(words), 12)


def test_navec(tmp_path):
    content, matrix = navec(["а", "б", "в", "<unk>", "<pad>"])
    path = saved(tmp_path, "navec.tar", content)
    found = read_vectors(path, max_vocab=None)
    assert list(found.words) == ["а", "б", "в"]
    np.testing.assert_array_equal(found.matrix, matrix[:3])
    assert (peek(path).rows, peek(path).dimension, peek(path).format) == (5, 12, "navec")
    again = read_vectors(path, max_vocab=2)
    assert list(again.words) == ["а", "б"]


@pytest.mark.parametrize(("rows", "centroids"), [(6, 4), (1 << 31, 4), (5, 3)])
def test_a_navec_archive_that_lies(tmp_path, rows, centroids):
    content, _ = navec(["а", "б", "в", "<unk>", "<pad>"], rows=rows, centroids=centroids)
    with pytest.raises(DataError, match="navec"):
        read_vectors(saved(tmp_path, "navec.tar", content), max_vocab=None)


def spacy_model(folder: Path, keys: dict[int, int], strings: list[str], matrix: np.ndarray) -> Path:
    (folder / "model" / "vocab").mkdir(parents=True)
    with (folder / "model" / "vocab" / "vectors").open("wb") as file:
        np.save(file, matrix)
    (folder / "model" / "vocab" / "key2row").write_bytes(msgspec.msgpack.encode(keys))
    (folder / "model" / "vocab" / "strings.json").write_text(json.dumps(strings))
    return folder / "model"


def test_spacy_vectors(tmp_path):
    words = ["le", "chien", "été", "dort-il", "anticonstitutionnellement"]
    keys = {hash_of(word): row for word, row in zip(words, [2, 0, 1, 2, 1], strict=True)} | {12345: 0}
    model = spacy_model(tmp_path, keys, ["autre", *reversed(words)], MATRIX[:3])
    for path in (model, model / "vocab"):
        found = read_vectors(path, max_vocab=None)
        assert list(found.words) == words and found.notes["nameless"] == 1
        np.testing.assert_array_equal(found.matrix, MATRIX[[2, 0, 1, 2, 1]])
    assert peek(model).rows == 6
    with pytest.raises(DataError, match="floret table"):
        read_vectors(spacy_model(tmp_path / "floret", {}, words, MATRIX), max_vocab=None)
    with pytest.raises(DataError, match="a row beyond the 3 of the table"):
        read_vectors(spacy_model(tmp_path / "lies", {hash_of("le"): 3}, words, MATRIX[:3]), max_vocab=None)


def test_the_hash_of_a_string_is_spacys():
    # Values of spaCy 3: `nlp.vocab.strings[string]`.
    assert hash_of("coffee") == 3197928453018144401
    assert hash_of("I") == 4690420944186131903
    assert hash_of("NOUN") != hash_of("noun") and hash_of("") == 0


def test_a_folder_without_vectors(tmp_path):
    with pytest.raises(DataError, match="a folder.*spaCy"):
        read_vectors(tmp_path, max_vocab=None)


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.vec")
    for path in (tmp_path / "pipe.vec", Path("/dev/zero")):
        with pytest.raises(DataError, match="a pipe or a device"):
            read_vectors(path, max_vocab=None)


def test_words_that_max_vocab_leaves_out_are_reported(tmp_path):
    reporter = SilentReporter()
    path = saved(tmp_path, "xx.vec", TEXT)
    for _ in range(2):  # parsed, and from the cache
        read_vectors(path, max_vocab=30, reporter=reporter)
    assert reporter.warnings == [f"{path}: the first 30 of 38 words are read (`max_vocab` sets how many)"] * 2
    reporter = SilentReporter()
    read_vectors(path, max_vocab=38, reporter=reporter)
    assert reporter.warnings == []
    read_vectors(saved(tmp_path, "glove.txt", "".join(ROWS).encode()), max_vocab=38, reporter=reporter)
    assert "the first 38 words are read; `max_vocab` leaves out any others" in reporter.warnings[0]
