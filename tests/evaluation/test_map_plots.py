"""The pictures of `inspect`: what they show is what was computed."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from mosecrot_cli.evaluation.map_plots import MapView, map_figure, two_dimensions, word_offsets
from mosecrot_cli.progress import SilentReporter

RANDOM = np.random.default_rng(0)
PAIRS = [("dog", "собака"), ("cat", "猫"), ("$x_1$", "كلب"), ("tree", "дерево")]


def view(pairs=PAIRS) -> MapView:
    sources = RANDOM.normal(size=(len(pairs), 8))
    return MapView(
        source_lengths=RANDOM.uniform(1, 2, 300),
        target_lengths=RANDOM.uniform(1, 3, 200),
        source_counts=RANDOM.poisson(3, 300),
        target_counts=RANDOM.poisson(1, 300) ** 3,
        neighbours=10,
        pairs=pairs,
        sources=sources,
        targets=sources + 0.1,
    )


def test_places_are_the_principal_components() -> None:
    sources, targets = RANDOM.normal(size=(7, 5)), RANDOM.normal(size=(9, 5))
    first, second, share = two_dimensions(sources, targets)
    pca = PCA(2).fit(np.concatenate([sources, targets]))
    expected = pca.transform(np.concatenate([sources, targets]))
    found = np.concatenate([first, second])
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-9)
    assert share == pytest.approx(pca.explained_variance_ratio_.sum())
    assert two_dimensions(np.ones((1, 4)), np.ones((1, 4)))[2] == 0.0


def test_the_picture_shows_every_pair_and_both_histograms() -> None:
    reporter, shown = SilentReporter(), view()
    figure = map_figure(shown, title="mapped", reporter=reporter)
    lengths, hubs, pairs = figure.axes
    for axes, values in ((lengths, shown.target_lengths), (hubs, shown.target_counts)):
        outline = axes.patches[1].get_data()
        expected = np.histogram(values, outline.edges)[0] / len(values)
        np.testing.assert_allclose(outline.values, expected)
        assert axes.get_xlabel() and axes.get_ylabel() == "share"
    # No token is left out of the hubs, whose axis ends with the largest.
    assert hubs.patches[0].get_data().values.sum() == pytest.approx(1.0)
    assert sorted(text.get_text() for text in pairs.texts) == sorted(word for pair in PAIRS for word in pair)
    assert len(pairs.lines) == len(PAIRS)
    first, second, _ = two_dimensions(shown.sources, shown.targets)
    np.testing.assert_allclose(pairs.lines[1].get_xydata(), [first[1], second[1]])


def test_without_anchors_there_are_two_pictures() -> None:
    assert len(map_figure(view([]), title="mapped", reporter=SilentReporter()).axes) == 2


def test_words_of_near_places_do_not_meet() -> None:
    offsets = word_offsets(np.array([[0, 0], [0.001, 0], [0, 0.001], [0.001, 0.001], [1, 1]]), ["word"] * 5)
    assert len(set(offsets[:4])) == 4  # one on each side
    assert len(word_offsets(np.zeros((1, 2)), ["word"])) == 1
