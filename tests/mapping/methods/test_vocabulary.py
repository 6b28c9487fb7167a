"""Normalised sides, and the whole vocabulary as the basis, against libraries and brute force."""

import numpy as np
import pytest
import scipy.linalg
import scipy.special
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import normalize

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.csls import in_blocks
from mosecrot_cli.mapping.methods.linear import LinearMap, lstsq, procrustes, ridge_solver
from mosecrot_cli.mapping.methods.registry import METHODS, MapOptions
from mosecrot_cli.mapping.methods.residual import ResidualMap
from mosecrot_cli.mapping.methods.vocabulary import VocabularyMap
from mosecrot_cli.mapping.normalization import NORMALIZATIONS

WIDTH, SOURCE_WIDTH, STRENGTH = 12, 12, 0.2


@pytest.fixture(scope="module")
def world():
    """Rows to map, anchors' vectors and values, the embeddings of a source vocabulary; all off their origin."""
    random = np.random.default_rng(7)
    anchors, rows = (random.normal(size=(size, WIDTH)) + 0.5 for size in (90, 400))
    values, tokens = (random.normal(size=(size, SOURCE_WIDTH)) - 0.4 for size in (90, 300))
    values[:, :WIDTH] += 2 * anchors
    return [side.astype(np.float32).astype(np.float64) for side in (rows, anchors, values, tokens)]


def prepared(how: str, anchors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    if how in ("unit", "both"):
        anchors, rows = normalize(anchors), normalize(rows)
    if how in ("center", "both"):
        rows = rows - anchors.mean(axis=0)
    return normalize(rows) if how == "both" else rows


def restored(how: str, values: np.ndarray, images: np.ndarray) -> np.ndarray:
    if how == "none":
        return images
    mean = values.mean(axis=0) if how in ("center", "both") else 0
    return mean + np.linalg.norm(values - mean, axis=1).mean() * normalize(images)


def linear(name: str, x: np.ndarray, y: np.ndarray, queries: np.ndarray) -> np.ndarray:
    if name == "procrustes":
        return queries @ scipy.linalg.orthogonal_procrustes(x, y)[0]
    if name == "lstsq":
        return LinearRegression(fit_intercept=False).fit(x, y).predict(queries)
    return Ridge(alpha=STRENGTH * (x**2).sum() / WIDTH, fit_intercept=False).fit(x, y).predict(queries)


SOLVERS = {"lstsq": lstsq, "ridge": ridge_solver(STRENGTH), "procrustes": procrustes}


@pytest.mark.parametrize("how", NORMALIZATIONS)
@pytest.mark.parametrize("name", SOLVERS)
def test_normalised_linear_maps_equal_libraries(world, name: str, how: str):
    rows, anchors, values, _ = world
    images = linear(name, prepared(how, anchors, anchors), prepared(how, values, values), prepared(how, anchors, rows))
    mapping = LinearMap(SOLVERS[name], how).fit(anchors, values)
    assert mapping.transform(rows) == pytest.approx(restored(how, values, images), abs=1e-4)
    nothing = mapping.transform(np.zeros((1, WIDTH)))[0]
    assert nothing == pytest.approx(values.mean(axis=0) if how in ("center", "both") else 0, abs=1e-6)
    assert mapping.statistics_.zero_rows == 1


@pytest.mark.parametrize("how", NORMALIZATIONS)
def test_a_normalised_residual_map_equals_its_formula(world, how: str):
    rows, anchors, values, _ = world
    source = {"unit": "none", "both": "center"}.get(how, how)  # never scaled to unit length
    x, y, queries = prepared(how, anchors, anchors), prepared(source, values, values), prepared(how, anchors, rows)
    expected = linear("ridge", x, y, queries)
    residuals = y - linear("ridge", x, y, x)
    for row, similarities in enumerate(normalize(queries) @ normalize(x).T):
        near = np.argsort(-similarities, kind="stable")[:9]
        expected[row] += scipy.special.softmax(similarities[near] / 0.1) @ residuals[near]
    mapping = ResidualMap(9, "softmax", 0.1, STRENGTH, normalize=how).fit(anchors, values)
    assert mapping.transform(rows) == pytest.approx(restored(how, values, expected), abs=1e-4)
    left = np.linalg.norm(residuals) / np.linalg.norm(y)
    assert mapping.statistics_.relative_residual == pytest.approx(left, abs=1e-6)


@pytest.mark.parametrize("how", NORMALIZATIONS)
@pytest.mark.parametrize("csls", [False, True])
def test_the_vocabulary_as_basis_equals_a_brute_force(world, how: str, csls: bool):
    rows, anchors, values, tokens = world
    images = linear(
        "ridge", prepared(how, anchors, anchors), prepared(how, values, values), prepared(how, anchors, rows)
    )
    scores = normalize(images) @ normalize(prepared(how, values, tokens)).T
    if csls:
        scores = scores - np.sort(scores, axis=0)[::-1][:10].mean(axis=0) / 2
    mean = values.mean(axis=0) if how in ("center", "both") else np.zeros(SOURCE_WIDTH)
    expected = np.empty_like(images)
    for row, score in enumerate(scores):
        near = np.argsort(-score, kind="stable")[:6]
        expected[row] = scipy.special.softmax(score[near] / 0.05) @ (tokens[near] - mean)
    queries = in_blocks(rows) if csls else None
    mapping = VocabularyMap(LinearMap(SOLVERS["ridge"], how), tokens, 6, "softmax", 0.05, queries=queries)
    found = mapping.fit(anchors, values).transform(rows)
    assert found == pytest.approx(restored(how, values, expected), abs=2e-4)
    statistics = mapping.statistics_
    assert (statistics.rows, statistics.mean_tokens_used, statistics.rank) == (len(rows), 6, WIDTH)


def test_a_perfect_map_finds_its_tokens(world):
    _, _, _, tokens = world
    rotation = np.linalg.qr(np.random.default_rng(8).normal(size=(SOURCE_WIDTH, SOURCE_WIDTH)))[0]
    vectors = tokens @ rotation
    mapping = VocabularyMap(LinearMap(procrustes), tokens, 1, "softmax", 1.0).fit(vectors[:50], tokens[:50])
    assert mapping.transform(vectors) == pytest.approx(tokens, abs=1e-5)


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.normalize])
def test_no_normalisation_said_is_the_methods_own(world, method: str):
    rows, anchors, values, _ = world
    bare, said = MapOptions(3, "softmax", 1.0, 0.1), METHODS[method].normalize
    explicit = MapOptions(3, "softmax", 1.0, 0.1, normalize=said)
    first, second = (
        METHODS[method].build(options).fit(anchors, values).transform(rows) for options in (bare, explicit)
    )
    assert first.tobytes() == second.tobytes()


def test_wrong_names_and_shapes_are_refused(world):
    _, anchors, values, tokens = world
    with pytest.raises(UsageError, match="unknown normalization"):
        LinearMap(lstsq, "whiten")
    with pytest.raises(ValueError, match="tokens"):
        VocabularyMap(LinearMap(lstsq), tokens[:, :3], 5, "softmax", 1.0).fit(anchors, values)
    bad = anchors.copy()
    bad[4] = np.nan
    with pytest.raises(ValueError, match="row 4"):
        VocabularyMap(LinearMap(lstsq), tokens, 5, "softmax", 1.0).fit(anchors, values).transform(bad)
