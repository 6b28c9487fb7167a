"""Step 4: fine-tune the source model, on its own embeddings or on F^s (paper, section 3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from mosecrot_cli.errors import UsageError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import vocabulary_coverage
from mosecrot_cli.model.devices import check_compute
from mosecrot_cli.model.layers import input_embeddings, replace_input_embeddings
from mosecrot_cli.model.loading import Classifier, load_for_finetuning, load_tokenizer, quiet_transformers
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.model.training.run import train_classifier
from mosecrot_cli.pipeline import plausibility, resources
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, LABEL_SHARES, InputSpace, seed_name
from mosecrot_cli.pipeline.finetune import further
from mosecrot_cli.pipeline.finetune.augment import MappedWords, build_augmentation, covered_share
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
from mosecrot_cli.pipeline.mapped import SOURCE, Mapped, array_digest
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorsSettings, FinetuneSettings, MapSettings
from mosecrot_cli.tasks.loading import load
from mosecrot_cli.tasks.registry import preset_for
from mosecrot_cli.tasks.types import TextDataset, require_known_labels

OWN = "none"
"""`--embeddings none`: the model's own."""
_SAMPLE = 2_000
"""Training texts whose words are looked up in the vocabulary."""


@dataclass(frozen=True)
class FinetuneJob:
    """A fine-tuning with nothing left open.

    Attributes:
        settings: every number filled in.
        source_model: path or id.
        mapped: the folder whose source side F^s is the input; None: the model's own embeddings.
        augment: folders whose vectors stand in for the model's own in training.
        src: source language.
        train, dev: the data.
    """

    settings: FinetuneSettings
    source_model: str
    mapped: Mapped | None
    augment: tuple[MappedWords, ...]
    src: str
    train: TextDataset
    dev: TextDataset | None

    @property
    def freeze(self) -> bool:
        """Whether the word embeddings stay fixed: as said, else when they are the model's own."""
        wanted = self.settings.freeze_embeddings
        return self.mapped is None if wanted is None else wanted


def run(settings: FinetuneSettings, reporter: Reporter) -> StepResult:
    """Fine-tune once per seed and write Hugging Face checkpoints; with `continue_from`, see `further`.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    if settings.continue_from is not None:
        return further.run(settings, reporter)
    refuse_statements(settings)
    check_compute(settings.compute)
    check_trackers(settings.log_to)
    job = resolve(settings, reporter)
    step = Step("finetune", job.settings, _inputs(job), (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, _plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    _warn(job, reporter)
    return step.run(lambda partials: _train_all(job, partials[0], reporter), keep_partial=True)


def resolve(settings: FinetuneSettings, reporter: Reporter) -> FinetuneJob:
    """Load the data and fill in what was left open: from `mapped/` or the anchors, and from the task's preset.

    Raises:
        UsageError: no source model is known, or augmentation of F^s is asked for.
        DataError: the data or a `mapped/` folder are damaged, or dev has labels that train has not.
    """
    augment = tuple(map(MappedWords.open, settings.augment))
    mapped = _mapped(settings, reporter)
    if augment and mapped and not mapped.keeps_source:
        raise UsageError(
            "`augment` mixes mapped words into the model's own embeddings, but F^s replaces those",
            hint="leave `embeddings` out, or give `embeddings=none`",
        )
    if described := mapped or next((source.mapped for source in augment), None):
        facts = described.facts
    else:
        facts = Facts.of(AnchorsSettings.out.output)
    src = settings.src or facts.src or AnchorsSettings.src
    inherited = None if settings.src else facts.source_model
    model = resources.source_model(settings.source_model, src, inherited)
    train = load(settings.train, "train", settings.data, language=src, reporter=reporter)
    dev = None
    if settings.dev:
        dev = load(settings.dev, "dev", settings.data, language=src, reporter=reporter)
        require_known_labels(dev, train.label_names, owner=f"the training data {train.source}")
    preset = preset_for(settings.train)
    filled = replace(
        settings,
        src=src,
        source_model=model,
        embeddings=str(mapped.folder) if mapped else OWN,
        epochs=settings.epochs or preset.epochs,
        learning_rate=settings.learning_rate or preset.learning_rate,
        batch_size=settings.batch_size or preset.batch_size,
        max_length=settings.max_length or preset.max_length,
    )
    # A folder whose source side is the model's own matrix changes nothing: the embeddings are kept.
    used = mapped if mapped and not mapped.keeps_source else None
    return FinetuneJob(filled, model, used, augment, src, train, dev)


def _mapped(settings: FinetuneSettings, reporter: Reporter) -> Mapped | None:
    if settings.embeddings == OWN or (settings.embeddings is None and settings.augment):
        return None
    if settings.embeddings is not None:
        return Mapped.open(Path(settings.embeddings))
    folder = MapSettings.out.output
    if folder.is_dir():
        reporter.warn(f"input embeddings: F^s of {folder}/ (`embeddings=none` keeps the model's own)")
        return Mapped.open(folder)
    reporter.warn(f"input embeddings: the model's own, kept (there is no {folder}/)")
    return None


def _warn(job: FinetuneJob, reporter: Reporter) -> None:
    """Say what is probably a mistake: texts of another language, or development texts that are training texts."""
    coverage = vocabulary_coverage(load_tokenizer(job.source_model), job.train.texts[:_SAMPLE])
    plausibility.warn_of_unknown_words(coverage, job.train.source, job.src, reporter)
    if job.dev is not None:
        plausibility.warn_of_shared_texts(job.train, job.dev, reporter)


def _inputs(job: FinetuneJob) -> dict[str, str | Path]:
    inputs: dict[str, str | Path] = {"source_model": job.source_model, "train": job.train.source}
    if job.dev:
        inputs["dev"] = job.dev.source
    if job.mapped:
        inputs["embeddings"] = job.mapped.folder / SOURCE
    for number, source in enumerate(job.augment, start=1):
        inputs |= source.inputs(f"augment_{number}")
    return inputs


def _train_all(job: FinetuneJob, partial: Path, reporter: Reporter) -> Computed:
    told = job.settings
    seeds = {seed_name(seed): seed for seed in told.seeds} or {"": told.seed}
    reports = train_seeds(
        told, seeds, partial, lambda seed, output, work: _train_one(job, seed, output, work, reporter)
    )
    facts = Facts(
        src=job.src,
        source_model=job.source_model,
        source_kept=job.mapped is None,
        embeddings_frozen=job.freeze,
        labels=tuple(job.train.label_names),
        seeds=tuple(told.seeds) or (told.seed,),
    )
    origin = resources.announced(SourceModel(job.source_model), reporter)
    statistics = {
        "training": reports,
        "texts": len(job.train),
        "data": {"train": dict(job.train.notes), "dev": dict(job.dev.notes) if job.dev else None},
        "sources": [asdict(origin)] if origin else [],
    }
    return Computed(statistics, facts, _summary(job, reports))


def _train_one(job: FinetuneJob, seed: int, output: Path, work: Path, reporter: Reporter) -> Report:
    told = job.settings
    classifier = load_for_finetuning(job.source_model, job.train.label_names, seed=seed)
    space = _set_input_space(job, classifier)
    augmentation = None
    if job.augment:
        augmentation = build_augmentation(job.augment, told.augment_rate, told.move_tokens, classifier)
    result = train_classifier(
        classifier.model,
        classifier.tokenizer,
        labelled(job.train),
        labelled(job.dev) if job.dev else None,
        work=work,
        settings=training_settings(told, seed, freeze=job.freeze, optimizer=told.optimizer, log_to=told.log_to),
        augmentation=augmentation,
        reporter=reporter,
    )
    setattr(result.model.config, CONFIG_KEY, {**space.to_config(), LABEL_SHARES: job.train.label_shares})
    with quiet_transformers():
        result.model.save_pretrained(output)
        classifier.tokenizer.save_pretrained(output)
    report = report_of(result)
    if augmentation:
        report["augmentation"] = {
            "rate": augmentation.rate,
            "places": augmentation.places,
            "tokens": len(np.unique(augmentation.tokens)),
            "vectors": len(augmentation.vectors),
            "covered_share": covered_share(augmentation, classifier, job.train.texts),
        }
    return report


def _set_input_space(job: FinetuneJob, classifier: Classifier) -> InputSpace:
    """Put F^s in place of the model's embeddings, if that is wanted, and say what the model is trained on."""
    model = classifier.model
    if job.mapped is None:
        return InputSpace(
            kept=True,
            sha256=array_digest(input_embeddings(model)),
            trained=not job.freeze,
            source_model=job.source_model,
        )
    replace_input_embeddings(
        model, job.mapped.source(), kept_ids=classifier.tokenizer.all_special_ids, where=str(job.mapped.folder / SOURCE)
    )
    return InputSpace(
        kept=False,
        sha256=str(job.mapped.facts.source_sha256),
        trained=not job.freeze,
        source_model=job.source_model,
    )


def _summary(job: FinetuneJob, reports: dict[str, Report]) -> list[tuple[str, str]]:
    frozen = "frozen" if job.freeze else "trained"
    space = f"F^s of {job.mapped.folder}" if job.mapped else "the model's own"
    rows = [
        ("source model", job.source_model),
        ("embeddings", f"{space}, {frozen}"),
        ("texts", f"{len(job.train):,} ({len(job.train.label_names)} labels)"),
    ]
    if found := next(iter(reports.values())).get("augmentation"):
        read = found["rate"] * found["covered_share"]
        rows.append(("augmentation", f"{found['tokens']:,} words, {read:.0%} of the tokens are read as mapped ones"))
    return [*rows, *report_rows(reports)]


def _plan(job: FinetuneJob) -> list[tuple[str, str]]:
    told = job.settings
    return [
        ("source model", job.source_model),
        ("embeddings", f"{told.embeddings}, {'frozen' if job.freeze else 'trained'}"),
        *[("augmentation", f"{source.mapped.folder}, rate {told.augment_rate:g}") for source in job.augment],
        *plan_rows(told, job.train, job.dev, runs=len(told.seeds) or 1),
    ]
