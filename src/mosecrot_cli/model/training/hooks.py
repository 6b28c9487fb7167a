"""Contexts around a run of the Trainer: determinism, and failures told in one line."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from mosecrot_cli.errors import OutputError
from mosecrot_cli.files import writing
from mosecrot_cli.model.devices import Device


@contextmanager
def deterministic(device: Device) -> Iterator[None]:
    """The same seed gives the same weights on a GPU too, wherever an operation has a deterministic form."""
    if device.kind != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic
    fill = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    memory.fill_uninitialized_memory = False  # it costs time and only helps debugging
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*deterministic.*", category=UserWarning)
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        memory.fill_uninitialized_memory = fill


@contextmanager
def writing_checkpoints(work: Path) -> Iterator[None]:
    """Turn a full disk into an `OutputError`; safetensors and torch have their own words for it."""
    with writing(work):
        try:
            yield
        except (SafetensorError, RuntimeError) as error:
            text = str(error)
            if any(sign in text for sign in ("I/O error", "inline_container", "PytorchStreamWriter")):
                raise OutputError("a checkpoint cannot be written: is the disk full?", where=str(work)) from error
            raise
