"""Step 1: from lexica to anchors (paper, section 3)."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mosecrot_cli.lexicon.choice import LexiconKind, resolve_lexicon
from mosecrot_cli.lexicon.files import scores_of, write_anchor_scores, write_anchors
from mosecrot_cli.lexicon.parallel import parallel_files
from mosecrot_cli.lexicon.selection import ENGLISH, SelectionOptions, load_stopwords, select_anchors
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.outputs import check_name
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.anchors.learnt import PivotSelection, with_pivot_anchors
from mosecrot_cli.pipeline.anchors.material import (
    AnchorMaterial,
    AnchorsJob,
    bring,
    lexicon_request,
    read,
    resolve,
    vector_locations,
)
from mosecrot_cli.pipeline.anchors.mistakes import naming_swapped_files, warn_about_codes
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import IDENTICAL_LETTERS, AnchorsSettings
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.lexica import registry as online


def run(settings: AnchorsSettings, reporter: Reporter, *, opened: Opened | None = None) -> StepResult:
    """Select the anchors and write `anchors.tsv`, `anchors.scores.tsv` and their manifest.

    With parallel text, `anchors.aligned.tsv` holds all pairs of words that were aligned, with their counts.

    Args:
        settings: of the command.
        reporter: hears of progress.
        opened: models and vectors that an earlier or later step of this process uses as well.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputError: see `errors`.
    """
    settings, opened = resolve(settings), opened or Opened()
    warn_about_codes(settings, reporter)
    output = settings.out.output
    check_name(output)
    outputs = outputs_of(settings)
    aligned = len(outputs) > 2
    if settings.exclude and not aligned:
        reporter.warn("`exclude` has no effect without parallel text (`lexicons=align:FILE`): nothing else is read")
    if settings.out.dry_run:
        with naming_swapped_files(settings.lexicons, settings.target_vectors):
            return StepResult(output, None, _plan(settings, reporter), planned=True)
    # Before anything is fetched.
    Step("anchors", settings, {}, outputs, folder=False).check()
    job = bring(settings, reporter, opened)
    step = Step("anchors", job.settings, job.inputs, outputs, folder=False)
    step.check()
    if unchanged := step.unchanged():
        return unchanged

    def compute(partials: Sequence[Path]) -> Computed:
        material = read(job, reporter, opened)
        resources.announced(job.model, reporter)
        selected = select(material, job, reporter)
        write_anchors(selected.selection.anchors, partials[0])
        write_anchor_scores(selected.selection.anchors, partials[1])
        if aligned:
            write_anchor_scores(material.aligned, partials[2])
        return _describe(selected, job, material, alignments=outputs[2] if aligned else None)

    return step.run(compute)


def outputs_of(settings: AnchorsSettings) -> list[Path]:
    """The anchors, their scores and, with parallel text, all aligned pairs.

    Raises:
        DataError: a lexicon is neither a source nor a readable file.
    """
    output = settings.out.output
    outputs = [output, scores_of(output)]
    if any(resolve_lexicon(value).kind is LexiconKind.ALIGNED for value in settings.lexicons):
        outputs.append(output.with_name(output.stem + ".aligned.tsv"))
    return outputs


def stream(settings: AnchorsSettings, write: Callable[[str], None], reporter: Reporter) -> None:
    """Select the anchors and hand the pairs, as lines of `anchors.tsv`, to `write` (`--output -`)."""
    opened = Opened()
    job = bring(resolve(settings), reporter, opened)
    selection = select(read(job, reporter, opened), job, reporter).selection
    text = io.StringIO()
    write_anchors(selection.anchors, text)
    for line in text.getvalue().splitlines():
        write(line)
    for reason, count in selection.dropped.items():
        reporter.info(f"{count:,} pairs dropped: {reason}")


def select(material: AnchorMaterial, job: AnchorsJob, reporter: Reporter) -> PivotSelection:
    """The anchors of the lexica and, if they are asked for, words that are spelt alike and what pivot vectors tell.

    Raises:
        DataError: none is left, or the pivot vectors are damaged or of another language.
        UsageError: no such device.
    """
    options = selection_options(job.settings)
    source, target = material.source, material.target
    selection = select_anchors(material.pairs, source=source, target=target, options=options, reporter=reporter)
    found: dict[str, Any] = {}
    if job.settings.cognates:
        # `confirm` needs scipy, and plain anchors are not to wait for it.
        from mosecrot_cli.pipeline.anchors.cognates import with_cognates

        cognates = with_cognates(selection, model=job.model, target=target, options=options, reporter=reporter)
        selection, found = cognates.selection, cognates.statistics
    selected = PivotSelection(selection, found, None)
    if job.pivot is not None:
        learnt = with_pivot_anchors(
            selection,
            job.pivot,
            source=source,
            target=target,
            options=options,
            settings=job.settings,
            reporter=reporter,
        )
        selected = replace(learnt, statistics=found | learnt.statistics)
    resources.warn_of_few_anchors(len(selected.selection.anchors), reporter)
    return selected


def selection_options(settings: AnchorsSettings) -> SelectionOptions:
    """The options of the selection that the settings mean."""
    stopwords = load_stopwords(ENGLISH) if settings.drop_stopwords else frozenset()
    if settings.stopwords:
        stopwords |= load_stopwords(settings.stopwords)
    named = any(resolve_lexicon(value).kind is LexiconKind.IDENTICAL for value in settings.lexicons)
    return SelectionOptions(
        max_anchors=settings.max_anchors,
        seed=settings.seed,
        stopwords=stopwords,
        min_score=settings.min_score,
        script=settings.script,
        identical=settings.identical or named,
        identical_letters=0 if settings.identical else IDENTICAL_LETTERS,
        multi_token=settings.multi_token,
    )


def _describe(
    selected: PivotSelection, job: AnchorsJob, material: AnchorMaterial, *, alignments: Path | None
) -> Computed:
    selection = selected.selection
    summary = [("anchors", f"{len(selection.anchors):,} of {selection.read:,} pairs")]
    summary += [(f"  from {origin}", f"{count:,}") for origin, count in selection.kept.items()]
    summary += [(f"  out: {reason}", f"{count:,}") for reason, count in selection.dropped.items()]
    return Computed(
        statistics={
            "anchors": len(selection.anchors),
            "pairs": selection.read,
            "skipped_lines": material.skipped_lines,
            "dropped": selection.dropped,
            "kept": selection.kept,
            "script": selection.script,
            "sources": [asdict(source) for source in job.sources],
            **selected.statistics,
        },
        facts=Facts(
            src=job.settings.src,
            tgt=job.settings.tgt,
            source_model=job.model.reference,
            target_vectors=str(job.vectors),
            max_vocab=job.settings.max_vocab,
            alignments=str(alignments) if alignments else None,
        ),
        summary=summary,
        digests={"target_vectors": material.target.digest} | ({"source_vectors": selected.digest} if job.pivot else {}),
    )


def _plan(settings: AnchorsSettings, reporter: Reporter) -> list[tuple[str, str]]:
    """What would be read, and fetched; nothing is fetched for it."""
    fetcher = Fetcher(reporter=reporter)
    plan = [("source model", str(settings.source_model))]
    target, pivot = vector_locations(settings, reporter)
    plan += target.plan(max_vocab=settings.max_vocab)
    if pivot:
        plan += pivot.plan("source vectors")
    for value in settings.lexicons:
        choice = resolve_lexicon(value)
        if choice.kind is LexiconKind.SOURCE:
            size = online.plan(value, lexicon_request(settings, SourceModel(str(settings.source_model))), fetcher)
        elif choice.kind is LexiconKind.IDENTICAL:
            size = "words that both vocabularies share"
        elif choice.kind is LexiconKind.ALIGNED:
            size = f"{sum(path.stat().st_size for path in parallel_files(choice.value)):,} bytes of parallel text"
        else:
            size = f"{Path(value).stat().st_size:,} bytes" if choice.kind is LexiconKind.FILE else "standard input"
        plan.append(("lexicon", f"{value} ({size})"))
    return plan
