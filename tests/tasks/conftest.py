from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No data folder of the developer's, no copy of what the tests load in the developer's cache, and no network."""
    import datasets

    monkeypatch.delenv("MOSECROT_DATA", raising=False)
    monkeypatch.delenv("MOSECROT_ENDPOINTS", raising=False)
    monkeypatch.setenv("MOSECROT_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("MOSECROT_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("hf"))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
