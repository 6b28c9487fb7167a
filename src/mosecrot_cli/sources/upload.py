"""Uploading files to a repository on the Hugging Face hub, as one commit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mosecrot_cli.errors import DataError, OutputExistsError, SourceUnavailableError, UsageError
from mosecrot_cli.progress import Reporter
from mosecrot_cli.sources.addresses import shown
from mosecrot_cli.sources.endpoints import is_offline, load_endpoints
from mosecrot_cli.sources.retrying import Patience

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"
_INVALID_CARD = "Invalid metadata in README.md"
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What an upload did.

    Attributes:
        repository: its id.
        address: where it is.
        commit: the new commit, or the latest one if no file has changed.
        private: whether only its owners can see it.
    """

    repository: str
    address: str
    commit: str
    private: bool


def check_repository(repository: str) -> None:
    """Check the id of a repository.

    Raises:
        UsageError: the id is not valid.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        reason = str(error).partition("\n")[0].partition(":")[0]
        raise UsageError(
            f"not the id of a repository: {reason}", where=repository, hint="OWNER/NAME is wanted"
        ) from error


def upload(
    files: Mapping[str, Path | bytes], repository: str, *, private: bool, message: str, reporter: Reporter
) -> Uploaded:
    """Create a repository unless it exists, and commit files to it. Its other files are kept.

    The token comes from the environment (HF_TOKEN) or from the log-in of the hub's client.

    Args:
        files: path in the repository -> a local file, or the content.
        repository: the id, `OWNER/NAME`, or a name in the user's own namespace.
        private: whether a new repository is private; an existing one must then be private too.
        message: the commit message.
        reporter: receives warnings of the hub about the model card.

    Raises:
        SourceUnavailableError: offline, unreachable, or without a token that may write there.
        OutputExistsError: the repository is public, but a private one is asked for.
        DataError: the hub refuses the model card.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    endpoint = load_endpoints().hub
    where = f"{shown(endpoint)}/{repository}"
    if is_offline():
        raise SourceUnavailableError("offline", where=where, hint="unset HF_HUB_OFFLINE and MOSECROT_OFFLINE")
    token = get_token()
    if token is None:
        raise SourceUnavailableError("nobody is logged in to the hub", where=where, hint=_LOG_IN)
    with _explained(where, token), _bounded_requests(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        api = HfApi(endpoint=endpoint, token=token)
        created = str(api.create_repo(repository, private=private, exist_ok=True).repo_id)
        if private and not _is_private(api, created):
            raise OutputExistsError(
                "the repository exists and is public", where=where, hint="make it private on the hub, or choose another"
            )
        operations = [
            CommitOperationAdd(
                path_in_repo=name, path_or_fileobj=content if isinstance(content, bytes) else str(content)
            )
            for name, content in files.items()
        ]
        commit = api.create_commit(created, operations, commit_message=message)
        found = Uploaded(created, f"{endpoint}/{created}", str(commit.oid), _is_private(api, created))
    for warning in said:
        if issubclass(warning.category, UserWarning):
            reporter.warn(_one_line(str(warning.message), token))
    return found


def _is_private(api: HfApi, repository: str) -> bool:
    return bool(api.repo_info(repository).private)


@contextmanager
def _bounded_requests() -> Iterator[None]:
    """Give the requests of the hub's client a timeout; by default they can wait for ever."""
    from huggingface_hub import get_session, set_client_factory

    session, patience = get_session(), Patience()
    kind, hooks, unbounded = type(session), session.event_hooks, session.timeout
    bounded = (patience.connect, patience.answer, patience.answer, patience.connect)
    set_client_factory(lambda: kind(event_hooks=hooks, follow_redirects=True, timeout=bounded))
    try:
        yield
    finally:
        set_client_factory(lambda: kind(event_hooks=hooks, follow_redirects=True, timeout=unbounded))


@contextmanager
def _explained(where: str, token: str) -> Iterator[None]:
    """Turn exceptions of the hub's client into errors of one line, without the token."""
    from huggingface_hub.errors import HfHubHTTPError

    # The client passes on errors of its HTTP library, which all have this class.
    http_error: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    try:
        yield
    except (http_error, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, ValueError) and str(error).startswith(_INVALID_CARD):
            reason = _one_line(str(error).removeprefix(_INVALID_CARD), token).strip(" .-")
            raise DataError(f"the hub refuses the metadata of README.md: {reason}", where=where) from None
        answer = getattr(error, "response", None)
        status = None if answer is None else answer.status_code
        if status in (401, 403):
            raise SourceUnavailableError(
                f"HTTP {status}: the token may not write there", where=where, hint=_LOG_IN
            ) from None
        if status is not None:
            what = f"HTTP {status}: {_one_line(getattr(error, 'server_message', None) or '', token) or 'refused'}"
        else:
            what = f"the upload failed: {_one_line(str(error), token) or type(error).__name__}"
        raise SourceUnavailableError(what, where=where, hint="try again later; what is there already stays") from None


def _one_line(text: str, token: str) -> str:
    """The message of a server or library, in one line and without the token."""
    return " ".join(text.replace(token, "…").split())[:_LONGEST_REASON]
