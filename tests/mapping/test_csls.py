"""Neighbours under CSLS, and mutual ones, against a brute force in float64."""

import numpy as np
import pytest
import scipy.special
import torch

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping import csls
from mosecrot_cli.mapping.csls import first_rows, hubness, in_blocks, mutual_near
from mosecrot_cli.mapping.methods.relative import RelativeMap

WIDTH = 16


def unit(matrix: np.ndarray) -> np.ndarray:
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def hubs(similarities: np.ndarray, k: int) -> np.ndarray:
    """Mean of the `k` largest of each row."""
    return np.sort(similarities, axis=1)[:, ::-1][:, :k].mean(axis=1)


@pytest.fixture(scope="module")
def sides():
    """Two sets of vectors that share a direction, so that some are hubs."""
    random = np.random.default_rng(3)
    source, target = (unit(random.normal(size=(size, WIDTH)) + 0.7) for size in (140, 900))
    target[:100] = unit(source[:100] + 0.15 * random.normal(size=(100, WIDTH)))
    return source.astype(np.float32), target.astype(np.float32)


@pytest.fixture(params=[65_536, 97])
def block_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(csls, "_BLOCK_ROWS", request.param)
    return request.param


def test_hubness_equals_a_sort_whatever_the_blocks(sides, block_rows: int):
    source, target = sides
    similarities = source.astype(np.float64) @ target.T.astype(np.float64)
    assert hubness(source * 3, in_blocks(target), k=10) == pytest.approx(hubs(similarities, 10), abs=1e-6)
    assert hubness(source, in_blocks(target[:4]), k=10) == pytest.approx(similarities[:, :4].mean(axis=1), abs=1e-6)


def brute_force(source: np.ndarray, target: np.ndarray) -> list[list[int]]:
    """Mutual nearest neighbours under CSLS by sorting all similarities in float64."""
    similarities = source.astype(np.float64) @ target.T.astype(np.float64)
    scores = 2 * similarities - hubs(similarities, 10)[:, None] - hubs(similarities.T, 10)
    forth, back = scores.argmax(axis=1), scores.argmax(axis=0)
    assert len({*forth.tolist()}) < len(source)  # not every nearest neighbour is mutual
    plain = similarities.argmax(axis=1)
    assert (plain != forth).any()  # without local scaling the answer is another
    return [[row, int(forth[row])] for row in range(len(source)) if back[forth[row]] == row]


def test_mutual_near_equals_a_brute_force_but_for_candidates_below_the_tenth_place(sides):
    source, target = sides
    expected, found = brute_force(source, target), mutual_near(source, target).pairs.tolist()
    assert len(expected) > 90
    assert len(set(map(tuple, found)) ^ set(map(tuple, expected))) <= 2


def test_mutual_near_sees_every_pair_that_is_planted_among_distant_vectors():
    random = np.random.default_rng(5)
    source = unit(random.normal(size=(60, WIDTH))).astype(np.float32)
    target = np.concatenate([source[::-1] + 0.02 * random.normal(size=source.shape), random.normal(size=(500, WIDTH))])
    assert mutual_near(source, unit(target).astype(np.float32)).pairs.tolist() == [[row, 59 - row] for row in range(60)]


def test_hubness_of_equal_vectors_counts_the_first(sides, block_rows: int):
    source, target = sides
    once = hubness(source, in_blocks(target))
    assert np.array_equal(hubness(source, in_blocks(np.concatenate([target, target[::-1]]))), once)


def test_no_vectors_no_pairs(sides):
    source, target = sides
    assert mutual_near(source[:0], target).pairs.shape == (0, 2)
    assert mutual_near(source, target[:0]).pairs.shape == (0, 2)
    with pytest.raises(ValueError, match="rows of 3"):
        mutual_near(source, target[:, :3])


@pytest.mark.parametrize("k", [1, 7, 140])
def test_a_relative_map_under_csls_equals_a_brute_force(sides, k: int):
    anchors, rows = sides
    values = np.random.default_rng(4).normal(size=(len(anchors), 5)).astype(np.float32)
    similarities = rows.astype(np.float64) @ anchors.T.astype(np.float64)
    scores = similarities - hubs(similarities.T, 10) / 2
    expected = np.empty((len(rows), 5))
    for row, score in enumerate(scores):
        near = np.argsort(-score, kind="stable")[:k]
        expected[row] = scipy.special.softmax(score[near] / 0.1) @ values[near]
    found = RelativeMap(k, "softmax", 0.1, queries=in_blocks(rows)).fit(anchors, values).transform(rows)
    ranked = -np.sort(-scores, axis=1)
    clear = np.ones(len(rows), dtype=bool) if k == len(anchors) else ranked[:, k - 1] - ranked[:, k] > 1e-6
    assert clear.mean() > 0.99
    assert found[clear] == pytest.approx(expected[clear], abs=1e-5)
    by_cosine = RelativeMap(k, "softmax", 0.1).fit(anchors, values).transform(rows)
    assert np.abs(found - by_cosine).max() > 0.1


def test_under_csls_ties_go_to_the_lowest_row_and_the_same_input_gives_the_same_bytes(sides):
    anchors, rows = sides
    values = np.arange(2 * len(anchors), dtype=np.float32)[:, None]
    mapping = RelativeMap(1, "sparsemax", 1.0, queries=in_blocks(rows)).fit(np.concatenate([anchors, anchors]), values)
    found = mapping.transform(rows)
    assert found.max() < len(anchors)
    parts = np.concatenate([mapping.transform(rows[start : start + 111]) for start in range(0, len(rows), 111)])
    assert found.tobytes() == parts.tobytes()


def test_a_row_that_is_not_finite_is_named(sides):
    anchors, rows = sides
    bad = np.concatenate([rows, rows, rows[:1] * np.nan])
    with pytest.raises(ValueError, match="row 1800"):
        RelativeMap(5, "softmax", 1.0, queries=in_blocks(bad)).fit(anchors, anchors)


def test_a_sum_of_csls_similarities_is_refused(sides):
    anchors, rows = sides
    with pytest.raises(UsageError, match="standard"):
        RelativeMap(5, "standard", 1.0, queries=in_blocks(rows)).fit(anchors, anchors)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("alike", [False, True])
def test_first_rows_are_those_that_equal_no_earlier_one(dtype: str, alike: bool, monkeypatch: pytest.MonkeyPatch):
    if alike:  # as if all rows had one key
        monkeypatch.setattr(csls, "_keys", lambda words: np.zeros(len(words), dtype=np.uint64))
    random = np.random.default_rng(0)
    matrix = random.normal(size=(200, 3)).astype(dtype)[random.integers(200, size=9_000)]
    seen: dict[bytes, int] = {}
    for number, row in enumerate(matrix):
        seen.setdefault(row.tobytes(), number)
    assert first_rows(matrix).tolist() == sorted(seen.values())
    assert first_rows(matrix[:0]).tolist() == []


def test_only_target_vectors_that_can_be_the_nearest_are_looked_back_from(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(5)
    source = unit(random.normal(size=(600, 64))).astype(np.float32)
    target = unit(random.normal(size=(4_000, 64))).astype(np.float32)
    target[:600] = unit(source + 0.04 * random.normal(size=source.shape)).astype(np.float32)
    looked: list[int] = []
    search = csls.quick_search

    def counted(others, k):
        found = search(others, k)
        return lambda units: (looked.append(len(units)), found(units))[1]

    monkeypatch.setattr(csls, "quick_search", counted)
    found = mutual_near(source, target)
    assert sum(looked) < len(found.candidates) / 2
    assert found.pairs.tolist() == [[row, row] for row in range(600)]


def test_the_bound_of_the_hubness_changes_no_pair(sides, monkeypatch: pytest.MonkeyPatch):
    source, target = (torch.from_numpy(side) for side in sides)
    bound, exact = csls._least_hubness(target, source, 10).numpy(), hubness(sides[1], in_blocks(sides[0]), k=10)
    assert (bound < exact).all() and np.corrcoef(bound, exact)[0, 1] > 0.9
    found = mutual_near(*sides)
    monkeypatch.setattr(csls, "_least_hubness", lambda target, source, k: torch.full((len(target),), -1.0))
    assert np.array_equal(found.pairs, mutual_near(*sides).pairs)
