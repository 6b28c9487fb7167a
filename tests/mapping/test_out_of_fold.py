"""Out-of-fold rows of anchors, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from mosecrot_cli.mapping.cross_validation import out_of_fold
from mosecrot_cli.mapping.methods.linear import LinearMap, lstsq


def build() -> LinearMap:
    return LinearMap(lstsq, "none")


@pytest.fixture
def anchors() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    return random.normal(size=(60, 4)).astype(np.float32), random.normal(size=(60, 3)).astype(np.float32)


def test_with_as_many_folds_as_words_it_is_leave_one_word_out(anchors):
    vectors, values = anchors
    words = np.arange(60) // 2
    expected = cross_val_predict(
        LinearRegression(fit_intercept=False), vectors, values, groups=words, cv=GroupKFold(n_splits=30)
    )
    found = out_of_fold(build, vectors, values, words, folds=100)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_each_anchor_is_mapped_by_the_other_folds(anchors):
    vectors, values = anchors
    words = np.arange(60) % 30
    fitted = []

    class Noted(LinearMap):
        def fit(self, anchor_vectors, anchor_values):
            fitted.append({row.tobytes() for row in anchor_vectors.astype(np.float32)})
            return super().fit(anchor_vectors, anchor_values)

    found = out_of_fold(lambda: Noted(lstsq, "none"), vectors, values, words)
    assert [len(seen) for seen in fitted] == [48] * 5
    for row, vector in enumerate(vectors):
        others = [seen for seen in fitted if vector.tobytes() not in seen]
        assert len(others) == 1
        same_word = vectors[(words == words[row])]
        assert not any(other.tobytes() in others[0] for other in same_word)
        kept = [number for number in range(60) if vectors[number].tobytes() in others[0]]
        weights = np.linalg.lstsq(vectors[kept].astype(float), values[kept].astype(float), rcond=None)[0]
        np.testing.assert_allclose(found[row], vector @ weights, atol=1e-5)


def test_the_seed_deals_the_words(anchors):
    vectors, values = anchors
    one, again, other = (out_of_fold(build, vectors, values, np.arange(60), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("words", "folds", "message"),
    [(np.zeros(60, int), 5, "two words"), (np.arange(60), 1, "two folds"), (np.arange(59), 5, "59 words for 60")],
)
def test_nothing_to_hold_out(anchors, words, folds, message):
    with pytest.raises(ValueError, match=message):
        out_of_fold(build, *anchors, words, folds=folds)
