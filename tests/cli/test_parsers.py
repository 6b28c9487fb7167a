"""What the values of options may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.settings import ALL
from mosecrot_cli.settings.option import (
    count,
    fraction,
    holdout,
    not_negative,
    numbers,
    positive,
    positive_or_auto,
    probability,
)


@pytest.mark.parametrize("text", ["", "0,", "a", "0;1", "-1", "0,0", "²", "1.5"])
def test_a_malformed_list_of_numbers_is_refused(text: str):
    with pytest.raises(ValueError, match="numbers|number twice"):
        numbers(text)


@given(st.lists(st.integers(0, 10**17), min_size=1, unique=True))
def test_a_list_of_numbers_is_read_as_it_is_written(found: list[int]):
    assert numbers(", ".join(map(str, found))) == tuple(found)


@pytest.mark.parametrize("text, value", [("all", ALL), ("ALL", ALL), (" 7 ", 7), ("200000", 200_000)])
def test_counts(text: str, value: int):
    assert count(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "some", "", "²", "1e3"])
def test_what_is_no_count(text: str):
    with pytest.raises(ValueError, match="neither a whole number of at least 1 nor 'all'"):
        count(text)


@given(st.floats())
def test_each_parser_takes_the_numbers_of_its_range(number: float):
    finite = abs(number) < float("inf")
    ranges = {
        positive: finite and number > 0,
        positive_or_auto: finite and number > 0,
        not_negative: finite and number >= 0,
        fraction: 0 < number <= 1,
        probability: 0 <= number <= 1,
        holdout: 0 <= number < 1,
    }
    for parser, accepts in ranges.items():
        if accepts:
            assert parser(repr(number)) == number
        else:
            with pytest.raises(ValueError):
                parser(repr(number))
