"""The method that the settings of `map` choose: looked up and checked once, described in words, built from there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mosecrot_cli.errors import UsageError
from mosecrot_cli.mapping.base import EmbeddingMap, Matrix
from mosecrot_cli.mapping.csls import Queries
from mosecrot_cli.mapping.methods.registry import METHODS, MapMethod, MapOptions
from mosecrot_cli.mapping.weighting import WEIGHTINGS, WeightingRule
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import (
    ALL,
    AUTO,
    MAP_PRESETS,
    Basis,
    ComputeSettings,
    MapPreset,
    MapSettings,
    Neighbours,
    Normalize,
)


@dataclass(frozen=True)
class ChosenMethod:
    """A method of the registry with the options that the settings give it.

    Attributes:
        settings: of `map`; the device may be `auto`.
        entry: the method in the registry.
        rule: the weighting in its registry.
        options: what the method is told, with a definite device; `build` adds what depends on the data.
    """

    settings: MapSettings
    entry: MapMethod
    rule: WeightingRule
    options: MapOptions

    @classmethod
    def of(cls, settings: MapSettings) -> ChosenMethod:
        """Look the method up.

        Raises:
            UsageError: an option that the method cannot use, two options that exclude each other, or no such device.
        """
        entry, rule = METHODS[settings.method], WEIGHTINGS[settings.weighting]
        _check(settings, entry, rule)
        options = MapOptions(
            k=settings.k,
            weighting=settings.weighting,
            temperature=settings.temperature,
            ridge=None if settings.ridge == AUTO else settings.ridge,
            device=resolve_device(ComputeSettings(device=settings.device)).name,
            normalize=settings.normalize,
        )
        return cls(settings, entry, rule, options)

    @property
    def keeps_source(self) -> bool:
        """Whether the source side stays the model's own embeddings (else it becomes F^s)."""
        return self.entry.keeps_source or self.settings.keep_source

    @property
    def uses_vocabulary(self) -> bool:
        """Whether words become means of the model's whole-word tokens."""
        return self.settings.basis is Basis.vocabulary

    @property
    def weighs_neighbours(self) -> bool:
        """Whether `k`, the weighting and the temperature change the result."""
        return _weighs_neighbours(self.settings, self.entry)

    @property
    def normalize(self) -> Normalize | None:
        """How both sides are normalised: as the settings say, else as the method does it; None where it does not."""
        return self.settings.normalize or self.entry.normalize

    def build(
        self, *, tokens: Matrix | None = None, queries: Queries | None = None, ridge: float | None = None
    ) -> EmbeddingMap:
        """A map that is not fitted yet.

        Args:
            tokens: embeddings of the model's whole-word tokens `[V, D]`; used where these are the basis.
            queries: the rows that will be mapped; used where neighbours are those under CSLS.
            ridge: a strength that was chosen before, in place of `auto`.
        """
        options = replace(
            self.options,
            tokens=tokens if self.uses_vocabulary else None,
            queries=queries if self.settings.neighbours is Neighbours.csls else None,
            ridge=self.options.ridge if ridge is None else ridge,
        )
        return self.entry.build(options)

    def warn(self, reporter: Reporter, explicit: Collection[str] | None = None) -> None:
        """Name the options that were set and have no effect.

        Args:
            reporter: receives the warnings.
            explicit: names of the options that were set; None: those whose value no preset explains.
        """
        unused = {name: value for name in self._unused() if (value := getattr(self.settings, name)) is not None}
        if explicit is None and any(_is_of_preset(self.settings, preset, unused) for preset in MAP_PRESETS):
            return
        for name, value in unused.items():
            if name in explicit if explicit is not None else value != getattr(MapSettings, name):
                reason = "it cancels" if name == "temperature" and self.weighs_neighbours else "it is not used"
                reporter.warn(f"`{name}` has no effect with {self.describe()}: {reason}")

    def _unused(self) -> list[str]:
        names = []
        if not self.weighs_neighbours:
            names += ["weighting", "k", "temperature"]
        elif not self.rule.uses_temperature:
            names.append("temperature")
        if not (self.entry.regularised or self.settings.self_learning or self.settings.max_rank < 1):
            names.append("ridge")
        return names

    def describe(self, chosen_ridge: float | None = None) -> str:
        """The method and the options that change its result; `chosen_ridge` is what `auto` came to, if it is known."""
        settings, parts = self.settings, [str(self.settings.method)]
        if self.uses_vocabulary:
            parts.append("then nearest tokens of the vocabulary")
        if self.weighs_neighbours:
            parts += [str(settings.weighting), f"k = {'all' if settings.k == ALL else settings.k}"]
            if self.rule.uses_temperature:
                parts.append(f"temperature {settings.temperature:g}")
            if settings.neighbours is Neighbours.csls:
                parts.append("neighbours under CSLS")
        if self.entry.regularised:
            known = settings.ridge != AUTO or chosen_ridge is None
            parts.append(f"ridge {settings.ridge}" if known else f"ridge {chosen_ridge:g} (auto)")
        if self.normalize not in (None, self.entry.normalize):
            parts.append(f"normalized {self.normalize}")
        return ", ".join(parts)


def _weighs_neighbours(settings: MapSettings, entry: MapMethod) -> bool:
    return entry.weighs_neighbours or settings.basis is Basis.vocabulary


def _is_of_preset(settings: MapSettings, preset: MapPreset, unused: dict[str, Any]) -> bool:
    """Whether these settings can come from a preset alone, so that nobody has set them."""
    bundle = MAP_PRESETS[preset]
    same_side = settings.keep_source == bundle["keep_source"]
    return same_side and all(bundle[name] == value for name, value in unused.items())


def _check(settings: MapSettings, entry: MapMethod, rule: WeightingRule) -> None:
    """Refuse options that the method cannot use."""
    if settings.normalize is not None and entry.normalize is None:
        raise _useless("`normalize`", settings, [name for name, each in METHODS.items() if each.normalize])
    if settings.basis is Basis.vocabulary and not entry.takes_basis:
        takers = [name for name, each in METHODS.items() if each.takes_basis]
        raise _useless(f"`basis` {settings.basis}", settings, takers)
    if settings.neighbours is Neighbours.csls:
        _check_csls(settings, entry, rule)
    if settings.pivot_lexicons and not settings.pivot_vectors:
        raise UsageError("`pivot_lexicons` is used only together with `pivot_vectors`", hint="give both or neither")
    if entry.keeps_anchors:
        refused = ("max_rank", "self_learning", "pivot_vectors")
        for name in (each for each in refused if getattr(settings, each) != getattr(MapSettings, each)):
            raise UsageError(f"`{name}` is of no use to `method` {settings.method}", hint="leave one of them out")
    if settings.self_learning and settings.pivot_vectors:
        raise UsageError(
            "`self_learning` does nothing with `pivot_vectors`, whose anchors are the words of both vocabularies",
            hint="leave one of them out",
        )


def _check_csls(settings: MapSettings, entry: MapMethod, rule: WeightingRule) -> None:
    if not _weighs_neighbours(settings, entry):
        takers = [name for name, each in METHODS.items() if each.weighs_neighbours]
        raise _useless("`neighbours` csls", settings, [*takers, "any with `basis` vocabulary"])
    if rule.signed:
        others = ", ".join(name for name, each in WEIGHTINGS.items() if not each.signed)
        raise UsageError(
            f"`neighbours` csls makes no sense with the weighting {settings.weighting}, which divides by the sum of "
            "the similarities",
            hint=f"`weighting` can be {others}",
        )


def _useless(option: str, settings: MapSettings, takers: Sequence[str]) -> UsageError:
    return UsageError(f"{option} does nothing with `method` {settings.method}", hint=f"it is for {', '.join(takers)}")
