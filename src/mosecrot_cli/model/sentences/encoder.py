"""Sentence vectors: the mean of a frozen model's last layer over the tokens of a sentence, special ones included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.batching import Features, PaddingCollator, encode, maximum_length, token_batches
from mosecrot_cli.model.devices import Device, memory_errors
from mosecrot_cli.progress import Reporter
from mosecrot_cli.threads import in_blocks

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CPU_TOKENS = 2_048
_GPU_TOKENS = 32_768


class EmbeddingTable(torch.nn.Module):
    """Input embeddings of some token ids, in the place of a model's own: `weight + centred @ linear`.

    Args:
        rows: embeddings `[R, D]`, which become the parameter `weight`.
        places: for each token id the row that is its embedding, int64 `[V]`; -1 for an id that
            does not occur. Padding does.
        centred: what the linear map is applied to, `[R, D]`; None: it stays 0.
        scale: what the model multiplies embeddings by (BART); 1 for most.

    Attributes:
        linear: a linear map `[D, D]`, a parameter, 0 at the start.
    """

    def __init__(
        self,
        rows: NDArray[np.float32],
        places: NDArray[np.int64],
        centred: NDArray[np.float32] | None = None,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.from_numpy(rows))
        width = rows.shape[1]
        self.linear = torch.nn.Parameter(torch.zeros(width, width), requires_grad=centred is not None)
        self.register_buffer("places", torch.from_numpy(places))
        self.places: torch.Tensor
        self.register_buffer("centred", None if centred is None else torch.from_numpy(centred))
        self.centred: torch.Tensor | None
        self.scale = scale

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The embeddings of token ids."""
        rows = self.places[ids]
        found = torch.nn.functional.embedding(rows, self.weight)
        if self.centred is not None:
            found = found + torch.nn.functional.embedding(rows, self.centred) @ self.linear
        return found * self.scale


@dataclass(frozen=True)
class SentenceEncoder:
    """A frozen model that gives sentences a vector each.

    Attributes:
        model: the bare model, without a head; evaluation mode, no gradients of its own weights.
        collator: pads its batches.
        device: where it computes, with a definite precision.
    """

    model: PreTrainedModel
    collator: PaddingCollator
    device: Device

    @classmethod
    def of(cls, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, device: Device) -> SentenceEncoder:
        """Freeze a model and move it to the device.

        Raises:
            DataError: the tokenizer has no padding token.
        """
        model.requires_grad_(requires_grad=False)
        model.train(mode=False)
        model.to(device.name)  # type: ignore[arg-type]
        collator = PaddingCollator.of(tokenizer, multiple=8 if device.kind == "cuda" else 1)
        return cls(model, collator, device.for_model(model))

    def encode(self, tokenizer: PreTrainedTokenizerBase, sentences: Sequence[str], max_length: int) -> list[Features]:
        """Sentences as token ids of a tokenizer, which may be another one than the model's own, cut at `max_length`.

        Raises:
            UsageError: `max_length` leaves no room for a token.
        """
        return encode(self.model, tokenizer, sentences, maximum_length(self.model, tokenizer, max_length))

    def replace_embeddings(
        self, rows: NDArray[np.float32], places: NDArray[np.int64], centred: NDArray[np.float32] | None = None
    ) -> EmbeddingTable:
        """Read token ids by another table of input embeddings from now on; see `EmbeddingTable`."""
        scale = float(getattr(self.model.get_input_embeddings(), "embed_scale", 1.0))
        table = EmbeddingTable(rows, places, centred, scale).to(self.device.name)
        self.model.set_input_embeddings(table)
        return table

    def batch(self, features: Sequence[Mapping[str, list[int]]]) -> torch.Tensor:
        """The vectors `[n, H]` of a batch, float32, with gradients where the embeddings have them."""
        inputs = {name: column.to(self.device.name) for name, column in self.collator(features).items()}
        with self.device.autocast(), memory_errors("a smaller batch or maximum length"):
            hidden = self.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None].float()
            mean: torch.Tensor = (hidden.float() * mask).sum(dim=1) / mask.sum(dim=1)
        return mean

    def vectors(self, features: Sequence[Features], reporter: Reporter, what: str) -> torch.Tensor:
        """The vectors `[n, H]` of many sentences, float32, on the device, without gradients; reported as `what`.

        Raises:
            DataError: the model computes NaN or infinity.
        """
        budget = _CPU_TOKENS if self.device.kind == "cpu" else _GPU_TOKENS
        batches = token_batches([len(each["input_ids"]) for each in features], budget)
        vectors: list[torch.Tensor] = [torch.empty(0)] * len(batches)

        def read(part: slice) -> int:
            for number in range(*part.indices(len(batches))):
                with torch.no_grad():
                    vectors[number] = self.batch([features[row] for row in batches[number]])
            return sum(map(len, batches[part]))

        with reporter.track(what, len(features)) as advance:
            for count in in_blocks(read, len(batches), 1, threaded=self.device.kind == "cpu"):
                advance(count)
        found = torch.cat(vectors)
        if not torch.isfinite(found).all():
            hint = "its weights are damaged, or half precision overflows: `precision` fp32 tells which"
            raise DataError("the model computes NaN or infinity", where=str(self.model.name_or_path) or None, hint=hint)
        order = torch.from_numpy(np.argsort(np.concatenate(batches))).to(found.device)
        return found[order]
