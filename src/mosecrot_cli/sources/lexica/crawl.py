"""What a crawl has asked and been answered, kept line by line, so that a killed one asks nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli.files import replacing, writing

HEADER = "source\ttarget\tscore\torigin\n"


@dataclass(frozen=True, slots=True)
class Translation:
    """A word, one translation, and the source's score of it, if it gives one."""

    source: str
    target: str
    score: float | None = None


class Journal:
    """The answers of a crawl, in a file of JSON lines; a line that was cut off by a kill is dropped.

    Attributes:
        finished: the words that are wholly answered.
        open_words: the words of a query of which some pages came.
        offset: how many results of that query came.
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
                self._take(json.loads(line))
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)

    def _take(self, record: dict[str, Any]) -> None:
        words = tuple(record["words"])
        self.found += [Translation(*row) for row in record["rows"]]
        if record["done"]:
            self.finished.update(words)
            self.open_words, self.offset = (), 0
        else:
            self.open_words, self.offset = words, record["next"]

    def add(
        self, words: Sequence[str], rows: Sequence[Translation], *, next_offset: int = 0, done: bool = True
    ) -> None:
        """Keep an answer, on the disk before anything else is asked.

        Args:
            words: what was asked for.
            rows: what came.
            next_offset: how many results of this query have come by now.
            done: whether all have.
        """
        plain = [[row.source, row.target, row.score] for row in rows]
        record = {"words": list(words), "rows": plain, "next": next_offset, "done": done}
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as stream:
                stream.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        self._take(json.loads(json.dumps(record)))

    def pending(self, words: Iterable[str]) -> list[str]:
        """Those of the words that are neither answered nor half answered, in order."""
        known = self.finished.union(self.open_words)
        return [word for word in words if word not in known]

    def of(self, words: Iterable[str]) -> list[Translation]:
        """The translations of these words: in their order, best score first, then by translation."""
        order = {word: place for place, word in enumerate(words)}
        kept = {(row.source, row.target): row for row in self.found if row.source in order}
        return sorted(kept.values(), key=lambda row: (order[row.source], -(row.score or 0.0), row.target))


def write_lexicon(path: Path, rows: Iterable[Translation], origin: str) -> None:
    """Write a lexicon file (TSV with a header), whole or not at all; words with tabs or line breaks are left out."""
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
