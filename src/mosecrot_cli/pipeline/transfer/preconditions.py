"""What `transfer` refuses at once, so that no step is done in vain and no output is replaced before the refusal."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.files import existing_file
from mosecrot_cli.lexicon.parallel import parallel_files, parallel_name
from mosecrot_cli.manifest import Facts
from mosecrot_cli.pipeline.adapt.job import unlabelled_texts
from mosecrot_cli.pipeline.align.pairs import check_number, read_pairs
from mosecrot_cli.pipeline.anchors import run as anchors
from mosecrot_cli.pipeline.anchors.material import resolve, vector_locations
from mosecrot_cli.pipeline.mapped import ALIGN
from mosecrot_cli.pipeline.publish.card import check_edited
from mosecrot_cli.pipeline.publish.origin import Ingredient, Origin, foreseen
from mosecrot_cli.pipeline.publish.statements import Statements
from mosecrot_cli.pipeline.step import Step
from mosecrot_cli.pipeline.transfer.candidates import (
    LEARNT_ALONE,
    PLAIN,
    Candidate,
    align_settings,
    anchors_settings,
    candidates_of,
    map_folder,
    stitched_folder,
)
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import TransferSettings
from mosecrot_cli.text_lines import STDIN


def check(settings: TransferSettings) -> None:
    """Check the texts, the outputs of all steps, and what is stated for the card.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    stated = Statements.of(settings)
    told = resolve(anchors_settings(settings, LEARNT_ALONE))
    if settings.licenses_of:
        stated.check_names([_foreseen(settings, LEARNT_ALONE)])
    if settings.texts == STDIN:
        raise UsageError("`texts` are read more than once, so they cannot come from standard input", hint="name a file")
    _check_parallel(settings, src=told.src, tgt=told.tgt)
    if not settings.out.dry_run:
        _check_outputs(settings)
    if settings.texts is not None:
        unlabelled_texts(settings.texts, settings.data, language=told.tgt, reporter=SilentReporter())


def licences_without_source_vectors(settings: TransferSettings) -> tuple[str, ...]:
    """`licenses_of` for a map without learnt anchors, which source vectors do not go into."""
    if not settings.licenses_of:
        return ()
    names = {each.name for each in _foreseen(settings, PLAIN).ingredients}
    return tuple(given for given in settings.licenses_of if given.rpartition("=")[0] in names)


def _foreseen(settings: TransferSettings, candidate: Candidate) -> Origin:
    """What can be said of the model already."""
    told = resolve(anchors_settings(settings, candidate))
    vectors = [each for each in vector_locations(told, SilentReporter()) if each]
    texts = tuple(Ingredient("parallel text", parallel_name(value)) for value in settings.parallel)
    return foreseen(settings.checkpoint, str(told.source_model), told.lexicons, vectors).extended(ingredients=texts)


def _parallel_files(settings: TransferSettings) -> list[Path]:
    """The files of the parallel text and of what is left out of it.

    Raises:
        UsageError, DataError: one is not there, or what is named is no parallel text.
    """
    if settings.exclude and not settings.parallel:
        raise UsageError("`exclude` has no effect without `parallel`", hint="name the parallel text")
    if not all(settings.parallel):
        raise UsageError("no parallel text is named", where="`parallel`")
    named = [path for value in settings.parallel for path in parallel_files(value)]
    return [existing_file(path) for path in (*named, *settings.exclude)]


def _check_parallel(settings: TransferSettings, *, src: str, tgt: str | None) -> None:
    """Check that there are pairs of sentences enough for `align`.

    Raises:
        UsageError, DataError: there are not, or a file is missing or damaged.
    """
    _parallel_files(settings)
    if asked := align_settings(settings, PLAIN):
        pairs = read_pairs(asked, Facts(src=src, tgt=tgt), SilentReporter())
        check_number(len(pairs), ", ".join(settings.parallel))


def _check_outputs(settings: TransferSettings) -> None:
    given = {"checkpoint": settings.checkpoint, "target_vectors": settings.target_vectors, "texts": settings.texts}
    given |= {"source_vectors": settings.source_vectors, "source_model": settings.source_model}
    given |= {f"lexicon_{number}": lexicon for number, lexicon in enumerate(settings.lexicons, start=1)}
    given |= {f"parallel_{number}": path for number, path in enumerate(_parallel_files(settings), start=1)}
    inputs = {name: value for name, value in given.items() if value is not None}
    for candidate in candidates_of(settings):
        outputs = anchors.outputs_of(anchors_settings(settings, candidate))
        Step("anchors", settings, inputs, outputs, folder=False).check()
        Step("map", settings, inputs, (map_folder(settings, candidate),)).check()
        if settings.parallel:
            Step(ALIGN, settings, inputs, (stitched_folder(settings, candidate),)).check()
    Step("stitch", settings, inputs, (settings.out.output,)).check()
    check_edited(settings.out.output)
