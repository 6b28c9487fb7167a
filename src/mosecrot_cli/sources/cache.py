"""Where fetched files are kept, and whether anything may be fetched at all."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE = "MOSECROT_CACHE"
OFFLINE = "MOSECROT_OFFLINE"
HUB_OFFLINE = "HF_HUB_OFFLINE"
_TRUE = frozenset({"1", "true", "yes", "on"})


def cache_folder() -> Path:
    """The folder that MOSECROT_CACHE names, else the platform's place for caches of this program."""
    named = os.environ.get(CACHE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("mosecrot", appauthor=False))


def is_offline() -> bool:
    """Whether MOSECROT_OFFLINE or HF_HUB_OFFLINE is on."""
    return any(os.environ.get(name, "").strip().lower() in _TRUE for name in (OFFLINE, HUB_OFFLINE))
