"""Every way to give target words an embedding of the source model's width, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.linear import LinearMap, lstsq, procrustes, ridge_solver
from mosecrot_cli.mapping.relative import RelativeMap
from mosecrot_cli.mapping.residual import ResidualMap


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What a method can be told; each takes what it uses.

    Attributes:
        k: how many of the nearest anchors; more than there are means all.
        weighting: a name in `weighting.WEIGHTINGS`.
        temperature: `T` of the weighting, above 0.
        ridge: strength of the ridge regression, above 0; see `linear.ridge_solver`.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
    """

    k: int
    weighting: str
    temperature: float
    ridge: float
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to map embeddings.

    Attributes:
        build: options -> a map that is not yet fitted.
        keeps_source: the source embeddings stay `E^s`; else the source side is mapped too, by the same method fitted
            on the anchors' source embeddings as both vectors and values (the paper's `F^s`).
        weighs_neighbours: whether `k`, the weighting and the temperature change the result.
        regularised: whether the ridge changes the result.
        summary: one line for help texts.
    """

    build: Callable[[MapOptions], EmbeddingMap]
    keeps_source: bool
    weighs_neighbours: bool
    regularised: bool
    summary: str


METHODS: dict[str, Method] = {
    "relative": Method(
        build=lambda options: RelativeMap(options.k, options.weighting, options.temperature, options.device),
        keeps_source=False,
        weighs_neighbours=True,
        regularised=False,
        summary="weighted mean of the source embeddings of the nearest anchors (the paper's method)",
    ),
    "lstsq": Method(
        build=lambda options: LinearMap(lstsq),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=False,
        summary="the linear map with the least squared error over the anchors (the paper's baseline)",
    ),
    "ridge": Method(
        build=lambda options: LinearMap(ridge_solver(options.ridge)),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=True,
        summary="least squares with a penalty on large maps, for few anchors",
    ),
    "procrustes": Method(
        build=lambda options: LinearMap(procrustes),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=False,
        summary="the orthogonal map with the least squared error",
    ),
    "residual": Method(
        build=lambda options: ResidualMap(
            options.k, options.weighting, options.temperature, options.ridge, options.device
        ),
        keeps_source=True,
        weighs_neighbours=True,
        regularised=True,
        summary="ridge on centred sides, and the weighted residuals of the nearest anchors",
    ),
}
