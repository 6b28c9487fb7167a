"""Step 1: from lexica to anchors (paper, section 3)."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mosecrot_cli.lexicon.alignment import align_words
from mosecrot_cli.lexicon.choice import LexiconKind, read_lexica, resolve_lexicon
from mosecrot_cli.lexicon.entries import OddLines
from mosecrot_cli.lexicon.files import scores_of, write_anchor_scores, write_anchors
from mosecrot_cli.lexicon.parallel import parallel_files, read_parallel
from mosecrot_cli.lexicon.selection import ENGLISH, SelectionOptions, load_stopwords, select_anchors
from mosecrot_cli.lexicon.types import ALIGNED, Pair
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.outputs import check_name
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.anchors.learnt import PivotSelection, with_pivot_anchors
from mosecrot_cli.pipeline.anchors.mistakes import naming_swapped_files, warn_about_codes, warn_about_scripts
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import IDENTICAL_LETTERS, AnchorsSettings
from mosecrot_cli.sources.fetch import Fetcher
from mosecrot_cli.sources.lexica import registry as online
from mosecrot_cli.sources.lexica.base import LexiconRequest
from mosecrot_cli.sources.provenance import Provenance
from mosecrot_cli.vectors.types import WordVectors


@dataclass(frozen=True)
class AnchorsJob:
    """The settings with everything filled in, and the files that they mean, all on this machine.

    Attributes:
        settings: as they go into the manifest.
        model: the source model.
        vectors: the file of target vectors.
        pivot: the file of pivot vectors; None: no pivot.
        lexica: value of `--lexicon` -> file; `-` for stdin.
        parallel: files of parallel text by their names, as `align:` takes them.
        sources: whose work was fetched.
    """

    settings: AnchorsSettings
    model: SourceModel
    vectors: Path
    pivot: Path | None
    lexica: dict[str, str | Path]
    parallel: dict[str, tuple[Path, ...]]
    sources: tuple[Provenance, ...]

    @property
    def inputs(self) -> dict[str, str | Path]:
        """Name -> path of everything that is read."""
        inputs: dict[str, str | Path] = {"source_model": self.model.reference, "target_vectors": self.vectors}
        inputs |= {f"lexicon_{number}": path for number, path in enumerate(self.lexica.values(), start=1)}
        for number, files in enumerate(self.parallel.values(), start=1):
            sides = ("_source", "_target") if len(files) == 2 else ("",)
            inputs |= {f"parallel_{number}{side}": path for side, path in zip(sides, files, strict=True)}
        inputs |= {f"exclude_{number}": path for number, path in enumerate(self.settings.exclude, start=1)}
        if self.pivot:
            inputs["source_vectors"] = self.pivot
        if self.settings.stopwords:
            inputs["stopwords"] = self.settings.stopwords
        return inputs


@dataclass(frozen=True)
class AnchorMaterial:
    """What anchors are selected from, and how many lines of the lexica were passed over (`skip_bad_lines`)."""

    pairs: list[Pair]
    source: SourceWords
    target: WordVectors
    skipped_lines: int = 0

    @property
    def aligned(self) -> list[Pair]:
        """The pairs that word alignment found."""
        return [pair for pair in self.pairs if pair.origin.partition(" ")[0] == ALIGNED]


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


def resolve(settings: AnchorsSettings) -> AnchorsSettings:
    """The settings with the codes of the languages and the names of source model and lexica; nothing is fetched.

    Raises:
        UsageError: a default is wanted but the target language is not named, or is unknown.
    """
    src = resources.language_code(settings.src) or settings.src
    tgt = resources.language_code(settings.tgt)
    return replace(
        settings,
        src=src,
        tgt=tgt,
        lexicons=settings.lexicons or resources.default_lexicons(settings.src, settings.tgt),
        source_model=resources.source_model(settings.source_model, src, tgt=tgt),
    )


def bring(settings: AnchorsSettings, reporter: Reporter, opened: Opened) -> AnchorsJob:
    """Have every file on this machine, the lexica first: they are small, and most often at fault.

    Args:
        settings: resolved.
        reporter: hears of downloads.
        opened: takes the source model.

    Raises:
        UsageError, DataError, SourceUnavailableError: see `errors`.
    """
    fetcher = Fetcher(reporter=reporter)
    model = opened.model(settings.source_model or "")
    lexica: dict[str, str | Path] = {}
    parallel: dict[str, tuple[Path, ...]] = {}
    sources: list[Provenance] = []
    for value in settings.lexicons:
        choice = resolve_lexicon(value)
        if choice.kind is LexiconKind.SOURCE:
            lexica[value] = online.bring(value, _request(settings, model), fetcher)
            sources.append(online.find_lexicon(value)[0].provenance)
        elif choice.kind is LexiconKind.ALIGNED:
            parallel[choice.value] = parallel_files(choice.value)
        elif choice.kind is not LexiconKind.IDENTICAL:
            lexica[value] = choice.value

    locations = vector_locations(settings, reporter)
    sources += [location.provenance for location in locations if location and location.provenance]
    vectors, pivot = locations[0].bring(), locations[1].bring() if locations[1] else None
    if model.provenance:
        sources.append(model.provenance)
    filled = replace(settings, target_vectors=str(vectors), source_vectors=str(pivot) if pivot else None)
    return AnchorsJob(filled, model, vectors, pivot, lexica, parallel, tuple(sources))


def vector_locations(
    settings: AnchorsSettings, reporter: Reporter
) -> tuple[resources.VectorLocation, resources.VectorLocation | None]:
    """Where the target vectors and the source vectors are; nothing is downloaded.

    Raises:
        UsageError, DataError, SourceUnavailableError: see `resources.vectors`.
    """
    target = resources.vectors(settings.target_vectors, settings.tgt, reporter=reporter)
    if not settings.source_vectors:
        return target, None
    named = {"parameter": "source_vectors", "language_parameter": "src"}
    return target, resources.vectors(settings.source_vectors, settings.src, **named, reporter=reporter)


def _request(settings: AnchorsSettings, model: SourceModel) -> LexiconRequest:
    source, target = resources.language_pair(settings.src, settings.tgt)
    return LexiconRequest(
        source=source,
        target=target,
        words=lambda: list(model.words.whole_word_tokens()),
        distance=settings.panlex_distance,
        min_quality=settings.min_quality,
        dump=settings.panlex_dump,
    )


def read(job: AnchorsJob, reporter: Reporter, opened: Opened) -> AnchorMaterial:
    """Read the lexica, the words of the model, and the vectors.

    Raises:
        UsageError, DataError, SourceUnavailableError: see `errors`.
    """
    limit = resources.limit(job.settings.max_vocab)
    odd = OddLines(skip=job.settings.skip_bad_lines)
    with naming_swapped_files(job.lexica.values(), job.vectors):
        pairs = read_lexica(
            job.settings.lexicons,
            bring=lambda value: Path(job.lexica[value]),
            align=lambda value: _aligned(job, value, reporter),
            odd=odd,
        )
        target = opened.vectors(job.vectors, limit, reporter)
    warn_about_scripts(job.settings, target.words, reporter)
    if odd.count:
        reporter.warn(f"lexicon lines that were skipped: {odd.count:,}; the first: {odd.first}")
    return AnchorMaterial(pairs, job.model.words, target, odd.count)


def _aligned(job: AnchorsJob, value: str, reporter: Reporter) -> list[Pair]:
    """The pairs of words of parallel text, without what may not be read."""
    sentences = read_parallel(job.parallel[value], src=job.settings.src, tgt=job.settings.tgt)
    kept = Exclusion.of(job.settings.exclude).sentences(sentences, value, reporter)
    return align_words(kept, reporter)


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
            size = online.plan(value, _request(settings, SourceModel(str(settings.source_model))), fetcher)
        elif choice.kind is LexiconKind.IDENTICAL:
            size = "words that both vocabularies share"
        elif choice.kind is LexiconKind.ALIGNED:
            size = f"{sum(path.stat().st_size for path in parallel_files(choice.value)):,} bytes of parallel text"
        else:
            size = f"{Path(value).stat().st_size:,} bytes" if choice.kind is LexiconKind.FILE else "standard input"
        plan.append(("lexicon", f"{value} ({size})"))
    return plan
