"""Downloading one file into the cache. Downloads are resumed and checked; only complete files get their final name.

pooch and the functions of huggingface_hub were considered. pooch restarts a broken download and needs the checksum of
each file in advance, which fastText does not publish. huggingface_hub resumes files of its own hub (`hub.py` uses it),
by a hash that only this hub sends. This module resumes files of any server with `Range` and `If-Range`, also in another
process. It detects a web page instead of the file, a wrong length, a wrong MD5 (if the server publishes one), and a
server that hardly sends anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import disk_usage
from typing import Protocol

import httpx

from mosecrot_cli.errors import DataError, OutputError, SourceUnavailableError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.addresses import shown, without_secrets
from mosecrot_cli.sources.endpoints import Endpoints
from mosecrot_cli.sources.retrying import (
    MOMENTARY,
    Pace,
    Patience,
    TryAgain,
    as_try_again,
    describe,
    retry_after,
    retrying,
    unavailable,
)
from mosecrot_cli.structured import read_json

WEB_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)
_PART = ".part"


@dataclass(frozen=True, slots=True)
class Remote:
    """A file of a source.

    Attributes:
        url: its address.
        name: its path in the cache.
        what: what it is, for messages.
        parameter: the parameter that takes the file if the user fetches it by hand.
    """

    url: str
    name: str
    what: str
    parameter: str

    @property
    def where(self) -> str:
        """The address for messages, without secrets."""
        return shown(self.url)

    @property
    def advice(self) -> str:
        """How to do without the download."""
        return f"fetch {self.where} by hand and give it with `{self.parameter}`"


@dataclass(frozen=True, slots=True)
class _Notes:
    """Notes on a partial file: its address, and the ETag or date that shows whether the server still has that file."""

    url: str = ""
    validator: str = ""


class Connection(Protocol):
    """The parts of a fetcher that a download uses."""

    @property
    def endpoints(self) -> Endpoints:
        """The addresses, with the checksums that the user gave for some."""

    @property
    def reporter(self) -> Reporter:
        """Receives progress."""

    @property
    def patience(self) -> Patience:
        """How often and how long a request is tried."""

    def client(self, *, follow_redirects: bool) -> httpx.Client:
        """A client for one attempt."""


class Download:
    """One download into `NAME.part`, with the notes for resuming it in `NAME.part.json`."""

    def __init__(self, fetcher: Connection, remote: Remote, path: Path) -> None:
        self.fetcher, self.remote, self.path = fetcher, remote, path
        self.part = path.with_name(path.name + _PART)
        self.notes = path.with_name(path.name + _PART + ".json")

    def run(self) -> None:
        """Fetch the file, with the patience of the fetcher.

        Raises:
            SourceUnavailableError, DataError: see `fetch.Fetcher.file`.
        """
        wanted = self.fetcher.endpoints.sha256.get(self.remote.url)
        try:
            retrying(self.fetcher.patience, self._size)(self._attempt)
        except TryAgain as failure:
            raise unavailable(
                failure, self.fetcher.patience, where=self.remote.where, advice=self.remote.advice
            ) from None
        if wanted and _digest(self.part, "sha256") != wanted:
            self._discard()
            raise DataError("the checksum is wrong", where=self.remote.where, hint=self.remote.advice)
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
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise as_try_again(error) or SourceUnavailableError(
                describe(error), where=self.remote.where, hint=self.remote.advice
            ) from None

    def _resumption(self) -> dict[str, str]:
        """Headers that request the rest of the file, if it certainly belongs to the existing part."""
        start = self._size()
        try:
            notes = read_json(self.notes, _Notes) if start else _Notes()
        except DataError:
            notes = _Notes()
        if not start or notes.url != without_secrets(self.remote.url) or not _is_validator(notes.validator):
            self._discard()
            return {}
        return {"range": f"bytes={start}-", "if-range": notes.validator}

    def _receive(self, answer: httpx.Response) -> None:
        self._check_status(answer)
        start = _range_start(answer) if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0
        if start != (self._size() if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0):
            self._discard()
            raise TryAgain("a part came that was not asked for")
        self._check_type(answer)
        total = _total(answer, start)
        room = self._check_room(total, start)
        if not start:
            self._discard()
            self._note(answer)
        with (
            self.fetcher.reporter.track(self.remote.what, total) as advance,
            self.part.open("ab" if start else "wb") as stream,
        ):
            advance(start)
            # Blocks have no fixed size: otherwise, data of less than a block would be lost when the connection breaks.
            pace = Pace(self.fetcher.patience)
            for number, block in enumerate(answer.iter_raw()):
                pace.add(len(block))
                if number == 0 and not start and WEB_PAGE.match(block) and not _wants_html(self.remote):
                    raise self._page()
                room -= len(block)
                if room < 0:
                    self._discard()
                    raise DataError("the server sends without end", where=self.remote.where, hint=self.remote.advice)
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
        raise SourceUnavailableError(what, where=self.remote.where, hint=self.remote.advice)

    def _check_room(self, total: int | None, start: int) -> int:
        """How many bytes may be written: all free space, or half of it if the length is unknown.

        Raises:
            OutputError: the disk has no room for the file.
        """
        free = disk_usage(self.part.parent).free
        if total is not None and total - start > free:
            what = f"the file needs {(total - start) / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free"
            raise OutputError(what, where=str(self.path), hint="MOSECROT_CACHE names another folder for the cache")
        return free // 2 if total is None else free

    def _check_type(self, answer: httpx.Response) -> None:
        if answer.headers.get("content-type", "").startswith("text/html") and not _wants_html(self.remote):
            raise self._page()

    def _page(self) -> DataError:
        self._discard()
        return DataError("a web page came instead of the file", where=self.remote.where, hint=self.remote.advice)

    def _note(self, answer: httpx.Response) -> None:
        """Record what is needed to check later whether the server still has the same file."""
        etag = answer.headers.get("etag", "")
        validator = etag if etag and not etag.startswith("W/") else answer.headers.get("last-modified", "")
        accepts = answer.headers.get("accept-ranges", "").lower() != "none"
        notes = _Notes(without_secrets(self.remote.url), validator if accepts else "")
        self.notes.write_text(json.dumps(asdict(notes)), encoding="utf-8")

    def _check_published(self, answer: httpx.Response) -> None:
        """Compare the file with the MD5 that the server publishes, if any."""
        published = _published_md5(answer)
        if published and _digest(self.part, "md5") != published:
            self._discard()
            raise TryAgain("the checksum is wrong")


def _is_validator(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


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
    except ValueError:  # not base64, or not ASCII
        return None


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
