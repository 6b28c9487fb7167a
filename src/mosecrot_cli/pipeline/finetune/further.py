"""Training a checkpoint further, on labelled texts of the language that it reads (`continue_from`).

The usual case is a stitched checkpoint and a few labelled texts of the target language.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import vocabulary_coverage
from mosecrot_cli.model.devices import check_compute
from mosecrot_cli.model.loading import load_classifier, load_config, load_tokenizer
from mosecrot_cli.model.training.run import train_classifier
from mosecrot_cli.pipeline import plausibility
from mosecrot_cli.pipeline.adapt.job import save_adapted
from mosecrot_cli.pipeline.checkpoints import (
    CONFIG_KEY,
    InputSpace,
    checkpoints_of,
    is_stitched,
    seed_name,
    seed_of,
)
from mosecrot_cli.pipeline.finetune.seeds import (
    Report,
    check_trackers,
    labelled,
    plan_rows,
    refuse_statements,
    report_of,
    report_rows,
    train_seeds,
    training_settings,
)
from mosecrot_cli.pipeline.publish.card import check_edited, with_card
from mosecrot_cli.pipeline.publish.origin import ORIGIN, Ingredient, Origin, language_name, of_checkpoint, shown
from mosecrot_cli.pipeline.publish.statements import Statements
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DEFAULT_SEED, FinetuneSettings
from mosecrot_cli.tasks.loading import load
from mosecrot_cli.tasks.presets import CONTINUED
from mosecrot_cli.tasks.registry import hub_repository
from mosecrot_cli.tasks.types import TextDataset, require_known_labels

_STARTS = ("source_model", "embeddings", "augment", "src")
"""Settings of a training that starts from a source model."""

_SAVE_STEPS = 50
"""Fewest optimiser steps between two checkpoints of the run."""


@dataclass(frozen=True)
class FurtherJob:
    """A further training with nothing left open.

    Attributes:
        settings: every number filled in.
        parent: what is trained further: a checkpoint, or a folder of seeds.
        checkpoints: folder inside the output ("" for the output itself) -> the checkpoint that it comes from.
        seeds: the same folders -> seed of the training.
        facts: of the parent's manifest.
        stitched: whether the embeddings of the checkpoints were replaced by those of a target language.
        train, dev: the data.
    """

    settings: FinetuneSettings
    parent: Path
    checkpoints: dict[str, Path]
    seeds: dict[str, int]
    facts: Facts
    stitched: bool
    train: TextDataset
    dev: TextDataset | None

    @property
    def freeze(self) -> bool:
        """Whether the word embeddings stay fixed: yes, unless the settings say otherwise."""
        return self.settings.freeze_embeddings is not False


def run(settings: FinetuneSettings, reporter: Reporter) -> StepResult:
    """Train a checkpoint further, or each of a folder of seeds, and write Hugging Face checkpoints.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    check_compute(settings.compute)
    check_trackers(settings.log_to)
    stated = Statements.of(settings)
    job = resolve(settings, reporter)
    origin = _origin(job)
    stated.check_names([origin])
    inputs: dict[str, str | Path] = {"continue_from": job.parent, "train": job.train.source}
    if job.dev:
        inputs["dev"] = job.dev.source
    step = Step("finetune", job.settings, inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, _plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    check_edited(settings.out.output)
    _warn(job, reporter)
    origin = stated.added_to(origin)
    return step.run(lambda partials: _train_all(job, origin, partials[0], reporter), keep_partial=True)


def resolve(settings: FinetuneSettings, reporter: Reporter) -> FurtherJob:
    """Find the checkpoints, load the data, and fill in what was left open.

    Raises:
        UsageError: settings of a training from a source model, or seeds for checkpoints that have their own.
        DataError: no checkpoint is there, the data are damaged, or a text has a label that a checkpoint does not have.
    """
    parent = settings.continue_from
    assert parent is not None  # otherwise this function is not called
    for name in _STARTS:
        if getattr(settings, name):
            raise UsageError(f"`{name}` has no effect with `continue_from`", hint="the checkpoint decides that")
    found = checkpoints_of(parent)
    checkpoints, seeds = _runs(found, settings)
    facts = Facts.of(parent)
    language = plausibility.language_read(facts)
    train = load(settings.train, "train", settings.data, language=language, reporter=reporter)
    dev = load(settings.dev, "dev", settings.data, language=language, reporter=reporter) if settings.dev else None
    configs = {folder: load_config(folder) for folder in found.values()}
    for folder, config in configs.items():
        for dataset in filter(None, (train, dev)):
            require_known_labels(dataset, [*(config.label2id or ())], owner=str(folder))
    stitched = all(is_stitched(getattr(config, CONFIG_KEY, None)) for config in configs.values())
    if not stitched:
        refuse_statements(settings)
    filled = replace(
        settings,
        epochs=settings.epochs or CONTINUED.epochs,
        learning_rate=settings.learning_rate or CONTINUED.learning_rate,
        batch_size=settings.batch_size or CONTINUED.batch_size,
        max_length=settings.max_length or CONTINUED.max_length,
    )
    return FurtherJob(filled, parent, checkpoints, seeds, facts, stitched, train, dev)


def _runs(found: dict[str, Path], settings: FinetuneSettings) -> tuple[dict[str, Path], dict[str, int]]:
    """Checkpoint and seed of each folder of the output.

    A folder of seeds gives one of the same seeds; a single checkpoint may be trained with several.
    """
    if "" not in found:
        if settings.seeds or settings.seed != DEFAULT_SEED:
            name = "seeds" if settings.seeds else "seed"
            hint = f"leave it out: each of {', '.join(found)} goes on with its own number"
            raise UsageError(f"`{name}` with a folder of seeds", where=str(settings.continue_from), hint=hint)
        return found, {name: seed_of(name) or 0 for name in found}
    seeds = {seed_name(seed): seed for seed in settings.seeds} or {"": settings.seed}
    return dict.fromkeys(seeds, found[""]), seeds


def _warn(job: FurtherJob, reporter: Reporter) -> None:
    """Say what is probably a mistake: texts of another language, or of another task."""
    language, owner = plausibility.language_read(job.facts), str(job.parent)
    plausibility.warn_of_language(job.train, language, owner, reporter)
    checkpoint = next(iter(job.checkpoints.values()))
    coverage = vocabulary_coverage(load_tokenizer(checkpoint), job.train.texts)
    plausibility.warn_of_unknown_words(coverage, job.train.source, language, reporter)
    if job.dev is not None:
        plausibility.warn_of_shared_texts(job.train, job.dev, reporter)
    labels = [*(load_config(checkpoint).label2id or ())]
    plausibility.warn_of_labels(job.train, labels, owner, reporter)


def _train_all(job: FurtherJob, origin: Origin, partial: Path, reporter: Reporter) -> Computed:
    told = job.settings
    checkpoints = {seed: job.checkpoints[name] for name, seed in job.seeds.items()}
    reports = train_seeds(
        told,
        job.seeds,
        partial,
        lambda seed, output, work: _train_one(job, checkpoints[seed], seed, output, work, reporter),
    )
    facts = replace(
        job.facts,
        mapped=None,  # a fact of the stitched checkpoint
        embeddings_frozen=job.freeze and job.facts.embeddings_frozen is not False,
        seeds=tuple(job.seeds.values()),
    )
    statistics = {
        "training": reports,
        "texts": len(job.train),
        "data": {"train": dict(job.train.notes), "dev": dict(job.dev.notes) if job.dev else None},
        "checkpoints": [*map(str, job.checkpoints.values())],
    }
    summary = [
        ("checkpoint", str(job.parent)),
        ("embeddings", "frozen" if job.freeze else "trained"),
        ("texts", f"{len(job.train):,} ({len(job.train.label_names)} labels)"),
        *report_rows(reports),
    ]
    if job.stitched:
        return with_card(Computed(statistics, facts, summary), origin, partial, [*job.checkpoints])
    return Computed({**statistics, ORIGIN: origin.to_dict()}, facts, summary)


def _train_one(job: FurtherJob, checkpoint: Path, seed: int, output: Path, work: Path, reporter: Reporter) -> Report:
    told = job.settings
    classifier = load_classifier(checkpoint)
    result = train_classifier(
        classifier.model,
        classifier.tokenizer,
        labelled(job.train),
        labelled(job.dev) if job.dev else None,
        work=work,
        settings=training_settings(
            told, seed, freeze=job.freeze, optimizer=told.optimizer, log_to=told.log_to, save_steps=_SAVE_STEPS
        ),
        reporter=reporter,
    )
    record = getattr(result.model.config, CONFIG_KEY, None)
    if not job.freeze and isinstance(record, dict) and InputSpace.of_record(record):
        setattr(result.model.config, CONFIG_KEY, {**record, "trained": True})
    save_adapted(classifier, checkpoint, output)
    return report_of(result)


def _origin(job: FurtherJob) -> Origin:
    """What the result was made from: the parent, and the texts."""
    told, before = job.settings, of_checkpoint(job.parent)
    notes, repository = job.train.notes, hub_repository(told.train)
    licence, citation = (None if notes.get(name) is None else str(notes[name]) for name in ("licence", "citation"))
    data = Ingredient("training data", shown(told.train), licence, citation)
    seeds = f", {len(job.seeds)} seeds" if len(job.seeds) > 1 else ""
    origin = before.extended(
        f"Further training: the model was trained on {len(job.train):,} labelled texts in "
        f"{language_name(plausibility.language_read(job.facts))} ({data.name}, {len(job.train.label_names)} classes), "
        f"with its input embeddings {'frozen' if job.freeze else 'trained'}, {told.epochs} epochs, learning rate "
        f"{told.learning_rate}, batches of {told.batch_size}{seeds}.",
        ingredients=() if data in before.ingredients else (data,),
    )
    return replace(
        origin,
        datasets=tuple(dict.fromkeys([*origin.datasets, *([repository] if repository else [])])),
        target_texts=before.target_texts + (len(job.train) if job.stitched else 0),
    )


def _plan(job: FurtherJob) -> list[tuple[str, str]]:
    return [
        ("checkpoints", ", ".join(dict.fromkeys(map(str, job.checkpoints.values())))),
        ("embeddings", "frozen" if job.freeze else "trained"),
        *plan_rows(job.settings, job.train, job.dev, runs=len(job.seeds)),
    ]
