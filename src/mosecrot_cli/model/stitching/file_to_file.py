"""Stitching a BERT classifier file to file: its tensors are copied, no model is made, torch is not imported.

What `transformers` would write is known where the checkpoint is one that this version of it has written, and holds
exactly the tensors of its configuration, in float32. Every other checkpoint is loaded (`loading`) and stitched there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.checks import not_finite
from mosecrot_cli.model.stitching.stitch import TargetEmbeddings, sample_texts
from mosecrot_cli.model.torch_free import WEIGHTS, StoredModel, StoredTokenizer

_ARCHITECTURES = ["BertForSequenceClassification"]
_WORD_EMBEDDINGS = "bert.embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class StoredClassifier:
    """A BERT classifier in a folder.

    Attributes:
        stored: its folder and configuration.
        tokenizer: its tokenizer.
        embeddings: its input embeddings, `V x D`.
    """

    stored: StoredModel
    tokenizer: StoredTokenizer
    embeddings: NDArray[np.float32]

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The classifier in a folder, or None where it has to be loaded, or something is wrong with it."""
        stored = StoredModel.open(folder)
        if stored is None or not _is_written_by_this_version(stored.config):
            return None
        with stored.tensors() as tensors:
            if tensors is None or tensors.metadata() != {"format": "pt"}:
                return None
            parts = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
            if any(part.get_dtype() != "F32" for part in parts.values()):
                return None
            try:
                wanted = _shapes(stored.config, len(parts))
            except (KeyError, TypeError, AttributeError):  # a configuration without sizes
                return None
            if {name: tuple(part.get_shape()) for name, part in parts.items()} != wanted:
                return None
            embeddings = tensors.get_tensor(_WORD_EMBEDDINGS)
        tokenizer = StoredTokenizer.open(folder)
        if tokenizer is None or max(tokenizer.all_special_ids) >= len(embeddings):
            return None
        return cls(stored, tokenizer, embeddings)

    @property
    def config(self) -> Mapping[str, Any]:
        """Content of config.json."""
        return self.stored.config

    @property
    def reserved(self) -> set[int]:
        """Ids that the model itself refers to."""
        named = {value for name, value in self.config.items() if name.endswith("_token_id")}
        return {index for index in named if type(index) is int and 0 <= index < len(self.embeddings)}

    def save(self, target: TargetEmbeddings, record: Mapping[str, Any], folder: Path) -> None:
        """Write the stitched checkpoint for plain `transformers`.

        Args:
            target: what takes the place of the word embeddings, and the tokenizer.
            record: further entries of config.json.
            folder: where to.

        Raises:
            DataError: a tensor of the checkpoint holds NaN or infinity.
        """
        folder.mkdir(parents=True)
        config = {**self.config, **record, "vocab_size": len(target.tokenizer)}
        if config.get("tokenizer_class") is not None:
            config["tokenizer_class"] = "PreTrainedTokenizerFast"
        text = json.dumps(dict(sorted(config.items())), indent=2)
        (folder / "config.json").write_text(text + "\n", encoding="utf-8")
        with self.stored.tensors() as tensors:
            assert tensors is not None
            body = {name: tensors.get_tensor(name) for name in tensors.keys() if name != _WORD_EMBEDDINGS}  # noqa: SIM118
        for name, tensor in body.items():
            if not np.isfinite(tensor).all():
                raise not_finite(name, str(self.stored.folder))
        save_file({**body, _WORD_EMBEDDINGS: target.weight}, folder / WEIGHTS, metadata={"format": "pt"})
        target.tokenizer.save(folder)

    def check_saved(self, target: TargetEmbeddings, folder: Path, words: Sequence[str]) -> None:
        """Open a saved checkpoint again: its shapes and how it cuts two texts of the mapped words.

        The other tensors were copied byte by byte, so no model is built to compare logits.

        Raises:
            DataError: it cannot be opened, or is not what was written.
        """
        stored = StoredModel.open(folder)
        shape = None if stored is None else stored.embeddings_shape()
        texts, backend = sample_texts(words), target.tokenizer.backend
        found, expected = (each.encode_batch(texts) for each in (_opened(folder), backend))
        same_ids = [each.ids for each in found] == [each.ids for each in expected]
        if shape != target.weight.shape or not same_ids:
            raise DataError(
                "the stitched checkpoint is not what was written", where=str(folder), hint="stitch it again"
            )


def _opened(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _is_written_by_this_version(config: Mapping[str, Any]) -> bool:
    return (
        config["model_type"] == "bert"
        and config.get("architectures") == _ARCHITECTURES
        and config.get("transformers_version") == version("transformers")
        and config.get("dtype") == "float32"
        and "pad_token_id" in config
        and not config.get("is_decoder")
        and not config.get("add_cross_attention")
        and "quantization_config" not in config
    )


def _shapes(config: Mapping[str, Any], most: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor of a BERT classifier, of which there are `most` at most."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, outputs: int, inputs: int) -> None:
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def norm(name: str) -> None:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (width,)

    rows = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    for kind, size in rows.items():
        shapes[f"bert.embeddings.{kind}_embeddings.weight"] = (config[size], width)
    norm("bert.embeddings.LayerNorm")
    for number in range(min(config["num_hidden_layers"], most)):
        layer = f"bert.encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            linear(f"{layer}.attention.{part}", width, width)
        norm(f"{layer}.attention.output.LayerNorm")
        linear(f"{layer}.intermediate.dense", inner, width)
        linear(f"{layer}.output.dense", width, inner)
        norm(f"{layer}.output.LayerNorm")
    linear("bert.pooler.dense", width, width)
    linear("classifier", len(config["id2label"]), width)
    return shapes
