"""A checkpoint straight from its folder, where that leaves no doubt; torch and transformers take seconds to import.

Whatever is odd here is left to `transformers`, which reads it in its own way or says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

WEIGHTS = "model.safetensors"
_WORD_EMBEDDINGS = ("embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight")
_MODEL_TYPES = {
    *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet"),
    *("roberta", "xlm-roberta"),
}
_FLOATS = {"F32", "F16"}


@dataclass(frozen=True)
class StoredModel:
    """A folder with a config.json of a model that transformers knows, and one safetensors file.

    Attributes:
        folder: where it is.
        config: content of config.json.
    """

    folder: Path
    config: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The model in a folder, or None for `transformers` to read."""
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        known = isinstance(config, dict) and config.get("model_type") in _MODEL_TYPES and "auto_map" not in config
        return cls(folder, config) if known else None

    def input_embeddings(self) -> NDArray[np.float32] | None:
        """The input embeddings `V x D`, where their name, type and number of rows leave no doubt."""
        with self.tensors() as tensors:
            if tensors is None:
                return None
            names = word_embedding_names(tensors)
            if len(names) != 1:
                return None
            part = tensors.get_slice(names[0])
            shape = part.get_shape()
            if part.get_dtype() not in _FLOATS or len(shape) != 2 or shape[0] != self.config.get("vocab_size"):
                return None
            matrix: NDArray[np.float32] = tensors.get_tensor(names[0]).astype(np.float32, copy=False)
            return matrix

    @contextmanager
    def tensors(self) -> Iterator[Any | None]:
        """The opened safetensors file, or None where there is none that is whole."""
        try:
            file = safe_open(self.folder / WEIGHTS, framework="numpy")
        except (OSError, SafetensorError):
            yield None
            return
        with file as opened:
            yield opened


def word_embedding_names(tensors: Any) -> list[str]:
    """Names of the tensors that are input embeddings by their name."""
    return [name for name in tensors.keys() if name.endswith(_WORD_EMBEDDINGS)]  # noqa: SIM118
