"""The nearest name to a mistyped one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.suggestions import did_you_mean, nearest, nearest_path


@pytest.mark.parametrize(
    "given, near", [("sparsmax", "sparsemax"), ("SOFTMAX", "softmax"), ("sofmtax", "softmax"), ("zzz", None)]
)
def test_nearest(given: str, near: str | None):
    assert nearest(given, ["softmax", "sparsemax"]) == near


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_name_is_nearest_to_itself(names: list[str]):
    assert nearest(names[0], names).lower() == names[0].lower()


def test_nearest_path(tmp_path: Path):
    (tmp_path / "stitched").mkdir()
    assert nearest_path(tmp_path / "stiched") == tmp_path / "stitched"
    assert did_you_mean(tmp_path / "stiched") == f"did you mean {tmp_path / 'stitched'}?"
    assert did_you_mean(tmp_path / "other", "advice") == "advice"
    (tmp_path / "link").symlink_to("gone")
    assert did_you_mean(tmp_path / "link") is None


@given(st.text(max_size=400))
def test_no_name_is_too_odd(name: str):
    assert nearest_path(name) is None or nearest_path(name).exists()
