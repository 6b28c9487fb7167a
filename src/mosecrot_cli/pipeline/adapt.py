"""Adapting a stitched classifier to unlabelled texts of the target language: it learns from its own confident answers.

No label of the target language is read, whatever the file of texts holds.
"""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.devices import check_compute, resolve_device
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.loading import Classifier, load_classifier, quiet_transformers
from mosecrot_cli.model.training.pseudo_labels import PseudoLabels, choose_pseudo_labels
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.pipeline.checkpoints import checkpoints_of, seed_of
from mosecrot_cli.pipeline.finetune.seeds import Report, train_seeds, training_settings
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AdaptSettings
from mosecrot_cli.tasks.loading import load_texts

_FEW = 10
"""Texts for each label: with fewer, a warning."""


@dataclass(frozen=True)
class AdaptJob:
    """A self-training with nothing left open.

    Attributes:
        settings: every number filled in.
        checkpoints: folder inside the output ("" for the output itself) -> the checkpoint to adapt.
        texts: what to learn from, each text once.
        facts: of the checkpoints' manifest.
    """

    settings: AdaptSettings
    checkpoints: dict[str, Path]
    texts: tuple[str, ...]
    facts: Facts


def run(settings: AdaptSettings, reporter: Reporter) -> StepResult:
    """Adapt a checkpoint, or each of a folder of seeds, and write Hugging Face checkpoints.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    check_compute(settings.compute)
    job = resolve(settings, reporter)
    inputs: dict[str, str | Path] = {"checkpoint": settings.checkpoint, "texts": settings.texts}
    step = Step("adapt", job.settings, inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, _plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    return step.run(lambda partials: _adapt_all(job, partials[0], reporter), keep_partial=True)


def resolve(settings: AdaptSettings, reporter: Reporter) -> AdaptJob:
    """Find the checkpoints and load the texts.

    Raises:
        DataError: no checkpoint is there, or the texts are missing, damaged or empty.
    """
    checkpoints = checkpoints_of(settings.checkpoint)
    facts = Facts.of(settings.checkpoint)
    language = facts.tgt or facts.src
    found = load_texts(settings.texts, "train", settings.data, language=language, reporter=reporter)
    texts = tuple(dict.fromkeys(text for text in found if text.strip()))
    if not texts:
        raise DataError("no texts", where=settings.texts)
    return AdaptJob(settings, checkpoints, texts, Facts(src=facts.src, tgt=facts.tgt))


def _adapt_all(job: AdaptJob, partial: Path, reporter: Reporter) -> Computed:
    seeds = {name: seed_of(name) if name else job.settings.seed for name in job.checkpoints}
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


def _adapt(job: AdaptJob, checkpoint: Path, seed: int, output: Path, work: Path, reporter: Reporter) -> Report:
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
            resume=told.resume,
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
                "seconds": round(result.seconds, 3),
                "losses": [record.loss for record in result.history],
            }
        )
        before = answers
    _save(classifier, checkpoint, output)
    return {"rounds": rounds}


def _is_enough(
    job: AdaptJob,
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
        raise DataError(
            problem,
            where=job.settings.texts,
            hint=f"another --confidence (the highest is {probabilities.max():.3f}), or other texts",
        )
    reporter.warn(f"after {number - 1} rounds {problem}; what it had learnt before is kept")
    return False


def _labelled(job: AdaptJob, chosen: PseudoLabels, classifier: Classifier) -> LabelledTexts:
    return LabelledTexts(
        [job.texts[row] for row in chosen.rows],
        [classifier.labels[label] for label in chosen.labels],
        job.settings.texts,
    )


def _save(classifier: Classifier, checkpoint: Path, output: Path) -> None:
    """Save the model with the tokenizer's files as they were: transformers would rewrite them with other names."""
    with quiet_transformers():
        classifier.model.save_pretrained(output)
        written = classifier.tokenizer.save_pretrained(output)
    for name in {Path(path).name for path in written}:
        if (checkpoint / name).is_file():
            shutil.copyfile(checkpoint / name, output / name)


def _summary(job: AdaptJob, reports: dict[str, Report]) -> list[tuple[str, str]]:
    rows = [("checkpoint", str(job.settings.checkpoint)), ("texts", f"{len(job.texts):,}, no label read")]
    for name, report in reports.items():
        last = report["rounds"][-1]
        text = f"{len(report['rounds'])} rounds, {sum(last['labels'].values()):,} texts in the last"
        if last["changed_share"] is not None:
            text += f", {last['changed_share']:.1%} of the answers new in it"
        rows.append((name, text))
    return rows


def _plan(job: AdaptJob) -> list[tuple[str, str]]:
    told = job.settings
    steps = -(-len(job.texts) // told.batch_size) * told.epochs
    return [
        ("checkpoints", ", ".join(str(folder) for folder in job.checkpoints.values())),
        ("texts", f"{len(job.texts):,}, no label read"),
        ("pseudo-labels", f"confidence {told.confidence:g} or more, {'balanced' if told.balance else 'as they come'}"),
        ("steps", f"at most {steps:,} in each of {told.rounds} rounds, for each of {len(job.checkpoints)} checkpoints"),
        ("learning rate", f"{told.learning_rate}"),
    ]
