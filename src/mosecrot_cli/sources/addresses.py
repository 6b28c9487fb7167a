"""Web addresses from the user: checking that they can be fetched, and showing them in messages and manifests."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from mosecrot_cli.errors import UsageError

_WEB = re.compile(r"https?://", re.IGNORECASE)
_SECRET = re.compile(
    r"(?<![\w.%-])((?:[\w.%-]*(?:token|secret|password|passwd|signature|credential|api-?key)|sig|key|auth)=)[^&#]*",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[^@:/?#\\\s]+|\[[\da-fA-F:.]*\])(?::\d*)?(?=[/?#]|$)")
_LONGEST = 2000
_SHOWN = 200
_LONGEST_NAME = 100
_LONGEST_HOST = 253
_LABEL = re.compile(r"[\w-]{1,63}", re.ASCII)


def is_address(value: str) -> bool:
    """Whether a value is meant as an http or https address."""
    return _WEB.match(value) is not None


def without_secrets(address: str) -> str:
    """The address without user name, password and the values of parameters that hold keys or tokens.

    Everything that leaves the program (messages, plans, manifests, notes in the cache) holds an address in this form.
    """
    scheme, separator, rest = _SECRET.sub(r"\1…", address).partition("://")
    if not separator:
        return address
    # A password may hold the signs that end a host, so what precedes an @ is kept only after a sound host.
    host = rest if _HOST.match(rest) else rest.rpartition("@")[2]
    return f"{scheme}://{host}"


def shown(address: str) -> str:
    """The address for messages: without secrets, with control characters escaped, and shortened if very long."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in without_secrets(address))
    return safe if len(safe) <= _SHOWN else safe[:_SHOWN] + "…"


def check_address(address: str) -> SplitResult:
    """Split an address, after checking that it can be fetched.

    Raises:
        UsageError: it has no host, a bad port, control characters, or is too long; `where` shows it without secrets.
    """
    where = shown(address)
    if len(address) > _LONGEST:
        raise UsageError(f"the address has {len(address):,} characters, at most {_LONGEST:,} are possible", where=where)
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - checks it
        host = httpx.URL(address).raw_host.decode("ascii").rstrip(".")
    except (ValueError, httpx.InvalidURL) as error:
        raise UsageError(f"not a web address: {_reason(error, address)}", where=where) from None
    if not host or not _WEB.match(address):
        raise UsageError("not a web address: http:// or https:// and a host are expected", where=where)
    if ":" not in host and (len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, host.split(".")))):
        raise UsageError("not a web address: no such host can exist", where=where)
    return parts


def file_name(address: str, default: str) -> str:
    """The last part of the address's path as a safe file name: printable, no separators, at most 100 characters."""
    last = unquote(urlsplit(address).path).replace("\\", "/").rstrip("/").rpartition("/")[2]
    safe = re.sub(r"[^\w.+=@-]", "_", last)[-_LONGEST_NAME:].lstrip(".")
    return safe or default


def _reason(error: Exception, address: str) -> str:
    """The library's reason, unless it quotes the address."""
    reason = " ".join(str(error).split())
    return "it cannot be parsed" if address in reason or "@" in address else reason
