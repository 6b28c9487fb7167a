from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.retrying import Patience
from sources.loopback import Loopback

QUICK = Patience(attempts=3, first=0.01, longest=2.0, connect=2.0, read=0.4, least_bytes=1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MOSECROT_OFFLINE", "HF_HUB_OFFLINE", "MOSECROT_ENDPOINTS", "HF_ENDPOINT", "GOOGLE_API_KEY"):
        # Set first, so that what a command sets for its process is taken back as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MOSECROT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture
def fetcher(server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fetcher]:
    """Makes a fetcher as a new process would: only the cache on the disk is common to two of them."""
    path = tmp_path / "endpoints.toml"
    path.write_text(server.endpoints())
    monkeypatch.setenv("MOSECROT_ENDPOINTS", str(path))

    def make(**changes: Any) -> Fetcher:
        return Fetcher(**{"reporter": SilentReporter(), "patience": QUICK} | changes)

    return make


@pytest.fixture
def hub(server: Loopback, fetcher: Callable[..., Fetcher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """The server as the hub, of which the clients (already imported) are told as a new process would be."""
    import datasets
    import transformers.utils.hub
    from huggingface_hub import constants

    fetcher()
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", server.url)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    # It keeps the address that it was first used with.
    monkeypatch.setattr(transformers.utils.hub, "_hf_api", None)
    return server
