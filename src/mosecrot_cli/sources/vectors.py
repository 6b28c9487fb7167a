"""Static vectors: fastText's Wikipedia and Common Crawl files, hub repositories, any address; always a local file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from mosecrot_cli.errors import SourceUnavailableError, UsageError
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.fetch import Fetcher, Remote
from mosecrot_cli.sources.hub import hub_file
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.lexica.crawl import digest_of
from mosecrot_cli.sources.provenance import Provenance, announce

_OPTION = "--target-vectors FILE"
_HUB_REPOSITORY = "facebook/fasttext-{code}-vectors"
_HUB_FILE = "model.bin"
_HUB_ID = re.compile(r"(?:hf:)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)")
# The paper takes these from the hub (section 4).
_FROM_HUB = frozenset({"nds"})
NAMES = ("wiki", "cc", "cc.bin", "hub")


@dataclass(frozen=True, slots=True)
class VectorSource:
    """Where vectors are: an address, or a repository of the hub.

    Attributes:
        name: how `--target-vectors` names it.
        remote: the file, None for a repository.
        repository: id on the hub.
        provenance: whose work they are, None for an address of the user's.
    """

    name: str
    remote: Remote | None
    repository: str | None
    provenance: Provenance | None

    @property
    def where(self) -> str:
        """The address, for people."""
        return self.remote.url if self.remote else f"{_HUB_FILE} of huggingface.co/{self.repository}"


def find_vectors(value: str | None, language: Language | None, fetcher: Fetcher) -> VectorSource | None:
    """What a value of `--target-vectors` names; None where it is a path.

    Args:
        value: `wiki`, `cc`, `cc.bin`, `hub`, an address, a hub id; None for the default of the language.
        language: of the target.
        fetcher: knows the addresses.

    Raises:
        UsageError: a name without a language.
        SourceUnavailableError: the source has no such language.
    """
    if value is not None:
        if re.match(r"https?://", value):
            path = PurePosixPath(unquote(urlsplit(value).path))
            name = f"vectors/by-address/{digest_of(value)}/{path.name or 'vectors.vec'}"
            return VectorSource(value, Remote(value, name, path.name or value, _OPTION), None, None)
        if Path(value).exists():
            return None
        if value not in NAMES:
            match = _HUB_ID.fullmatch(value)
            known = provenance.FASTTEXT_HUB if match and match[1].startswith("facebook/fasttext-") else None
            return VectorSource(value, None, match[1], known) if match and not _is_file_name(value) else None
    if language is None:
        raise UsageError("which vectors are meant is not known", hint="give --tgt LANG, or --target-vectors FILE")
    return _of_language(value or _default(language), language, fetcher)


def bring_vectors(source: VectorSource, fetcher: Fetcher) -> Path:
    """The file of vectors, from the cache or fetched; its licence is shown once.

    Raises:
        SourceUnavailableError: offline, unreachable or not there.
        DataError: what came is no such file.
    """
    if source.remote is not None:
        path = fetcher.file(source.remote)
    else:
        path = hub_file(source.repository or "", _HUB_FILE, fetcher, option=_OPTION)
    if source.provenance:
        announce(source.provenance, fetcher)
    return path


def _default(language: Language) -> str:
    """The paper's choice: the hub for Eastern Low German, else `wiki`; what that lacks is in `cc` or on the hub."""
    if language.code in _FROM_HUB:
        return "hub"
    return "wiki" if language.wiki else "cc" if language.crawl else "hub"


def _of_language(name: str, language: Language, fetcher: Fetcher) -> VectorSource:
    if name == "hub":
        return VectorSource(name, None, _HUB_REPOSITORY.format(code=language.hub), provenance.FASTTEXT_HUB)
    code = language.wiki if name == "wiki" else language.crawl
    if code is None:
        others = "cc or hub" if name == "wiki" else "wiki or hub"
        raise SourceUnavailableError(
            f"fastText has no {name} vectors of {language.name}",
            where=f"--target-vectors {name}",
            hint=f"try {others}, or give a file",
        )
    if name == "wiki":
        url, file = fetcher.endpoints.fasttext_wiki.format(code=code), f"wiki.{code}.vec"
        remote = Remote(url, f"vectors/{file}", file, _OPTION)
        return VectorSource(name, remote, None, provenance.FASTTEXT_WIKI)
    kind, address = (
        ("bin", fetcher.endpoints.fasttext_crawl_bin) if name == "cc.bin" else ("vec", fetcher.endpoints.fasttext_crawl)
    )
    file = f"cc.{code}.300.{kind}.gz"
    remote = Remote(address.format(code=code), f"vectors/{file}", file, _OPTION)
    return VectorSource(name, remote, None, provenance.FASTTEXT_CRAWL)


def _is_file_name(value: str) -> bool:
    return value.endswith((".vec", ".bin", ".gz", ".npy", ".txt", ".vector"))
