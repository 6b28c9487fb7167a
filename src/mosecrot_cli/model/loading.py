"""Checkpoints and tokenizers, from folders and from the hub.

Safe formats only (safetensors, else weights-only torch files), never code that a checkpoint brings, and nothing that a
checkpoint lacks goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from logging import ERROR
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, MosecrotError
from mosecrot_cli.model.checks import (
    check_config,
    check_forward_pass,
    check_model,
    check_tokenizer,
    ensure_padding,
    is_panic,
    not_finite,
    quiet_panics,
    read_config,
)
from mosecrot_cli.model.locations import explained, is_local, located, own_code
from mosecrot_cli.model.torch_free import WEIGHTS, StoredModel, StoredTokenizer

# torch, transformers and the hub's client take seconds to import, and what is read from a folder needs none of them.
if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_CLASSIFIER = "ForSequenceClassification"


@dataclass(frozen=True, slots=True)
class Classifier:
    """A sequence classifier and its tokenizer.

    Attributes:
        model: the model, in evaluation mode.
        tokenizer: its tokenizer.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the model's outputs."""
        names = self.model.config.id2label or {}
        return tuple(str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0])))


def load_tokenizer(reference: str | Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint.

    Args:
        reference: a folder, or an id on the hub (`HF_ENDPOINT` names another hub).

    Raises:
        DataError: the folder is missing or broken, or needs code of its own.
        SourceUnavailableError: the hub cannot be reached.
    """
    from transformers import AutoTokenizer
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    with _reading(reference, "tokenizer") as located:
        if "auto_map" in get_tokenizer_config(located):
            raise own_code(located)
        with quiet_panics():
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(located, trust_remote_code=False)
            check_tokenizer(tokenizer, located)
    # Without any file of a vocabulary, transformers makes a tokenizer of special tokens.
    if not set(tokenizer.get_vocab()).difference(tokenizer.all_special_tokens):
        raise DataError(
            "no tokenizer in this checkpoint", where=located, hint="save the tokenizer's files next to the model"
        )
    return tokenizer


def load_word_tokenizer(reference: str | Path) -> StoredTokenizer | PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint, for looking words up: read without `transformers` where that gives the same.

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError, SourceUnavailableError: as `load_tokenizer`.
    """
    stored = StoredTokenizer.open(Path(located(reference))) if is_local(reference) else None
    return load_tokenizer(reference) if stored is None else stored


def load_input_embeddings(reference: str | Path) -> NDArray[np.float32]:
    """The input-embedding matrix of a checkpoint, `V_s x D`; row = token id, D = its width (ELECTRA-small: 128).

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError: the checkpoint is missing or broken, or holds no embeddings.
        SourceUnavailableError: the hub cannot be reached.
    """
    matrix = _stored_embeddings(reference)
    if matrix is None:
        from transformers import AutoModel

        model, missing, _ = _load(AutoModel, reference)
        _check_embeddings(model, missing, where=str(reference))
        weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]
        matrix = weight.detach().float().numpy()
    if not np.isfinite(matrix).all():
        raise not_finite("of the input embeddings", str(reference))
    return matrix


def load_classifier(reference: str | Path) -> Classifier:
    """A sequence classifier, for evaluation or stitching, in the precision of its checkpoint; every tensor is there.

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError: the checkpoint is missing or broken, lacks tensors (embeddings, head) or has another kind of head.
        SourceUnavailableError: the hub cannot be reached.
    """
    from transformers import AutoModelForSequenceClassification

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
    return _with_tokenizer(model, reference)


def load_for_finetuning(reference: str | Path, labels: Sequence[str], *, seed: int | None = None) -> Classifier:
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
    import torch
    from transformers import AutoModelForSequenceClassification

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
    return _with_tokenizer(model, reference)


def load_body(reference: str | Path) -> PreTrainedModel:
    """A pre-trained model without a head, in float32, in evaluation mode. A pooling layer may be new: it is not used.

    Args:
        reference: a folder, or an id on the hub.

    Raises:
        DataError: the checkpoint is missing or broken, or lacks tensors.
        SourceUnavailableError: the hub cannot be reached.
    """
    import torch
    from transformers import AutoModel

    model, missing, _ = _load(AutoModel, reference, dtype=torch.float32)
    _check_embeddings(model, missing, where=str(reference))
    _check_body(model, [f"{model.base_model_prefix}.{name}" for name in missing], where=str(reference))
    return model


def load_config(reference: str | Path) -> PreTrainedConfig:
    """The configuration of a checkpoint whose model class `transformers` itself has.

    Raises:
        DataError: it is missing or broken, of an unknown type, or the checkpoint brings its own code.
        SourceUnavailableError: the hub cannot be reached.
    """
    from transformers import AutoConfig, PreTrainedConfig

    with _reading(reference) as located:
        if is_local(located):
            read_config(Path(located))
        content, _ = PreTrainedConfig.get_config_dict(located)
        if "auto_map" in content:
            raise own_code(located)
        check_config(content, located)
        config: PreTrainedConfig = AutoConfig.from_pretrained(located, trust_remote_code=False)
        return config


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Without the bars and load reports of `transformers` and the hub's notes on retries, all of them on stderr."""
    from huggingface_hub.utils import logging as hub_logging
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    hub_verbosity = hub_logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    hub_logging.set_verbosity(ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        hub_logging.set_verbosity(hub_verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _with_tokenizer(model: PreTrainedModel, reference: str | Path) -> Classifier:
    tokenizer = load_tokenizer(reference)
    ensure_padding(model, tokenizer, str(reference))
    check_forward_pass(model, tokenizer, str(reference))
    return Classifier(model, tokenizer)


def _stored_embeddings(reference: str | Path) -> NDArray[np.float32] | None:
    """The input embeddings straight from a safetensors file, where their name and size leave no doubt."""
    folder = located(reference)
    if not is_local(folder):
        from huggingface_hub import try_to_load_from_cache

        load_config(reference)  # fetches it
        file = try_to_load_from_cache(folder, WEIGHTS)
        if not isinstance(file, str):
            return None
        folder = str(Path(file).parent)
    stored = StoredModel.open(Path(folder))
    return None if stored is None else stored.input_embeddings()


def _load(kind: Any, reference: str | Path, **options: Any) -> tuple[PreTrainedModel, list[str], list[str]]:
    """A model, the names of tensors that its checkpoint lacks, and of those that have another shape there."""
    load_config(reference)
    with _reading(reference) as located:
        model, info = kind.from_pretrained(
            located, trust_remote_code=False, weights_only=True, output_loading_info=True, **options
        )
        # A model that returns tuples has no `logits`.
        model.config.return_dict = True
        check_model(model, str(reference))
        return model, sorted(info["missing_keys"]), sorted(name for name, *_ in info["mismatched_keys"])


@contextmanager
def _reading(reference: str | Path, part: str = "checkpoint") -> Iterator[str]:
    """Yields the folder or hub id; what goes wrong becomes an error with one line for the user."""
    place = located(reference)
    with quiet_transformers():
        try:
            yield place
        except MosecrotError:
            raise
        except MemoryError as error:
            raise DataError(f"there is not enough memory to read this {part}", where=place) from error
        except BaseException as error:  # the Rust tokenizers raise bare Exceptions for broken files, and panic
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            raise explained(error, place, part) from error


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
