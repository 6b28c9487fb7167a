"""A bias for each class, estimated from unlabelled texts and added to a checkpoint's output layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.class_bias import ClassBias, fit_class_bias
from mosecrot_cli.model.devices import Device, resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.layers import add_class_bias, output_layer
from mosecrot_cli.model.loading import Classifier, load_classifier
from mosecrot_cli.pipeline.adapt.job import Job, save_adapted
from mosecrot_cli.pipeline.adapt.prior import resolve_prior
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY
from mosecrot_cli.pipeline.step import Computed
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ComputeSettings

FEW = 10
"""Texts for each class: with fewer, a warning."""

UNINFORMATIVE = 0.1
"""Of the highest mutual information of text and class: below it, a warning."""

MANY = 0.5
"""Share of the answers that change: above it, a warning."""

BIAS_KEY = "class_bias"
"""In a checkpoint's record (`mosecrot` in its `config.json`): class -> what has been added to its logit."""


@dataclass(frozen=True)
class Adjusted:
    """Checkpoints that were given a class bias.

    Attributes:
        computed: what the manifest and people are told.
        biases: name of the checkpoint ("" or `seed-N`) -> its bias.
        labels: the classes of the first.
    """

    computed: Computed
    biases: Mapping[str, ClassBias]
    labels: tuple[str, ...]

    def warn(self, reporter: Reporter) -> None:
        """Tell the doubts about the bias of the first checkpoint; the seeds of one run have the same doubts."""
        first = next(iter(self.biases.values()))
        _warn(first, self.labels, len(first.probabilities), reporter)


def adapt_all(job: Job, partial: Path, reporter: Reporter) -> Computed:
    """Write each checkpoint with its class bias into `partial`.

    Raises:
        UsageError, DataError: see `adjust`.
    """
    folders = {name: (folder, partial / name) for name, folder in job.checkpoints.items()}
    told = job.settings
    adjusted = adjust_folders(folders, job.texts, prior=told.prior, compute=told.compute, reporter=reporter)
    adjusted.warn(reporter)
    computed = adjusted.computed
    checkpoints = [*map(str, job.checkpoints.values())]
    summary = [("checkpoint", str(job.settings.checkpoint)), *computed.summary]
    return Computed({**computed.statistics, "checkpoints": checkpoints}, job.facts, summary)


def adjust_folders(
    folders: Mapping[str, tuple[Path, Path]],
    texts: Sequence[str],
    *,
    prior: str,
    compute: ComputeSettings,
    reporter: Reporter,
) -> Adjusted:
    """Add a class bias to checkpoints; doubts about it are for the caller to tell (`Adjusted.warn`).

    Args:
        folders: name of the checkpoint ("" or `seed-N`) -> the folder that it is read from, and the one that it is
            written into, which may be the same.
        texts: unlabelled texts of the target language.
        prior: see `resolve_prior`.
        compute: device of the prediction.
        reporter: hears of progress.

    Raises:
        UsageError, DataError: see `adjust`.
    """
    device = resolve_device(compute)
    biases: dict[str, ClassBias] = {}
    statistics: dict[str, dict[str, Any]] = {}
    labels: tuple[str, ...] = ()
    summary = [("texts", f"{len(texts):,}, no label read")]
    for name, (source, target) in folders.items():
        classifier = load_classifier(source)
        found = adjust(classifier, texts, prior, where=source, device=device, reporter=reporter)
        save_adapted(classifier, source, target)
        biases[name], statistics[name] = found, found.to_dict(classifier.labels)
        labels = labels or classifier.labels
        summary += _rows(found, classifier.labels, name)
    computed = Computed({"class_bias": statistics, "texts": len(texts), "labels": "none read"}, summary=summary)
    return Adjusted(computed, biases, labels)


def plan(job: Job) -> list[tuple[str, str]]:
    """What a dry run shows."""
    return [
        ("checkpoints", ", ".join(str(folder) for folder in job.checkpoints.values())),
        ("texts", f"{len(job.texts):,}, no label read"),
        ("prior", job.settings.prior),
    ]


def adjust(
    classifier: Classifier, texts: Sequence[str], prior: str, *, where: Path, device: Device, reporter: Reporter
) -> ClassBias:
    """Give a classifier the bias with which its mean probabilities on unlabelled texts are the prior, in place.

    Args:
        classifier: its output layer and its configuration change.
        texts: unlabelled texts of the target language.
        prior: see `resolve_prior`.
        where: the checkpoint, for messages.
        device: of the prediction.
        reporter: hears of progress and of doubts.

    Raises:
        UsageError: the output layer has no bias, or the prior is unknown.
        DataError: the checkpoint has one class only, or the file of the prior is damaged or does not fit.
    """
    if len(classifier.labels) < 2:
        raise DataError("a classifier with a single class", where=str(where), hint="a class bias needs two or more")
    output_layer(classifier.model)  # before the work of predicting
    recorded = getattr(classifier.model.config, CONFIG_KEY, None)
    record = recorded if isinstance(recorded, dict) else {}
    shares = resolve_prior(prior, classifier.labels, record, where=str(where))
    probabilities = predict_probabilities(
        classifier.model, classifier.tokenizer, texts, device=device, reporter=reporter
    )
    found = fit_class_bias(probabilities, shares)
    add_class_bias(classifier.model, list(map(float, found.bias)))
    total = {
        label: float(added) + float(record.get(BIAS_KEY, {}).get(label, 0))
        for label, added in zip(classifier.labels, found.bias, strict=True)
    }
    setattr(classifier.model.config, CONFIG_KEY, {**record, BIAS_KEY: total})
    return found


def _rows(found: ClassBias, labels: Sequence[str], name: str) -> list[tuple[str, str]]:
    """The shares of the answers before and after, and the bias, for people; `name` is that of the seed's folder."""
    prefix = f"{name} " if name else ""
    lines = zip(labels, found.prior, found.answers_before, found.answers_after, found.bias, strict=True)
    rows = [
        (
            f"{prefix}{label}",
            f"{before:.1%} of the answers before, {after:.1%} after, {prior:.1%} expected ({bias:+.2f})",
        )
        for label, prior, before, after, bias in lines
    ]
    return [
        *rows,
        (f"{prefix}changed", f"{found.changed:.1%} of the answers"),
        (f"{prefix}information", f"{found.information:.3f} of {np.log(len(labels)):.3f} nats"),
    ]


def _warn(found: ClassBias, labels: Sequence[str], texts: int, reporter: Reporter) -> None:
    if texts < FEW * len(labels):
        number = "one text" if texts == 1 else f"{texts:,} texts"
        reporter.warn(f"the class bias is estimated from only {number}, for {len(labels)} classes")
    if found.information < UNINFORMATIVE * np.log(len(labels)):
        reporter.warn(
            f"the model answers all texts nearly alike (information {found.information:.2f} of "
            f"{np.log(len(labels)):.2f} nats), so the class bias gives the expected shares without knowing more"
        )
    elif found.changed > MANY:
        reporter.warn(
            f"the class bias changes {found.changed:.0%} of the answers: check that the classes of these texts are "
            "about as frequent as `prior` says"
        )
