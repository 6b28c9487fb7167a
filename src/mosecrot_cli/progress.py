"""How work that takes long tells about itself without knowing a terminal.

Functions below the command line take a `Reporter`; the command line brings one that draws on stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Reporter(Protocol):
    """Receives what a long-running function has to say."""

    def warn(self, message: str) -> None:
        """Something that the user should know but that stops nothing."""

    def info(self, message: str) -> None:
        """A detail, for those who ask for details."""

    def milestone(self, message: str) -> None:
        """A line about how far long work is, for those who wait."""

    def track(self, description: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """A bar of `total` units; the context's value advances it by a number of units."""


class SilentReporter:
    """A reporter that keeps its warnings in `warnings` and says nothing."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        """Keep the warning."""
        self.warnings.append(message)

    def info(self, message: str) -> None:
        """Say nothing."""

    def milestone(self, message: str) -> None:
        """Say nothing."""

    @contextmanager
    def track(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Draw nothing."""
        yield lambda units: None


class PostponedReporter:
    """A reporter for work beside other work, which draws bars: it keeps what it hears until it is told on."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, str]] = []

    def warn(self, message: str) -> None:
        """Keep the warning."""
        self._heard.append(("warn", message))

    def info(self, message: str) -> None:
        """Keep the detail."""
        self._heard.append(("info", message))

    def milestone(self, message: str) -> None:
        """Keep the line."""
        self._heard.append(("milestone", message))

    @contextmanager
    def track(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Draw nothing."""
        yield lambda units: None

    def tell(self, reporter: Reporter) -> None:
        """Pass on what was heard, in its order."""
        for kind, message in self._heard:
            getattr(reporter, kind)(message)
        self._heard.clear()
