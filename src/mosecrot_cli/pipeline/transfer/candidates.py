"""Which maps `transfer` makes: with the anchors of the lexicon, with learnt ones as well, or both to choose from.

Learnt anchors help with most vectors, and cost points where these were trained on little text (docs/transfer.md). Texts
decide; without any, pairs of the lexicon do that are held out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.checks import read_config
from mosecrot_cli.pipeline.anchors.learnt import contradicts_lexicon
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, InputSpace, checkpoints_of
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.pipeline.stitch.choice import MapChoice
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import (
    AlignSettings,
    AnchorLearning,
    AnchorsSettings,
    ComputeSettings,
    MapSettings,
    TransferSettings,
    with_preset,
)


@dataclass(frozen=True)
class Candidate:
    """A map to make.

    Attributes:
        suffix: what is added to the names of its files and to those of its steps.
        learns: whether anchors are learnt for it.
    """

    suffix: str
    learns: bool


PLAIN = Candidate("", learns=False)
LEARNT_ALONE = Candidate("", learns=True)
LEARNT_TOO = Candidate("-learnt", learns=True)


def candidates_of(settings: TransferSettings) -> tuple[Candidate, ...]:
    """The maps that the settings ask for; of two, one is chosen.

    Raises:
        UsageError: `learnt_anchors` without the vectors that anchors are learnt from.
    """
    if settings.source_vectors is None:
        if settings.learnt_anchors is not TransferSettings.learnt_anchors:
            hint = "name vectors of the language of the model"
            raise UsageError("`learnt_anchors` has no effect without `source_vectors`", hint=hint)
        return (PLAIN,)
    if settings.learnt_anchors is AnchorLearning.always:
        return (LEARNT_ALONE,)
    return (PLAIN, LEARNT_TOO)


def by_lexicon(settings: TransferSettings, opened: Opened, reporter: Reporter) -> tuple[Candidate, MapChoice]:
    """The map to make where no texts can tell: that with learnt anchors if they bring held-out pairs nearer together.

    Args:
        settings: of `transfer`, whose two files of anchors are written.
        opened: takes the model and the target vectors.
        reporter: hears of progress, and of the reason if the learnt anchors are left out.

    Raises:
        UsageError, DataError: see `map`.
    """
    from mosecrot_cli.pipeline.transfer.judge import FEWEST, judge

    found = judge(map_settings(settings, PLAIN), map_settings(settings, LEARNT_TOO), opened, reporter)
    cosines = (
        f"{found.pairs:,} held-out pairs of the lexicon have a mean cosine of {found.with_learnt:.3f} with them, "
        f"{found.without:.3f} without (standard error of the difference {found.error:.4f})"
    )
    if found.helps:
        return LEARNT_TOO, MapChoice(str(stitched_folder(settings, LEARNT_TOO)), f"the learnt anchors help: {cosines}")
    why = f"they do not help: {cosines}" if found.pairs >= FEWEST else "no pairs of the lexicon can be held out"
    reason = f"the learnt anchors are left out, because {why}"
    reporter.warn(f"{reason}. `learnt_anchors=always` uses them anyway")
    return PLAIN, MapChoice(str(stitched_folder(settings, PLAIN)), reason)


def refuted(learnt: StepResult, mapped: Path) -> MapChoice | None:
    """Why the learnt anchors are not even tried: they contradict the lexicon. None where they do not.

    Args:
        learnt: what `anchors` did with `source_vectors`.
        mapped: the folder of the map that is used instead.
    """
    pivot = learnt.manifest.statistics["pivot"] if learnt.manifest else {}
    compared, known = pivot.get("compared", 0), pivot.get("known", 0)
    if not contradicts_lexicon(compared, known):
        return None
    reason = f"the learnt anchors contradict the lexicon: of {compared:,} pairs to compare, {known:,} agree"
    return MapChoice(str(mapped), reason)


def anchors_settings(settings: TransferSettings, candidate: Candidate) -> AnchorsSettings:
    """What `anchors` is told for a map."""
    return AnchorsSettings(
        src=Facts.of(settings.checkpoint).src or AnchorsSettings.src,
        tgt=settings.tgt,
        lexicons=settings.lexicons,
        source_model=settings.source_model or source_model_of(settings.checkpoint),
        target_vectors=settings.target_vectors,
        max_vocab=settings.max_vocab,
        cognates=settings.cognates,
        source_vectors=settings.source_vectors if candidate.learns else None,
        device=settings.device,
        seed=settings.seed,
        out=replace(settings.out, output=settings.out.output.with_name(f"anchors{candidate.suffix}.tsv")),
    )


def map_settings(settings: TransferSettings, candidate: Candidate) -> MapSettings:
    """What `map` is told for a map."""
    told = MapSettings(
        anchors=str(anchors_settings(settings, candidate).out.output),
        device=settings.device,
        out=replace(settings.out, output=map_folder(settings, candidate)),
    )
    return with_preset(told, settings.preset, set())


def align_settings(settings: TransferSettings, candidate: Candidate) -> AlignSettings | None:
    """What `align` is told for a map; None without parallel text."""
    if not settings.parallel:
        return None
    return AlignSettings(
        mapped=map_folder(settings, candidate),
        parallel=settings.parallel,
        exclude=settings.exclude,
        seed=settings.seed,
        compute=ComputeSettings(device=settings.device),
        out=replace(settings.out, output=settings.out.output.with_name(f"mapped{candidate.suffix}-aligned")),
    )


def stitched_folder(settings: TransferSettings, candidate: Candidate) -> Path:
    """The folder of a map that is stitched with: as it was mapped, or aligned."""
    aligned = align_settings(settings, candidate)
    return aligned.out.output if aligned else map_folder(settings, candidate)


def map_folder(settings: TransferSettings, candidate: Candidate) -> Path:
    """The folder of a map."""
    return settings.out.output.with_name(f"mapped{candidate.suffix}")


def source_model_of(checkpoint: Path) -> str:
    """The model that a checkpoint, or a folder of seeds, was fine-tuned from, as its manifest or configuration says.

    Raises:
        DataError: there is no checkpoint, or neither says it.
    """
    folder = next(iter(checkpoints_of(checkpoint).values()))
    space = InputSpace.of_record(read_config(folder).get(CONFIG_KEY))
    found = Facts.of(checkpoint).source_model or (space.source_model if space else None)
    if found is None:
        raise DataError(
            "which model it was fine-tuned from is not known", where=str(folder), hint="name it with `source_model`"
        )
    return found
