"""Retrying requests after 429, 5xx and broken connections, with back-off.

tenacity runs the loop, but it does not know about progress. A download of gigabytes may break more often than a small
request may fail, so the count of attempts starts again after each attempt that received something.
"""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import tenacity

from mosecrot_cli.errors import SourceUnavailableError

MOMENTARY = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
_BROKEN = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.ProxyError)


class TryAgain(Exception):
    """A failure that may not last.

    Args:
        reason: what happened, for messages.
        wait: seconds that the server asked for; None if it did not.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request is tried.

    Attributes:
        attempts: how many attempts in a row may fail; one that receives `least_bytes` resets the count.
        first: seconds before the second attempt; the pause doubles each time.
        longest: the longest pause in seconds. If a server asks for a longer one, its quota counts as exceeded.
        connect, read: seconds to wait for a connection, and for the next bytes of an answer.
        least_bytes: bytes that a download must receive in every `window` seconds; otherwise the attempt ends.
        window: see `least_bytes`.
        answer: seconds that the whole answer of an API may take.
    """

    attempts: int = 6
    first: float = 1.0
    longest: float = 120.0
    connect: float = 20.0
    read: float = 60.0
    least_bytes: int = 64 << 10
    window: float = 60.0
    answer: float = 300.0

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts in the form that httpx takes."""
        return httpx.Timeout(self.connect, read=self.read, write=self.read)


def retrying(patience: Patience, progress: Callable[[], int] = lambda: 0) -> tenacity.Retrying:
    """A tenacity loop that retries `TryAgain`; the last one is raised.

    Args:
        patience: how often and how long.
        progress: returns a number that grows while an attempt receives data.
    """
    state = {"seen": progress(), "vain": 0}

    def stop(call: tenacity.RetryCallState) -> bool:
        reached = progress()
        state["vain"] = 1 if reached >= state["seen"] + patience.least_bytes else state["vain"] + 1
        state["seen"] = max(reached, state["seen"])
        asked = _asked(call)
        return state["vain"] >= patience.attempts or (asked is not None and asked > patience.longest)

    def wait(call: tenacity.RetryCallState) -> float:
        asked = _asked(call)
        backed_off = min(patience.first * 2.0 ** (state["vain"] - 1), patience.longest)
        return backed_off if asked is None else max(asked, 0.0)

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TryAgain), stop=stop, wait=wait, sleep=time.sleep, reraise=True
    )


def _asked(call: tenacity.RetryCallState) -> float | None:
    error = call.outcome.exception() if call.outcome else None
    return error.wait if isinstance(error, TryAgain) else None


class Pace:
    """Checks that a download receives enough data in every window of time.

    A timeout for each read is not enough, because a server may send a byte now and then.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._start, self._bytes = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count received bytes.

        Raises:
            TryAgain: too few bytes were received in a window.
        """
        self._bytes += count
        passed = time.monotonic() - self._start
        if passed < self._patience.window:
            return
        if self._bytes < self._patience.least_bytes:
            raise TryAgain(f"too slow: {self._bytes:,} bytes in {passed:,.0f} s")
        self._start, self._bytes = time.monotonic(), 0


def as_try_again(error: Exception) -> TryAgain | None:
    """The error as a temporary one; None if it is permanent."""
    if isinstance(error, _BROKEN):
        return TryAgain(describe(error))
    return None


def describe(error: Exception) -> str:
    """An httpx error in a few words, without addresses or headers."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpx.ConnectError):
        return f"no connection: {_reason(error) or 'refused'}"
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | ValueError):
        return "the server redirects to an address that is not http or https"
    return f"the connection broke: {_reason(error) or type(error).__name__}"


def _reason(error: Exception) -> str:
    """The reason that the library gives, in one line; it may come from the server."""
    return "".join(c if c.isprintable() else " " for c in str(error))[:200].strip()


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that `Retry-After` asks for (a number or a date), None without it."""
    value = response.headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def unavailable(failure: TryAgain, patience: Patience, *, where: str, advice: str) -> SourceUnavailableError:
    """The error for a failure that persisted through all attempts."""
    if failure.wait is not None and failure.wait > patience.longest:
        what = f"over quota: the server asks to wait {failure.wait:,.0f} s"
    else:
        what = f"{failure}, {patience.attempts} attempts in a row"
    return SourceUnavailableError(what, where=where, hint=f"try again later, or {advice}")
