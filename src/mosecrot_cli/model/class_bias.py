"""A bias for each class such that unlabelled texts have the class shares that are expected of them.

A stitched classifier often prefers some classes for every text of the target language: the map moves all texts of a
language in one direction, and the logits move with them. A constant for each class takes that offset away again. Its
estimate needs texts without labels and a prior, the class shares that one expects of such texts.
"""

from __future__ import annotations

from dataclasses import dataclass
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
"""Of the gradient at the minimum."""

SHRINKAGE = 2.0
"""Pull of the bias towards 0, in texts (docs/transfer.md): few texts do not have the expected shares by chance."""


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
        information: mutual information of text and predicted class with the bias, in nats, from 0 (all texts are
            answered alike) to log C (all answers are certain, and the classes are equally frequent). Of several maps
            under the same classifier and texts, the one with more of it tends to score higher (docs/transfer.md).
    """

    bias: Floats
    prior: Floats
    mean_before: Floats
    answers_before: Floats
    answers_after: Floats
    changed: float
    information: float

    def to_dict(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """As JSON: class name -> value, for each of the arrays."""
        arrays = ("bias", "prior", "mean_before", "answers_before", "answers_after")
        named = {name: dict(zip(labels, map(float, getattr(self, name)), strict=True)) for name in arrays}
        return {**named, "changed": self.changed, "information": self.information}


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
    mean = softmax(logits, axis=1).mean(axis=0)
    return ClassBias(
        bias=bias,
        prior=shares,
        mean_before=mean,
        answers_before=_shares(before, len(shares)),
        answers_after=_shares(after, len(shares)),
        changed=float((before != after).mean()),
        information=_information(softmax(logits + bias, axis=1)),
    )


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


def _information(probabilities: Floats) -> float:
    mean = probabilities.mean(axis=0)
    return float(max(0.0, xlogy(probabilities, probabilities).sum(axis=1).mean() - xlogy(mean, mean).sum()))
