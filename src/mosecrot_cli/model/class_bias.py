"""A bias for each class such that unlabelled texts have the class shares that are expected of them.

A stitched classifier often prefers some classes for every text of the target language: the map moves all texts of a
language in one direction, and the logits move with them. A constant for each class takes that offset away again. Its
estimate needs texts without labels and a prior, the class shares that one expects of such texts.

How much the answers tell apart is measured by the mutual information of text and predicted class, which also ranks maps
under the same classifier (docs/transfer.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp, softmax, xlogy

Floats = NDArray[np.float64]

_SMALLEST = 1e-30
"""Stands in for probabilities that single precision has rounded to 0."""

_TOLERANCE = 1e-9
"""Of the gradient at the minimum, and of what counts as 0."""

SHRINKAGE = 2.0
"""Pull of the bias towards 0, in texts (docs/transfer.md): few texts do not have the expected shares by chance."""

RESAMPLES = 2_000
"""Bootstrap resamples of the texts for the interval of a difference of information."""

LEVEL = 0.95
"""Share of the resamples in that interval."""

_CELLS = 4_000_000
"""Weights of texts that are in memory at once, 32 MB."""


@dataclass(frozen=True)
class ClassBias:
    """Biases of the classes, and what they do to the texts that they were estimated from.

    Attributes:
        bias: what is added to the logits, [C]; sums to 0.
        prior: the class shares that were asked for, [C].
        mean_before: mean predicted probabilities without the bias, [C].
        answers_before: shares of the most probable class without the bias, [C].
        answers_after: the same with the bias, [C].
        changed: share of the texts whose most probable class the bias changes.
        information: of the answers with the bias (`information`). Of several maps under the same classifier and texts,
            the one with more of it tends to score higher (docs/transfer.md).
        probabilities: class probabilities of the texts with the bias, [n, C].
    """

    bias: Floats
    prior: Floats
    mean_before: Floats
    answers_before: Floats
    answers_after: Floats
    changed: float
    information: float
    probabilities: Floats = field(repr=False)

    def to_dict(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """As JSON: class name -> value, for each of the arrays."""
        arrays = ("bias", "prior", "mean_before", "answers_before", "answers_after")
        named = {name: dict(zip(labels, map(float, getattr(self, name)), strict=True)) for name in arrays}
        return {**named, "changed": self.changed, "information": self.information}


@dataclass(frozen=True)
class InformationGain:
    """By how much the answers with one map carry more information than those with another.

    Attributes:
        difference: information of the one less that of the other, in nats; the mean over several classifiers.
        low, high: ends of the percentile bootstrap interval of the difference.
    """

    difference: float
    low: float
    high: float

    @property
    def is_noise(self) -> bool:
        """Whether the interval holds 0, up to rounding: other texts of the kind might well have preferred the other."""
        return self.low <= _TOLERANCE and self.high >= -_TOLERANCE


def fit_class_bias(
    probabilities: NDArray[np.floating[Any]], prior: NDArray[np.floating[Any]], *, shrinkage: float = SHRINKAGE
) -> ClassBias:
    """The bias that brings the mean predicted probabilities to the prior.

    With the logits `L` of n texts, the prior `p` and the shrinkage `s` it minimises the convex function
    `mean(logsumexp(L + b)) - p @ b + s / (2 n) * b @ b`, whose gradient is the mean of `softmax(L + b)`, less `p`,
    plus `s b / n`. So from many texts the mean probabilities are the prior, and from few the bias is smaller, because
    the shares of few texts differ from the prior by chance. The minimum is unique (without shrinkage up to a constant,
    which changes no probability).

    Args:
        probabilities: class probabilities of n > 0 texts, [n, C] with C > 1; rows sum to 1.
        prior: expected share of each class, [C]; positive, sums to 1.
        shrinkage: 0 or more; 0 takes the texts at their word.

    Raises:
        ValueError: the shapes do not fit, or a share is not positive.
    """
    if probabilities.ndim != 2 or prior.shape != probabilities.shape[1:] or not probabilities.size or len(prior) < 2:
        raise ValueError(f"probabilities of shape {probabilities.shape} do not fit a prior of shape {prior.shape}")
    if not (prior > 0).all():
        raise ValueError("every class needs a positive share")
    shares = prior.astype(np.float64) / prior.sum()
    logits = np.log(np.maximum(probabilities.astype(np.float64), _SMALLEST))
    bias = _minimum(logits, shares, shrinkage / len(logits))
    before, after = logits.argmax(axis=1), (logits + bias).argmax(axis=1)
    mean, adjusted = softmax(logits, axis=1).mean(axis=0), softmax(logits + bias, axis=1)
    return ClassBias(
        bias=bias,
        prior=shares,
        mean_before=mean,
        answers_before=_shares(before, len(shares)),
        answers_after=_shares(after, len(shares)),
        changed=float((before != after).mean()),
        information=information(adjusted),
        probabilities=adjusted,
    )


def information(probabilities: Floats) -> float:
    """The mutual information of text and predicted class, the texts being equally likely.

    It is the entropy of the mean distribution less the mean entropy: from 0 (all texts are answered alike) to log C
    (all answers are certain, and the classes are equally frequent).

    Args:
        probabilities: class probabilities of n > 0 texts, [n, C]; rows sum to 1.

    Returns:
        Nats.
    """
    return float(_information_of(probabilities, np.full((1, len(probabilities)), 1 / len(probabilities)))[0])


def information_gain(
    first: Sequence[Floats],
    second: Sequence[Floats],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> InformationGain:
    """Compare the information of the answers that classifiers give to the same texts with two maps.

    The bootstrap draws texts, the same for both maps and all classifiers, and leaves the class biases as they are. So
    the interval reflects the choice of the texts; how well information stands for the score is another matter.

    Args:
        first: class probabilities of each classifier with the one map, [n, C].
        second: those of the same classifiers with the other map.
        resamples: how many resamples to draw.
        level: coverage of the interval.
        seed: of the draws.

    Returns:
        By how much `second` carries more information than `first`.
    """
    texts = len(first[0])
    whole = np.full((1, texts), 1 / texts)

    def difference(weights: Floats) -> Floats:
        after, before = (np.mean([_information_of(each, weights) for each in side], axis=0) for side in (second, first))
        found: Floats = after - before
        return found

    generator, block = np.random.default_rng(seed), max(1, _CELLS // texts)
    differences = np.concatenate(
        [
            difference(generator.multinomial(texts, whole[0], size=min(block, resamples - start)) / texts)
            for start in range(0, resamples, block)
        ]
    )
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return InformationGain(float(difference(whole)[0]), float(low), float(high))


def _minimum(logits: Floats, prior: Floats, pull: float) -> Floats:
    # Biases that sum to 0, by orthonormal coordinates, so that the minimum is unique without a pull, too.
    basis = null_space(np.ones((1, len(prior))))

    def value(free: Floats) -> float:
        bias = basis @ free
        return float(logsumexp(logits + bias, axis=1).mean() - prior @ bias + pull / 2 * free @ free)

    def gradient(free: Floats) -> Floats:
        result: Floats = basis.T @ (softmax(logits + basis @ free, axis=1).mean(axis=0) - prior) + pull * free
        return result

    def hessian(free: Floats) -> Floats:
        found = softmax(logits + basis @ free, axis=1)
        curvature = np.diag(found.mean(axis=0)) - found.T @ found / len(found)
        result: Floats = basis.T @ curvature @ basis + pull * np.eye(basis.shape[1])
        return result

    # One step of iterative proportional fitting: exact where all texts are answered alike.
    start = np.log(prior) - (logsumexp(log_softmax(logits, axis=1), axis=0) - np.log(len(logits)))
    options = {"gtol": _TOLERANCE, "maxiter": 1_000}
    found = minimize(value, basis.T @ start, method="trust-exact", jac=gradient, hess=hessian, options=options)
    bias: Floats = basis @ found.x
    return bias


def _shares(answers: NDArray[np.int64], classes: int) -> Floats:
    return np.bincount(answers, minlength=classes) / len(answers)


def _information_of(probabilities: Floats, weights: Floats) -> Floats:
    """The information for each of R weightings of the texts, [R]; `weights` [R, n], whose rows sum to 1."""
    means, entropies = weights @ probabilities, -xlogy(probabilities, probabilities).sum(axis=1)
    found: Floats = np.maximum(0.0, -xlogy(means, means).sum(axis=1) - weights @ entropies)
    return found
