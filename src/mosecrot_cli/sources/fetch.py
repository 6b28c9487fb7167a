"""Fetching complete files into the cache, and answers of an API that are bounded in time and size."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import httpx
from filelock import FileLock

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.files import cache_folder, writing
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.sources.addresses import shown
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
from mosecrot_cli.structured import JsonObject, decode_json

_MOST_ANSWER_BYTES = 64 << 20
_AGENT = {"user-agent": f"mosecrot/{__version__}"}


T = TypeVar("T")


@dataclass(frozen=True)
class Fetcher:
    """Fetches files and answers; knows the cache, the addresses, and whether downloads are allowed.

    Attributes:
        cache: the folder of fetched files.
        endpoints: the addresses.
        offline: whether only the cache may be used.
        reporter: receives progress.
        patience: how often and how long a request is tried.
    """

    cache: Path = field(default_factory=cache_folder)
    endpoints: Endpoints = field(default_factory=load_endpoints)
    offline: bool = field(default_factory=is_offline)
    reporter: Reporter = field(default_factory=SilentReporter)
    patience: Patience = field(default_factory=Patience)

    def path(self, remote: Remote) -> Path:
        """The path of the file in the cache, whether or not it is there."""
        path = (self.cache / remote.name).resolve()
        if not path.is_relative_to(self.cache.resolve()):
            raise ValueError(f"{remote.name} leads out of the cache")
        return path

    def file(self, remote: Remote) -> Path:
        """The file, from the cache or downloaded; if two processes need it at once, only one downloads it.

        A broken download is resumed where it stopped, also in a later process.

        Raises:
            SourceUnavailableError: offline, unreachable, or not found; the message says what to fetch by hand.
            DataError: the server sent something else (a web page, a wrong checksum).
            OutputError: the cache cannot be written.
        """
        path = self.path(remote)
        if path.is_file():
            return path
        self.require_network(remote.what, remote.advice, where=remote.where)
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

        Redirects are not followed, because `headers` may contain a key.

        Args:
            url: the address.
            body: the JSON to send.
            advice: an alternative to the request, for error messages.
            headers: further headers.
            is_momentary: whether an answer of another status is worth another attempt.

        Raises:
            SourceUnavailableError: offline, or there was no valid answer.
            DataError: the answer is not JSON.
        """
        self.require_network("the answer", advice, where=shown(url))

        def ask() -> httpx.Response:
            try:
                answer = self._post(url, body, headers or {}, advice)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                raise as_try_again(error) or SourceUnavailableError(
                    describe(error), where=shown(url), hint=advice
                ) from None
            if answer.status_code in MOMENTARY or is_momentary(answer):
                raise TryAgain(f"HTTP {answer.status_code}", retry_after(answer))
            if answer.is_success and not _is_json(answer):
                if WEB_PAGE.match(answer.content):
                    raise DataError("a web page came instead of an answer", where=shown(url), hint=advice)
                raise TryAgain("a damaged answer")
            return answer

        try:
            return retrying(self.patience)(ask)
        except TryAgain as failure:
            raise unavailable(failure, self.patience, where=shown(url), advice=advice) from None

    def _post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], advice: str) -> httpx.Response:
        """The whole answer, bounded in time and in (unpacked) size.

        Raises:
            TryAgain: it takes too long.
            DataError: it is larger than any real answer.
        """
        deadline, content = time.monotonic() + self.patience.answer, bytearray()
        plain = {"accept-encoding": "identity", **headers}
        with self.client() as client, client.stream("POST", url, json=dict(body), headers=plain) as answer:
            for block in answer.iter_bytes():
                content += block
                if len(content) > _MOST_ANSWER_BYTES:
                    what = f"the answer is larger than {_MOST_ANSWER_BYTES >> 20} MiB"
                    raise DataError(what, where=shown(url), hint=advice)
                if time.monotonic() > deadline:
                    raise TryAgain("the answer takes too long")
            # The body is already unpacked.
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-encoding"]
            return httpx.Response(answer.status_code, headers=kept, content=bytes(content), request=answer.request)

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
    """The trusted certificates, cached because loading them takes longer than a small request."""
    return httpx.create_ssl_context()


def _is_json(answer: httpx.Response) -> bool:
    try:
        decode_json(answer.content, JsonObject, where="")
    except DataError:
        return False
    return True


def answer_of(answer: httpx.Response, kind: type[T], url: str, advice: str) -> T:
    """The JSON of an answer as a value of a type.

    Raises:
        DataError: it is something else.
    """
    try:
        return decode_json(answer.content, kind, where="the answer")
    except DataError as error:
        raise DataError(f"an answer of another form than was expected ({error.what})", where=url, hint=advice) from None
