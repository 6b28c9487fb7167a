"""The interface of online lexica: what is requested from a source, and what the source provides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mosecrot_cli.errors import SourceUnavailableError, UsageError

if TYPE_CHECKING:
    from mosecrot_cli.sources.fetch import Fetcher
    from mosecrot_cli.sources.languages import Language
    from mosecrot_cli.sources.lexica.crawl import Translation
    from mosecrot_cli.sources.provenance import Provenance


@dataclass(frozen=True)
class LexiconRequest:
    """A request for a lexicon.

    Attributes:
        source: the language of the model.
        target: the language of the vectors.
        words: returns the source words to translate (the whole words of a model); called only if needed.
        distance: PanLex: 1, or 2 for translations through a third expression.
        min_quality: PanLex: the minimum translation quality.
        dump: PanLex's database download, used instead of its API.
    """

    source: Language
    target: Language
    words: Callable[[], Sequence[str]]
    distance: int = 1
    min_quality: int = 0
    dump: Path | None = None

    def askable_words(self) -> list[str]:
        """The distinct words that contain a letter, sorted; numerals and punctuation need no dictionary."""
        return sorted({word for word in self.words() if any(map(str.isalpha, word))})


@dataclass(frozen=True, slots=True)
class LexiconSource:
    """An online lexicon.

    Attributes:
        provenance: its licence and citation.
        bring: returns the lexicon as a file in the cache, for a request and a part. Raises `SourceUnavailableError` if
            the source lacks a language or cannot be reached.
        plan: describes what `bring` would do, for a dry run, without using the network.
        parts: what may follow the name and a colon, as `train` in `muse:train`.
    """

    provenance: Provenance
    bring: Callable[[LexiconRequest, str, Fetcher], Path]
    plan: Callable[[LexiconRequest, Fetcher], str] | None = None
    parts: Collection[str] = ()

    def check_part(self, name: str, part: str) -> None:
        """Raise `UsageError` if the source has no such part."""
        if part and part not in self.parts:
            known = ", ".join([name, *(f"{name}:{known}" for known in self.parts)])
            raise UsageError(f"{name} has no part {part!r}", where="`lexicons`", hint=f"there is {known}")


def require_translations(found: Sequence[Translation], name: str, request: LexiconRequest) -> None:
    """Raise `SourceUnavailableError` if a source has no translation at all."""
    if not found:
        raise SourceUnavailableError(
            f"no translation from {request.source.name} to {request.target.name}",
            where=f"`lexicons` {name}",
            hint="name another source or a file with `lexicons`",
        )
