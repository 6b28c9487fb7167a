"""One way to open text, whatever the file is packed in."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli import packing
from mosecrot_cli.errors import DataError
from mosecrot_cli.text_lines import is_utf16, open_bytes, plain_suffix, read_lines, read_text

PACKERS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("packer", PACKERS)
@given(lines=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_lines_come_back(tmp_path_factory, packer, lines):
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(PACKERS[packer]("\n".join(lines).encode("utf-8-sig" if any(lines) else "utf-8")))
    expected = lines if lines[-1] else lines[:-1]
    assert [line for _, line in read_lines(str(path))] == expected
    assert "".join(line for _, line in read_lines(str(path), keep_ends=True)) == "\n".join(lines)
    if "".join(lines).strip():
        assert read_text(str(path)) == "\n".join(lines)


@pytest.mark.parametrize("packer", PACKERS)
def test_standard_input_is_unpacked_and_stays_open(monkeypatch, packer):
    data = io.BytesIO(PACKERS[packer](b"one\r\ntwo"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(data))
    assert list(read_lines("-")) == [(1, "one"), (2, "two")]
    assert not data.closed


def test_a_replaced_standard_input_stays_open(monkeypatch):
    class Replaced:
        buffer = io.BytesIO(b"one\n")

    monkeypatch.setattr(sys, "stdin", Replaced())
    assert list(read_lines("-")) == [(1, "one")]
    assert not Replaced.buffer.closed


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz"])
def test_damaged_data_name_the_line(tmp_path: Path, packer):
    lines = "".join(f"line {number} {number**3 % 977}\n" for number in range(50_000))
    path = tmp_path / "x"
    packed = PACKERS[packer](lines.encode())
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=rf"x:\d+: damaged {packer} file .*fetch"):
        list(read_lines(str(path)))


@pytest.mark.parametrize("packer", ["gzip", "bzip2", "xz"])
@pytest.mark.parametrize("read", [read_text, lambda path: list(read_lines(path))])
def test_a_bomb_is_refused(tmp_path: Path, monkeypatch, packer, read):
    monkeypatch.setattr(packing, "MOST_UNPACKED", 1 << 20)
    path = tmp_path / "x"
    path.write_bytes(PACKERS[packer](b"a" * (10 << 20)))
    with pytest.raises(DataError, match="unpacks to more than 200 times"):
        read(str(path))
    path.write_bytes(PACKERS[packer](b"a" * (1 << 20)))
    with open_bytes(str(path)) as stream:
        assert len(stream.read()) == 1 << 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("read", [read_text, lambda path: list(read_lines(path))])
def test_utf16_is_named(tmp_path: Path, encoding, read):
    path = tmp_path / "x"
    path.write_bytes("dog\tHund\n".encode(encoding))
    with pytest.raises(DataError, match=r"x:1: the file is UTF-16.*iconv -f UTF-16"):
        read(str(path))


@pytest.mark.parametrize("read", [read_text, lambda path: list(read_lines(path))])
def test_another_encoding_names_the_line(tmp_path: Path, read):
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\nK\xe4tzchen\n")
    with pytest.raises(DataError, match=r"x:3: not UTF-8 \(byte 0xe4\).*iconv"):
        read(str(path))


def test_utf16_by_its_first_bytes():
    assert not is_utf16(b"")
    assert not is_utf16(b"a")
    assert not is_utf16(b"\0\0")
    assert is_utf16(b"a\0")


@pytest.mark.parametrize(
    ("path", "suffix"), [("a/de.tsv", ".tsv"), ("de.TSV.gz", ".tsv"), ("de.xz", ""), ("-", ""), ("de.csv.bz2", ".csv")]
)
def test_suffix_without_the_packing(path, suffix):
    assert plain_suffix(path) == suffix
