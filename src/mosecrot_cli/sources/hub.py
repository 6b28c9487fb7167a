"""Single files of repositories on the Hugging Face hub, in its own cache (shared with every other program)."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import SourceUnavailableError
from mosecrot_cli.sources.fetch import Fetcher


def hub_file(repository: str, name: str, fetcher: Fetcher, *, option: str) -> Path:
    """A file of a repository; the hub's client resumes and checks it.

    Raises:
        SourceUnavailableError: offline, unreachable, or no such file.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    # The client lets the errors of its HTTP library through: all are of this class.
    http_error: type[Exception] = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")
    endpoint = fetcher.endpoints.hub
    where = f"{endpoint}/{repository}"
    hint = f"fetch {name} of {where} by hand and give it with {option}; HF_ENDPOINT names a mirror of the hub"
    fetcher.reporter.info(f"{name} of {where}")
    try:
        return Path(hf_hub_download(repository, name, endpoint=endpoint, local_files_only=fetcher.offline))
    except LocalEntryNotFoundError as error:
        what = "offline, and the file is not in the hub's cache" if fetcher.offline else "the hub cannot be reached"
        raise SourceUnavailableError(what, where=where, hint=hint) from error
    except (OSError, http_error) as error:
        raise SourceUnavailableError(_first_line(error), where=where, hint=hint) from error


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
