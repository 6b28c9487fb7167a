"""Where fetched files are kept, and whether anything may be fetched at all."""

from __future__ import annotations

import os

from mosecrot_cli.cache import CACHE, cache_folder

__all__ = ["CACHE", "OFFLINE", "cache_folder", "is_offline"]

OFFLINE = "MOSECROT_OFFLINE"
HUB_OFFLINE = "HF_HUB_OFFLINE"
_TRUE = frozenset({"1", "true", "yes", "on"})


def is_offline() -> bool:
    """Whether MOSECROT_OFFLINE or HF_HUB_OFFLINE is on."""
    return any(os.environ.get(name, "").strip().lower() in _TRUE for name in (OFFLINE, HUB_OFFLINE))
