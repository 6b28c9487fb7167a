"""Self-learning against planted translations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mosecrot_cli.mapping.self_learning import SeedAnchors, learn_anchors

Matrix = NDArray[np.float32]
WORDS, SEEDS = 600, 60


def spaces(*, noise: float, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Target vectors `[600, 24]`, and source embeddings `[600, 32]`: the same turned, moved, scaled, and noise."""
    random = np.random.default_rng(seed)
    target = random.normal(size=(WORDS, 24)) * np.linspace(2, 0.5, 24)
    turn, _ = np.linalg.qr(random.normal(size=(32, 24)))
    source = 0.1 * (target @ turn.T + noise * random.normal(size=(WORDS, 32))) + 0.5
    return target.astype(np.float32), source.astype(np.float32)


def test_translations_are_found_from_a_tenth_of_them() -> None:
    target, source = spaces(noise=0.3)
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, SeedAnchors(seeds, source[seeds]), rounds=5, ridge=0.1)
    assert found.best >= 1
    right = found.pairs[:, 0] == found.pairs[:, 1]
    assert len(found.pairs) > 0.5 * (WORDS - SEEDS)
    assert right.mean() > 0.9
    assert found.rounds[found.best].learnt == len(found.pairs)
    assert found.rounds[found.best].agreement > found.rounds[0].agreement


def test_seeds_stay_as_they_are() -> None:
    target, source = spaces(noise=0.3)
    seeds = np.arange(100, 100 + SEEDS)
    found = learn_anchors(target, source, SeedAnchors(seeds, source[seeds]), rounds=3, ridge=0.1)
    assert not set(found.pairs[:, 1].tolist()) & set(seeds.tolist())
    assert len(np.unique(found.pairs[:, 0])) == len(found.pairs) == len(np.unique(found.pairs[:, 1]))


def test_the_judges_take_no_part() -> None:
    """Seeds that are wrong, and judge: what is learnt is the same as without them, but for the words themselves."""
    target, source = spaces(noise=0.3)
    seeds = np.arange(SEEDS)
    judges = np.random.default_rng(7).permutation(SEEDS)[: SEEDS // 10]
    wrong = source[seeds].copy()
    wrong[judges] = source[judges[::-1]]
    right = learn_anchors(target, source, SeedAnchors(seeds, source[seeds]), rounds=1, ridge=0.1, seed=7)
    misled = learn_anchors(target, source, SeedAnchors(seeds, wrong), rounds=1, ridge=0.1, seed=7)
    assert [step.learnt for step in right.rounds] == [step.learnt for step in misled.rounds]
    assert right.rounds[0].agreement > 0.7 > misled.rounds[0].agreement


def test_learnt_anchors_that_do_not_help_are_not_used() -> None:
    """Between unrelated spaces there is nothing to learn: no round may be taken because it came last."""
    target, _ = spaces(noise=0.3)
    _, source = spaces(noise=0.3, seed=1)
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, SeedAnchors(seeds, source[seeds]), rounds=4, ridge=0.1)
    assert (found.best, len(found.pairs)) == (0, 0)
    assert len(found.rounds) == 2 and found.rounds[1].learnt > 0 and found.rounds[1].is_wrong


def test_pairs_of_held_out_seeds_are_judged() -> None:
    target, source = spaces(noise=0.3)
    seeds = np.arange(SEEDS)
    anchors = SeedAnchors(seeds, source[seeds])
    first = learn_anchors(target, source, anchors, rounds=1, ridge=0.1).rounds[1]
    assert 1 <= first.right <= first.judged <= SEEDS // 10 and not first.is_wrong
    # A twin of a target word is the same word.
    twins = SeedAnchors(2 * seeds + 1, source[seeds])
    again = learn_anchors(np.repeat(target, 2, axis=0), source, twins, rounds=1, ridge=0.1).rounds[1]
    assert (again.judged, again.right) == (first.judged, first.right)


def test_each_round_is_told() -> None:
    target, source = spaces(noise=0.3)
    told: list[int] = []
    seeds = np.arange(SEEDS)
    found = learn_anchors(target, source, SeedAnchors(seeds, source[seeds]), rounds=5, ridge=0.1, advance=told.append)
    assert told == [1] * (len(found.rounds) - 1)


@pytest.mark.parametrize(("seeds", "width"), [([], 32), ([3], 32), ([0, 1], 31)])
def test_impossible_input_is_refused(seeds: list[int], width: int) -> None:
    target, source = spaces(noise=0.3)
    rows = np.array(seeds, dtype=np.int64)
    with pytest.raises(ValueError, match=r"no anchor|too few|numbers"):
        learn_anchors(target, source[:, :width], SeedAnchors(rows, source[rows]), rounds=1, ridge=0.1)
