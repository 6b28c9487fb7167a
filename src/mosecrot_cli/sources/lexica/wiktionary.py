"""The Wiktionary dictionaries of the WECHSEL project, from English. Many are noisy, so keep the filter by script on."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.lexica.base import LexiconRequest, LexiconSource
from mosecrot_cli.sources.provenance import WIKTIONARY


def bring(request: LexiconRequest, part: str, fetcher: Fetcher) -> Path:
    """The dictionary from English, which is filed under the name of the language.

    Raises:
        SourceUnavailableError: the source language is not English, or the dictionary cannot be had.
    """
    if request.source.code != "en":
        raise SourceUnavailableError(
            f"the Wiktionary dictionaries go from English, not from {request.source.name}",
            where="`lexicons` wiktionary",
            hint="try panlex, or a file with `lexicons`",
        )
    name = request.target.wiktionary
    url = fetcher.endpoints.wiktionary.format(name=quote(name))
    return fetcher.file(Remote(url, f"lexica/wiktionary/{name}.txt", f"Wiktionary, {name}", "lexicons"))


SOURCE = LexiconSource(WIKTIONARY, bring)
