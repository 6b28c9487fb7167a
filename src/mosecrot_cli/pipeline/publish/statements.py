"""What a user states for a model card: licences that mosecrot cannot know, and where the source model comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from mosecrot_cli.errors import UsageError
from mosecrot_cli.pipeline.publish.origin import SOURCE_MODEL, Ingredient, Origin
from mosecrot_cli.sources.licences import HUB_LICENCES
from mosecrot_cli.sources.upload import check_repository
from mosecrot_cli.suggestions import nearest

_STATED = "{} (stated by the makers of this model)"
"""A licence of an ingredient in words, in which `licences.hub_licence` finds the identifier again."""


class CardSettings(Protocol):
    """The settings of a command that writes a card."""

    @property
    def license(self) -> str | None:
        """The licence of the model."""

    @property
    def licenses_of(self) -> tuple[str, ...]:
        """Licences of what went into it: `NAME=ID`."""

    @property
    def base_model(self) -> str | None:
        """The id of its source model on the hub."""


@dataclass(frozen=True)
class Statements:
    """What a user states for a card.

    Attributes:
        licence: the licence of the model; None: derived.
        licences: name of something that went into it -> its licence.
        base: the id of the source model on the hub; None: the card has the name of its folder.
    """

    licence: str | None
    licences: dict[str, str]
    base: str | None

    @classmethod
    def of(cls, settings: CardSettings) -> Statements:
        """Read and check them.

        Raises:
            UsageError: the hub does not know a licence, an id is not valid, or something has two licences.
        """
        if settings.license is not None:
            _check_licence(settings.license, "license")
        if settings.base_model is not None:
            check_repository(settings.base_model)
        licences: dict[str, str] = {}
        for given in settings.licenses_of:
            name, separator, licence = given.rpartition("=")
            if not separator or not name:
                raise UsageError(f"`licenses_of`: {given!r} is not NAME=ID", hint="as in ru.vec=cc-by-sa-3.0")
            _check_licence(licence, "licenses_of")
            if licences.setdefault(name, licence) != licence:
                raise UsageError(f"`licenses_of`: {name} has two licences", hint=f"{licences[name]} or {licence}?")
        return cls(settings.license, licences, settings.base_model)

    def check_names(self, origins: Iterable[Origin]) -> None:
        """Check that everything that has a licence went into one of these models.

        Raises:
            UsageError: something did not.
        """
        known = dict.fromkeys(each.name for origin in origins for each in origin.ingredients)
        for name in self.licences:
            if name not in known:
                near = nearest(name, sorted(known))
                hint = f"did you mean {near}?" if near else f"these did: {', '.join(known) or 'nothing known'}"
                raise UsageError(f"`licenses_of`: nothing that is called {name} went into the model", hint=hint)

    def added_to(self, origin: Origin) -> Origin:
        """An origin with the statements."""
        found = replace(origin, ingredients=tuple(map(self._stated, origin.ingredients)))
        if self.base is not None:
            found = replace(found, base=self.base, base_on_hub=True)
        return found if self.licence is None else replace(found, licence=self.licence)

    def _stated(self, each: Ingredient) -> Ingredient:
        licence = self.licences.get(each.name)
        if licence is not None:
            each = replace(each, licence=_STATED.format(licence))
        return replace(each, name=self.base) if self.base and each.role == SOURCE_MODEL else each


def _check_licence(licence: str, parameter: str) -> None:
    if licence not in HUB_LICENCES:
        near = nearest(licence, sorted(HUB_LICENCES))
        hint = f"did you mean {near}?" if near else "huggingface.co/docs/hub/repositories-licenses lists them"
        raise UsageError(f"`{parameter}`: {licence!r} is no licence that the hub knows", hint=hint)
