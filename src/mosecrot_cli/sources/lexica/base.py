"""What every online source of lexica has in common: what it is asked for, and what it has to offer."""

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
    """What a lexicon is wanted for.

    Attributes:
        source: the language of the model.
        target: the language of the vectors.
        words: gives the source words that are worth asking for (a model's whole words); called only if needed.
        distance: PanLex: 1, or 2 for translations through a third expression.
        min_quality: PanLex: the least translation quality.
        dump: PanLex's database download, used instead of its API.
    """

    source: Language
    target: Language
    words: Callable[[], Sequence[str]]
    distance: int = 1
    min_quality: int = 0
    dump: Path | None = None

    def askable_words(self) -> list[str]:
        """The words with a letter, sorted, each once: numerals and punctuation need no dictionary."""
        return sorted({word for word in self.words() if any(map(str.isalpha, word))})


@dataclass(frozen=True, slots=True)
class LexiconSource:
    """An online lexicon.

    Attributes:
        provenance: whose work it is.
        bring: the lexicon as a file in the cache, for a request and a part. Raises `SourceUnavailableError` where the
            source lacks a language or cannot be reached.
        plan: what `bring` would take, in words, for a dry run; it asks the network for nothing.
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
