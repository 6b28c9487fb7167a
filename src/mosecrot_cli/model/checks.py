"""What a checkpoint must be like to be used here; each check fails with one line, before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.structured import JsonObject, decode_json, read_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

CONFIG = "config.json"
_MOST = {"num_hidden_layers": 1_000, "hidden_size": 1_000_000, "vocab_size": 100_000_000}
_Text = str | int | float | bool


@dataclass(frozen=True)
class CheckpointConfig:
    """The entries of a config.json that are used here, with their types; see `transformers.PreTrainedConfig`."""

    model_type: str | None = None
    architectures: list[str] | None = None
    id2label: dict[str, _Text] | None = None
    label2id: dict[str, int] | None = None
    problem_type: str | None = None
    vocab_size: int | None = None
    hidden_size: int | None = None
    num_hidden_layers: int | None = None
    max_position_embeddings: int | None = None
    pad_token_id: int | None = None
    tie_word_embeddings: bool | None = None
    mosecrot: JsonObject | None = None


def read_config(folder: Path) -> JsonObject:
    """The content of a folder's config.json.

    Raises:
        DataError: it is missing, damaged or nested too deeply, or an entry that is used here has another type.
    """
    content: JsonObject = read_json(folder / CONFIG, JsonObject)
    _check_sizes(read_json(folder / CONFIG, CheckpointConfig), str(folder / CONFIG))
    return content


def check_config(content: Any, where: str) -> None:
    """Check the entries of a configuration that `transformers` has read.

    Raises:
        DataError: an entry that is used here has another type.
    """
    import json

    _check_sizes(decode_json(json.dumps(content, default=str).encode(), CheckpointConfig, where=where), where)


def _check_sizes(config: CheckpointConfig, where: str) -> None:
    """Refuse sizes that no model has: `transformers` would try for hours to build one."""
    for name, most in _MOST.items():
        size = getattr(config, name)
        if size is not None and not 0 <= size <= most:
            raise DataError(f"`{name}` is {size}, but no model has more than {most:,}", where=where)


def check_files(folder: Path) -> None:
    """Refuse pipes and devices in the place of files: reading one may take for ever.

    Raises:
        DataError: there is one.
    """
    for path in folder.iterdir():
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise DataError("a pipe or a device, but a regular file is wanted", where=str(path))


def check_model(model: PreTrainedModel, where: str) -> None:
    """Check that a model's input embeddings can be replaced and that all its weights are numbers.

    Raises:
        DataError: the input is not one plain embedding matrix (I-BERT quantises it; an encoder and a decoder may have
            one each), or a weight is NaN or infinite.
    """
    import torch

    embedding = model.get_input_embeddings()
    if type(embedding).forward is not torch.nn.Embedding.forward and not _scales_only(embedding):
        raise DataError(
            f"{type(model).__name__} has no plain matrix of input embeddings that could be replaced",
            where=where,
            hint="take a model of another family, such as BERT, RoBERTa or MPNet",
        )
    if getattr(model.config, "is_encoder_decoder", False) and not _shares_embeddings(model):
        raise DataError(
            f"{type(model).__name__} has other input embeddings in its decoder than in its encoder",
            where=where,
            hint="take a model that has one matrix for both, such as BART",
        )
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise not_finite(name, where)


def _scales_only(embedding: Any) -> bool:
    """Whether a subclass of `Embedding` merely multiplies its rows by a constant, as BART's does."""
    import torch

    return isinstance(embedding, torch.nn.Embedding) and hasattr(embedding, "embed_scale")


def _shares_embeddings(model: PreTrainedModel) -> bool:
    weight = model.get_input_embeddings().weight
    parts = [getattr(model.base_model, name, None) for name in ("encoder", "decoder")]
    return all(part is None or part.get_input_embeddings().weight is weight for part in parts)


def not_finite(name: str, where: str) -> DataError:
    """A tensor that holds NaN or infinity."""
    return DataError(f"the weights {name} hold NaN or infinity", where=where, hint="take an undamaged checkpoint")


def ensure_padding(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, where: str) -> None:
    """Give a model without a padding token (GPT-2) its end-of-text token as one, as is usual; both are changed.

    Raises:
        DataError: it has neither.
    """
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise DataError(
                "the tokenizer has no padding token", where=where, hint="add one to tokenizer_config.json (`pad_token`)"
            )
        tokenizer.pad_token = tokenizer.eos_token
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id


def check_tokenizer(tokenizer: PreTrainedTokenizerBase, where: str) -> None:
    """Check the settings of a tokenizer that are used here, and that it can encode a text.

    Raises:
        DataError: its maximum length makes no sense, it gives no ids, a special token is empty, or it cannot encode.
    """
    length = tokenizer.model_max_length
    if isinstance(length, bool) or not isinstance(length, int | float) or not length >= 1:
        raise DataError(f"`model_max_length` is {length!r}, but a length is wanted", where=where)
    names = tokenizer.model_input_names
    if not isinstance(names, list | tuple) or "input_ids" not in names:
        raise DataError(f"`model_input_names` is {names!r}, without `input_ids`", where=where)
    for name, token in tokenizer.special_tokens_map.items():
        if not token:
            raise DataError(f"`{name}` is an empty string", where=where)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.encode("a")


def check_forward_pass(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, where: str) -> None:
    """Check that a model can compute something: an entry of its configuration may contradict its weights or the others.

    Raises:
        DataError: it fails on a text of one word.
    """
    import torch

    inputs = tokenizer("a", return_tensors="pt")
    try:
        with torch.inference_mode():
            model(**inputs)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        hint = "are config.json and the tokenizer those of the weights?"
        raise DataError(f"the model fails on a text of one word: {reason}", where=where, hint=hint) from error


def is_panic(error: BaseException) -> bool:
    """Whether an error is a panic of a library written in Rust; it is not an `Exception`."""
    return type(error).__name__ == "PanicException"


@contextmanager
def quiet_panics() -> Iterator[None]:
    """Without what a panic writes to the standard error of the process, besides its exception."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as sink:  # noqa: PTH123  # a number is wanted, not a path
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def tokenizer_errors(where: str | None = None) -> Iterator[None]:
    """Turn a failure or a panic inside the tokenizers library into a `DataError`."""
    try:
        yield
    except BaseException as error:
        # The library raises plain Exceptions.
        if type(error) is Exception or is_panic(error):
            reason = " ".join(str(error).split())[:200]
            raise DataError(f"the tokenizer fails on a text: {reason}", where=where) from error
        raise
