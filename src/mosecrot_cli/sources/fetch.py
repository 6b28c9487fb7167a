"""The one way to fetch: files into the cache (resumed, checked, whole or not at all) and answers of an API."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.files import cache_folder, writing
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.sources.download import WEB_PAGE, Download, Remote
from mosecrot_cli.sources.endpoints import Endpoints, is_offline, load_endpoints
from mosecrot_cli.sources.retrying import (
    MOMENTARY,
    Patience,
    TryAgain,
    as_try_again,
    describe,
    retry_after,
    retrying,
    unavailable,
)

_AGENT = {"user-agent": f"mosecrot/{__version__}"}


@dataclass(frozen=True)
class Fetcher:
    """Fetches; knows the cache, the addresses and whether it is offline.

    Attributes:
        cache: the folder of fetched files.
        endpoints: the addresses.
        offline: only what the cache holds.
        reporter: draws the bars.
        patience: how often and how long is tried.
    """

    cache: Path = field(default_factory=cache_folder)
    endpoints: Endpoints = field(default_factory=load_endpoints)
    offline: bool = field(default_factory=is_offline)
    reporter: Reporter = field(default_factory=SilentReporter)
    patience: Patience = field(default_factory=Patience)

    def path(self, remote: Remote) -> Path:
        """Where the file lies, or will lie, in the cache."""
        path = (self.cache / remote.name).resolve()
        if not path.is_relative_to(self.cache.resolve()):
            raise ValueError(f"{remote.name} leads out of the cache")
        return path

    def file(self, remote: Remote) -> Path:
        """The file, from the cache or else fetched; two processes fetch it once.

        A broken download goes on where it stopped, also that of an earlier process.

        Raises:
            SourceUnavailableError: offline, unreachable, not there; says what to fetch by hand.
            DataError: what came is not the file (a web page, a wrong checksum).
            OutputError: the cache cannot be written.
        """
        path = self.path(remote)
        if path.is_file():
            return path
        self.require_network(remote.what, remote.advice, where=remote.url)
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_name(path.name + ".lock")):
                if not path.is_file():
                    Download(self, remote, path).run()
        return path

    def require_network(self, what: str, advice: str, *, where: str) -> None:
        """Stop here when offline.

        Raises:
            SourceUnavailableError: offline.
        """
        if self.offline:
            raise SourceUnavailableError(f"offline, and {what} is not in the cache", where=where, hint=advice)

    def post(
        self,
        url: str,
        body: Mapping[str, Any],
        *,
        advice: str,
        headers: Mapping[str, str] | None = None,
        is_momentary: Callable[[httpx.Response], bool] = lambda response: False,
    ) -> httpx.Response:
        """Send JSON and return the answer, whatever its status, once it is neither 429 nor 5xx and its body is JSON.

        Nothing is redirected: `headers` may hold a key.

        Args:
            url: the address.
            body: what is sent.
            advice: how to do without, for the message.
            headers: further headers.
            is_momentary: whether an answer of another status is worth another attempt.

        Raises:
            SourceUnavailableError: offline, or no good answer came.
            DataError: the answer is no JSON.
        """
        self.require_network("the answer", advice, where=url)

        def ask() -> httpx.Response:
            try:
                with self.client() as client:
                    answer = client.post(url, json=dict(body), headers=dict(headers or {}))
            except httpx.HTTPError as error:
                raise as_try_again(error) or SourceUnavailableError(describe(error), where=url, hint=advice) from None
            if answer.status_code in MOMENTARY or is_momentary(answer):
                raise TryAgain(f"HTTP {answer.status_code}", retry_after(answer))
            if answer.is_success and not _is_json(answer):
                if WEB_PAGE.match(answer.content):
                    raise DataError("a web page came instead of an answer", where=url, hint=advice)
                raise TryAgain("a damaged answer")
            return answer

        try:
            return retrying(self.patience)(ask)
        except TryAgain as failure:
            raise unavailable(failure, self.patience, where=url, advice=advice) from None

    def client(self, *, follow_redirects: bool = False) -> httpx.Client:
        """An HTTP client; proxies come from the environment."""
        return httpx.Client(
            timeout=self.patience.timeout,
            headers=_AGENT,
            follow_redirects=follow_redirects,
            verify=_certificates(),
        )


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than a small answer."""
    return httpx.create_ssl_context()


def _is_json(answer: httpx.Response) -> bool:
    try:
        answer.json()
    except (ValueError, UnicodeDecodeError):
        return False
    return True
