"""Which maps `transfer` makes: with the anchors of the lexicon, with learnt ones as well, or both to choose from.

Learnt anchors mostly helped where the vectors of both languages were large, and cost ten points in the one language
whose vectors were trained on little text (docs/transfer.md). Texts decide; without any, the sizes of the vectors do.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.checks import read_config
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.anchors import run as anchors
from mosecrot_cli.pipeline.anchors.learnt import contradicts_lexicon
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, InputSpace, checkpoints_of
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.pipeline.stitch.choice import MapChoice
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AnchorLearning, AnchorsSettings, TransferSettings
from mosecrot_cli.vectors.readers import peek, read_vectors

LARGE = 125_000
"""Words of large vectors. The smallest that learnt anchors helped with, and that were not cut, have 125,796."""


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


def candidates_of(settings: TransferSettings) -> tuple[Candidate, ...] | None:
    """The maps that the settings ask for; None where the sizes of the vectors decide (`by_size`).

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
    return None if settings.texts is None else (PLAIN, LEARNT_TOO)


def by_size(settings: AnchorsSettings, mapped: Path, opened: Opened, reporter: Reporter) -> tuple[Candidate, MapChoice]:
    """Whether anchors are learnt where no texts can tell: only if the vectors of both languages are large.

    Args:
        settings: of `anchors`, with the vectors of both languages.
        mapped: the folder of the map.
        opened: takes the target vectors.
        reporter: hears of progress, and of the reason if none are learnt.

    Raises:
        UsageError, DataError, SourceUnavailableError: see `anchors.run.bring`.
    """
    job = anchors.bring(anchors.resolve(settings), reporter, opened)
    assert job.pivot is not None
    target = opened.vectors(job.vectors, resources.limit(job.settings.max_vocab), reporter)
    sizes = {job.vectors: len(target), job.pivot: _words(job.pivot, reporter)}
    small = {path: words for path, words in sizes.items() if words < LARGE}
    shown = " and ".join(f"{words:,} ({path.name})" for path, words in (small or sizes).items())
    if small:
        reason = f"no anchors are learnt, because some vectors have fewer than {LARGE:,} words: {shown}"
        reporter.warn(
            f"{reason}. With small vectors, learnt anchors have cost up to ten points. Unlabelled texts (`texts`) "
            "decide which map is better; `learnt_anchors=always` learns anchors anyway"
        )
        return PLAIN, MapChoice(str(mapped), reason)
    reason = f"anchors are learnt, because the vectors of both languages are large: {shown} words"
    return LEARNT_ALONE, MapChoice(str(mapped), reason)


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


def _words(path: Path, reporter: Reporter) -> int:
    """Words of a file of vectors: as its header says, or counted."""
    rows = peek(path).rows
    if rows is None:
        first = itertools.count()
        rows = read_vectors(path, max_vocab=None, reporter=reporter, keep=lambda _: next(first) == 0).notes["rows"]
    return rows


def anchors_settings(settings: TransferSettings, candidate: Candidate) -> AnchorsSettings:
    """What `anchors` is told for a map."""
    return AnchorsSettings(
        src=Facts.of(settings.checkpoint).src or AnchorsSettings.src,
        tgt=settings.tgt,
        lexicons=settings.lexicons,
        source_model=settings.source_model or source_model_of(settings.checkpoint),
        target_vectors=settings.target_vectors,
        max_vocab=settings.max_vocab,
        source_vectors=settings.source_vectors if candidate.learns else None,
        device=settings.device,
        seed=settings.seed,
        out=replace(settings.out, output=settings.out.output.with_name(f"anchors{candidate.suffix}.tsv")),
    )


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
