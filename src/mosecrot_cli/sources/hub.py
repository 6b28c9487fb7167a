"""Single files of repositories on the Hugging Face hub, in its own cache (shared with every other program)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.sources.addresses import shown
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.retrying import MOMENTARY, TryAgain, retry_after, retrying, unavailable

Kind = Literal["model", "dataset"]


def hub_file(repository: str, name: str, fetcher: Fetcher, *, parameter: str, kind: Kind = "model") -> Path:
    """A file of a repository, which the client of the hub resumes and checks.

    Args:
        repository: id, `owner/name`.
        name: path of the file in it.
        fetcher: provides the address of the hub, the offline mode, and the patience.
        parameter: the parameter that takes the file if the user fetches it by hand.
        kind: the kind of repository.

    Raises:
        SourceUnavailableError: offline, unreachable, or no such file.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    # The client passes on errors of its HTTP library, which all have this class.
    http_error: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    endpoint = fetcher.endpoints.hub
    where = f"{shown(endpoint)}/{'datasets/' if kind == 'dataset' else ''}{repository}"
    hint = f"fetch {name} of {where} by hand and give it with `{parameter}`; HF_ENDPOINT names a mirror of the hub"
    fetcher.reporter.info(f"{name} of {where}")

    def ask() -> Path:
        try:
            found = hf_hub_download(
                repository, name, repo_type=kind, endpoint=endpoint, local_files_only=fetcher.offline
            )
        except LocalEntryNotFoundError as error:
            # The client has already tried several times.
            offline = "offline, and the file is not in the hub's cache"
            what = offline if fetcher.offline else "the hub cannot be reached"
            raise SourceUnavailableError(what, where=where, hint=hint) from error
        except (OSError, http_error) as error:
            answer = getattr(error, "response", None)
            if answer is not None and answer.status_code in MOMENTARY:
                raise TryAgain(f"HTTP {answer.status_code}", retry_after(answer)) from error
            raise SourceUnavailableError(_first_line(error), where=where, hint=hint) from error
        return Path(found)

    try:
        return retrying(fetcher.patience)(ask)
    except TryAgain as failure:
        raise unavailable(failure, fetcher.patience, where=where, advice=hint) from None


def repository_of_snapshot(folder: Path) -> str | None:
    """The id of the model whose snapshot in the cache of the hub a folder is; None for any other folder."""
    kind, *parts = folder.parent.parent.name.split("--")
    return "/".join(parts) if parts and kind == "models" and folder.parent.name == "snapshots" else None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
