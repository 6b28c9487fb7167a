"""From texts to batches: encoding without side effects, padding to the batch, batches of similar length."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.checks import tokenizer_errors

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Features = dict[str, list[int]]
"""One encoded text: `input_ids`, and `token_type_ids` where the model takes them; no padding, no mask."""

_UNLIMITED = 1_000_000
"""transformers writes 1e30 for a tokenizer whose maximum is not known."""
_POOL_BATCHES = 50
_FEWEST_POOLS = 4


def maximum_length(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, wanted: int | None = None) -> int | None:
    """The number of tokens, special ones included, at which a text is cut; None: no limit is known.

    It is the least of `wanted`, of the tokenizer's `model_max_length` and of the positions that the model has. RoBERTa
    and its kin count positions from the id after padding, so that they have fewer than rows.

    Raises:
        UsageError: `wanted` leaves no room for a token between the special ones.

    """
    special = tokenizer.num_special_tokens_to_add()
    if wanted is not None and wanted <= special:
        raise UsageError(f"a maximum length of {wanted} leaves no room for a token", hint=f"at least {special + 1}")
    limits = [wanted, tokenizer.model_max_length, _positions(model)]
    return min((int(limit) for limit in limits if limit is not None and limit < _UNLIMITED), default=None)


def _positions(model: PreTrainedModel) -> int | None:
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            offset = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - offset
    limit = getattr(model.config, "max_position_embeddings", None)
    return limit if isinstance(limit, int) and limit > 0 else None


def encode(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], max_length: int | None
) -> list[Features]:
    """Encode texts in one batch, special tokens included, cut at `max_length` tokens.

    The tokenizer stays as it was (transformers leaves the truncation in it, and would save it with it). Only what the
    model takes is kept. A text without a token (a tokenizer without special tokens, an empty text) gets the padding
    token, so that every text has a prediction.

    Returns:
        One `Features` a text.

    """
    taken = inspect.signature(model.forward).parameters
    names = [name for name in tokenizer.model_input_names if name in taken and name != "attention_mask"]
    with _unchanged(tokenizer), tokenizer_errors(str(tokenizer.name_or_path) or None):
        columns = tokenizer(
            list(texts),
            truncation=max_length is not None,
            max_length=max_length,
            return_attention_mask=False,
            return_token_type_ids="token_type_ids" in names,
        )
    rows = zip(*(columns[name] for name in names), strict=True)
    encoded = [dict(zip(names, row, strict=True)) for row in rows]
    empty = {"input_ids": [_pad_id(tokenizer)]} | {name: [0] for name in names if name != "input_ids"}
    return [features if features["input_ids"] else empty for features in encoded]


@contextmanager
def _unchanged(tokenizer: PreTrainedTokenizerBase) -> Iterator[None]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        yield
        return
    truncation, padding = backend.truncation, backend.padding
    try:
        yield
    finally:
        if truncation is None:
            backend.no_truncation()
        else:
            backend.enable_truncation(**truncation)
        if padding is not None:
            backend.enable_padding(**padding)


def _pad_id(tokenizer: PreTrainedTokenizerBase) -> int:
    pad = tokenizer.pad_token_id
    if not isinstance(pad, int):
        raise DataError("the tokenizer has no padding token", where=str(tokenizer.name_or_path) or None)
    return pad


@dataclass(frozen=True, slots=True)
class PaddingCollator:
    """Pads encoded texts to the longest of their batch and makes tensors of them.

    Attributes:
        pad_values: what fills each column.
        left: whether the padding comes first, as the tokenizer says (decoders).
        multiple: widths are rounded up to it (8 on a GPU: the tensor cores' tile).

    """

    pad_values: Mapping[str, int]
    left: bool = False
    multiple: int = 1

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase, *, multiple: int = 1) -> PaddingCollator:
        """The padding that a tokenizer asks for.

        Raises:
            DataError: it has no padding token.

        """
        values = {"input_ids": _pad_id(tokenizer), "token_type_ids": tokenizer.pad_token_type_id}
        return cls(values, left=tokenizer.padding_side == "left", multiple=multiple)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Tensors [texts, width] of every column, the attention mask, and `labels` [texts] where there are any."""
        lengths = np.array([len(row["input_ids"]) for row in features])
        width = -(-int(lengths.max()) // self.multiple) * self.multiple
        inside = np.arange(width) < lengths[:, None]
        if self.left:
            inside = inside[:, ::-1]
        batch = {"attention_mask": torch.from_numpy(inside.astype(np.int64))}
        for name, fill in self.pad_values.items():
            if name in features[0]:
                column = np.full(inside.shape, fill, dtype=np.int64)
                column[inside] = np.concatenate([row[name] for row in features])
                batch[name] = torch.from_numpy(column)
        if "labels" in features[0]:
            batch["labels"] = torch.tensor([row["labels"] for row in features])
        return batch


def token_batches(lengths: Sequence[int], max_tokens: int) -> list[NDArray[np.int64]]:
    """Cut texts, longest first, into batches of at most `max_tokens` tokens, padding included (one text at least).

    Args:
        lengths: tokens of each text.
        max_tokens: width times texts of a batch.

    Returns:
        Positions of the texts of each batch; every text is in exactly one.

    """
    order = np.argsort(-np.asarray(lengths), kind="stable")
    batches = []
    start = 0
    while start < len(order):
        size = max(1, max_tokens // max(1, lengths[order[start]]))
        batches.append(order[start : start + size])
        start += size
    return batches


class SimilarLengthBatches(Sampler[list[int]]):
    """Random batches of texts of similar length, another order in every epoch, the same for the same seed.

    An epoch is a permutation, cut into pools of up to 50 batches; each pool is sorted by length and cut into batches,
    and the batches are shuffled. Seed and epoch alone decide, so a resumed run sees the batches of an uninterrupted
    one, and each of several processes takes its share of the same batch (every `processes`-th text, so that the shares
    are alike in length). With several processes an incomplete batch is filled with the epoch's first texts until
    the shares are equal: the mean of the shares' gradients is then the gradient of the batch.

    Args:
        lengths: tokens of each text.
        batch_size: texts in a batch of all processes together, a multiple of `processes`.
        seed: decides the order.
        process, processes: which share is this one's.

    """

    def __init__(
        self, lengths: Sequence[int], batch_size: int, seed: int, *, process: int = 0, processes: int = 1
    ) -> None:
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.seed = seed
        self.process, self.processes = process, processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, from 0, whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = np.random.default_rng([self.seed, self.epoch])
        order = generator.permutation(len(self.lengths))
        pools = max(1, min(_POOL_BATCHES, len(self) // _FEWEST_POOLS)) * self.batch_size
        grouped = np.concatenate(
            [
                pool[np.argsort(-self.lengths[pool], kind="stable")]
                for pool in (order[start : start + pools] for start in range(0, len(order), pools))
            ]
        )
        batches = [grouped[start : start + self.batch_size] for start in range(0, len(grouped), self.batch_size)]
        missing = -len(batches[-1]) % self.processes
        batches[-1] = np.concatenate([batches[-1], np.resize(order, missing)])
        for index in generator.permutation(len(batches)):
            yield batches[index][self.process :: self.processes].tolist()
