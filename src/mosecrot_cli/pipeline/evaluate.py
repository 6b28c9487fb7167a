"""Step 6: how well a checkpoint does on labelled texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.evaluation.bootstrap import macro_f1_interval
from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.predictions import Predictions, write_predictions
from mosecrot_cli.evaluation.runs import Run, Summary, summarise
from mosecrot_cli.evaluation.tables import Table, confusion_table, per_class_table, summary_table
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import VocabularyCoverage, vocabulary_coverage
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.loading import load_classifier
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline.checkpoints import checkpoints_of, seed_of
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import EvaluateSettings
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.loading import labels_of, load
from mosecrot_cli.tasks.types import TextDataset, require_known_labels


@dataclass(frozen=True)
class Evaluation:
    """Scores of one checkpoint, or of one per seed.

    Attributes:
        summary: the scores; means over the seeds.
        coverage: how much of the texts the vocabulary knows.
        facts: what was evaluated on what.
    """

    summary: Summary
    coverage: VocabularyCoverage
    facts: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As JSON: `macro_f1`, `accuracy`, `n`, … at the top."""
        content = self.summary.to_dict()
        interval = self.summary.interval
        content["macro_f1_interval"] = None if interval is None else [interval.low, interval.high]
        return content | {"coverage": self._coverage()} | dict(self.facts)

    def tables(self) -> list[Table]:
        """As tables: scores with coverage, classes, confusions."""
        scores = summary_table(self.summary)
        rows = (
            ("words not whole in the vocabulary", self.coverage.unknown_word_share),
            ("unknown tokens", self.coverage.unknown_token_share),
        )
        scores = Table(scores.title, scores.columns, scores.rows + rows)
        return [scores, per_class_table(self.summary), confusion_table(self.summary)]

    def _coverage(self) -> dict[str, Any]:
        shares = ("unknown_word_share", "unknown_token_share")
        return asdict(self.coverage) | {name: getattr(self.coverage, name) for name in shares}


def run(settings: EvaluateSettings, reporter: Reporter, *, language: str | None = None) -> Evaluation:
    """Classify a labelled data set with a checkpoint, or with each of a folder of seeds, and score the predictions.

    Args:
        settings: what, on what, where.
        reporter: hears of progress.
        language: of a data set named without one; None: the checkpoint's target language, else its source language.

    Raises:
        DataError: a checkpoint or the data set is damaged, or has labels that the model does not know.
        UsageError, SourceUnavailableError, OutputError: see `errors`.
    """
    checkpoints = checkpoints_of(settings.checkpoint)
    files = _prediction_files(settings, checkpoints)
    inputs = {"checkpoint": settings.checkpoint, "data_set": settings.data_set}
    check_outputs(files, inputs=inputs, overwrite=settings.overwrite)
    facts = Facts.of(settings.checkpoint)
    dataset = load(
        settings.data_set,
        settings.split,
        settings.data,
        language=language or facts.tgt or facts.src,
        reporter=reporter,
    )
    device = resolve_device(settings.compute)
    found: dict[str, Predictions] = {}
    for name, folder in checkpoints.items():
        classifier = load_classifier(folder)
        require_known_labels(dataset, classifier.labels, owner=str(folder))
        probabilities = predict_probabilities(
            classifier.model, classifier.tokenizer, dataset.texts, device=device, reporter=reporter
        )
        found[name] = as_predictions(dataset, classifier.labels, probabilities)
        tokenizer = classifier.tokenizer
    if files:
        write(files, found.values(), overwrite=settings.overwrite)
    return evaluation(
        found,
        dataset,
        resamples=settings.resamples,
        seed=settings.seed,
        coverage=vocabulary_coverage(tokenizer, dataset.texts),
        facts={
            "checkpoint": str(settings.checkpoint),
            "data": dataset.source,
            "data_notes": dict(dataset.notes),
            "device": device.description,
        },
    )


def evaluation(
    found: Mapping[str, Predictions],
    dataset: TextDataset,
    *,
    resamples: int,
    seed: int,
    coverage: VocabularyCoverage,
    facts: Mapping[str, Any],
) -> Evaluation:
    """Scores of predictions (name of the checkpoint -> predictions) on a data set."""
    gold = labels_of(dataset)
    labels = next(iter(found.values())).labels
    runs = [Run(seed_of(name), score(gold, item.predicted, labels)) for name, item in found.items()]
    interval = macro_f1_interval(gold, [item.predicted for item in found.values()], resamples=resamples, seed=seed)
    return Evaluation(summarise(runs, interval), coverage, facts)


def as_predictions(
    dataset: TextDataset, labels: Sequence[str], probabilities: NDArray[np.floating[Any]]
) -> Predictions:
    """Predictions of a data set from its class probabilities [texts, labels]."""
    predicted = tuple(labels[column] for column in probabilities.argmax(axis=1))
    return Predictions(dataset.ids, dataset.labels, predicted, tuple(labels), probabilities.astype(np.float64))


def write(paths: Sequence[Path], found: Iterable[Predictions], *, overwrite: bool) -> None:
    """Write files of predictions: all of them whole, or none."""
    with atomic_outputs(*paths, overwrite=overwrite) as works:
        for work, predictions in zip(works, found, strict=True):
            write_predictions(predictions, work)


def _prediction_files(settings: EvaluateSettings, checkpoints: Mapping[str, Path]) -> list[Path]:
    """One file for a single checkpoint, else `NAME.seed-N.tsv` for each."""
    path = settings.predictions
    if path is None:
        return []
    return [path.with_name(f"{path.stem}.{name}{path.suffix}") if name else path for name in checkpoints]
