"""The addresses of all sources in one table, and the environment variables that decide what may be fetched.

`MOSECROT_ENDPOINTS=file.toml` replaces any of the addresses, for a mirror or a test. `MOSECROT_OFFLINE` and
`HF_HUB_OFFLINE` forbid every download.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import string
from dataclasses import dataclass, field
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.structured import JsonObject, read_toml

ENVIRONMENT = "MOSECROT_ENDPOINTS"
HUB_ENDPOINT = "HF_ENDPOINT"
OFFLINE = "MOSECROT_OFFLINE"
HUB_OFFLINE = "HF_HUB_OFFLINE"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses, most of them with placeholders in braces.

    Attributes:
        muse: a MUSE dictionary (`{pair}` is `en-de`; `{part}` is empty, `.0-5000` or `.5000-6500`).
        panlex: PanLex's API, version 2, the query for expressions.
        google: Google Translate's REST API, version 2.
        wiktionary: a Wiktionary dictionary of the WECHSEL project (`{name}` is `tatar`).
        fasttext_wiki: text vectors of Wikipedia (`{code}`).
        fasttext_crawl: text vectors of Common Crawl (`{code}`).
        fasttext_crawl_bin: the same as fastText models, with n-grams for unknown words (`{code}`).
        hub: the Hugging Face hub, for vectors, models and data sets; HF_ENDPOINT also names it.
        taxi1500_english: a labelled English file (`{split}`).
        taxi1500_corpus: a released corpus (`{version}` is 1, 2 or 3).
        sha256: address -> SHA-256 of what it must give, for mirrors and files that publish one.
    """

    muse: str = "https://dl.fbaipublicfiles.com/arrival/dictionaries/{pair}{part}.txt"
    panlex: str = "https://api.panlex.org/v2/expr"
    google: str = "https://translation.googleapis.com/language/translate/v2"
    wiktionary: str = "https://raw.githubusercontent.com/CPJKU/wechsel/main/dicts/data/{name}.txt"
    fasttext_wiki: str = _FASTTEXT + "/vectors-wiki/wiki.{code}.vec"
    fasttext_crawl: str = _FASTTEXT + "/vectors-crawl/cc.{code}.300.vec.gz"
    fasttext_crawl_bin: str = _FASTTEXT + "/vectors-crawl/cc.{code}.300.bin.gz"
    hub: str = "https://huggingface.co"
    taxi1500_english: str = "https://raw.githubusercontent.com/cisnlp/Taxi1500/main/eng_data/eng_{split}.tsv"
    taxi1500_corpus: str = "https://cis.lmu.de/~yehao/data/Taxi1500-c_v{version}.0.zip"
    sha256: dict[str, str] = field(default_factory=dict)


def load_endpoints(path: Path | None = None) -> Endpoints:
    """The addresses, replaced by those in a TOML file (by default, the one that MOSECROT_ENDPOINTS names).

    Raises:
        DataError: the file is missing or is not TOML.
        UsageError: a name is unknown, or an address is not an http address.
    """
    defaults = Endpoints(hub=os.environ.get(HUB_ENDPOINT) or Endpoints().hub)
    named = path or (Path(os.environ[ENVIRONMENT]) if os.environ.get(ENVIRONMENT) else None)
    if named is None:
        return defaults
    given = read_toml(named, JsonObject, hint=f"{ENVIRONMENT} names this file")
    checksums = given.pop("sha256", {})
    if not isinstance(checksums, dict) or not all(isinstance(value, str) for value in checksums.values()):
        raise UsageError("sha256 must be a table of addresses and digests", where=str(named))
    for name, address in given.items():
        _check(name, address, defaults, named)
    return dataclasses.replace(defaults, **given, sha256={key: value.lower() for key, value in checksums.items()})


def is_offline() -> bool:
    """Whether MOSECROT_OFFLINE or HF_HUB_OFFLINE forbids downloads."""
    return any(os.environ.get(name, "").strip().lower() in _TRUE for name in (OFFLINE, HUB_OFFLINE))


def configure_hub_client() -> None:
    """Pass the address of the hub, and whether downloads are allowed, on to the hub's own client.

    The client reads the environment when it is imported, which happens after the options of a command were parsed.

    Raises:
        DataError, UsageError: see `load_endpoints`.
    """
    if os.environ.get(ENVIRONMENT):
        os.environ[HUB_ENDPOINT] = load_endpoints().hub
    if is_offline():
        os.environ[HUB_OFFLINE] = "1"


def _check(name: str, address: object, defaults: Endpoints, where: Path) -> None:
    names = [known.name for known in dataclasses.fields(Endpoints) if known.name != "sha256"]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(names)}"
        raise UsageError(f"there is no address {name!r}", where=str(where), hint=hint)
    if not isinstance(address, str) or not re.match(r"https?://[^/\s]+", address):
        raise UsageError(f"{name} must be an http or https address", where=str(where))
    wanted, there = _places(getattr(defaults, name)), _places(address)
    if wanted != there:
        places = " and ".join(f"{{{place}}}" for place in sorted(wanted)) or "no {}"
        raise UsageError(f"{name} must have the places {places}", where=str(where))


def _places(address: str) -> set[str]:
    """The places in braces of an address; a brace without its other half is a place of its own."""
    try:
        found = [fields[1:] for fields in string.Formatter().parse(address) if fields[1] is not None]
    except ValueError:
        return {address}
    # A width of `{part:>99999999999}` would fill the memory.
    return {address if spec or conversion else str(name) for name, spec, conversion in found}
