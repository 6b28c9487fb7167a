"""What the tests of this package share."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from mosecrot_cli.progress import SilentReporter


class RecordingReporter(SilentReporter):
    """Keeps lines, and bars as (description, total, units done)."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.bars: list[tuple[str, int | None, int]] = []

    def info(self, message: str) -> None:
        self.lines.append(message)

    def milestone(self, message: str) -> None:
        self.lines.append(message)

    @contextmanager
    def track(self, description: str, total: int | None):
        done: list[int] = []
        yield done.append
        self.bars.append((description, total, sum(done)))


@pytest.fixture
def reporter() -> RecordingReporter:
    return RecordingReporter()
