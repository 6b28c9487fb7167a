"""The nearest name to a mistyped one, for messages."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def nearest(given: str, names: Iterable[str]) -> str | None:
    """The name that is most like `given`, letter case aside; None if no name is like it."""
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(given.lower(), [*by_lower], n=1)
    return by_lower[near[0]] if near else None


def nearest_path(missing: str | Path) -> Path | None:
    """The file or folder with the name most like that of a missing one, in the same folder; None if there is none."""
    try:
        path = Path(missing).expanduser()
        others = (entry.name for entry in path.parent.iterdir() if entry.name != path.name)  # a broken link is there
        name = nearest(path.name, others)
    except (OSError, ValueError, RuntimeError):  # no such folder, no permission, an impossible name, no such user
        return None
    return path.with_name(name) if name else None


def did_you_mean(missing: str | Path, otherwise: str | None = None) -> str | None:
    """Advice for a missing file or folder: one with a similar name, else `otherwise`."""
    near = nearest_path(missing)
    return f"did you mean {near}?" if near else otherwise
