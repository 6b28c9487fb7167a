"""Every way to give target words an embedding of the source model's width, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.linear import LinearMap, lstsq
from mosecrot_cli.mapping.relative import RelativeMap


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What a method can be told; each takes what it uses.

    Attributes:
        k: how many of the nearest anchors; more than there are means all.
        weighting: a name in `weighting.WEIGHTINGS`.
        temperature: `T` of the weighting, above 0.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
    """

    k: int
    weighting: str
    temperature: float
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to map embeddings.

    Attributes:
        build: options -> a map that is not yet fitted.
        keeps_source: the source embeddings stay `E^s`; else the source side is mapped too, by the same method fitted
            on the anchors' source embeddings as both vectors and values (the paper's `F^s`).
        weighs_neighbours: whether `k`, the weighting and the temperature change the result.
        summary: one line for help texts.
    """

    build: Callable[[MapOptions], EmbeddingMap]
    keeps_source: bool
    weighs_neighbours: bool
    summary: str


METHODS: dict[str, Method] = {
    "relative": Method(
        build=lambda options: RelativeMap(options.k, options.weighting, options.temperature, options.device),
        keeps_source=False,
        weighs_neighbours=True,
        summary="weighted mean of the source embeddings of the nearest anchors (the paper's method)",
    ),
    "lstsq": Method(
        build=lambda options: LinearMap(lstsq),
        keeps_source=True,
        weighs_neighbours=False,
        summary="the linear map with the least squared error over the anchors (the paper's baseline)",
    ),
}
