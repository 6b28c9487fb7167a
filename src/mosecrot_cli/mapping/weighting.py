"""How the similarities of a row to its nearest anchors become weights (paper, section 3, step 3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import entmax
import torch
from torch import Tensor

from mosecrot_cli.settings import Weighting

CANCELLED = 1e-3
"""`standard`: a row whose similarities sum to less than this share of their magnitudes takes its nearest anchor."""

# entmax sorts whole rows unless told how many of the largest entries to try first.
_PARTIAL_SORT = 256
# No weighting but `standard` gives a visible weight below this exponent, and its square is far from an overflow.
_LOWEST_EXPONENT = -1e4


@dataclass(frozen=True, slots=True)
class WeightingRule:
    """One way to weight the nearest anchors; called as `weighting(similarities, temperature)`.

    Attributes:
        weights: similarities `[n, k]` (float32 or float64) and temperature -> weights `[n, k]` of the same type, whose
            rows sum to 1.
        amplification: similarities and temperature -> `[n]`: by about how much an error in the similarities of a row
            grows in its weights. Rows where this is large are computed in float64.
        cancelled: similarities -> `[n]`: rows whose weights are undefined, so that the nearest anchor takes all.
        uses_temperature: whether the temperature changes the result.
        signed: whether weights can be negative.
    """

    weights: Callable[[Tensor, float], Tensor]
    amplification: Callable[[Tensor, float], Tensor]
    cancelled: Callable[[Tensor], Tensor]
    uses_temperature: bool = True
    signed: bool = False

    def __call__(self, similarities: Tensor, temperature: float) -> Tensor:
        """The weights `[n, k]` of similarities `[n, k]`."""
        return self.weights(similarities, temperature)


def standard(similarities: Tensor, temperature: float) -> Tensor:
    """`s / sum(s)`: keeps the sign of the similarities; the temperature cancels (paper, section 3).

    A row that `cancelling` names gives its nearest anchor (of several the first) the weight 1.
    """
    lost = cancelling(similarities)
    total = similarities.sum(dim=1, keepdim=True)
    weights = similarities / torch.where(lost[:, None], torch.ones_like(total), total)
    rows = lost.nonzero()[:, 0]
    if len(rows):
        weights[rows] = 0.0
        weights[rows, similarities[rows].argmax(dim=1)] = 1.0
    return weights


def softmax(similarities: Tensor, temperature: float) -> Tensor:
    """`exp(s / T) / sum(exp(s / T))`."""
    return torch.softmax(_exponents(similarities, temperature), dim=1)


def sparsemax(similarities: Tensor, temperature: float) -> Tensor:
    """The point of the simplex nearest to `s / T` (Martins and Astudillo, 2016)."""
    weights: Tensor = entmax.sparsemax(_exponents(similarities, temperature), dim=-1, k=_sorted_part(similarities))
    return weights


def entmax15(similarities: Tensor, temperature: float) -> Tensor:
    """1.5-entmax of `s / T`, between softmax and sparsemax (Peters, Niculae and Martins, 2019)."""
    weights: Tensor = entmax.entmax15(_exponents(similarities, temperature), dim=-1, k=_sorted_part(similarities))
    return weights


def cancelling(similarities: Tensor) -> Tensor:
    """Which rows have similarities that cancel, or are all zero: `|sum s| < 1e-3 sum |s|`, `[n]`."""
    magnitude = similarities.abs().sum(dim=1)
    return (similarities.sum(dim=1).abs() < CANCELLED * magnitude) | (magnitude == 0)


def _exponents(similarities: Tensor, temperature: float) -> Tensor:
    # All weightings of s / T ignore a shift of the row; shifting before dividing keeps digits, and a tiny T finite.
    shifted = similarities - similarities.amax(dim=1, keepdim=True)
    return (shifted / temperature).clamp_(min=_LOWEST_EXPONENT)


def _sorted_part(similarities: Tensor) -> int | None:
    return _PARTIAL_SORT if similarities.shape[1] > 2 * _PARTIAL_SORT else None


def _by_sum(similarities: Tensor, temperature: float) -> Tensor:
    # dw = ds / sum(s), and k independent errors grow with the root of k. A single anchor always has weight 1.
    columns = similarities.shape[1]
    if columns == 1:
        return torch.zeros_like(similarities[:, 0])
    return math.sqrt(columns) / similarities.sum(dim=1).abs()


def _by_temperature(similarities: Tensor, temperature: float) -> Tensor:
    return torch.full_like(similarities[:, 0], 0.0 if similarities.shape[1] == 1 else 1.0 / temperature)


def _never(similarities: Tensor) -> Tensor:
    return torch.zeros(len(similarities), dtype=torch.bool, device=similarities.device)


WEIGHTINGS: dict[Weighting, WeightingRule] = {
    Weighting.standard: WeightingRule(standard, _by_sum, cancelling, uses_temperature=False, signed=True),
    Weighting.softmax: WeightingRule(softmax, _by_temperature, _never),
    Weighting.sparsemax: WeightingRule(sparsemax, _by_temperature, _never),
    Weighting.entmax15: WeightingRule(entmax15, _by_temperature, _never),
}
