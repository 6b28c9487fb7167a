"""Where the toolkit keeps what it can fetch or compute again."""

from __future__ import annotations

import os
from pathlib import Path

CACHE = "MOSECROT_CACHE"


def cache_folder() -> Path:
    """The folder that MOSECROT_CACHE names, else the platform's place for caches of this program."""
    if named := os.environ.get(CACHE):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("mosecrot", appauthor=False))
