"""PanLex by its API, version 2 (dev.panlex.org/api): at most 2 queries a second, 2,000 results an answer.

`trans_uid` and `trans_txt` describe the expressions that are translated from, `uid` the language that is wanted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.sources.fetch import Fetcher, answer_of
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.lexica.base import LexiconRequest, LexiconSource, require_translations
from mosecrot_cli.sources.lexica.crawl import Journal, Translation, digest_of, write_lexicon
from mosecrot_cli.sources.lexica.panlex_dump import read_dump
from mosecrot_cli.sources.provenance import PANLEX
from mosecrot_cli.structured import JsonObject, decode_json

PAUSE = 0.5
ADVICE = (
    "give a PanLex database dump (CSV or SQLite) with `panlex_dump`, "
    "or a TSV of source, target and quality with `lexicons`"
)
_OFFSET_MAX = 250_000
# At distance 2 a word has thousands of translations, and all those of a query must stay below the highest offset.
_BATCH = {1: 1_000, 2: 50}


def crawl(
    fetcher: Fetcher,
    source: Language,
    target: Language,
    words: Sequence[str],
    *,
    distance: int = 1,
    min_quality: int = 0,
    pause: float = PAUSE,
) -> list[Translation]:
    """The translations of the words, with PanLex's translation quality as score; no query is repeated.

    Args:
        fetcher: sends the queries and provides the cache.
        source: the language of the words.
        target: the language of the translations.
        words: source words, as PanLex writes them.
        distance: 1: attested by a dictionary; 2: also through a third expression ("intermediate languages").
        min_quality: the minimum translation quality.
        pause: seconds from one query to the next.

    Raises:
        SourceUnavailableError: offline, unreachable, over quota, or PanLex refuses the query.
        DataError: the answer is not one of PanLex.
    """
    path = fetcher.cache / "crawls" / f"panlex-{source.panlex}-{target.panlex}-d{distance}-q{min_quality}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        journal = Journal(path)
        pending = journal.pending(words)
        batches = _batches(pending, _BATCH[distance])
        if journal.open_words:
            batches.insert(0, journal.open_words)
        base = {"uid": target.panlex, "trans_uid": source.panlex, "trans_distance": distance}
        if min_quality:
            base["trans_quality_min"] = min_quality
        with fetcher.reporter.track(f"PanLex {source.code}-{target.code}", sum(map(len, batches))) as advance:
            pages = _Pages(fetcher, base, pause)
            for batch in batches:
                pages.fetch(journal, batch)
                advance(len(batch))
        return journal.of(words)


def bring(request: LexiconRequest, part: str, fetcher: Fetcher) -> Path:
    """The translations of the words of the request, by the API or from the database download.

    Raises:
        SourceUnavailableError: there is no translation; otherwise as for `crawl`.
        DataError: as `crawl` or `read_dump`.
    """
    source, target, words = request.source, request.target, request.askable_words()
    options = {"distance": request.distance, "min_quality": request.min_quality}
    dump = None if request.dump is None else (str(request.dump.resolve()), _age(request.dump))
    name = f"{source.panlex}-{target.panlex}-{digest_of(words, options, dump)}.tsv"
    path = fetcher.cache / "lexica" / "panlex" / name
    if not path.exists():
        if request.dump is None:
            found = crawl(fetcher, source, target, words, distance=request.distance, min_quality=request.min_quality)
        else:
            found = read_dump(
                request.dump,
                source,
                target,
                words,
                distance=request.distance,
                min_quality=request.min_quality,
                reporter=fetcher.reporter,
            )
        require_translations(found, "panlex", request)
        write_lexicon(path, found, "panlex")
    return path


def plan(request: LexiconRequest, fetcher: Fetcher) -> str:
    """How many words would be asked for, and where."""
    origin = f"from {request.dump}" if request.dump else "by the API"
    return f"{len(request.askable_words()):,} words, {origin}, distance {request.distance}"


def _age(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _batches(words: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + size]) for start in range(0, len(words), size)]


@dataclass(frozen=True, slots=True)
class _Row:
    """A translation in an answer of PanLex."""

    txt: str
    trans_txt: str
    trans_quality: float | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """An answer of PanLex: results, how many there are, and how many one answer holds at most."""

    result: tuple[_Row, ...]
    resultNum: int | None = None  # PanLex's own name
    resultMax: int = 0


class _Pages:
    """Requests one page after another, with pauses."""

    def __init__(self, fetcher: Fetcher, base: dict[str, Any], pause: float) -> None:
        self.fetcher, self.base, self.pause = fetcher, base, pause
        self.next_query = 0.0

    def fetch(self, journal: Journal, words: tuple[str, ...]) -> None:
        """Fetch all (remaining) pages of a query, and record each in the journal."""
        offset = journal.offset if words == journal.open_words else 0
        while True:
            page = self._ask(words, offset)
            rows = [Translation(row.trans_txt, row.txt, row.trans_quality) for row in page.result]
            count, most = len(rows) if page.resultNum is None else page.resultNum, page.resultMax
            offset += count
            cut = offset > _OFFSET_MAX
            if cut:
                self.fetcher.reporter.warn(
                    f"PanLex has more than {_OFFSET_MAX:,} results for a query; the rest is lost"
                )
            done = cut or count == 0 or count < most
            journal.add(words, rows, next_offset=offset, done=done)
            if done:
                return

    def _ask(self, words: tuple[str, ...], offset: int) -> _Page:
        time.sleep(max(0.0, self.next_query - time.monotonic()))
        body = self.base | {"trans_txt": list(words), "include": ["trans_txt", "trans_quality"]}
        # By default, PanLex orders pages by translation alone, and several words may share a translation.
        body |= {"sort": ["trans_expr", "id"], "offset": offset}
        url = self.fetcher.endpoints.panlex
        answer = self.fetcher.post(url, body, advice=ADVICE)
        self.next_query = time.monotonic() + self.pause
        if not answer.is_success:
            raise SourceUnavailableError(f"PanLex refuses the query: {_reason(answer)}", where=url, hint=ADVICE)
        return answer_of(answer, _Page, url, ADVICE)


def _reason(answer: httpx.Response) -> str:
    try:
        reason = decode_json(answer.content, JsonObject, where=str(answer.url)).get("message")
    except DataError:
        reason = None
    return f"{reason or answer.reason_phrase} (HTTP {answer.status_code})"


SOURCE = LexiconSource(PANLEX, bring, plan)
