"""Deriving the licence of a work from the licences of its sources, without guessing if these conflict.

The result is a suggestion for a model card, with its reason. It is not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_PUBLIC_DOMAIN: Final = ("cc0-1.0", "pddl", "unlicense", "wtfpl")
_NOTICE: Final = ("isc", "mit", "ncsa", "zlib", "postgresql", "bsd-2-clause", "bsd-3-clause", "apache-2.0", "odc-by")
_PERMISSIVE: Final = (*_PUBLIC_DOMAIN, *_NOTICE)
"""Licences that let a derived work have another one; the later ones ask for more."""
_CC: Final = (
    *("cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0"),
    *("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
)
_OTHERS: Final = (
    *("openrail", "bigscience-openrail-m", "creativeml-openrail-m", "bigscience-bloom-rail-1.0", "bigcode-openrail-m"),
    *("afl-3.0", "artistic-2.0", "bsl-1.0", "bsd", "bsd-3-clause-clear", "c-uda", "cc", "cdla-sharing-1.0"),
    *("cdla-permissive-1.0", "cdla-permissive-2.0", "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1"),
    *("agpl-3.0", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "lppl-1.3c", "ms-pl", "mpl-2.0"),
    *("odbl", "openrail++", "osl-3.0", "ofl-1.1", "lgpl-lr", "deepfloyd-if-license", "llama2", "gemma"),
)
HUB_LICENCES: Final = frozenset({*_PERMISSIVE, *_CC, *_OTHERS})
"""The identifiers of the hub (huggingface.co/docs/hub/repositories-licenses), but for `unknown` and `other`."""

_CC_BY = re.compile(r"cc-by((?:-nc)?)((?:-sa|-nd)?)-(\d\.\d)")


@dataclass(frozen=True, slots=True)
class Derived:
    """The licence of a work that was made from several sources.

    Attributes:
        licence: the identifier on the hub; None if the sources allow none, or if it is not known what they allow.
        reason: why, in whole sentences.
    """

    licence: str | None
    reason: str


def hub_licence(text: str | None) -> str | None:
    """The hub's identifier of a licence given in words (`CC BY-SA 3.0 (Wiktionary)`); None for other terms."""
    named = "-".join((text or "").partition("(")[0].lower().split())
    return named if named in HUB_LICENCES else None


def derive(sources: Mapping[str, str | None]) -> Derived:
    """The licence that the licences of all sources allow.

    Among permissive licences, the one with the most requirements is taken. ShareAlike requires itself (in its latest
    version, as its text allows), and NonCommercial is kept. NonCommercial and a ShareAlike licence without it conflict.

    Args:
        sources: name of the source -> its licence in words, or None if it is not known.
    """
    found = {name: hub_licence(text) for name, text in sources.items()}
    if unclear := [_said(name, sources[name]) for name, licence in found.items() if licence is None]:
        return Derived(None, f"No licence is derived, because these are not known to fit one: {'; '.join(unclear)}.")
    licences = {name: str(licence) for name, licence in found.items()}
    if not licences:
        return Derived(None, "No licence is derived, because no source is known.")
    if foreign := _named(licences, lambda licence: licence not in _PERMISSIVE and not _CC_BY.fullmatch(licence)):
        return Derived(None, f"No licence is derived, because these have terms of their own: {'; '.join(foreign)}.")
    if fixed := _named(licences, lambda licence: "-nd-" in licence):
        return Derived(None, f"No licence is derived, because these allow no derived work: {'; '.join(fixed)}.")
    return _combined(licences)


def _combined(licences: Mapping[str, str]) -> Derived:
    """The strictest of several permissive and Creative Commons licences, unless they conflict."""
    shared = _named(licences, lambda licence: "-sa-" in licence)
    free_shared = _named(licences, lambda licence: "-sa-" in licence and "-nc-" not in licence)
    reserved = _named(licences, lambda licence: "-nc-" in licence)
    if free_shared and reserved:
        return Derived(
            None,
            f"No licence is derived, because the sources contradict each other: a work derived from "
            f"{'; '.join(reserved)} must not be used commercially, one derived from {'; '.join(free_shared)} must "
            "allow it.",
        )
    strict = max(licences.values(), key=_strictness)
    if shared:
        return Derived(strict, f"ShareAlike decides: {'; '.join(shared)}.")
    if reserved:
        return Derived(strict, f"NonCommercial decides: {'; '.join(reserved)}.")
    return Derived(strict, "All sources are permissive; this is the licence among theirs that asks for most.")


def _strictness(licence: str) -> tuple[bool, bool, str, int]:
    """A sort key by requirements: ShareAlike, NonCommercial, the version of Creative Commons, all others."""
    match = _CC_BY.fullmatch(licence)
    if match is None:
        return False, False, "", _PERMISSIVE.index(licence)
    return match[2] == "-sa", match[1] == "-nc", match[3], 0


def _named(licences: Mapping[str, str], condition: Callable[[str], bool]) -> list[str]:
    return [_said(name, licence) for name, licence in licences.items() if condition(licence)]


def _said(name: str, licence: str | None) -> str:
    return f"{name} ({licence or 'unknown licence'})"
