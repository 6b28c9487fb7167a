"""Word vectors that can be downloaded: fastText's Wikipedia and Common Crawl files, hub repositories, any address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.files import cache_folder
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.addresses import check_address, file_name, is_address, shown, without_secrets
from mosecrot_cli.sources.download import Remote
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.hub import hub_file
from mosecrot_cli.sources.languages import Language
from mosecrot_cli.sources.lexica.crawl import digest_of
from mosecrot_cli.sources.provenance import Provenance, announce

_HUB_REPOSITORY = "facebook/fasttext-{code}-vectors"
_HUB_FILE = "model.bin"
_HUB_FOLDER = re.compile(r"models--facebook--fasttext-[a-z]+-vectors")
"""The folder of such a repository in the cache of the hub."""
_HUB_ID = re.compile(r"(?:hf:)?([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)")
_FILE_ENDINGS = (
    ".vec", ".bin", ".txt", ".vector", ".npy", ".npz", ".gz", ".zip", ".bz2", ".xz", ".zst", ".tar", ".tgz"
)  # fmt: skip
# The paper takes these from the hub (section 4).
_FROM_HUB = frozenset({"nds"})

NAMES = {
    "wiki": "fastText vectors of Wikipedia, lower-cased (the paper's)",
    "cc": "fastText vectors of Common Crawl, cased",
    "cc.bin": "the same as a model that composes vectors of unknown words",
    "hub": "fastText model on the Hugging Face hub",
}
"""Name of each source of vectors, and what it contains."""


@dataclass(frozen=True, slots=True)
class VectorSource:
    """Where word vectors are downloaded from: an address, or a repository of the hub.

    Attributes:
        name: the value that names it: a key of `NAMES`, an address without secrets, or a hub id.
        remote: the file; None for a repository.
        repository: id on the hub; empty for a file.
        provenance: their licence and citation; None for an address from the user.
    """

    name: str
    remote: Remote | None
    repository: str
    provenance: Provenance | None

    @property
    def where(self) -> str:
        """The address, for messages."""
        return shown(self.remote.url) if self.remote else f"{_HUB_FILE} of huggingface.co/{self.repository}"

    @property
    def file_name(self) -> str:
        """The name of the file once it is here."""
        return Path(self.remote.name).name if self.remote else _HUB_FILE


def named_vectors(value: str, *, parameter: str) -> VectorSource | None:
    """The source that an address or a hub id names; None for any other value.

    Args:
        value: the address or id.
        parameter: the parameter that it was given with, for advice.

    Raises:
        UsageError: the address is not valid.
    """
    if is_address(value):
        check_address(value)
        file = file_name(value, "vectors.vec")
        name = without_secrets(value)
        place = f"vectors/by-address/{digest_of(name)}/{file}"
        return VectorSource(name, Remote(value, place, file, parameter), "", None)
    match = _HUB_ID.fullmatch(value)
    if match is None or value.endswith(_FILE_ENDINGS):
        return None
    known = provenance.FASTTEXT_HUB if match[1].startswith("facebook/fasttext-") else None
    return VectorSource(value, None, match[1], known)


def vectors_of_language(name: str | None, language: Language, fetcher: Fetcher, *, parameter: str) -> VectorSource:
    """The source of vectors of a language.

    Args:
        name: a key of `NAMES`; None for the default of the language: `wiki`, else `cc`, else `hub`.
        language: the language.
        fetcher: knows the addresses.
        parameter: the parameter that takes a file instead, for advice.

    Raises:
        SourceUnavailableError: the source does not have the language.
    """
    name = name or default_name(language)
    if name == "hub":
        return VectorSource(name, None, _HUB_REPOSITORY.format(code=language.hub), provenance.FASTTEXT_HUB)
    code = language.wiki if name == "wiki" else language.crawl
    if code is None:
        others = "cc or hub" if name == "wiki" else "wiki or hub"
        raise SourceUnavailableError(
            f"fastText has no {name} vectors of {language.name}",
            where=f"`{parameter}`",
            hint=f"try {others}, or give a file",
        )
    if name == "wiki":
        url, file = fetcher.endpoints.fasttext_wiki.format(code=code), f"wiki.{code}.vec"
        remote = Remote(url, f"vectors/{file}", file, parameter)
        return VectorSource(name, remote, "", provenance.FASTTEXT_WIKI)
    kind, address = (
        ("bin", fetcher.endpoints.fasttext_crawl_bin) if name == "cc.bin" else ("vec", fetcher.endpoints.fasttext_crawl)
    )
    file = f"cc.{code}.300.{kind}.gz"
    remote = Remote(address.format(code=code), f"vectors/{file}", file, parameter)
    return VectorSource(name, remote, "", provenance.FASTTEXT_CRAWL)


def provenance_of_file(path: Path) -> Provenance | None:
    """The provenance of a file of vectors that was downloaded by name; None for any other file."""
    if path.parent == cache_folder() / "vectors":
        kind = path.name.partition(".")[0]
        return {"wiki": provenance.FASTTEXT_WIKI, "cc": provenance.FASTTEXT_CRAWL}.get(kind)
    if any(_HUB_FOLDER.fullmatch(part) for part in path.parts):
        return provenance.FASTTEXT_HUB
    return None


def default_name(language: Language) -> str:
    """The source that is taken for a language: the paper's (`wiki`; `hub` for Eastern Low German), `cc`, or `hub`."""
    if language.code in _FROM_HUB:
        return "hub"
    return "wiki" if language.wiki else "cc" if language.crawl else "hub"


def bring_vectors(source: VectorSource, fetcher: Fetcher, *, parameter: str) -> Path:
    """The file of vectors, from the cache or downloaded; the licence is shown the first time.

    Args:
        source: the source.
        fetcher: downloads.
        parameter: the parameter that takes a file instead, for advice.

    Raises:
        SourceUnavailableError: offline, unreachable, or the source does not have the file.
        DataError: what was sent is not the file.
    """
    if source.remote is not None:
        path = fetcher.file(source.remote)
    else:
        path = hub_file(source.repository, _HUB_FILE, fetcher, parameter=parameter)
    if source.provenance:
        announce(source.provenance, fetcher)
    return path
