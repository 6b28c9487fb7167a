"""The method of `map` that the settings mean: checked, in words, and as the registry takes it."""

from __future__ import annotations

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.base import Matrix
from mosecrot_cli.mapping.csls import Queries
from mosecrot_cli.mapping.methods.registry import METHODS, MapOptions
from mosecrot_cli.mapping.weighting import WEIGHTINGS
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ALL, AUTO, Basis, ComputeSettings, MapSettings, Neighbours, Normalize


def weighs_neighbours(settings: MapSettings) -> bool:
    """Whether `k`, the weighting and the temperature change the result."""
    return METHODS[settings.method].weighs_neighbours or settings.basis == Basis.vocabulary


def check_options(settings: MapSettings) -> None:
    """Refuse what the method has no use for.

    Raises:
        UsageError: such an option; the hint names the methods that have one.
    """
    method = METHODS[settings.method]
    if settings.normalize is not None and method.normalize is None:
        takers = [name for name, each in METHODS.items() if each.normalize]
        raise _unused("--normalize", settings, takers)
    if settings.basis == Basis.vocabulary and not method.takes_basis:
        takers = [name for name, each in METHODS.items() if each.takes_basis]
        raise _unused(f"--basis {settings.basis}", settings, takers)
    if settings.neighbours == Neighbours.csls:
        if not weighs_neighbours(settings):
            takers = [name for name, each in METHODS.items() if each.weighs_neighbours]
            raise _unused("--neighbours csls", settings, [*takers, "any with --basis vocabulary"])
        if WEIGHTINGS[settings.weighting].signed:
            others = ", ".join(name for name, weighting in WEIGHTINGS.items() if not weighting.signed)
            raise UsageError(
                f"--neighbours csls has no meaning for the weighting {settings.weighting}: it divides by the sum of "
                "similarities",
                hint=f"--weighting {others}",
            )
    if settings.pivot_lexicons and not settings.pivot_vectors:
        raise UsageError("--pivot-lexicon has no use without --pivot-vectors")
    if settings.self_learning and settings.pivot_vectors:
        raise UsageError(
            "--self-learning has no use with --pivot-vectors, whose anchors are the words that both vocabularies share",
            hint="leave one of them out",
        )


def _unused(option: str, settings: MapSettings, takers: list[str]) -> UsageError:
    return UsageError(f"{option} has no use with --method {settings.method}", hint=f"it is for {', '.join(takers)}")


def warn_about_options(settings: MapSettings, reporter: Reporter) -> None:
    """Say which numbers have no effect."""
    warm = weighs_neighbours(settings) and WEIGHTINGS[settings.weighting].uses_temperature
    if settings.temperature != MapSettings.temperature and not warm:
        reporter.warn(f"the temperature has no effect with {settings.method}, {settings.weighting}: it cancels")
    regularised = METHODS[settings.method].regularised or settings.self_learning or settings.max_rank < 1
    if settings.ridge != MapSettings.ridge and not regularised:
        reporter.warn(f"the ridge has no effect with {settings.method}")


def own_normalization(settings: MapSettings) -> Normalize | None:
    """How the sides are normalised: as said, else as the method does it; None where it does not."""
    own = METHODS[settings.method].normalize
    return settings.normalize or (Normalize(own) if own else None)


def map_options(settings: MapSettings, *, tokens: Matrix | None = None, queries: Queries | None = None) -> MapOptions:
    """What the settings tell a method, `device` made definite.

    Args:
        settings: of `map`.
        tokens: embeddings of the model's whole-word tokens, where they are the basis.
        queries: the rows that will be mapped; heeded where neighbours are those under CSLS.
    """
    return MapOptions(
        k=settings.k,
        weighting=settings.weighting,
        temperature=settings.temperature,
        ridge=None if settings.ridge == AUTO else settings.ridge,
        device=resolve_device(ComputeSettings(device=settings.device)).name,
        normalize=settings.normalize,
        tokens=tokens if settings.basis == Basis.vocabulary else None,
        queries=queries if settings.neighbours == Neighbours.csls else None,
    )


def describe_method(settings: MapSettings, chosen_ridge: float | None = None) -> str:
    """The method and the options that change its result; of an automatic ridge the one that was chosen, if it was."""
    method, parts = METHODS[settings.method], [str(settings.method)]
    if settings.basis == Basis.vocabulary:
        parts.append("then nearest tokens of the vocabulary")
    if weighs_neighbours(settings):
        parts += [str(settings.weighting), f"k = {'all' if settings.k == ALL else settings.k}"]
        if WEIGHTINGS[settings.weighting].uses_temperature:
            parts.append(f"temperature {settings.temperature:g}")
        if settings.neighbours == Neighbours.csls:
            parts.append("neighbours under CSLS")
    if method.regularised:
        parts.append(
            f"ridge {settings.ridge}"
            if settings.ridge != AUTO or chosen_ridge is None
            else f"ridge {chosen_ridge:g} (auto)"
        )
    if (normalization := own_normalization(settings)) not in (None, method.normalize):
        parts.append(f"normalized {normalization}")
    return ", ".join(parts)
