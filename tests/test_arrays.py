"""Arrays that anyone may have written. Oracle: numpy's own writer."""

from __future__ import annotations

import io
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mosecrot_cli.arrays import FLOATS, NewArray, map_npy, read_npz, require_finite
from mosecrot_cli.errors import DataError, OutputError

QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MATRICES = arrays.arrays(
    st.sampled_from(["<f2", "<f4", ">f4", "<f8"]),
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5),
    elements=st.floats(-8, 8, width=16),
)
WANTED = {"ids": (1, ("int64",)), "rows": (2, FLOATS)}


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin-1")


@QUIET
@given(matrix=MATRICES, order=st.sampled_from("CF"))
def test_what_numpy_writes_is_read(tmp_path: Path, matrix, order):
    np.save(tmp_path / "x.npy", np.asarray(matrix, order=order))
    found = map_npy(tmp_path / "x.npy")
    assert (found.dtype == matrix.dtype and not found.flags.writeable) or not found.size
    np.testing.assert_array_equal(found, matrix)
    ids = np.arange(len(matrix))
    np.savez_compressed(tmp_path / "x.npz", ids=ids, rows=np.asarray(matrix, order=order))
    archive = read_npz(tmp_path / "x.npz", WANTED)
    np.testing.assert_array_equal(archive["rows"], matrix)
    np.testing.assert_array_equal(archive["ids"], ids)


@QUIET
@given(matrix=MATRICES, cuts=st.lists(st.integers(0, 5)), dtype=st.sampled_from(FLOATS))
def test_a_new_array_is_what_numpy_writes(tmp_path: Path, matrix, cuts, dtype):
    edges = sorted({0, len(matrix), *(cut for cut in cuts if cut < len(matrix))})
    with NewArray(tmp_path / "new.npy", matrix.shape, dtype) as new:
        for start, stop in reversed([*pairwise(edges)]):
            new[start:stop] = matrix[start:stop]
    np.save(tmp_path / "expected.npy", np.ascontiguousarray(matrix, dtype=dtype))
    assert (tmp_path / "new.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()


def test_a_new_array_takes_only_what_fits(tmp_path: Path):
    with NewArray(tmp_path / "new.npy", (3, 2)) as new, pytest.raises(ValueError, match="rows 2 to 3"):
        new[2:4] = np.zeros((2, 2))


def test_a_new_array_without_room_is_refused_at_once(tmp_path: Path):
    with pytest.raises(OutputError, match="cannot write"):
        NewArray(tmp_path / "new.npy", (1 << 40, 1 << 10))


@QUIET
@given(data=st.data())
def test_damage_is_an_error_or_another_array_and_nothing_else(tmp_path: Path, data):
    stream = io.BytesIO()
    np.save(stream, np.ones((3, 4), dtype=np.float32))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x.npy").write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert map_npy(tmp_path / "x.npy").ndim == 2
    except DataError as error:
        assert "\n" not in str(error)


@QUIET
@given(data=st.data())
def test_a_damaged_archive_is_an_error_or_another_array_and_nothing_else(tmp_path: Path, data):
    stream = io.BytesIO()
    np.savez(stream, ids=np.arange(3), rows=np.ones((3, 2)))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x.npz").write_bytes(content)
    try:
        assert read_npz(tmp_path / "x.npz", WANTED)["rows"].ndim == 2
    except DataError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000, 100000000000)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 40 + ")}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0, 2)}",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 2)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '<f1', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '<i8', 'fortran_order': False, 'shape': (0, 1)}",
        "{'shape': (1, 1)}", "[1, 2]", "((", "'" , "{'descr': (", "", "(" * 3000, "1" * 9000, "\x00" * 20,
    ],
)  # fmt: skip
def test_headers_that_lie(tmp_path: Path, text):
    (tmp_path / "x.npy").write_bytes(header(text) + b"\0" * 16)
    with pytest.raises(DataError) as caught:
        map_npy(tmp_path / "x.npy")
    assert "\n" not in str(caught.value)


def test_what_is_not_an_array_of_the_kind(tmp_path: Path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones(3))
    with pytest.raises(DataError, match=r"shape \[3\].*2 dimensions"):
        map_npy(path)
    np.savez(tmp_path / "x.npz", rows=np.ones((2, 2)))
    with pytest.raises(DataError, match="no readable archive.*ids"):
        read_npz(tmp_path / "x.npz", WANTED)
    (tmp_path / "x.npz").rename(path)
    with pytest.raises(DataError, match="an archive of arrays"):
        map_npy(path)
    with pytest.raises(DataError, match="no such file"):
        map_npy(tmp_path / "nothing.npy")


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path):
    claimed = header("{'descr': '<f8', 'fortran_order': False, 'shape': (100000000, 2)}")
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ids.npy", header("{'descr': '<i8', 'fortran_order': False, 'shape': (0,)}"))
        archive.writestr("rows.npy", claimed + b"\0" * 1000)
    with pytest.raises(DataError, match="unpacks to more than 200 times"):
        read_npz(tmp_path / "x.npz", WANTED)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(bad):
    matrix = np.zeros((9, 3), dtype=np.float32)
    require_finite(matrix, "x")
    matrix[7, 2] = bad
    with pytest.raises(DataError, match="x: row 8: NaN or infinite"):
        require_finite(matrix, "x")
    with pytest.raises(DataError, match="x: row 41: "):
        require_finite(matrix, "x", rows=[*range(7), 40, 8])
