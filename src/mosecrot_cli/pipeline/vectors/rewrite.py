"""`vectors convert` and `vectors prune`: the same vectors in another file, or only those of wanted words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.files import read_lexicon
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.pipeline.vectors.output import facts_of, manifest_of, outputs_of, summary_of, write
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ALL, FloatType, RewriteVectorsSettings, VectorForm
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.writers import form_of


def convert(settings: RewriteVectorsSettings, reporter: Reporter) -> StepResult:
    """Write the vectors in another format.

    Raises:
        UsageError: no format is told, or half-width numbers are wanted of another than `.npy`.
        DataError: damaged vectors, or a word that the format cannot hold.
        SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    return _rewrite("vectors convert", settings, reporter)


def prune(settings: RewriteVectorsSettings, reporter: Reporter) -> StepResult:
    """Write only the first words, or those that texts and lexica need, in the order of the file.

    Raises:
        UsageError: nothing says which words to keep; and as `convert`.
        DataError, SourceUnavailableError, OutputExistsError, OutputError: as `convert`.
    """
    if settings.max_vocab == ALL and not settings.vocab_from and not settings.lexicons:
        hint = "`max_vocab`, `vocab_from` or `lexicons` says it"
        raise UsageError("nothing says which words to keep", hint=hint)
    return _rewrite("vectors prune", settings, reporter)


def _rewrite(command: str, settings: RewriteVectorsSettings, reporter: Reporter) -> StepResult:
    output = settings.out.output
    form = settings.form or form_of(output)
    if settings.dtype is not FloatType.float32 and form is not VectorForm.npy:
        raise UsageError(f"{settings.dtype} numbers are for .npy", where="`dtype`", hint=f"not for {form}")
    location = resources.vectors(settings.vectors, parameter="vectors", reporter=reporter)
    settings = replace(settings, vectors=location.name)  # the manifest must not hold a password
    if settings.out.dry_run:
        plan = [*location.plan("vectors", settings.max_vocab), ("format", str(form))]
        return StepResult(output, None, plan, planned=True)
    source = location.bring()
    inputs: dict[str, str | Path] = {"vectors": source}
    inputs |= {f"vocab_from_{number}": path for number, path in enumerate(settings.vocab_from, start=1)}
    inputs |= {f"lexicon_{number}": path for number, path in enumerate(settings.lexicons, start=1)}
    outputs = outputs_of(output, form)
    step = Step(command, settings, inputs, outputs, folder=False, manifest=manifest_of(output))
    step.check()
    if unchanged := step.unchanged():
        return unchanged

    def compute(partials: Sequence[Path]) -> Computed:
        targets = (pair.target for path in settings.lexicons for pair in read_lexicon(path))
        keep = resources.wanted_words(settings.vocab_from, targets)
        limit = resources.limit(settings.max_vocab)
        vectors = read_vectors(source, max_vocab=limit, reporter=reporter, keep=keep)
        if vectors.subwords:
            reporter.warn(f"{source}: only whole words are written; its n-grams, for unknown words, are left behind")
        write(vectors, partials, form, settings.dtype)
        statistics = {**facts_of(vectors), "format": str(form), "vector_notes": dict(vectors.notes)}
        return Computed(statistics, summary=summary_of(vectors), digests={"vectors": vectors.digest})

    return step.run(compute)
