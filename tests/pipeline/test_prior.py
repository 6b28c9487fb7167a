"""The class shares that one expects: of the training data, equal, or of a file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.pipeline.adapt.prior import resolve_prior

LABELS = ("animals", "new food", "weather")
RECORD = {"label_shares": {"weather": 0.5, "animals": 0.2, "new food": 0.3}}


def test_the_shares_of_the_training_data_come_in_the_order_of_the_labels() -> None:
    assert resolve_prior("source", LABELS, RECORD, where="model") == pytest.approx([0.2, 0.3, 0.5])


def test_uniform_shares_need_no_record() -> None:
    assert resolve_prior("uniform", LABELS, None, where="model") == pytest.approx(np.full(3, 1 / 3))


@pytest.mark.parametrize(
    "record",
    [None, {}, "text", {"label_shares": None}, {"label_shares": {"animals": 1.0}}]
    + [{"label_shares": {**RECORD["label_shares"], "weather": value}} for value in (0, "0.5", None)],
)
def test_a_checkpoint_without_usable_shares_is_told(record: object) -> None:
    with pytest.raises(UsageError, match="model: the checkpoint does not record"):
        resolve_prior("source", LABELS, record, where="model")


@given(counts=st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=3), order=st.permutations(range(3)))
def test_a_file_holds_shares_or_counts_in_any_order(tmp_path_factory, counts: list[float], order: list[int]) -> None:
    path = tmp_path_factory.mktemp("prior") / "prior.tsv"
    path.write_text("\n".join(f"{LABELS[row]}\t{counts[row]!r}" for row in order) + "\n\n")
    found = resolve_prior(str(path), LABELS, None, where="model")
    assert found == pytest.approx(np.array(counts) / sum(counts))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("animals 3\n", "prior.tsv:1: a line is a class"),
        ("animals\t3\nweather\t0\n", "prior.tsv:2: a line is a class"),
        ("animals\tnan\n", "prior.tsv:1: a line is a class"),
        ("animals\tinf\n", "prior.tsv:1: a line is a class"),
        ("animals\t-1\n", "prior.tsv:1: a line is a class"),
        ("sports\t1\n", "prior.tsv:1: the checkpoint has no class 'sports'"),
        ("animals\t1\nanimals\t1\n", "prior.tsv:2: the class 'animals' has a share already"),
        ("animals\t1\nweather\t1\n", "no share for new food"),
        ("", "no share for animals, new food, weather"),
    ],
)
def test_a_damaged_file_is_an_error_with_its_line(tmp_path: Path, monkeypatch, content: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prior.tsv").write_text(content)
    with pytest.raises(DataError, match=message):
        resolve_prior("prior.tsv", LABELS, None, where="model")


def test_a_name_that_is_no_file_is_an_error() -> None:
    with pytest.raises(DataError, match=r"sauce: no such file"):
        resolve_prior("sauce", LABELS, RECORD, where="model")
