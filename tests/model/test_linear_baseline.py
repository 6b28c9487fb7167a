"""The `lr` baseline. Oracles: a mean taken by hand, scikit-learn's own pipeline, a separable problem."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from mosecrot_cli.model.linear_baseline import MeanVectorClassifier

MATRIX = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)


def topics(seed: int, n: int) -> tuple[list[list[int]], list[str]]:
    """Sentences about one of two topics, each with words 0-9 or 10-19 of its own and words 20-39 of both."""
    rng = np.random.default_rng(seed)
    labels = [("a", "b")[int(label)] for label in rng.integers(2, size=n)]
    sentences = [
        [*(rng.integers(10, size=6) + (0 if label == "a" else 10)), *rng.integers(20, 40, size=3)] for label in labels
    ]
    return [[int(index) for index in sentence] for sentence in sentences], labels


def test_a_sentence_is_the_mean_of_its_known_words() -> None:
    vectors = MeanVectorClassifier(MATRIX, ignored_ids=[0, 1]).transform([[0, 2, 3, 3, 1], [0], []])
    np.testing.assert_allclose(vectors[0], (MATRIX[2] + 2 * MATRIX[3]) / 3, rtol=1e-5)
    assert not vectors[1:].any()


def test_agrees_with_scikit_learn_put_together_by_hand() -> None:
    sentences, labels = topics(1, 60)
    unseen, _ = topics(2, 30)
    model = MeanVectorClassifier(MATRIX).fit(sentences, labels)

    def mean(data: list[list[int]]) -> np.ndarray:
        return np.array([MATRIX[sentence].astype(float).mean(axis=0) for sentence in data])

    scaler = StandardScaler().fit(mean(sentences))
    expected = LogisticRegression(C=1.0, max_iter=1000).fit(scaler.transform(mean(sentences)), labels)
    probabilities = model.predict_probabilities(unseen)
    np.testing.assert_allclose(probabilities, expected.predict_proba(scaler.transform(mean(unseen))), rtol=1e-6)
    assert model.predict(unseen) == list(expected.predict(scaler.transform(mean(unseen))))
    assert model.labels_ == ("a", "b")


def test_learns_topics() -> None:
    model = MeanVectorClassifier(MATRIX).fit(*topics(1, 200))
    sentences, labels = topics(2, 100)
    right = sum(label == guess for label, guess in zip(labels, model.predict(sentences), strict=True))
    assert right > 85


def test_the_scale_of_the_vectors_does_not_matter() -> None:
    sentences, labels = topics(1, 60)
    probabilities = [
        MeanVectorClassifier(MATRIX * scale).fit(sentences, labels).predict_probabilities(sentences)
        for scale in (1, 1000)
    ]
    np.testing.assert_allclose(*probabilities, atol=1e-3)


def test_sentences_without_a_known_word_are_counted_and_answered() -> None:
    sentences, labels = topics(1, 20)
    model = MeanVectorClassifier(MATRIX, ignored_ids={0}).fit([*sentences, [], [0]], [*labels, "a", "b"])
    assert model.empty_sentences_ == 2
    assert model.count_empty([[0, 0], [5]]) == 1
    probabilities = model.predict_probabilities([[]])
    assert probabilities.shape == (1, 2)
    assert probabilities.sum() == pytest.approx(1)


def test_lists_must_match() -> None:
    with pytest.raises(ValueError, match="1 sentences and 2 labels"):
        MeanVectorClassifier(MATRIX).fit([[1]], ["a", "b"])
