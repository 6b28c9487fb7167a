"""A further language in one process: anchors, map, stitch and inspect, with each model and vector file read once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from mosecrot_cli.pipeline.anchors import run as anchors
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.pipeline.stitch import run as stitching
from mosecrot_cli.pipeline.stitch.choice import MapChoice
from mosecrot_cli.pipeline.transfer import preconditions
from mosecrot_cli.pipeline.transfer.candidates import (
    LEARNT_TOO,
    PLAIN,
    Candidate,
    align_settings,
    anchors_settings,
    by_lexicon,
    candidates_of,
    map_folder,
    map_settings,
    refuted,
    stitched_folder,
)
from mosecrot_cli.progress import PostponedReporter, Reporter
from mosecrot_cli.settings import InspectSettings, StitchSettings, TransferSettings

# `inspect` and `map` need torch, which is imported beside the reading (`_import_libraries`).
if TYPE_CHECKING:
    from mosecrot_cli.pipeline.inspect.report import Inspection


@dataclass(frozen=True)
class Transfer:
    """What a transfer did.

    Attributes:
        steps: name of the command -> what it did; only anchors for a dry run. The steps of a second map, with learnt
            anchors, are `anchors-learnt`, `map-learnt` and `align-learnt`.
        inspection: what is to be said of the map that is used; None for a dry run.
    """

    steps: dict[str, StepResult]
    inspection: Inspection | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: one entry for each command."""
        content: dict[str, Any] = {name: step.to_dict() for name, step in self.steps.items()}
        return content | ({"inspect": self.inspection.to_dict()} if self.inspection else {})


def run(settings: TransferSettings, reporter: Reporter) -> Transfer:
    """Make a classifier for a further language of a fine-tuned checkpoint.

    The files and manifests are those that the single commands write.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    preconditions.check(settings)
    Thread(target=_import_libraries).start()
    opened, choice, steps = Opened(), None, dict[str, StepResult]()
    candidates = candidates_of(settings)
    for each in candidates:
        steps[f"anchors{each.suffix}"] = anchors.run(anchors_settings(settings, each), reporter, opened=opened)
    if settings.out.dry_run:
        return Transfer(steps, None)
    if LEARNT_TOO in candidates:
        if choice := refuted(steps[f"anchors{LEARNT_TOO.suffix}"], stitched_folder(settings, PLAIN)):
            candidates = (PLAIN,)
        elif settings.texts is None:
            candidate, choice = by_lexicon(settings, opened, reporter)
            candidates = (candidate,)
    from mosecrot_cli.pipeline.map import run as mapping

    for each in candidates:
        steps[f"map{each.suffix}"] = mapping.run(map_settings(settings, each), reporter, opened=opened)
    _align(settings, candidates, steps, reporter)
    steps["stitch"], found = _stitch_and_inspect(settings, candidates, choice, opened, reporter)
    _warn_of_older_maps(settings, candidates, reporter)
    return Transfer(steps, found)


def _align(
    settings: TransferSettings, candidates: tuple[Candidate, ...], steps: dict[str, StepResult], reporter: Reporter
) -> None:
    """Align the maps with the parallel text, if there is any."""
    for each in candidates:
        if told := align_settings(settings, each):
            from mosecrot_cli.pipeline.align import run as aligning

            steps[f"align{each.suffix}"] = aligning.run(told, reporter)


def _warn_of_older_maps(settings: TransferSettings, made: tuple[Candidate, ...], reporter: Reporter) -> None:
    """Warn of a map that an earlier run has left: later commands may take it by its name, and it may be out of date."""
    now = [map_folder(settings, each) for each in made]
    for folder in (map_folder(settings, each) for each in (PLAIN, LEARNT_TOO)):
        if folder not in now and folder.is_dir():
            reporter.warn(
                f"{folder} is left from an earlier run, but this model was stitched with {now[0]}: remove {folder}, or "
                "name the map when you stitch or inspect again"
            )


def _import_libraries() -> None:
    """Import what the steps after the first need, while that one reads: a second that one core has to spare."""
    for name in ("torch", "scipy.linalg", "entmax", "faiss"):
        with suppress(Exception):  # the step that needs it says what is wrong
            import_module(name)


def _stitch_and_inspect(
    settings: TransferSettings,
    candidates: tuple[Candidate, ...],
    choice: MapChoice | None,
    opened: Opened,
    reporter: Reporter,
) -> tuple[StepResult, Inspection]:
    """Stitch, and inspect the map that is used: at the same time if there is but one.

    Stitching is mostly Python on one core, an inspection mostly products of matrices.
    """
    from mosecrot_cli.pipeline.inspect import run as inspection

    asked = InspectSettings(
        mapped=stitched_folder(settings, candidates[0]),
        texts=settings.texts,
        data=settings.data,
        device=settings.device,
        seed=settings.seed,
    )
    if len(candidates) > 1:
        stitched = _stitch(settings, candidates, choice, reporter)
        return stitched, inspection.run(replace(asked, mapped=settings.out.output), reporter, opened=opened)
    later = PostponedReporter()
    with ThreadPoolExecutor(1) as pool:
        inspected = pool.submit(inspection.run, asked, later, opened=opened)
        stitched = _stitch(settings, candidates, choice, reporter)
    later.tell(reporter)
    return stitched, inspection.seen_from(inspected.result(), settings.out.output)


def _stitch(
    settings: TransferSettings, candidates: tuple[Candidate, ...], choice: MapChoice | None, reporter: Reporter
) -> StepResult:
    first, *others = (stitched_folder(settings, each) for each in candidates)
    licensed = settings.licenses_of
    if not any(each.learns for each in candidates):
        licensed = preconditions.licences_without_source_vectors(settings)
    told = StitchSettings(
        checkpoint=settings.checkpoint,
        embeddings=first,
        alternatives=tuple(others),
        texts=settings.texts,
        data=settings.data,
        device=settings.device,
        license=settings.license,
        licenses_of=licensed,
        base_model=settings.base_model,
        out=settings.out,
    )
    return stitching.run(told, reporter, choice=choice)
