"""A journal of the queries and answers of a crawl, so that an interrupted crawl repeats no query."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import replacing, writing
from mosecrot_cli.structured import decode_line

HEADER = "source\ttarget\tscore\torigin\n"


@dataclass(frozen=True, slots=True)
class Translation:
    """A word, one translation, and the source's score of it, if it gives one."""

    source: str
    target: str
    score: float | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """A line of the journal: the query, its results, and whether they are complete."""

    words: tuple[str, ...]
    rows: tuple[tuple[str, str, float | None], ...]
    done: bool
    next: int = 0


class Journal:
    """The answers of a crawl, in a file of JSON lines.

    A truncated or damaged line is skipped, and its words are queried again.

    Attributes:
        finished: the words with complete answers.
        open_words: the words of a query with an incomplete answer.
        offset: how many results of that query have been received.
        found: all translations.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.finished: set[str] = set()
        self.open_words: tuple[str, ...] = ()
        self.offset = 0
        self.found: list[Translation] = []
        self._load()

    def _load(self) -> None:
        if not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as stream:
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                with contextlib.suppress(DataError):
                    self._take(decode_line(line, _Record, where=str(self.path)))
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)

    def _take(self, record: _Record) -> None:
        self.found += [Translation(*row) for row in record.rows]
        if record.done:
            self.finished.update(record.words)
            self.open_words, self.offset = (), 0
        else:
            self.open_words, self.offset = record.words, record.next

    def add(
        self, words: Sequence[str], rows: Sequence[Translation], *, next_offset: int = 0, done: bool = True
    ) -> None:
        """Record an answer, which is written to the disk before the next query.

        Args:
            words: the words of the query.
            rows: its results.
            next_offset: how many results of this query have been received so far.
            done: whether the answer is complete.
        """
        plain = tuple((row.source, row.target, row.score) for row in rows)
        record = _Record(tuple(words), plain, done=done, next=next_offset)
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                stream.write(json.dumps(asdict(record), ensure_ascii=False).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        self._take(record)

    def pending(self, words: Iterable[str]) -> list[str]:
        """The words without an answer, complete or incomplete, in order."""
        known = self.finished.union(self.open_words)
        return [word for word in words if word not in known]

    def of(self, words: Iterable[str]) -> list[Translation]:
        """The translations of these words, in the order of the words, then by score (best first) and translation."""
        order = {word: place for place, word in enumerate(words)}
        kept = {(row.source, row.target): row for row in self.found if row.source in order}
        return sorted(kept.values(), key=lambda row: (order[row.source], -(row.score or 0.0), row.target))


def write_lexicon(path: Path, rows: Iterable[Translation], origin: str) -> None:
    """Write a lexicon file (TSV with a header) atomically; words with tabs or line breaks are left out."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(HEADER)
        for row in rows:
            score = "" if row.score is None else repr(row.score)
            line = f"{row.source}\t{row.target}\t{score}\t{origin}"
            if line.count("\t") == 3 and len(line.splitlines()) == 1:
                stream.write(line + "\n")


def digest_of(*parts: object) -> str:
    """A short name for these parts."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()[:12]
