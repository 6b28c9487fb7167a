"""The dictionaries of MUSE, from English or to it, and among six European languages."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import DataError, SourceUnavailableError
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.languages import Language, in_muse
from mosecrot_cli.sources.lexica.base import LexiconRequest, LexiconSource
from mosecrot_cli.sources.lexica.crawl import Translation, write_lexicon
from mosecrot_cli.sources.provenance import MUSE
from mosecrot_cli.text_lines import read_text

_REVERSE = "reverse"
_SPLITS = {"": "", "train": ".0-5000", "test": ".5000-6500"}


def bring(request: LexiconRequest, part: str, fetcher: Fetcher) -> Path:
    """The dictionary, its split `train` or `test`, or the other direction with its columns exchanged (`reverse`).

    Raises:
        SourceUnavailableError: MUSE does not have the pair of languages, or cannot be reached.
        DataError: the dictionary to turn round does not have two words a line.
    """
    source, target = request.source, request.target
    if not in_muse(source, target):
        raise SourceUnavailableError(
            f"MUSE has no dictionary from {source.name} to {target.name}",
            where="`lexicons` muse",
            hint="try panlex, or a file with `lexicons`",
        )
    if part != _REVERSE:
        return fetcher.file(_remote(source, target, _SPLITS[part], fetcher))
    path = fetcher.file(_remote(target, source, "", fetcher))
    flipped = path.with_name(f"{path.stem}.reverse.tsv")
    write_lexicon(flipped, [Translation(row.target, row.source) for row in _two_columns(path)], "muse")
    return flipped


def _remote(source: Language, target: Language, part: str, fetcher: Fetcher) -> Remote:
    pair = f"{source.muse}-{target.muse}"
    url = fetcher.endpoints.muse.format(pair=pair, part=part)
    return Remote(url, f"lexica/muse/{pair}{part}.txt", f"MUSE {pair}", "lexicons")


def _two_columns(path: Path) -> list[Translation]:
    """Pairs of MUSE's two columns, which a space or a tab separates."""
    rows = []
    for number, line in enumerate(read_text(str(path)).removesuffix("\n").split("\n"), start=1):
        cells = line.split("\t") if "\t" in line else line.split()
        if len(cells) != 2:
            raise DataError(f"{len(cells)} words instead of two", where=f"{path}:{number}")
        rows.append(Translation(cells[0].strip(), cells[1].strip()))
    return rows


SOURCE = LexiconSource(MUSE, bring, parts=("train", "test", _REVERSE))
