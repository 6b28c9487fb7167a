"""The bias that gives unlabelled texts the expected class shares."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy

from mosecrot_cli.model import class_bias
from mosecrot_cli.model.class_bias import fit_class_bias, information, information_gain


def probabilities_of(seed: int, texts: int, classes: int, scale: float) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return softmax(scale * generator.normal(size=(texts, classes)) + scale * generator.normal(size=classes), axis=1)


def with_bias(probabilities: np.ndarray, bias: np.ndarray) -> np.ndarray:
    # Probabilities below 1e-30 count as that, as single precision has rounded such ones to 0.
    return softmax(np.log(np.maximum(probabilities, 1e-30)) + bias, axis=1)


SIZES = {
    "seed": st.integers(0, 10_000),
    "texts": st.integers(1, 60),
    "classes": st.integers(2, 8),
    "scale": st.floats(0, 12),
}


@given(**SIZES, shrinkage=st.sampled_from([0, 0.5, 2, 20]))
@settings(deadline=None)
def test_the_mean_probabilities_become_the_prior(
    seed: int, texts: int, classes: int, scale: float, shrinkage: float
) -> None:
    probabilities = probabilities_of(seed, texts, classes, scale)
    prior = np.random.default_rng(seed + 1).dirichlet(np.full(classes, 2.0)) + 0.01
    prior /= prior.sum()
    found = fit_class_bias(probabilities, prior, shrinkage=shrinkage)
    # The condition of the first order, which has one solution only; without shrinkage the means are the prior.
    means = with_bias(probabilities, found.bias).mean(axis=0)
    assert means + shrinkage * found.bias / texts == pytest.approx(prior, abs=1e-6)
    assert found.bias.sum() == pytest.approx(0, abs=1e-8)


@given(seed=SIZES["seed"], texts=SIZES["texts"], scale=st.floats(0, 4))
@settings(deadline=None, max_examples=30)
def test_it_is_the_bias_that_a_search_by_brute_force_finds(seed: int, texts: int, scale: float) -> None:
    probabilities = probabilities_of(seed, texts, 2, scale)
    prior = np.array([0.3, 0.7])
    # With two classes the first one's mean probability grows with its bias: bisection finds the one root.
    low, high = -60.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        share = with_bias(probabilities, np.array([middle, -middle])).mean(axis=0)[0]
        low, high = (middle, high) if share < prior[0] else (low, middle)
    assert fit_class_bias(probabilities, prior, shrinkage=0).bias == pytest.approx([low, -low], abs=1e-4)


@given(seed=SIZES["seed"], classes=SIZES["classes"])
@settings(deadline=None, max_examples=20)
def test_of_few_texts_less_is_learnt(seed: int, classes: int) -> None:
    texts, prior = probabilities_of(seed, 5, classes, 1.0), np.full(classes, 1 / classes)
    few = fit_class_bias(texts, prior).bias
    many = fit_class_bias(np.tile(texts, (200, 1)), prior).bias
    alone = fit_class_bias(texts, prior, shrinkage=0).bias
    assert np.linalg.norm(few) < np.linalg.norm(many) < np.linalg.norm(alone) + 1e-9
    assert many == pytest.approx(alone, abs=0.05 * np.linalg.norm(alone))


@given(**SIZES)
@settings(deadline=None, max_examples=30)
def test_an_offset_of_all_logits_is_taken_away(seed: int, texts: int, classes: int, scale: float) -> None:
    probabilities = probabilities_of(seed, texts, classes, min(scale, 3))
    offset = np.random.default_rng(seed + 2).normal(size=classes)
    prior = probabilities.mean(axis=0)
    found = fit_class_bias(with_bias(probabilities, offset), prior, shrinkage=0)
    assert found.bias == pytest.approx(-(offset - offset.mean()), abs=1e-3)


def test_shares_that_are_right_already_need_no_bias() -> None:
    probabilities = probabilities_of(1, 40, 4, 2)
    found = fit_class_bias(probabilities, probabilities.mean(axis=0))
    assert found.bias == pytest.approx(np.zeros(4), abs=1e-6)
    assert found.changed == 0
    assert found.answers_before == pytest.approx(found.answers_after)


def test_information_tells_collapsed_answers_from_useful_ones() -> None:
    uniform = np.full(3, 1 / 3)
    alike = np.tile([0.8, 0.1, 0.1], (30, 1))
    assert fit_class_bias(alike, uniform).information == pytest.approx(0, abs=1e-12)
    certain = np.eye(3)[np.arange(30) % 3] * 0.999_999 + 0.000_001 / 3
    assert fit_class_bias(certain, uniform).information == pytest.approx(np.log(3), abs=1e-3)


def test_probabilities_of_exactly_zero_are_no_obstacle() -> None:
    probabilities = np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]], dtype=np.float32)
    found = fit_class_bias(probabilities, np.full(3, 1 / 3))
    assert np.isfinite(found.bias).all()


@pytest.mark.parametrize(
    ("shape", "prior"),
    [((4, 3), [0.5, 0.5]), ((0, 2), [0.5, 0.5]), ((4, 1), [1.0]), ((4, 2), [1.0, 0.0])],
)
def test_what_has_no_solution_is_refused(shape: tuple[int, int], prior: list[float]) -> None:
    with pytest.raises(ValueError, match="shape|positive"):
        fit_class_bias(np.full(shape, 1 / shape[1]), np.array(prior))


@given(**SIZES)
@settings(deadline=None, max_examples=30)
def test_information_is_the_mean_divergence_from_the_mean(seed: int, texts: int, classes: int, scale: float) -> None:
    probabilities = probabilities_of(seed, texts, classes, scale)
    divergences = [entropy(row, probabilities.mean(axis=0)) for row in probabilities]
    assert information(probabilities) == pytest.approx(np.mean(divergences), abs=1e-9)


def test_the_interval_of_a_difference_is_that_of_texts_drawn_one_by_one() -> None:
    first, second = ([probabilities_of(seed, 80, 3, scale) for seed in (5, 6)] for scale in (1.0, 2.0))
    found = information_gain(first, second)

    def gain(rows: np.ndarray) -> float:
        after, before = (np.mean([information(each[rows]) for each in side]) for side in (second, first))
        return float(after - before)

    generator = np.random.default_rng(11)
    drawn = [gain(generator.integers(80, size=80)) for _ in range(2_000)]
    assert found.difference == pytest.approx(gain(np.arange(80)))
    assert [found.low, found.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)
    assert found.low < found.difference < found.high and not found.is_noise
    opposite = information_gain(second, first)
    assert [opposite.low, opposite.difference, opposite.high] == pytest.approx(
        [-found.high, -found.difference, -found.low]
    )


def test_the_same_answers_gain_nothing_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = [probabilities_of(1, 50, 4, 1.0)], [probabilities_of(2, 50, 4, 1.2)]
    same = information_gain(first, first)
    assert (same.low, same.difference, same.high) == (0, 0, 0) and same.is_noise
    whole = information_gain(first, second)
    monkeypatch.setattr(class_bias, "_CELLS", 50 * 7)
    blocks = information_gain(first, second)
    assert [blocks.low, blocks.high] == pytest.approx([whole.low, whole.high], abs=1e-12)
