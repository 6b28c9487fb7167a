"""Claim: classifying texts of mixed length against `transformers.pipeline(batch_size=32)`, same predictions.

Ours takes the precision that `auto` finds on this CPU; the pipeline computes in float32.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.common import Row, Scale, faster, run
from benchmarks.data import prepare, texts
from benchmarks.processes import alternate, measure_side

_AGREEING = 0.995


def own(checkpoint: str, count: int) -> dict[str, Any]:
    """What `evaluate` does with the texts."""
    from mosecrot_cli.model.devices import resolve_device
    from mosecrot_cli.model.inference import predict_probabilities, suited_device
    from mosecrot_cli.model.loading import load_classifier
    from mosecrot_cli.settings import ComputeSettings

    sentences, classifier = texts(count), load_classifier(checkpoint)
    device = resolve_device(ComputeSettings("cpu"))
    predict_probabilities(classifier.model, classifier.tokenizer, sentences[:8])
    started = time.perf_counter()
    found = predict_probabilities(classifier.model, classifier.tokenizer, sentences, device=device)
    seconds = time.perf_counter() - started
    labels = [classifier.labels[column] for column in found.argmax(axis=1)]
    precision = suited_device(classifier.model, device, count).precision
    return {"seconds": seconds, "labels": labels, "scores": found.max(axis=1).tolist(), "precision": precision}


def pipeline(checkpoint: str, count: int) -> dict[str, Any]:
    """The usual way."""
    from transformers import pipeline as make_pipeline

    sentences = texts(count)
    classify = make_pipeline("text-classification", model=checkpoint, device="cpu")
    classify(sentences[:8])
    started = time.perf_counter()
    found = classify(sentences, batch_size=32, truncation=True)
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "labels": [answer["label"] for answer in found],
        "scores": [answer["score"] for answer in found],
    }


def claim(scale: Scale) -> Sequence[Row]:
    count = scale.pick(1_000, 5_000)
    checkpoint = measure_side(prepare, work=scale.work, vector_rows=[], models=True).found["classifier"]
    sides = alternate(
        {
            "own": lambda: measure_side(own, checkpoint=checkpoint, count=count),
            "pipeline": lambda: measure_side(pipeline, checkpoint=checkpoint, count=count),
        },
        scale.repeats,
    )
    mine, theirs = sides["own"].found, sides["pipeline"].found
    same = sum(left == right for left, right in zip(mine["labels"], theirs["labels"], strict=True))
    apart = max(abs(left - right) for left, right in zip(mine["scores"], theirs["scores"], strict=True))
    if same < _AGREEING * count:
        raise RuntimeError(f"inference: only {same} of {count} predictions are the same")
    note = f"{mine['precision']}; {same / count:.2%} of the predictions the same, probabilities within {apart:.0e}; "
    note += f"{len(set(mine['labels']))} classes"
    what = f"evaluate {count:,} texts of mixed length"
    return [faster(what, "transformers.pipeline(batch_size=32)", sides["own"], sides["pipeline"], 5, note)]


if __name__ == "__main__":
    run([claim], __doc__ or "")
