"""Weightings and maps against entmax, scipy and a float64 brute force."""

import entmax
import numpy as np
import pytest
import scipy.linalg
import scipy.special
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import Ridge

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.methods.linear import LinearMap, lstsq, procrustes, ridge_solver
from mosecrot_cli.mapping.methods.registry import METHODS, MapOptions
from mosecrot_cli.mapping.methods.relative import RelativeMap
from mosecrot_cli.mapping.methods.residual import ResidualMap
from mosecrot_cli.mapping.search import topk_cosine
from mosecrot_cli.mapping.weighting import WEIGHTINGS

ANCHORS, ROWS, WIDTH, SOURCE_WIDTH = 130, 2_000, 20, 12


def unit(matrix: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)


def weigh(name: str, similarities: np.ndarray, temperature: float) -> np.ndarray:
    """Weights of one row, by libraries or by definition."""
    if name == "standard":
        return similarities / similarities.sum()
    if name == "softmax":
        return scipy.special.softmax(similarities / temperature)
    function = {"sparsemax": entmax.sparsemax, "entmax15": entmax.entmax15}[name]
    return function(torch.from_numpy(similarities / temperature)[None], dim=1)[0].numpy()


def brute_force(rows, anchors, values, k: int, weighting: str, temperature: float):
    """The paper's steps 2 and 3 in float64, and which rows are too close to call or cancel."""
    similarities = unit(rows.astype(np.float64)) @ unit(anchors.astype(np.float64)).T
    order = np.argsort(-similarities, axis=1, kind="stable")
    ranked = np.take_along_axis(similarities, order, axis=1)
    mapped = np.empty((len(rows), values.shape[1]))
    for row in range(len(rows)):
        weights = weigh(weighting, ranked[row, :k], temperature)
        mapped[row] = weights @ values[order[row, :k]].astype(np.float64)
    close = ranked[:, k - 1] - ranked[:, k] < 1e-5 if k < len(anchors) else np.zeros(len(rows), dtype=bool)
    total = np.abs(ranked[:, :k].sum(axis=1))
    cancel = total < 1.001e-3 * np.abs(ranked[:, :k]).sum(axis=1)
    return mapped, close | (cancel if weighting == "standard" else False)


@pytest.fixture(scope="module")
def world():
    random = np.random.default_rng(1)
    anchors = random.normal(size=(ANCHORS, WIDTH)).astype(np.float32)
    rows = (random.normal(size=(ROWS, WIDTH)) + 0.3 * anchors[random.integers(ANCHORS, size=ROWS)]).astype(np.float32)
    return rows, anchors, random.normal(size=(ANCHORS, SOURCE_WIDTH)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 10, 50, 100, ANCHORS])
@pytest.mark.parametrize("weighting", [*WEIGHTINGS])
@pytest.mark.parametrize("temperature", [1.0, 0.1])
def test_relative_map_equals_a_brute_force(world, k: int, weighting: str, temperature: float):
    rows, anchors, values = world
    expected, exempt = brute_force(rows, anchors, values, k, weighting, temperature)
    found = RelativeMap(k, weighting, temperature).fit(anchors, values).transform(rows)
    assert exempt.mean() < 0.05
    errors = np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)
    assert errors[~exempt].max() < 1e-5


@settings(max_examples=60, deadline=None)
@given(
    similarities=arrays(np.float64, (3, 7), elements=st.floats(-1, 1, width=32)),
    temperature=st.sampled_from([0.05, 1.0, 10.0]),
    name=st.sampled_from(["softmax", "sparsemax", "entmax15"]),
)
def test_weights_are_a_distribution_and_those_of_the_libraries(similarities, temperature: float, name: str):
    ranked = -np.sort(-similarities, axis=1)
    weights = WEIGHTINGS[name](torch.from_numpy(ranked), temperature).numpy()
    assert (weights >= 0).all()
    assert weights.sum(axis=1) == pytest.approx(1)
    for row, expected in zip(weights, ranked, strict=True):
        assert row == pytest.approx(weigh(name, expected, temperature), abs=1e-6)


def test_standard_keeps_signs_and_gives_cancelling_rows_to_the_nearest():
    similarities = torch.tensor([[0.5, 0.3, -0.2], [0.5, 0.0, -0.5]], dtype=torch.float64)
    weights = WEIGHTINGS["standard"](similarities, 1.0).numpy()
    assert weights[0] == pytest.approx([0.5 / 0.6, 0.3 / 0.6, -0.2 / 0.6])
    assert weights[1].tolist() == [1, 0, 0]


@pytest.mark.parametrize("k", [1, 5, 30, ANCHORS, ANCHORS + 9])
def test_top_k_equals_a_sort(world, k: int):
    rows, anchors, _ = world
    similarities, indices = topk_cosine(rows, anchors, k)
    every = unit(rows.astype(np.float64)) @ unit(anchors.astype(np.float64)).T
    expected = -np.sort(-every, axis=1)[:, :k]
    assert similarities == pytest.approx(expected, abs=1e-6)
    assert np.take_along_axis(every, indices, axis=1) == pytest.approx(expected, abs=1e-6)


def test_ties_go_to_the_lowest_row(world):
    rows, anchors, _ = world
    thrice = np.concatenate([anchors[:40]] * 3)
    _, indices = topk_cosine(rows[:200], thrice, 4)
    _, single = topk_cosine(rows[:200], anchors[:40], 2)
    assert np.array_equal(indices[:, :3], single[:, :1] + np.array([0, 40, 80]))
    assert np.array_equal(indices[:, 3], single[:, 1])


@pytest.mark.parametrize("weighting", [*WEIGHTINGS])
def test_degenerate_rows_have_a_defined_result(world, weighting: str):
    rows, anchors, values = world
    rows = rows[:5].copy()
    rows[2] = 0
    mapping = RelativeMap(10, weighting, 1.0).fit(anchors, values)
    found = mapping.transform(rows)
    assert np.isfinite(found).all()
    assert mapping.statistics_.zero_rows == 1
    # No similarity to anything: the first k anchors, alike; for `standard` the nearest, which is the first.
    expected = values[0] if weighting == "standard" else values[:10].mean(axis=0)
    assert found[2] == pytest.approx(expected, abs=1e-6)
    alone = RelativeMap(50, weighting, 1.0).fit(anchors[:1], values[:1]).transform(rows)
    assert alone == pytest.approx(np.repeat(values[:1], 5, axis=0), abs=1e-6)


def test_the_same_bytes_in_any_blocks_and_at_any_scale(world):
    rows, anchors, values = world
    mapping = RelativeMap(10, "sparsemax", 1.0).fit(anchors, values)
    whole = mapping.transform(rows)
    parts = np.concatenate([mapping.transform(rows[start : start + 333]) for start in range(0, ROWS, 333)])
    assert whole.tobytes() == parts.tobytes()
    assert mapping.transform(rows * 4).tobytes() == whole.tobytes()
    out = np.empty_like(whole)
    assert sum(mapping.transform_into(rows, out)) == ROWS
    assert out.tobytes() == whole.tobytes()


def test_least_squares_recovers_a_known_rotation_and_equals_numpy():
    random = np.random.default_rng(2)
    rotation = np.linalg.qr(random.normal(size=(WIDTH, WIDTH)))[0]
    vectors = random.normal(size=(60, WIDTH))
    rows = random.normal(size=(9, WIDTH))
    found = LinearMap(lstsq).fit(vectors, vectors @ rotation).transform(rows)
    assert found == pytest.approx(rows @ rotation, abs=1e-5)
    values = random.normal(size=(7, SOURCE_WIDTH))
    expected = np.linalg.pinv(vectors[:7]) @ values  # fewer anchors than dimensions: the smallest solution
    assert LinearMap(lstsq).fit(vectors[:7], values).transform(rows) == pytest.approx(rows @ expected, abs=1e-5)


def test_ridge_equals_scikit_learn(world):
    rows, anchors, values = world
    strength = 0.3
    alpha = strength * float((anchors.astype(np.float64) ** 2).sum()) / WIDTH  # the trace of the Gram matrix
    expected = Ridge(alpha=alpha, fit_intercept=False).fit(anchors, values).predict(rows)
    assert LinearMap(ridge_solver(strength)).fit(anchors, values).transform(rows) == pytest.approx(expected, abs=1e-5)
    nothing = LinearMap(ridge_solver(strength)).fit(np.zeros((3, WIDTH)), values[:3]).transform(rows)
    assert not nothing.any()


@pytest.mark.parametrize("width", [WIDTH, SOURCE_WIDTH])
def test_procrustes_equals_scipy(world, width: int):
    _, anchors, values = world
    wide = np.hstack([values, values[:, ::-1]])[:, :width].astype(np.float64)
    found = LinearMap(procrustes).fit(anchors, wide).matrix_
    padded = np.pad(wide, ((0, 0), (0, WIDTH - width)))
    # With unequal dimensions: as the square problem on padded values, restricted to the columns that are there.
    rotation, _ = scipy.linalg.orthogonal_procrustes(anchors, padded)
    reached = np.linalg.norm(anchors @ found - wide)
    assert reached == pytest.approx(np.linalg.norm(anchors @ rotation[:, :width] - wide), rel=1e-6)
    assert found.T @ found == pytest.approx(np.eye(width), abs=1e-8)


def test_residual_map_equals_its_formula(world):
    rows, anchors, values = world
    k, temperature, strength = 7, 0.07, 0.1
    mean = unit(anchors.astype(np.float64)).mean(axis=0)
    x, queries = (unit(unit(side.astype(np.float64)) - mean) for side in (anchors, rows))
    y = values - values.mean(axis=0, dtype=np.float64)
    model = Ridge(alpha=strength * (x**2).sum() / WIDTH, fit_intercept=False).fit(x, y)
    expected = model.predict(queries)
    residuals = y - model.predict(x)
    for row, similarities in enumerate(queries @ x.T):
        near = np.argsort(-similarities, kind="stable")[:k]
        expected[row] += scipy.special.softmax(similarities[near] / temperature) @ residuals[near]
    expected = unit(expected) * np.linalg.norm(y, axis=1).mean() + values.mean(axis=0, dtype=np.float64)
    mapping = ResidualMap(k, "softmax", temperature, strength).fit(anchors, values)
    assert mapping.transform(rows) == pytest.approx(expected, abs=1e-4)
    assert mapping.transform(np.zeros((1, WIDTH))) == pytest.approx(values.mean(axis=0)[None], abs=1e-6)
    assert (mapping.statistics_.rows, mapping.statistics_.zero_rows) == (ROWS + 1, 1)


def test_a_cold_residual_map_keeps_the_direction_of_an_anchors_translation(world):
    _, anchors, values = world
    found = ResidualMap(5, "softmax", 1e-3, 0.1).fit(anchors, values).transform(anchors)
    mean = values.mean(axis=0)
    assert (unit(found - mean) * unit(values - mean)).sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("method", [*METHODS])
def test_what_makes_no_sense_is_refused(method: str):
    mapping = METHODS[method].build(MapOptions(3, "softmax", 1.0, 0.1))
    good = np.ones((4, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="no anchor"):
        mapping.fit(good[:0], good[:0])
    with pytest.raises(ValueError, match="anchor values"):
        mapping.fit(good, good[:2])
    bad = good.copy()
    bad[2, 1] = np.nan
    with pytest.raises(ValueError, match="row 2"):
        mapping.fit(good, good).transform(bad)
    with pytest.raises(ValueError, match="rows of 2"):
        mapping.fit(good, good).transform(good[:, :2])


@pytest.mark.parametrize("options", [(0, "softmax", 1.0), (3, "softmax", 0.0), (3, "other", 1.0)])
def test_wrong_usage(options: tuple[int, str, float]):
    good = np.ones((4, 3), dtype=np.float32)
    with pytest.raises(UsageError):
        RelativeMap(*options).fit(good, good)
