"""The online lexica by name: each ends in a lexicon file in the cache, with its name as the origin of its pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from mosecrot_cli.errors import DataError, SourceUnavailableError, UsageError
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, in_muse
from mosecrot_cli.sources.lexica import google, panlex
from mosecrot_cli.sources.lexica.crawl import Translation, digest_of, write_lexicon
from mosecrot_cli.sources.lexica.panlex_dump import read_dump
from mosecrot_cli.sources.provenance import Provenance, announce

_PARAMETER = "lexicons"
_MUSE_PARTS = {"": "", "train": ".0-5000", "test": ".5000-6500"}
_MUSE_REVERSE = "reverse"


@dataclass(frozen=True)
class Request:
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


class LexiconSource(Protocol):
    """Brings a lexicon into the cache."""

    def __call__(self, request: Request, part: str, fetcher: Fetcher) -> Path:
        """The file; `part` is what stands behind the source's name and a colon."""


def muse(request: Request, part: str, fetcher: Fetcher) -> Path:
    """MUSE: `muse`, its splits `muse:train` and `muse:test`, or `muse:reverse`, the other direction turned round."""
    source, target = request.source, request.target
    if part not in (*_MUSE_PARTS, _MUSE_REVERSE):
        raise UsageError(
            f"MUSE has no part {part!r}", where="--lexicon", hint="muse, muse:train, muse:test, muse:reverse"
        )
    if not in_muse(source, target):
        raise SourceUnavailableError(
            f"MUSE has no dictionary from {source.name} to {target.name}", where="--lexicon muse", hint="try panlex"
        )
    if part == _MUSE_REVERSE:
        path = fetcher.file(_muse_remote(target, source, "", fetcher))
        flipped = path.with_name(f"{path.stem}.reverse.tsv")
        write_lexicon(flipped, [Translation(row.target, row.source) for row in _two_columns(path)], "muse")
        return flipped
    return fetcher.file(_muse_remote(source, target, _MUSE_PARTS[part], fetcher))


def _muse_remote(source: Language, target: Language, part: str, fetcher: Fetcher) -> Remote:
    pair = f"{source.muse}-{target.muse}"
    url = fetcher.endpoints.muse.format(pair=pair, part=part)
    return Remote(url, f"lexica/muse/{pair}{part}.txt", f"MUSE {pair}", _PARAMETER)


def _two_columns(path: Path) -> list[Translation]:
    """Pairs of MUSE's two columns, which a space or a tab separates."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) != 2:
            raise DataError(f"{len(cells)} words instead of two", where=f"{path}:{number}")
        rows.append(Translation(cells[0].strip(), cells[1].strip()))
    return rows


def from_panlex(request: Request, part: str, fetcher: Fetcher) -> Path:
    """PanLex by its API, or from its database download."""
    _no_part("panlex", part)
    source, target, words = request.source, request.target, _askable(request.words())
    options = {"distance": request.distance, "min_quality": request.min_quality}
    dump = None if request.dump is None else (str(request.dump.resolve()), _age(request.dump))
    name = f"{source.panlex}-{target.panlex}-{digest_of(words, options, dump)}.tsv"
    path = fetcher.cache / "lexica" / "panlex" / name
    if not path.exists():
        if request.dump is None:
            found = panlex.crawl(
                fetcher, source, target, words, distance=request.distance, min_quality=request.min_quality
            )
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
        _require(found, "panlex", source, target)
        write_lexicon(path, found, "panlex")
    return path


def from_google(request: Request, part: str, fetcher: Fetcher) -> Path:
    """Google Translate of the model's words."""
    _no_part("google", part)
    source, target, words = request.source, request.target, _askable(request.words())
    path = fetcher.cache / "lexica" / "google" / f"{source.google}-{target.google}-{digest_of(words)}.tsv"
    if not path.exists():
        found = google.crawl(fetcher, source, target, words)
        _require(found, "google", source, target)
        write_lexicon(path, found, "google")
    return path


def wiktionary(request: Request, part: str, fetcher: Fetcher) -> Path:
    """The Wiktionary dictionary from English by the name of the language; many are noisy: keep `--script` on."""
    _no_part("wiktionary", part)
    if request.source.code != "en":
        raise SourceUnavailableError(
            f"the Wiktionary dictionaries go from English, not from {request.source.name}",
            where="--lexicon wiktionary",
            hint="try panlex",
        )
    name = request.target.wiktionary
    url = fetcher.endpoints.wiktionary.format(name=quote(name))
    return fetcher.file(Remote(url, f"lexica/wiktionary/{name}.txt", f"Wiktionary, {name}", _PARAMETER))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """An online lexicon: how it is brought, and whose work it is."""

    bring: LexiconSource
    provenance: Provenance


LEXICA: Mapping[str, Lexicon] = {
    "muse": Lexicon(muse, provenance.MUSE),
    "panlex": Lexicon(from_panlex, provenance.PANLEX),
    "google": Lexicon(from_google, provenance.GOOGLE),
    "wiktionary": Lexicon(wiktionary, provenance.WIKTIONARY),
}


def bring(value: str, request: Request, fetcher: Fetcher) -> Path:
    """The file of an online lexicon (`muse`, `muse:train`, `panlex`, …); its licence is shown once.

    Raises:
        SourceUnavailableError, DataError, UsageError: see the sources.
    """
    name, _, part = value.lower().partition(":")
    lexicon = LEXICA[name]
    path = lexicon.bring(request, part, fetcher)
    announce(lexicon.provenance, fetcher)
    return path


def default_lexicon(source: Language, target: Language) -> str:
    """The lexicon that the paper takes: MUSE where it has the pair, else PanLex."""
    return "muse" if in_muse(source, target) else "panlex"


def plan(value: str, request: Request, fetcher: Fetcher) -> str:
    """What bringing a lexicon would take, for a dry run; nothing is asked."""
    name, _, _ = value.lower().partition(":")
    if name == "google":
        cost = google.cost(fetcher, request.source, request.target, _askable(request.words()))
        return f"{cost.words:,} words, {cost.characters:,} characters to send"
    if name == "panlex":
        origin = f"from {request.dump}" if request.dump else "by the API"
        return f"{len(_askable(request.words())):,} words, {origin}, distance {request.distance}"
    return str(LEXICA[name].provenance.name)


def _no_part(name: str, part: str) -> None:
    if part:
        raise UsageError(f"{name} has no part {part!r}", where="--lexicon")


def _askable(words: Sequence[str]) -> list[str]:
    """The words with a letter, sorted, each once: numerals and punctuation need no dictionary."""
    return sorted({word for word in words if any(map(str.isalpha, word))})


def _age(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _require(found: Sequence[Translation], name: str, source: Language, target: Language) -> None:
    if not found:
        raise SourceUnavailableError(
            f"no translation from {source.name} to {target.name}",
            where=f"--lexicon {name}",
            hint="another source (muse, panlex, google, wiktionary), or a file: --lexicon FILE",
        )
