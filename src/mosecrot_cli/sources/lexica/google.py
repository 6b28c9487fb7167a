"""Google Translate by its official REST API, version 2 (cloud.google.com/translate/docs/reference/rest/v2)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from filelock import FileLock

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.sources.fetch import Fetcher, answer_of
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.lexica.base import LexiconRequest, LexiconSource, require_translations
from mosecrot_cli.sources.lexica.crawl import Journal, Translation, digest_of, write_lexicon
from mosecrot_cli.sources.provenance import GOOGLE
from mosecrot_cli.structured import JsonObject, decode_json

KEY = "GOOGLE_API_KEY"
ADVICE = f"set {KEY}, or translate a list of words by hand and give the TSV (source, target) with `lexicons`"
_SEGMENTS = 128
_CHARACTERS = 5_000
_MOMENTARY_REASONS = frozenset({"userRateLimitExceeded", "rateLimitExceeded", "backendError"})
_QUOTA_REASONS = frozenset({"dailyLimitExceeded", "dailyLimitExceededUnreg", "quotaExceeded"})


@dataclass(frozen=True, slots=True)
class _Item:
    """One translation in an answer."""

    translatedText: str  # Google's own name


@dataclass(frozen=True, slots=True)
class _Data:
    """The body of an answer."""

    translations: tuple[_Item, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of Google Translate."""

    data: _Data


@dataclass(frozen=True, slots=True)
class Cost:
    """The size of a crawl.

    Attributes:
        words: how many words are not in the journal.
        characters: how many characters they have, which is what Google bills.
    """

    words: int
    characters: int


@dataclass(frozen=True)
class _Api:
    """The API with its key, which no message and no representation shows."""

    fetcher: Fetcher
    key: str = field(repr=False)

    def translate(self, batch: Sequence[str], source: Language, target: Language) -> list[Translation]:
        url = self.fetcher.endpoints.google
        body = {"q": list(batch), "source": source.google, "target": target.google, "format": "text"}
        headers = {"x-goog-api-key": self.key}
        answer = self.fetcher.post(url, body, advice=ADVICE, headers=headers, is_momentary=_is_momentary)
        if not answer.is_success:
            raise self._refused(answer, url)
        found = [item.translatedText for item in answer_of(answer, _Answer, url, ADVICE).data.translations]
        if len(found) != len(batch):
            raise DataError(f"{len(found)} translations of {len(batch)} words came", where=url, hint=ADVICE)
        return [Translation(word, text.strip()) for word, text in zip(batch, found, strict=True)]

    def _refused(self, answer: httpx.Response, url: str) -> SourceUnavailableError:
        error = _error(answer)
        message = str(error.get("message", answer.reason_phrase)).replace(self.key, "***")
        if _QUOTA_REASONS.intersection(_reasons(error)):
            hint = "what has come is kept: the same command goes on when the quota is there again"
            return SourceUnavailableError(f"over quota: {message}", where=url, hint=hint)
        return SourceUnavailableError(f"{message} (HTTP {answer.status_code})", where=url, hint=ADVICE)


def crawl(fetcher: Fetcher, source: Language, target: Language, words: Sequence[str]) -> list[Translation]:
    """The translation of each word; words that were translated before are not sent again.

    Raises:
        SourceUnavailableError: no key, offline, unreachable, over quota, or a language that Google lacks.
        DataError: the answer is not one of Google Translate.
        UsageError: the key would be sent over an unencrypted connection.
    """
    path = _journal_path(fetcher, source, target)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        journal = Journal(path)
        pending = journal.pending(words)
        if pending:
            api = _Api(fetcher, _key(fetcher))
            with fetcher.reporter.track(f"Google Translate {source.code}-{target.code}", len(pending)) as advance:
                for batch in _batches(pending):
                    journal.add(batch, api.translate(batch, source, target))
                    advance(len(batch))
        return journal.of(words)


def cost(fetcher: Fetcher, source: Language, target: Language, words: Sequence[str]) -> Cost:
    """What `crawl` would send."""
    pending = Journal(_journal_path(fetcher, source, target)).pending(words)
    return Cost(len(pending), sum(map(len, pending)))


def bring(request: LexiconRequest, part: str, fetcher: Fetcher) -> Path:
    """The translations of the words of the request.

    Raises:
        SourceUnavailableError: there is no translation; otherwise as for `crawl`.
        DataError, UsageError: as `crawl`.
    """
    source, target, words = request.source, request.target, request.askable_words()
    path = fetcher.cache / "lexica" / "google" / f"{source.google}-{target.google}-{digest_of(words)}.tsv"
    if not path.exists():
        found = crawl(fetcher, source, target, words)
        require_translations(found, "google", request)
        write_lexicon(path, found, "google")
    return path


def plan(request: LexiconRequest, fetcher: Fetcher) -> str:
    """How much would be sent, which is what Google bills."""
    needed = cost(fetcher, request.source, request.target, request.askable_words())
    return f"{needed.words:,} words, {needed.characters:,} characters to send"


def _journal_path(fetcher: Fetcher, source: Language, target: Language) -> Path:
    return fetcher.cache / "crawls" / f"google-{source.google}-{target.google}.jsonl"


def _key(fetcher: Fetcher) -> str:
    key = os.environ.get(KEY, "").strip()
    url = httpx.URL(fetcher.endpoints.google)
    fetcher.require_network("the translation", ADVICE, where=fetcher.endpoints.google)
    if not key:
        raise SourceUnavailableError("Google Translate needs a key", where=fetcher.endpoints.google, hint=ADVICE)
    if url.scheme != "https" and not _is_loopback(url.host):
        raise UsageError("the key is not sent over http", where=fetcher.endpoints.google, hint="use https")
    return key


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _batches(words: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for word in words:
        if not batches or len(batches[-1]) == _SEGMENTS or size + len(word) > _CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(word)
        size += len(word)
    return batches


def _error(answer: httpx.Response) -> JsonObject:
    try:
        error = decode_json(answer.content, JsonObject, where=str(answer.url)).get("error", {})
    except DataError:
        return {}
    return error if isinstance(error, dict) else {"message": str(error)}


def _reasons(error: JsonObject) -> set[str]:
    details = error.get("errors")
    items = details if isinstance(details, list) else []
    return {str(item.get("reason")) for item in items if isinstance(item, dict)}


def _is_momentary(answer: httpx.Response) -> bool:
    return not answer.is_success and bool(_MOMENTARY_REASONS.intersection(_reasons(_error(answer))))


SOURCE = LexiconSource(GOOGLE, bring, plan)
