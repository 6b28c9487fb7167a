"""Dictionary induction against planted translations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mosecrot_cli.mapping import induction
from mosecrot_cli.mapping.csls import MutualNear, mutual_near
from mosecrot_cli.mapping.induction import GAIN, induce_dictionary

Matrix = NDArray[np.float32]
WORDS = 600


def spaces(*, noise: float, seed: int = 0, width: int = 24) -> tuple[Matrix, Matrix]:
    """Source vectors `[600, width]`, and target vectors `[600, 24]` in another order: turned, moved, scaled, noisy.

    Row `n` of the target translates row `599 - n` of the source.
    """
    random = np.random.default_rng(seed)
    target = random.normal(size=(WORDS, 24)) * np.linspace(2, 0.5, 24)
    turn, _ = np.linalg.qr(random.normal(size=(max(width, 24), max(width, 24))))
    source = 0.1 * (target @ turn[:24, :width] + noise * random.normal(size=(WORDS, width))) + 0.5
    return source.astype(np.float32), target[::-1].astype(np.float32)


@pytest.mark.parametrize("width", [24, 32])
def test_translations_are_found_from_a_few_of_them(width: int) -> None:
    source, target = spaces(noise=0.3, width=width)
    seeds = np.arange(12)
    found = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=20)
    right = found.pairs.sum(axis=1) == WORDS - 1
    assert len(found.pairs) > 0.9 * WORDS
    assert right.mean() > 0.95
    first = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=1)
    assert right.sum() > (first.pairs.sum(axis=1) == WORDS - 1).sum() + 50
    assert first.rounds == found.rounds[:1]


def test_false_seeds_do_not_bind() -> None:
    source, target = spaces(noise=0.3)
    seeds = np.arange(60)
    translations = WORDS - 1 - seeds
    translations[:20] = translations[:20][::-1]
    found = induce_dictionary(source, target, source[seeds], target[translations], rounds=20)
    pairs = dict(found.pairs.tolist())
    assert sum(pairs.get(word) == WORDS - 1 - word for word in range(20)) >= 18


def test_it_ends_when_it_grows_no_better() -> None:
    source, target = spaces(noise=0.3)
    seeds = np.arange(12)
    told: list[int] = []
    found = induce_dictionary(source, target, source[seeds], target[::-1][seeds], rounds=50, advance=told.append)
    gains = np.diff([step.similarity for step in found.rounds])
    assert (gains[:-1] >= GAIN).all() and gains[-1] < GAIN
    assert told == [1] * len(found.rounds)
    assert found.rounds[-1].pairs == len(found.pairs) == len(found.similarities)
    assert found.similarities.mean() == pytest.approx(found.rounds[-1].similarity, abs=1e-6)


def test_each_word_is_in_one_pair() -> None:
    source, _ = spaces(noise=0.3)
    _, target = spaces(noise=0.3, seed=1)
    found = induce_dictionary(source, target, source[:30], target[:30], rounds=3)
    for side in (0, 1):
        assert len(np.unique(found.pairs[:, side])) == len(found.pairs) > 0
    assert (np.diff(found.pairs[:, 0]) > 0).all()


def test_of_equal_target_words_the_first_is_found() -> None:
    source, target = spaces(noise=0.3)
    seeds = np.arange(12)
    once = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=20)
    twice = induce_dictionary(source, np.repeat(target, 2, axis=0), source[seeds], target[WORDS - 1 - seeds], rounds=20)
    assert (twice.pairs == once.pairs * [1, 2]).all()


@pytest.mark.parametrize(("seeds", "width", "rounds"), [(0, 24, 1), (3, 23, 1), (3, 24, 0)])
def test_impossible_input_is_refused(seeds: int, width: int, rounds: int) -> None:
    source, target = spaces(noise=0.3)
    with pytest.raises(ValueError, match=r"no anchor|numbers|round"):
        induce_dictionary(source[:, :width], target, source[:seeds], target[:seeds], rounds=rounds)


def test_frequent_words_settle_the_rotation_and_then_all_words_are_translated() -> None:
    source, target = spaces(noise=0.3)
    seeds = np.arange(12)
    found = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=20, frequent=200)
    sizes = [step.words for step in found.rounds]
    assert sizes[0] == 200 and sizes[-1] == WORDS and sizes == sorted(sizes)
    whole = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=20, frequent=WORDS)
    assert (found.pairs.sum(axis=1) == WORDS - 1).sum() >= 0.97 * (whole.pairs.sum(axis=1) == WORDS - 1).sum()
    two = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=2, frequent=200)
    assert [step.words for step in two.rounds] == [200, WORDS]


def test_after_the_first_round_only_words_near_a_source_word_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = spaces(noise=0.3)
    seeds, sizes = np.arange(12), list[int]()

    def searched(own: Matrix, others: Matrix, **options: str) -> MutualNear:
        sizes.append(len(others))
        return mutual_near(own, others, **options)

    monkeypatch.setattr(induction, "mutual_near", searched)
    found = induce_dictionary(source, target, source[seeds], target[WORDS - 1 - seeds], rounds=20, frequent=40)
    first, *between, last = sizes
    assert first == last == WORDS and len(between) >= 2
    assert set(between) == {between[0]} and between[0] < WORDS
    # A target word that was left out in between can have a translation nevertheless.
    assert len(found.pairs) > between[0]
