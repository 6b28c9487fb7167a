"""Checkpoints and tokenizers from folders and from the hub: safe formats only, no remote code, nothing missing unnoticed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled, RevisionNotFoundError
from numpy.typing import NDArray
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.models.auto.tokenization_auto import get_tokenizer_config
from transformers.utils import logging

from mosecrot_cli.errors import DataError, MosecrotError, SourceUnavailableError

_CLASSIFIER = "ForSequenceClassification"
_NOT_THERE = (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError)
_UNREACHABLE = (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, ConnectionError, TimeoutError)
_MESSAGE_LENGTH = 240


def load_tokenizer(reference: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint.

    Args:
        reference: a folder, or an id on the hub (`HF_ENDPOINT` names another hub).

    Raises:
        DataError: the folder is missing or broken, or needs code of its own.
        SourceUnavailableError: the hub cannot be reached.
    """
    with _reading(reference) as located:
        if "auto_map" in get_tokenizer_config(located):
            raise _own_code(located)
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(located, trust_remote_code=False)
        return tokenizer


def load_input_embeddings(reference: str | Path) -> NDArray[np.float32]:
    """The input-embedding matrix of a checkpoint, `V_s x D`; row = token id, D = its width (ELECTRA-small: 128).

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError: the checkpoint is missing or broken, or holds no embeddings.
        SourceUnavailableError: the hub cannot be reached.
    """
    model, missing, _ = _load(AutoModel, reference)
    _check_embeddings(model, missing, where=str(reference))
    weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]
    return weight.detach().float().numpy()


def load_classifier(reference: str | Path) -> PreTrainedModel:
    """A sequence classifier, for evaluation or stitching, in the precision of its checkpoint; every tensor is there.

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError: the checkpoint is missing or broken, lacks tensors (embeddings, head) or has another kind of head.
        SourceUnavailableError: the hub cannot be reached.
    """
    where = str(reference)
    _check_head(load_config(reference), where=where)
    model, missing, _ = _load(AutoModelForSequenceClassification, reference)
    _check_embeddings(model, missing, where=where)
    _check_body(model, missing, where=where)
    if missing:
        raise DataError(
            f"a checkpoint without a classification head ({missing[0]} is missing)",
            where=where,
            hint="`mosecrot finetune` trains one",
        )
    return model


def load_for_finetuning(reference: str | Path, labels: Sequence[str], *, seed: int | None = None) -> PreTrainedModel:
    """A pre-trained model with a classification head for `labels`, in float32, ready to be trained.

    The head (a pooling layer that the checkpoint lacks is part of it) may be new, anything else must be there. A head
    that the checkpoint has is kept where it has the right number of labels.

    Args:
        reference: a folder, or an id on the hub.
        labels: label names in the order of their ids; they go into the config.
        seed: of the new head's random values; None takes torch's global generator.

    Raises:
        DataError: the checkpoint is missing or broken, or lacks tensors of the body.
        SourceUnavailableError: the hub cannot be reached.
    """
    names = dict(enumerate(labels))
    with nullcontext() if seed is None else torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(seed)
        model, missing, mismatched = _load(
            AutoModelForSequenceClassification,
            reference,
            id2label=names,
            label2id={name: index for index, name in names.items()},
            problem_type="single_label_classification",
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
        )
    _check_embeddings(model, missing + mismatched, where=str(reference))
    _check_body(model, missing + mismatched, where=str(reference))
    return model


def load_config(reference: str | Path) -> PreTrainedConfig:
    """The configuration of a checkpoint whose model class `transformers` itself has.

    Raises:
        DataError: it is missing or broken, of an unknown type, or the checkpoint brings its own code.
        SourceUnavailableError: the hub cannot be reached.
    """
    with _reading(reference) as located:
        content, _ = PreTrainedConfig.get_config_dict(located)
        if "auto_map" in content:
            raise _own_code(located)
        config: PreTrainedConfig = AutoConfig.from_pretrained(located, trust_remote_code=False)
        return config


def is_local(reference: str | Path) -> bool:
    """Whether a reference names a folder: it exists, or it is written as a path and cannot be a hub id."""
    text = str(reference)
    written_as_path = text.startswith((".", "~", os.sep)) or text.endswith(os.sep) or text.count("/") > 1
    return isinstance(reference, Path) or written_as_path or "\\" in text or Path(text).exists()


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without the bars and load reports that `transformers` writes to stderr."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _load(kind: Any, reference: str | Path, **options: Any) -> tuple[PreTrainedModel, list[str], list[str]]:
    """A model, the names of tensors that its checkpoint lacks, and of those that have another shape there."""
    load_config(reference)
    with _reading(reference) as located:
        model, info = kind.from_pretrained(
            located, trust_remote_code=False, weights_only=True, output_loading_info=True, **options
        )
        return model, sorted(info["missing_keys"]), sorted(name for name, *_ in info["mismatched_keys"])


@contextmanager
def _reading(reference: str | Path) -> Iterator[str]:
    """Yields the folder or hub id; what goes wrong becomes an error with one line for the user."""
    located = _located(reference)
    with quiet_transformers():
        try:
            yield located
        except (MosecrotError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001  the Rust tokenizers raise bare Exceptions for broken files
            raise _explained(error, located) from error


def _located(reference: str | Path) -> str:
    if not is_local(reference):
        return str(reference)
    folder = Path(reference).expanduser()
    if not folder.exists():
        raise DataError("no such folder", where=str(reference))
    if not folder.is_dir():
        raise DataError("a file, but a checkpoint is a folder", where=str(reference))
    if not (folder / "config.json").is_file():
        raise DataError("no checkpoint: there is no config.json in this folder", where=str(reference))
    return str(folder)


def _explained(error: Exception, located: str) -> MosecrotError:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and isinstance(cause, Exception):
        chain.append(cause)
    if not is_local(located):
        hint = "fetch the checkpoint elsewhere (config.json, model.safetensors and the tokenizer's files) and give its folder"
        if any(isinstance(link, _NOT_THERE) and not isinstance(link, GatedRepoError) for link in chain):
            return DataError("neither a folder here nor a model on the hub", where=located, hint=hint)
        if any(isinstance(link, _UNREACHABLE) or type(link).__module__.startswith("httpx") for link in chain):
            return SourceUnavailableError("the hub cannot give this model", where=located, hint=hint)
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return DataError(f"a broken checkpoint: {lines[0][:_MESSAGE_LENGTH]}", where=located)


def _own_code(located: str) -> DataError:
    return DataError(
        "the checkpoint needs code of its own (auto_map), which is never run",
        where=located,
        hint="take a model whose class is in transformers",
    )


def _check_head(config: PreTrainedConfig, *, where: str) -> None:
    names = config.architectures or []
    if names and not any(name.endswith(_CLASSIFIER) for name in names):
        raise DataError(
            f"{names[0]} is no sequence classifier",
            where=where,
            hint="only checkpoints with a sequence-classification head can be used here; `mosecrot finetune` makes one",
        )


def _check_embeddings(model: PreTrainedModel, missing: Sequence[str], *, where: str) -> None:
    weight = model.get_input_embeddings().weight
    name = next(name for name, parameter in model.named_parameters() if parameter is weight)
    if name in missing:
        raise DataError(f"a checkpoint without word embeddings ({name} is missing)", where=where)


def _check_body(model: PreTrainedModel, missing: Sequence[str], *, where: str) -> None:
    body = [name for name in missing if name.startswith(f"{model.base_model_prefix}.") and ".pooler." not in name]
    if body:
        more = f" and {len(body) - 1} more tensors" if len(body) > 1 else ""
        raise DataError(f"an incomplete checkpoint: {body[0]}{more} missing or of another shape", where=where)
