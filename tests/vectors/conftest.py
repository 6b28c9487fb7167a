"""Tiny vector files, built in the test."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors


@pytest.fixture
def read_text_bytes(tmp_path: Path):
    """Write bytes as a text file and read it."""

    def read(content: bytes | str, *, name: str = "v.vec", max_vocab: int | None = None) -> WordVectors:
        path = tmp_path / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return read_vectors(path, max_vocab=max_vocab)

    return read


@pytest.fixture
def numbers() -> np.ndarray:
    """Float32 [6, 5] of all magnitudes."""
    rng = np.random.default_rng(1)
    return (rng.normal(size=(6, 5)) * 10.0 ** rng.integers(-30, 30, size=(6, 5))).astype(np.float32)
