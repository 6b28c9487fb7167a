"""Class probabilities of texts, fast and in constant memory.

Texts are read in blocks; a block is encoded in one batch, sorted by length and cut into batches of a token budget, so
that hardly any padding is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.batching import PaddingCollator, encode, maximum_length, token_batches
from mosecrot_cli.model.devices import Device, memory_errors
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import Precision

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CPU_TOKENS = 4_096
_GPU_TOKENS = 65_536
CPU = Device("cpu", Precision.fp32, "cpu, fp32")


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """How texts are batched; none of it changes a prediction.

    Attributes:
        max_tokens: tokens in a batch, padding included; None: what suits the device.
        block_size: texts that are read before the first of them is answered.
        max_length: cut texts at this many tokens; None: at the model's maximum.

    """

    max_tokens: int | None = None
    block_size: int = 2_048
    max_length: int | None = None


DEFAULTS = InferenceSettings()


@dataclass(frozen=True, slots=True)
class PredictedBlock:
    """Texts as they were read and their class probabilities.

    Attributes:
        texts: n texts, in input order.
        probabilities: float32 [n, labels], rows sum to 1; columns in the order of the model's `id2label`.

    """

    texts: list[str]
    probabilities: NDArray[np.float32]


def predict_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Iterable[str],
    *,
    device: Device = CPU,
    settings: InferenceSettings = DEFAULTS,
    reporter: Reporter | None = None,
) -> NDArray[np.float32]:
    """Class probabilities of all texts.

    Args:
        model: a single-label sequence classifier; it is moved to `device`.
        tokenizer: its tokenizer; it stays as it is.
        texts: any texts, empty ones too; cut at the model's maximum length.
        device: where to compute.
        settings: see `InferenceSettings`.
        reporter: shows how far it is.

    Returns:
        float32 [texts, labels] in input order, as `transformers.pipeline(…, top_k=None)` computes them.

    Raises:
        DataError: the model is no single-label classifier, or the tokenizer cannot pad.
        MosecrotError: the device has not enough memory.

    """
    blocks = stream_probabilities(model, tokenizer, texts, device=device, settings=settings, reporter=reporter)
    found = [block.probabilities for block in blocks]
    return np.concatenate(found) if found else np.empty((0, _labels(model)), dtype=np.float32)


def stream_probabilities(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Iterable[str],
    *,
    device: Device = CPU,
    settings: InferenceSettings = DEFAULTS,
    reporter: Reporter | None = None,
) -> Iterator[PredictedBlock]:
    """Class probabilities of a stream of texts, block by block, as `predict_probabilities` gives them.

    The memory needed does not depend on the number of texts, which may be endless.
    """
    check_single_label(model)
    collator = PaddingCollator.of(tokenizer, multiple=8 if device.kind == "cuda" else 1)
    limit = maximum_length(model, tokenizer, settings.max_length)
    budget = settings.max_tokens or (_CPU_TOKENS if device.kind == "cpu" else _GPU_TOKENS)
    total = len(texts) if isinstance(texts, Sized) else None
    model.to(device.name)  # type: ignore[arg-type]
    model.train(mode=False)
    reporter = reporter or SilentReporter()
    stream = iter(texts)
    with reporter.track("classifying", total) as advance:
        while block := list(islice(stream, settings.block_size)):
            features = encode(model, tokenizer, block, limit)
            probabilities = np.empty((len(block), _labels(model)), dtype=np.float32)
            for rows in token_batches([len(row["input_ids"]) for row in features], budget):
                probabilities[rows] = _probabilities(model, collator([features[row] for row in rows]), device)
                advance(len(rows))
            yield PredictedBlock(block, probabilities)


def check_single_label(model: PreTrainedModel) -> None:
    """Check that the model puts each text into one of several classes.

    Raises:
        DataError: it gives several labels at once, or a number.

    """
    problem = getattr(model.config, "problem_type", None)
    if problem not in (None, "single_label_classification") or _labels(model) < 2:
        raise DataError(
            f"the checkpoint is no single-label classifier ({problem or 'one output'})",
            where=str(model.name_or_path) or None,
            hint="a checkpoint with two labels or more, one of them right for each text",
        )


def _labels(model: PreTrainedModel) -> int:
    return len(model.config.id2label or {})


def _probabilities(model: PreTrainedModel, batch: dict[str, torch.Tensor], device: Device) -> NDArray[np.float32]:
    # Not in the generator above: the mode would stay on while the caller holds the generator.
    with torch.inference_mode(), device.autocast(), memory_errors("a smaller batch or maximum length"):
        logits = model(**{name: column.to(device.name) for name, column in batch.items()}).logits
        if not torch.isfinite(logits).all():
            raise DataError(
                "the model computes NaN or infinity",
                where=str(model.name_or_path) or None,
                hint="its weights are damaged, or half precision overflows: `precision` fp32 tells which",
            )
        result: NDArray[np.float32] = logits.float().softmax(dim=-1).cpu().numpy()
        return result
