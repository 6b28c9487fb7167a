"""Texts that will be scored, kept out of everything that learns from text (`exclude`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import SentencePair
from mosecrot_cli.orthography import is_punctuation, tokenize
from mosecrot_cli.progress import Reporter
from mosecrot_cli.tasks.textfiles import identified_texts, stream_file

Row = tuple[str | None, str]
"""A text with its identifier; None where it has none."""
_SAMPLE = 1_000
"""Rows that show whether identifiers only count the rows."""


def text_key(text: str) -> str:
    """What makes two texts the same: their words, whatever letter case, spacing and punctuation."""
    return " ".join(word for word in tokenize(text, lowercase=True) if not is_punctuation(word))


@dataclass(frozen=True)
class Exclusion:
    """Texts and ids that may not be read.

    Attributes:
        texts: keys of the texts (`text_key`).
        ids: of the verses; empty where the data have none of their own.
    """

    texts: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, files: Iterable[Path]) -> Exclusion:
        """The texts and ids of labelled data, whose labels are not read.

        Raises:
            DataError: a file is missing, damaged or empty.
        """
        return cls.of_rows(chain.from_iterable(map(_rows, files)))

    @classmethod
    def of_rows(cls, rows: Iterable[Row]) -> Exclusion:
        """The texts and ids of these rows."""
        found = list(rows)
        texts = frozenset(key for _, text in found if (key := text_key(text)))
        return cls(texts, frozenset(identifier for identifier, _ in found if identifier is not None))

    def holds(self, text: str, identifier: str | None = None) -> bool:
        """Whether a text may not be read: its id or its words are among those excluded."""
        return (identifier is not None and identifier in self.ids) or text_key(text) in self.texts

    def holds_either(self, pair: SentencePair) -> bool:
        """Whether a side of a pair may not be read, or its id is among those excluded."""
        return self.holds(pair.source, pair.id) or self.holds(pair.target)

    def sentences(self, pairs: Sequence[SentencePair], name: str, reporter: Reporter) -> list[SentencePair]:
        """The pairs that may be read; how many are left out is reported.

        Raises:
            DataError: none is left.
        """
        kept = [pair for pair in pairs if not self.holds_either(pair)]
        self._report(len(pairs) - len(kept), len(kept), name, reporter)
        return kept

    def items(self, path: Path, text_column: str | None, reporter: Reporter) -> Iterator[str]:
        """The texts of a file that may be read; how many are left out is reported at the end."""
        kept = left_out = 0
        for identifier, text in telling_rows(identified_texts(str(path), text_column)):
            if self.holds(text, identifier):
                left_out += 1
            else:
                kept += 1
                yield text
        self._report(left_out, kept, str(path), reporter)

    def _report(self, left_out: int, kept: int, name: str, reporter: Reporter) -> None:
        if not (self.texts or self.ids):
            return
        if not kept:
            raise DataError("every text is excluded", where=name, hint="name the data that will be scored in `exclude`")
        reporter.info(f"{name}: {left_out:,} texts are excluded, {kept:,} are read")


def telling_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of one file, without identifiers if these only count the rows (from 0 or from 1).

    Row 7 of one file is not row 7 of another, unlike a verse or a sentence of a parallel corpus.
    """
    rest = iter(rows)
    first = list(islice(rest, _SAMPLE))
    counted = any(
        all(identifier == str(number) for number, (identifier, _) in enumerate(first, start)) for start in (0, 1)
    )
    for identifier, text in chain(first, rest):
        yield (None if counted else identifier), text


def _rows(path: Path) -> Iterator[Row]:
    items = stream_file(str(path), require_labels=False, read_labels=False)
    found = list(telling_rows((item.id if item.has_id else None, item.text) for item in items))
    if not found:
        raise DataError("no texts", where=str(path))
    yield from found
