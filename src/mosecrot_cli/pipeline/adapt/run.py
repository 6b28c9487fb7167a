"""Adapting a stitched classifier to unlabelled texts of the target language: no label of it is ever read."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.model.devices import check_compute
from mosecrot_cli.pipeline.adapt import class_bias, self_training
from mosecrot_cli.pipeline.adapt.job import Job, resolve
from mosecrot_cli.pipeline.publish.card import check_edited, with_card
from mosecrot_cli.pipeline.publish.origin import Ingredient, Origin, bias_step, of_checkpoint, shown
from mosecrot_cli.pipeline.publish.statements import Statements
from mosecrot_cli.pipeline.step import Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AdaptMethod, AdaptSettings

_METHODS = {AdaptMethod.bias: class_bias, AdaptMethod.self_training: self_training}


def run(settings: AdaptSettings, reporter: Reporter) -> StepResult:
    """Adapt a checkpoint, or each of a folder of seeds, and write Hugging Face checkpoints.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    check_compute(settings.compute)
    stated = Statements.of(settings)
    job = resolve(settings, reporter)
    method, origin = _METHODS[settings.method], _origin(job)
    stated.check_names([origin])
    inputs: dict[str, str | Path] = {"checkpoint": settings.checkpoint, "texts": settings.texts}
    step = Step("adapt", job.settings, inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, method.plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    check_edited(settings.out.output)
    resumable = settings.method is AdaptMethod.self_training
    return step.run(
        lambda partials: with_card(
            method.adapt_all(job, partials[0], reporter), stated.added_to(origin), partials[0], [*job.checkpoints]
        ),
        keep_partial=resumable,
    )


def _origin(job: Job) -> Origin:
    """What the adapted checkpoints are made from."""
    told, origin = job.settings, of_checkpoint(job.settings.checkpoint)
    if told.method is AdaptMethod.self_training:
        texts = Ingredient("unlabelled texts", shown(told.texts))
        step = f"Self-training: the model was trained on its own answers to {len(job.texts):,} unlabelled texts."
        return origin.extended(step, ingredients=(texts,))
    return origin.extended(bias_step(len(job.texts)))
