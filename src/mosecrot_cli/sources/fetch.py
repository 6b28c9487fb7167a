"""The one way to fetch: files into the cache (resumed, checked, whole or not at all) and answers of an API."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
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
from mosecrot_cli.files import writing
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.sources.cache import cache_folder, is_offline
from mosecrot_cli.sources.endpoints import Endpoints, load_endpoints
from mosecrot_cli.sources.retrying import MOMENTARY, Patience, TryAgain, as_try_again, describe, retry_after, retrying

_AGENT = {"user-agent": f"mosecrot/{__version__}"}
_PART = ".part"
_HTML = re.compile(rb"\s*(?:<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file of a source.

    Attributes:
        url: its address.
        name: its path in the cache.
        what: what it is, for people.
        option: the option that takes the file when it was fetched by hand.
    """

    url: str
    name: str
    what: str
    option: str

    @property
    def advice(self) -> str:
        """How to do without the download."""
        return f"fetch {self.url} by hand and give it with {self.option}"


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
                    _Download(self, remote, path).run()
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
                if _HTML.match(answer.content):
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


def unavailable(failure: TryAgain, patience: Patience, *, where: str, advice: str) -> SourceUnavailableError:
    """The error for a failure that did not pass."""
    if failure.wait is not None and failure.wait > patience.longest:
        what = f"over quota: the server asks to wait {failure.wait:,.0f} s"
    else:
        what = f"{failure}, {patience.attempts} attempts in a row"
    return SourceUnavailableError(what, where=where, hint=f"try again later, or {advice}")


def _is_json(answer: httpx.Response) -> bool:
    try:
        answer.json()
    except (ValueError, UnicodeDecodeError):
        return False
    return True


class _Download:
    """One file on its way into the cache: `NAME.part` with what its resumption needs in `NAME.part.json`."""

    def __init__(self, fetcher: Fetcher, remote: Remote, path: Path) -> None:
        self.fetcher, self.remote, self.path = fetcher, remote, path
        self.part = path.with_name(path.name + _PART)
        self.notes = path.with_name(path.name + _PART + ".json")

    def run(self) -> None:
        wanted = self.fetcher.endpoints.sha256.get(self.remote.url)
        try:
            retrying(self.fetcher.patience, self._size)(self._attempt)
        except TryAgain as failure:
            raise unavailable(
                failure, self.fetcher.patience, where=self.remote.url, advice=self.remote.advice
            ) from None
        if wanted and _digest(self.part, "sha256") != wanted:
            self._discard()
            raise DataError("the checksum is wrong", where=self.remote.url, hint=self.remote.advice)
        self.part.replace(self.path)
        self.notes.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _discard(self) -> None:
        self.part.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def _attempt(self) -> None:
        headers = {"accept-encoding": "identity"} | self._resumption()
        try:
            with (
                self.fetcher.client(follow_redirects=True) as client,
                client.stream("GET", self.remote.url, headers=headers) as answer,
            ):
                self._receive(answer)
        except httpx.HTTPError as error:
            raise as_try_again(error) or SourceUnavailableError(
                describe(error), where=self.remote.url, hint=self.remote.advice
            ) from None

    def _resumption(self) -> dict[str, str]:
        """Headers that ask for the rest, if it is sure to belong to what is there."""
        start = self._size()
        try:
            notes = json.loads(self.notes.read_text(encoding="utf-8")) if start else {}
        except (OSError, ValueError):
            notes = {}
        if not start or notes.get("url") != self.remote.url or not notes.get("validator"):
            self._discard()
            return {}
        return {"range": f"bytes={start}-", "if-range": notes["validator"]}

    def _receive(self, answer: httpx.Response) -> None:
        self._check_status(answer)
        start = _range_start(answer) if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0
        if start != (self._size() if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0):
            self._discard()
            raise TryAgain("a part came that was not asked for")
        self._check_type(answer)
        total = _total(answer, start)
        if not start:
            self._discard()
            self._note(answer)
        with (
            self.fetcher.reporter.track(self.remote.what, total) as advance,
            self.part.open("ab" if start else "wb") as stream,
        ):
            advance(start)
            # As they come: in blocks of a size, what is less than a block would be lost when the connection breaks.
            for number, block in enumerate(answer.iter_raw()):
                if number == 0 and not start and _HTML.match(block) and not _wants_html(self.remote):
                    raise self._page()
                stream.write(block)
                advance(len(block))
        if total is not None and self._size() < total:
            raise TryAgain(f"the file ended after {self._size():,} of {total:,} bytes")
        if total is not None and self._size() > total:
            self._discard()
            raise TryAgain("more bytes came than announced")
        if not start:
            self._check_published(answer)

    def _check_status(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            return
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._discard()
            raise TryAgain("the rest of the file is not there")
        if status in MOMENTARY:
            raise TryAgain(f"HTTP {status}", retry_after(answer))
        what = "no such file there" if status in (404, 410) else f"HTTP {status} {answer.reason_phrase}".strip()
        raise SourceUnavailableError(what, where=self.remote.url, hint=self.remote.advice)

    def _check_type(self, answer: httpx.Response) -> None:
        if answer.headers.get("content-type", "").startswith("text/html") and not _wants_html(self.remote):
            raise self._page()

    def _page(self) -> DataError:
        self._discard()
        return DataError("a web page came instead of the file", where=self.remote.url, hint=self.remote.advice)

    def _note(self, answer: httpx.Response) -> None:
        """Keep what tells later whether the file there is still the same one."""
        etag = answer.headers.get("etag", "")
        validator = etag if etag and not etag.startswith("W/") else answer.headers.get("last-modified", "")
        accepts = answer.headers.get("accept-ranges", "").lower() != "none"
        notes = {"url": self.remote.url, "validator": validator if accepts else ""}
        self.notes.write_text(json.dumps(notes), encoding="utf-8")

    def _check_published(self, answer: httpx.Response) -> None:
        """Compare with the MD5 that the server gives, where it gives one."""
        published = _published_md5(answer)
        if published and _digest(self.part, "md5") != published:
            self._discard()
            raise TryAgain("the checksum is wrong")


def _wants_html(remote: Remote) -> bool:
    return remote.name.endswith((".html", ".htm"))


def _range_start(answer: httpx.Response) -> int:
    match = re.fullmatch(r"bytes (\d+)-\d+/(?:\d+|\*)", answer.headers.get("content-range", ""))
    return int(match[1]) if match else -1


def _total(answer: httpx.Response, start: int) -> int | None:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return None
    length = answer.headers.get("content-length", "")
    return start + int(length) if length.isdigit() else None


def _published_md5(answer: httpx.Response) -> str | None:
    value = answer.headers.get("content-md5", "")
    match = re.search(r"md5=([A-Za-z0-9+/=]+)", answer.headers.get("x-goog-hash", ""))
    try:
        return base64.b64decode(value or (match[1] if match else ""), validate=True).hex() or None
    except binascii.Error:
        return None


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
