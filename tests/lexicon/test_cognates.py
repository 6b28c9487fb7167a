"""Words that are spelt alike: keys of several scripts, and candidates against edit distances of every pair."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.lexicon.cognates import (
    LEAST_KEY,
    LETTERS_FOR_EDIT,
    can_be_cognate,
    find_candidates,
    is_source_word,
    spelling_key,
)


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("президент", "president"),
        ("president", "president"),
        ("Πλάτων", "platon"),
        ("кварц", "kvarts"),
        ("quartz", "kvarts"),
        ("hyphen", "hifen"),
        ("church", "church"),
        ("cinema", "kinema"),
        ("Łódź", "lods"),
        ("მუზეუმი", "museumi"),
        ("1999", ""),
    ],
)
def test_keys(word: str, key: str):
    assert spelling_key(word) == key


@pytest.mark.parametrize(
    ("word", "can"), [("москва", True), ("Παρίσι", True), ("рига", False), ("莫斯科大学", False), ("г-н-н-н", False)]
)
def test_target_words_that_can_be_cognates(word: str, can: bool):
    assert can_be_cognate(word) == can


@pytest.mark.parametrize(("word", "can"), [("paris", True), ("rio", False), ("côté", False), ("b2bx", False)])
def test_source_words_that_can_be_cognates(word: str, can: bool):
    assert is_source_word(word) == can


def edits(first: str, second: str) -> int:
    """The edit distance, by the textbook's table."""
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, start=1):
        before, row = row, [place]
        for column, other in enumerate(second, start=1):
            row.append(min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != other)))
    return row[-1]


WORD = st.text("abe", min_size=2, max_size=15)


@given(st.lists(WORD, max_size=15, unique=True), st.lists(WORD, max_size=15, unique=True))
def test_all_pairs_that_are_alike_are_found(sources: list[str], targets: list[str]):
    expected = {}
    for row, source in enumerate(map(spelling_key, sources)):
        for column, target in enumerate(map(spelling_key, targets)):
            apart = edits(source, target)
            if min(len(source), len(target)) >= LEAST_KEY and apart <= (len(source) >= LETTERS_FOR_EDIT):
                expected[row, column] = pytest.approx(1 - apart / max(len(source), len(target)))
    seen = []
    found = find_candidates(sources, targets, seen.append)
    pairs = zip(found.sources.tolist(), found.targets.tolist(), strict=True)
    assert dict(zip(pairs, found.similarities.tolist(), strict=True)) == expected
    assert len(found.sources) == len(expected) and sum(seen) == len(targets)
