"""Adapting a stitched classifier to unlabelled texts of the target language: it learns from its own confident answers.

No label of the target language is read, whatever the file of texts holds.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.loading import Classifier, load_classifier
from mosecrot_cli.model.training.pseudo_labels import PseudoLabels, choose_pseudo_labels
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.pipeline.adapt.job import Job, save_adapted
from mosecrot_cli.pipeline.checkpoints import seed_of
from mosecrot_cli.pipeline.finetune.seeds import Report, train_seeds, training_settings
from mosecrot_cli.pipeline.step import Computed
from mosecrot_cli.progress import Reporter

_FEW = 10
"""Texts for each label: with fewer, a warning."""


def adapt_all(job: Job, partial: Path, reporter: Reporter) -> Computed:
    """Train each checkpoint on its own answers and write the result into `partial`.

    Raises:
        DataError: the answers of the first round have not two different labels.
    """
    named = {name: seed_of(name) for name in job.checkpoints}
    seeds = {name: job.settings.seed if seed is None else seed for name, seed in named.items()}
    checkpoints = {seeds[name]: folder for name, folder in job.checkpoints.items()}
    reports = train_seeds(
        job.settings,
        seeds,
        partial,
        lambda seed, output, work: _adapt(job, checkpoints[seed], seed, output, work, reporter),
    )
    statistics = {
        "training": reports,
        "texts": len(job.texts),
        "labels": "none read",
        "checkpoints": [*map(str, job.checkpoints.values())],
    }
    return Computed(statistics, job.facts, _summary(job, reports))


def _adapt(job: Job, checkpoint: Path, seed: int, output: Path, work: Path, reporter: Reporter) -> Report:
    """The rounds of one checkpoint; a killed run repeats its finished rounds from their own checkpoints."""
    told = job.settings
    classifier = load_classifier(checkpoint)
    device = resolve_device(told.compute)
    rounds: list[Report] = []
    before: NDArray[np.int64] | None = None
    for number in range(1, told.rounds + 1):
        probabilities = predict_probabilities(
            classifier.model, classifier.tokenizer, job.texts, device=device, reporter=reporter
        )
        chosen = choose_pseudo_labels(probabilities, confidence=told.confidence, balance=told.balance)
        if not _is_enough(job, number, chosen, probabilities, checkpoint, reporter):
            break
        result = train_classifier(
            classifier.model,
            classifier.tokenizer,
            _labelled(job, chosen, classifier),
            work=work / f"round-{number}",
            settings=training_settings(told, seed, freeze=told.freeze_embeddings),
            reporter=reporter,
        )
        answers = probabilities.argmax(axis=1)
        rounds.append(
            {
                "confident": chosen.confident,
                "labels": dict(sorted(Counter(classifier.labels[label] for label in chosen.labels).items())),
                "mean_confidence": float(probabilities.max(axis=1).mean()),
                "changed_share": None if before is None else float((answers != before).mean()),
                "steps": result.steps,
                "device": result.device,
                "seconds": round(result.seconds, 3),
                "losses": [record.loss for record in result.history],
            }
        )
        before = answers
    save_adapted(classifier, checkpoint, output)
    return {"rounds": rounds}


def _is_enough(
    job: Job,
    number: int,
    chosen: PseudoLabels,
    probabilities: NDArray[np.float32],
    checkpoint: Path,
    reporter: Reporter,
) -> bool:
    """Whether there is something to learn from in round `number`; in the first there must be.

    Raises:
        DataError: in the first round, the confident texts have not two labels.
    """
    different, possible = len(np.unique(chosen.labels)), probabilities.shape[1]
    if different >= 2:
        if number == 1 and len(chosen.rows) < _FEW * possible:
            reporter.warn(f"only {len(chosen.rows):,} texts to learn {possible} labels from")
        return True
    problem = (
        f"{checkpoint} gives {chosen.confident:,} of {len(job.texts):,} texts a label with a confidence of "
        f"{job.settings.confidence:g} or more{', all the same' if different else ''}: nothing to learn from"
    )
    if number == 1:
        lower = f"a lower `confidence` (the highest is {probabilities.max():.3f}), or "
        hint = f"{lower if job.settings.confidence > 0 else ''}other texts"
        raise DataError(problem, where=job.settings.texts, hint=hint)
    reporter.warn(f"after {number - 1} rounds {problem}; what it had learnt before is kept")
    return False


def _labelled(job: Job, chosen: PseudoLabels, classifier: Classifier) -> LabelledTexts:
    return LabelledTexts(
        [job.texts[row] for row in chosen.rows],
        [classifier.labels[label] for label in chosen.labels],
        job.settings.texts,
    )


def _summary(job: Job, reports: dict[str, Report]) -> list[tuple[str, str]]:
    rows = [("checkpoint", str(job.settings.checkpoint)), ("texts", f"{len(job.texts):,}, no label read")]
    for name, report in reports.items():
        last = report["rounds"][-1]
        text = f"{len(report['rounds'])} rounds, {sum(last['labels'].values()):,} texts in the last"
        if last["changed_share"] is not None:
            text += f", {last['changed_share']:.1%} of the answers new in it"
        rows.append((name, text))
    return rows


def plan(job: Job) -> list[tuple[str, str]]:
    """What a dry run shows."""
    told = job.settings
    steps = -(-len(job.texts) // told.batch_size) * told.epochs
    return [
        ("checkpoints", ", ".join(str(folder) for folder in job.checkpoints.values())),
        ("texts", f"{len(job.texts):,}, no label read"),
        ("pseudo-labels", f"confidence {told.confidence:g} or more, {'balanced' if told.balance else 'as they come'}"),
        ("steps", f"at most {steps:,} in each of {told.rounds} rounds, for each of {len(job.checkpoints)} checkpoints"),
        ("learning rate", f"{told.learning_rate}"),
    ]
