"""Every way to give target words an embedding of the source model's width: one entry for each `settings.Method`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.csls import Queries
from mosecrot_cli.mapping.methods.linear import LINEAR_SIDES, LinearMap, Solver, lstsq, procrustes, ridge_solver
from mosecrot_cli.mapping.methods.relative import RelativeMap
from mosecrot_cli.mapping.methods.residual import RESIDUAL_SIDES, ResidualMap
from mosecrot_cli.mapping.methods.vocabulary import VocabularyMap
from mosecrot_cli.mapping.normalization import NORMALIZATIONS
from mosecrot_cli.settings import Method, Normalize, Weighting


@dataclass(frozen=True, slots=True)
class MapOptions:
    """What a method can be told; each uses a part of it, as `MapMethod` says.

    Attributes:
        k: how many of the nearest anchors; more than there are means all.
        weighting: how their similarities become weights.
        temperature: `T` of the weighting, above 0.
        ridge: strength of the ridge regression, above 0; None: chosen by leave-one-out; see `linear.ridge_solver`.
        device: `cpu`, `cuda`, `cuda:N` or `mps`.
        normalize: how the sides of the fit are normalised; None: as the method does it.
        tokens: source embeddings of the basis `[V, D]`: each image becomes the weighted mean of the `k` nearest of
            them; None: it stays as it is.
        queries: the rows that will be mapped, for neighbours under CSLS; None: neighbours by cosine.
    """

    k: int
    weighting: Weighting
    temperature: float
    ridge: float | None
    device: str = "cpu"
    normalize: Normalize | None = None
    tokens: NDArray[Any] | None = field(default=None, repr=False)
    queries: Queries | None = None


@dataclass(frozen=True, slots=True)
class MapMethod:
    """One way to map embeddings.

    Attributes:
        build: options -> a map that is not yet fitted.
        keeps_source: the source embeddings stay `E^s`; else the source side is mapped too, by the same method fitted
            on the anchors' source embeddings as both vectors and values (the paper's `F^s`).
        weighs_neighbours: whether `k`, the weighting and the temperature change the result.
        regularised: whether the ridge changes the result.
        normalize: how it normalises the sides of the fit unless told otherwise; None: it cannot be told.
        takes_basis: whether the tokens of the whole source vocabulary can be the basis of what it maps to; then the
            neighbours are weighed, too.
        keeps_anchors: whether an anchor's own value is its image, so that the map is for all other words; its anchors
            are then all aligned words, each with the weighted mean of what it is aligned to.
    """

    build: Callable[[MapOptions], EmbeddingMap]
    keeps_source: bool
    weighs_neighbours: bool
    regularised: bool
    normalize: Normalize | None = None
    takes_basis: bool = False
    keeps_anchors: bool = False


def _linear(solver: Callable[[MapOptions], Solver]) -> Callable[[MapOptions], EmbeddingMap]:
    def build(options: MapOptions) -> EmbeddingMap:
        linear = LinearMap(solver(options), options.normalize or LINEAR_SIDES)
        if options.tokens is None:
            return linear
        return VocabularyMap(
            linear,
            options.tokens,
            options.k,
            options.weighting,
            options.temperature,
            options.device,
            queries=options.queries,
        )

    return build


def _relative(options: MapOptions) -> EmbeddingMap:
    return RelativeMap(options.k, options.weighting, options.temperature, options.device, queries=options.queries)


METHODS: dict[Method, MapMethod] = {
    Method.relative: MapMethod(
        build=_relative,
        keeps_source=False,
        weighs_neighbours=True,
        regularised=False,
    ),
    Method.lstsq: MapMethod(
        build=_linear(lambda options: lstsq),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=False,
        normalize=LINEAR_SIDES,
        takes_basis=True,
    ),
    Method.ridge: MapMethod(
        build=_linear(
            lambda options: ridge_solver(
                options.ridge, centred=NORMALIZATIONS[options.normalize or LINEAR_SIDES].centred
            )
        ),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=True,
        normalize=LINEAR_SIDES,
        takes_basis=True,
    ),
    Method.procrustes: MapMethod(
        build=_linear(lambda options: procrustes),
        keeps_source=True,
        weighs_neighbours=False,
        regularised=False,
        normalize=LINEAR_SIDES,
        takes_basis=True,
    ),
    Method.residual: MapMethod(
        build=lambda options: ResidualMap(
            options.k,
            options.weighting,
            options.temperature,
            options.ridge,
            options.device,
            normalize=options.normalize or RESIDUAL_SIDES,
            queries=options.queries,
        ),
        keeps_source=True,
        weighs_neighbours=True,
        regularised=True,
        normalize=RESIDUAL_SIDES,
    ),
    Method.aligned: MapMethod(
        build=_relative,
        keeps_source=True,
        weighs_neighbours=True,
        regularised=False,
        keeps_anchors=True,
    ),
}
