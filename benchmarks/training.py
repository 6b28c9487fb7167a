"""Claim: a fine-tuning step with kept, frozen embeddings against transformers' Trainer with trained ones."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import Row, Scale, faster, run, synchronize
from benchmarks.data import prepare, texts
from benchmarks.processes import alternate, measure_side

BATCH, _WARM_UP = 16, 4


class _Clock:
    """A reporter that notes when each step ends."""

    def __init__(self, count: int, device: str) -> None:
        self.ends: list[float] = []
        self._device, self._steps = device, math.ceil(count / BATCH)

    def warn(self, message: str) -> None:
        """Nothing to say."""

    info = milestone = warn

    @contextmanager
    def track(self, description: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Note the time of each advance."""
        yield self.tick

    def tick(self, units: int) -> None:
        """A step has ended."""
        if units:
            if len(self.ends) in (_WARM_UP, self._steps - 1):
                synchronize(self._device)
            self.ends.append(time.perf_counter())

    def result(self) -> dict[str, Any]:
        """Mean seconds of a step, without the first ones."""
        steps = len(self.ends) - 1 - _WARM_UP
        return {"seconds": (self.ends[-1] - self.ends[_WARM_UP]) / steps, "steps": steps}


def own(model: str, count: int, device: str) -> dict[str, Any]:
    """`finetune --embeddings none`: embeddings kept and frozen, in the precision that `auto` finds."""
    from mosecrot_cli.model.loading import load_for_finetuning
    from mosecrot_cli.model.training.run import LabelledTexts, TrainingSettings, train_classifier
    from mosecrot_cli.settings import ComputeSettings

    sentences, labels = _data(count)
    classifier = load_for_finetuning(model, sorted(set(labels)), seed=1)
    clock = _Clock(count, device)
    compute = ComputeSettings(device=device)
    with tempfile.TemporaryDirectory() as place:
        result = train_classifier(
            classifier.model,
            classifier.tokenizer,
            LabelledTexts(sentences, labels),
            work=Path(place) / "work",
            settings=TrainingSettings(epochs=1, batch_size=BATCH, freeze_embeddings=True, compute=compute),
            reporter=clock,
        )
    found = clock.result() | {"where": result.device}
    if device != "cpu":
        tokens = len(classifier.tokenizer(" ".join(sentences), add_special_tokens=False)["input_ids"]) + 2 * count
        embeddings = classifier.model.get_input_embeddings().weight.numel()
        weights = sum(weight.numel() for weight in classifier.model.parameters()) - embeddings
        # Forward 2, backward 4 operations a weight and token; attention and padding are left out.
        found["share"] = 6 * weights * tokens / count * BATCH / found["seconds"] / _product_speed(device)
    return found


def _product_speed(device: str, size: int = 8192, rounds: int = 20) -> float:
    """Operations a second of a product of square bf16 matrices: the ceiling of a step on a GPU."""
    import torch

    factor = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    for timed in (False, True):
        synchronize(device)
        started = time.perf_counter()
        for _ in range(rounds if timed else 1):
            factor @ factor
        synchronize(device)
    return 2 * size**3 * rounds / (time.perf_counter() - started)


def trainer(model: str, count: int, device: str, *, same_batches: bool) -> dict[str, Any]:
    """The Trainer with its default collator (padding to the batch), every weight trained."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainerCallback
    from transformers import TrainingArguments as Arguments

    from mosecrot_cli.model.batching import SimilarLengthBatches

    clock = _Clock(count, device)

    class Note(TrainerCallback):
        def on_step_end(self, *positional: Any, **named: Any) -> None:
            clock.tick(1)

    class SameBatches(Trainer):
        def get_train_dataloader(self) -> Any:
            lengths = [len(row["input_ids"]) for row in self.train_dataset]  # type: ignore[union-attr]
            batches = SimilarLengthBatches(lengths, BATCH, 1)
            return torch.utils.data.DataLoader(
                self.train_dataset,  # type: ignore[arg-type]
                batch_sampler=batches,
                collate_fn=self.data_collator,
            )

    sentences, labels = _data(count)
    names = sorted(set(labels))
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForSequenceClassification.from_pretrained(model, num_labels=len(names))
    encoded = tokenizer(sentences, truncation=True, max_length=512)["input_ids"]
    rows = [{"input_ids": ids, "labels": names.index(label)} for ids, label in zip(encoded, labels, strict=True)]
    with tempfile.TemporaryDirectory() as place:
        arguments = Arguments(
            output_dir=place,
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=device == "cpu",
            bf16=device != "cpu",  # as `finetune` does there
            dataloader_pin_memory=device != "cpu",
            seed=1,
        )
        kind = SameBatches if same_batches else Trainer
        kind(model=network, args=arguments, train_dataset=rows, processing_class=tokenizer, callbacks=[Note()]).train()
    return clock.result()


def _data(count: int) -> tuple[list[str], list[str]]:
    return texts(count, 1, most_words=80), [f"class{row % 7}" for row in range(count)]


def claim(scale: Scale) -> Sequence[Row]:
    count = scale.pick(400, 701)
    model = measure_side(prepare, work=scale.work, vector_rows=[], models=True).found["model"]
    sides = alternate(
        {
            "own": lambda: measure_side(own, model=model, count=count, device=scale.device),
            "same": lambda: measure_side(trainer, model=model, count=count, device=scale.device, same_batches=True),
            "random": lambda: measure_side(trainer, model=model, count=count, device=scale.device, same_batches=False),
        },
        scale.repeats,
    )
    what, note = f"finetune step, kept and frozen, batch {BATCH}", f"mean of {sides['own'].found['steps']} steps"
    note += f"; {sides['own'].found['where']}"
    if "share" in sides["own"].found:
        note += f", {sides['own'].found['share']:.1%} of the matrix product's speed"
    return [
        faster(what, "Trainer, embeddings trained, same batches", sides["own"], sides["same"], 1.5, note),
        faster(what, "Trainer, embeddings trained, its own batches", sides["own"], sides["random"], None, note),
    ]


if __name__ == "__main__":
    run([claim], __doc__ or "")
