"""Step 1: from lexica to anchors (paper, section 3)."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, select_anchors
from mosecrot_cli.lexicon.sources import LexiconKind, read_lexica, resolve_lexicon
from mosecrot_cli.lexicon.stopwords import ENGLISH, load_stopwords
from mosecrot_cli.lexicon.writers import write_anchor_scores, write_anchors
from mosecrot_cli.manifest import portable
from mosecrot_cli.model.loading import load_tokenizer
from mosecrot_cli.model.words import SourceWords
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorsSettings
from mosecrot_cli.vectors.readers import peek, read_vectors


@dataclass(frozen=True)
class _Found:
    selection: Selection
    vectors_digest: str | None


def run(settings: AnchorsSettings, reporter: Reporter) -> StepResult:
    """Select the anchors and write `anchors.tsv`, `anchors.scores.tsv` and their manifest.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputError: see `errors`.
    """
    settings = resolve(settings)
    output = settings.out.output
    scores = output.with_name(output.stem + ".scores.tsv")
    step = Step("anchors", settings, _inputs(settings), (output, scores), folder=False)
    if settings.out.dry_run:
        return StepResult(output, None, _plan(settings), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged

    def compute(partials: Sequence[Path]) -> Computed:
        found = _select(settings, reporter)
        write_anchors(found.selection.anchors, partials[0])
        write_anchor_scores(found.selection.anchors, partials[1])
        return _describe(found, settings, step.manifest_path)

    return step.run(compute)


def stream(settings: AnchorsSettings, write: Callable[[str], None], reporter: Reporter) -> None:
    """Select the anchors and hand the pairs, as lines of `anchors.tsv`, to `write` (`--output -`)."""
    found = _select(resolve(settings), reporter)
    text = io.StringIO()
    write_anchors(found.selection.anchors, text)
    for line in text.getvalue().splitlines():
        write(line)
    for reason, count in found.selection.dropped.items():
        reporter.info(f"{count:,} pairs dropped: {reason}")


def resolve(settings: AnchorsSettings) -> AnchorsSettings:
    """The settings with the source model, the vectors and the lexica that the languages mean filled in.

    Raises:
        UsageError: a default is wanted but the target language is not named.
    """
    lexicons = settings.lexicons or resources.default_lexicons(settings.src, settings.tgt)
    return replace(
        settings,
        lexicons=lexicons,
        source_model=resources.source_model(settings.source_model, settings.src),
        target_vectors=str(resources.target_vectors(settings.target_vectors, settings.tgt)),
    )


def _inputs(settings: AnchorsSettings) -> dict[str, str | Path]:
    if settings.source_model is None or settings.target_vectors is None:
        raise UsageError("unresolved settings")
    inputs: dict[str, str | Path] = {
        "source_model": settings.source_model,
        "target_vectors": settings.target_vectors,
    }
    for number, lexicon in enumerate(settings.lexicons, start=1):
        inputs[f"lexicon_{number}"] = lexicon
    if settings.stopwords:
        inputs["stopwords"] = settings.stopwords
    return inputs


def _select(settings: AnchorsSettings, reporter: Reporter) -> _Found:
    inputs = _inputs(settings)
    options = _options(settings)
    # The lexicon first: it is small, and most often at fault.
    pairs = read_lexica(settings.lexicons, source_language=settings.src, target_language=settings.tgt)
    source = SourceWords(load_tokenizer(str(inputs["source_model"])))
    vectors = read_vectors(inputs["target_vectors"], max_vocab=resources.limit(settings.max_vocab), reporter=reporter)
    selection = select_anchors(pairs, source=source, target=vectors, options=options, reporter=reporter)
    return _Found(selection, vectors.digest)


def _options(settings: AnchorsSettings) -> SelectionOptions:
    stopwords = load_stopwords(ENGLISH) if settings.drop_stopwords else frozenset()
    if settings.stopwords:
        stopwords |= load_stopwords(settings.stopwords)
    return SelectionOptions(
        max_anchors=settings.max_anchors,
        seed=settings.seed,
        stopwords=stopwords,
        min_score=settings.min_score,
        script=settings.script,
        identical=settings.identical,
        multi_token=settings.multi_token,
    )


def _describe(found: _Found, settings: AnchorsSettings, manifest: Path) -> Computed:
    selection = found.selection
    summary = [("anchors", f"{len(selection.anchors):,} of {selection.read:,} pairs")]
    summary += [(f"  from {origin}", f"{count:,}") for origin, count in selection.kept.items()]
    summary += [(f"  out: {reason}", f"{count:,}") for reason, count in selection.dropped.items()]
    return Computed(
        statistics={
            "anchors": len(selection.anchors),
            "pairs": selection.read,
            "dropped": selection.dropped,
            "kept": selection.kept,
            "script": selection.script,
        },
        facts={
            "src": settings.src,
            "tgt": settings.tgt,
            "source_model": portable(settings.source_model or "", manifest),
            "target_vectors": portable(settings.target_vectors or "", manifest),
            "max_vocab": settings.max_vocab,
        },
        summary=summary,
        digests={"target_vectors": found.vectors_digest},
    )


def _plan(settings: AnchorsSettings) -> list[tuple[str, str]]:
    inputs = _inputs(settings)
    plan = [("source model", str(inputs["source_model"]))]
    plan += resources.describe_vectors(peek(inputs["target_vectors"]), settings.max_vocab)
    for lexicon in settings.lexicons:
        choice = resolve_lexicon(lexicon)
        size = f"{Path(choice.value).stat().st_size:,} bytes" if choice.kind is LexiconKind.FILE else choice.kind.value
        plan.append(("lexicon", f"{choice.value} ({size})"))
    return plan
