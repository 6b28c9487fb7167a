"""Ranks, precision, CSLS, hubs and norms against scikit-learn, scipy and loops in float64."""

from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import top_k_accuracy_score
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from mosecrot_cli.mapping.csls import hubness, in_blocks
from mosecrot_cli.mapping.diagnostics import k_occurrences, norm_statistics, precision_at, skewness, translation_ranks
from mosecrot_cli.mapping.search import topk_cosine

QUERIES, BASE, WIDTH = 150, 90, 8


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(3)
    base = (random.normal(size=(BASE, WIDTH)) + 0.5).astype(np.float32)
    right = random.integers(BASE, size=QUERIES)
    queries = (base[right] + random.normal(size=(QUERIES, WIDTH))).astype(np.float32)
    return queries, base, right


def nearest_mean(rows: np.ndarray, others: np.ndarray, k: int) -> np.ndarray:
    search = NearestNeighbors(n_neighbors=k, metric="cosine").fit(others.astype(np.float64))
    return (1 - search.kneighbors(rows.astype(np.float64))[0]).mean(axis=1)


@pytest.mark.parametrize("scoring", ["cosine", "csls"])
def test_precision_is_the_top_k_accuracy_of_scikit_learn(world, scoring: str):
    queries, base, right = world
    scores = cosine_similarity(queries.astype(np.float64), base.astype(np.float64))
    if scoring == "csls":
        scores = 2 * scores - nearest_mean(queries, base, 10)[:, None] - nearest_mean(base, queries, 10)
    hubs = hubness(base, in_blocks(queries))
    ranks = getattr(translation_ranks(queries, base, [np.array([row]) for row in right], hubness=hubs), scoring)
    for k in (1, 5, 10):
        expected = top_k_accuracy_score(right, scores, k=k, labels=range(BASE))
        assert 0.1 < expected < 0.9
        assert precision_at(ranks, k) == pytest.approx(expected)


def test_csls_finds_what_a_hub_hides():
    # The first candidate is near to everything: by cosine it is the first answer to all three.
    base = np.array([[1, 1, 1], [1, 0.1, 0], [0, 1, 0.1], [0.1, 0, 1]], dtype=np.float32)
    queries = np.array([[1, 0.6, 0.4], [0.4, 1, 0.6], [0.6, 0.4, 1]], dtype=np.float32)
    right = [np.array([1]), np.array([2]), np.array([3])]
    ranks = translation_ranks(queries, base, right, hubness=hubness(base, in_blocks(queries), k=2))
    assert precision_at(ranks.cosine, 1) == 0
    assert precision_at(ranks.csls, 1) == 1


def test_of_several_right_answers_the_best_counts(world):
    queries, base, right = world
    other = (right + 7) % BASE
    hubs = hubness(base, in_blocks(queries))
    each = [
        translation_ranks(queries, base, [np.array([row]) for row in rows], hubness=hubs) for rows in (right, other)
    ]
    both = translation_ranks(queries, base, [np.array(pair) for pair in zip(other, right, strict=True)], hubness=hubs)
    for name in ("cosine", "csls"):
        assert np.array_equal(getattr(both, name), np.minimum(*(getattr(ranks, name) for ranks in each)))


@given(
    arrays(np.int8, (5, 3), elements=st.integers(-2, 2)),
    arrays(np.int8, 3, elements=st.integers(-2, 2)),
    st.integers(0, 4),
)
def test_ties_go_to_the_lowest_row(base, query, right):
    scores = [
        round(float(row @ query) / (np.linalg.norm(row) * np.linalg.norm(query) or 1), 5) for row in base.astype(float)
    ]
    order = sorted(range(5), key=lambda row: (-scores[row], row))
    equal = [row for row in range(5) if np.array_equal(base[row], base[right])]
    ranks = translation_ranks(
        query[None].astype(np.float32), base.astype(np.float32), [np.array([right])], hubness=np.zeros(5)
    )
    found = ranks.cosine[0]
    assert found == ranks.csls[0]
    # Among equal directions rounding decides; equal vectors keep their order.
    tied = [row for row in range(5) if scores[row] == scores[right]]
    assert order.index(tied[0]) < found <= order.index(tied[-1]) + 1
    if tied == equal:
        assert found == order.index(right) + 1


def test_no_query_has_no_precision():
    assert precision_at(np.array([], dtype=np.int64), 1) == 0.0


def test_hubs_are_counted_as_by_hand(world):
    queries, base, _ = world
    _, nearest = topk_cosine(queries, base, 10)
    search = NearestNeighbors(n_neighbors=10, metric="cosine").fit(base.astype(np.float64))
    expected = Counter(search.kneighbors(queries.astype(np.float64), return_distance=False).ravel().tolist())
    counts = k_occurrences(nearest, BASE + 2)
    assert counts.tolist() == [expected[row] for row in range(BASE + 2)]
    assert skewness(counts) == pytest.approx(scipy.stats.skew(counts))


@given(arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 500)))
def test_skewness_is_scipys(counts):
    expected = scipy.stats.skew(counts) if len(set(counts.tolist())) > 1 else 0.0
    assert skewness(counts) == pytest.approx(expected, abs=1e-9)


def test_norms_are_those_of_a_loop(world):
    queries, base, _ = world
    centre = base.mean(axis=0)
    found = norm_statistics(queries, centre)
    lengths = [sum(float(x) ** 2 for x in row) ** 0.5 for row in queries]
    own = [float(np.mean(column)) for column in queries.T.astype(np.float64)]
    spreads = [sum((float(x) - m) ** 2 for x, m in zip(row, own, strict=True)) ** 0.5 for row in queries]
    cosines = cosine_similarity(queries.astype(np.float64), centre[None].astype(np.float64))
    assert found.mean == pytest.approx(np.mean(lengths), rel=1e-6)
    assert found.std == pytest.approx(np.std(lengths), rel=1e-6)
    assert found.spread == pytest.approx(np.mean(spreads), rel=1e-6)
    assert found.mean_cosine == pytest.approx(cosines.mean(), rel=1e-6)
    assert found.mean_distance == pytest.approx(np.linalg.norm(np.array(own) - centre), rel=1e-5)
    assert norm_statistics(base, centre).mean_distance == pytest.approx(0, abs=1e-6)
