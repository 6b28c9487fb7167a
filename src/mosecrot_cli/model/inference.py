"""Class probabilities of texts, fast and in constant memory.

Texts are read in blocks; a block is encoded in one batch, sorted by length and cut into batches of a token budget, so
that hardly any padding is computed.

Where `Device.rechecks` says so, reduced precision changes no answer: a sample of the texts is computed in float32 too,
and so are all texts whose best classes are closer than the error that the sample shows (`reduced_precision.NearTies`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.batching import Features, PaddingCollator, encode, maximum_length, token_batches
from mosecrot_cli.model.devices import Device, memory_errors
from mosecrot_cli.model.reduced_precision import FEWEST_TEXTS, SAMPLED_TEXTS, NearTies
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import Precision
from mosecrot_cli.threads import in_blocks

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CPU_TOKENS = 4_096
_GPU_TOKENS = 65_536
_AGAIN_TOKENS = 1_024
"""Tokens of a batch of texts that are computed again: few texts of every length, which large batches would pad.

Also the fewest that keep a core at its speed.
"""
_MANY_CLOSE = 0.4
"""A model that leaves more texts than this undecided is asked in float32 at once in the blocks that follow."""
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
    budget = settings.max_tokens or (_cpu_tokens() if device.kind == "cpu" else _GPU_TOKENS)
    total = len(texts) if isinstance(texts, Sized) else None
    model.to(device.name)  # type: ignore[arg-type]
    model.train(mode=False)
    reporter = reporter or SilentReporter()
    stream = iter(texts)
    asked: _Asked | None = None
    with reporter.track("classifying", total) as advance:
        while block := list(islice(stream, settings.block_size)):
            features = encode(model, tokenizer, block, limit)
            if asked is None:
                asked = _Asked(model, collator, budget, suited_device(model, device, len(block)))
            logits = asked.answers(features, advance)
            yield PredictedBlock(block, torch.from_numpy(logits).softmax(dim=-1).numpy())
    if asked is not None and asked.again:
        reporter.info(
            f"texts classified in bf16; {asked.again:,} of them again in fp32: a sample, and those whose two best "
            "classes are close"
        )


def _cpu_tokens() -> int:
    """Tokens of a batch on a CPU, where each thread has one: fewer where there are many, for the sake of memory."""
    return max(_AGAIN_TOKENS, min(_CPU_TOKENS, 2 * _CPU_TOKENS // torch.get_num_threads()))


def suited_device(model: PreTrainedModel, device: Device, texts: int) -> Device:
    """The device in the precision in which a model classifies so many texts; `auto` is settled."""
    suited = device.for_model(model)
    return suited.exact() if suited.rechecks and texts < FEWEST_TEXTS else suited


@dataclass
class _Asked:
    """A classifier that is asked block by block.

    Attributes:
        model, collator: what answers, and what pads for it.
        budget: tokens of a batch.
        device: where, in which precision.
        again: texts that were computed a second time, in float32.
    """

    model: PreTrainedModel
    collator: PaddingCollator
    budget: int
    device: Device
    again: int = 0
    _ties: NearTies | None = field(default=None)

    def answers(self, features: list[Features], advance: Callable[[int], None]) -> NDArray[np.float32]:
        """Logits `[n, K]` of n encoded texts; `advance` is told of every text once."""
        logits = np.empty((len(features), _labels(self.model)), dtype=np.float32)
        self._fill(logits, np.arange(len(features)), features, self.device, self.budget, advance)
        if self.device.rechecks:
            if self._ties is None:
                self._ties = NearTies()
                self._again(logits, np.arange(0, len(features), -(-len(features) // SAMPLED_TEXTS)), features)
            close = self._ties.among(logits)
            self._again(logits, close, features)
            if len(close) > _MANY_CLOSE * len(features):
                self.device = self.device.exact()
        return logits

    def _again(self, logits: NDArray[np.float32], rows: NDArray[np.int64], features: list[Features]) -> None:
        """Put float32's logits of some rows in place of those in reduced precision."""
        assert self._ties is not None
        reduced = logits[rows]
        self._fill(logits, rows, features, self.device.exact(), min(self.budget, _AGAIN_TOKENS), lambda _: None)
        self._ties.learn(reduced, logits[rows])
        self.again += len(rows)

    def _fill(
        self,
        logits: NDArray[np.float32],
        rows: NDArray[np.int64],
        features: list[Features],
        device: Device,
        budget: int,
        advance: Callable[[int], None],
    ) -> None:
        batches = [rows[batch] for batch in token_batches([len(features[row]["input_ids"]) for row in rows], budget)]

        def answer(part: slice) -> int:
            for chosen in batches[part]:
                logits[chosen] = _logits(self.model, self.collator([features[row] for row in chosen]), device)
            return sum(map(len, batches[part]))

        for count in in_blocks(answer, len(batches), 1, threaded=device.kind == "cpu"):
            advance(count)


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


def _logits(model: PreTrainedModel, batch: dict[str, torch.Tensor], device: Device) -> NDArray[np.float32]:
    # Not in the generator above: the mode would stay on while the caller holds the generator.
    with torch.inference_mode(), device.autocast(), memory_errors("a smaller batch or maximum length"):
        logits = model(**{name: column.to(device.name) for name, column in batch.items()}).logits
        if not torch.isfinite(logits).all():
            raise DataError(
                "the model computes NaN or infinity",
                where=str(model.name_or_path) or None,
                hint="its weights are damaged, or half precision overflows: `precision` fp32 tells which",
            )
        result: NDArray[np.float32] = logits.float().cpu().numpy()
        return result
