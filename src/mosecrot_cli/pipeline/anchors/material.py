"""What anchors are selected from: the settings filled in, the files brought to this machine, and both read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.lexicon.alignment import align_words
from mosecrot_cli.lexicon.choice import LexiconKind, read_lexica, resolve_lexicon
from mosecrot_cli.lexicon.entries import OddLines
from mosecrot_cli.lexicon.parallel import parallel_files, read_parallel
from mosecrot_cli.lexicon.types import ALIGNED, Pair
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.anchors.mistakes import naming_swapped_files, warn_about_scripts
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorsSettings
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
            lexica[value] = online.bring(value, lexicon_request(settings, model), fetcher)
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


def lexicon_request(settings: AnchorsSettings, model: SourceModel) -> LexiconRequest:
    """What an online lexicon is asked for.

    Raises:
        UsageError: the target language is not said, or a language is unknown.
    """
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
