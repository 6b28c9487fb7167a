"""What an inspection starts from: the map, its anchors, its source model, and the vectors that were mapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import sha256
from mosecrot_cli.lexicon.files import read_anchor_pairs
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.manifest import FOLDER_MANIFEST, Facts, Manifest
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.map.method import ChosenMethod
from mosecrot_cli.pipeline.mapped import Mapped
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.stitch.choice import STITCH, MapChoice
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DEFAULT_MAX_VOCAB, InspectSettings, MapSettings
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class InspectMaterial:
    """What an inspection starts from.

    Attributes:
        mapped: the folder.
        settings: what was asked.
        method: as `map` was told, on the device of this run.
        model: the source model.
        tokens: its whole-word tokens, and their ids in ascending order.
        ids: these ids.
        target: the mapped target words.
        sample: rows of them that stand for all, ascending.
        pairs: the anchors; None where they are not known.
    """

    mapped: Mapped
    settings: InspectSettings
    method: ChosenMethod
    model: SourceModel
    tokens: list[str]
    ids: NDArray[np.int64]
    target: WordVectors
    sample: NDArray[np.int64]
    pairs: list[Pair] | None

    @property
    def keeps_source(self) -> bool:
        """Whether target words are mapped among the model's own embeddings."""
        return self.mapped.keeps_source

    @property
    def composed(self) -> Sequence[str]:
        """The mapped words that the vectors lack: they were composed from subwords."""
        count = self.mapped.manifest.count("subword_words", where=self.mapped.folder / FOLDER_MANIFEST)
        return self.target.words[len(self.target) - count :]

    @property
    def recorded(self) -> MapSettings:
        """What `map` was told."""
        return self.method.settings

    @property
    def ridge(self) -> float | None:
        """The strength that all anchors chose; None where the manifest has none."""
        found = self.mapped.manifest.statistics.get("target")
        chosen = found.get("ridge") if isinstance(found, dict) else None
        return float(chosen) if isinstance(chosen, int | float) and chosen > 0 else None

    @property
    def device(self) -> str:
        """Where searches run."""
        return self.method.options.device


def open_map(folder: Path) -> tuple[Mapped, MapChoice | None]:
    """The map in a folder of `map`, or the one that a checkpoint was stitched with and why it was chosen.

    Raises:
        DataError: missing, damaged, or neither.
    """
    manifest = Manifest.of(folder) if folder.is_dir() else None
    if manifest is None or manifest.command != STITCH:
        return Mapped.open(folder), None
    recorded = Facts.of(folder).mapped
    if recorded is None:
        hint = "name the folder that `mosecrot map` wrote"
        raise DataError("it does not record which map it was stitched with", where=str(folder), hint=hint)
    return Mapped.open(Path(recorded)), MapChoice.of(manifest)


def read_anchors(mapped: Mapped, settings: InspectSettings, reporter: Reporter) -> list[Pair] | None:
    """The anchors, or None where they are neither known nor needed.

    Raises:
        UsageError: they are needed and not known.
        DataError: damaged.
    """
    if settings.anchors is not None:
        return read_anchor_pairs(settings.anchors)
    path = mapped.anchors()
    if path is None:
        if settings.holdout:
            raise UsageError(
                "where its anchors are is not known (they came from stdin, or were moved)",
                where=str(mapped.folder),
                hint="name the file with `anchors`; `holdout=0` leaves the translation test out",
            )
        return None
    recorded = mapped.manifest.inputs.get("anchors")
    if recorded and recorded.sha256 is not None and sha256(path) != recorded.sha256:
        reporter.warn(f"{path} has changed since {mapped.folder} was mapped: the translation test takes it as it is")
    return read_anchor_pairs(path)


def gather(mapped: Mapped, settings: InspectSettings, pairs: list[Pair] | None, opened: Opened) -> InspectMaterial:
    """Read the source model and the target words.

    Args:
        mapped: the folder.
        settings: of the command.
        pairs: the anchors; None where they are not known.
        opened: takes the source model.

    Raises:
        UsageError, DataError: no source model is known, or the folder was mapped for a smaller one.
    """
    facts, recorded = mapped.facts, mapped.settings()
    model = opened.model(resources.source_model(settings.source_model, facts.src or "", facts.source_model))
    by_id = {index: word for word, index in model.words.whole_word_tokens().items()}
    rows = len(mapped.source())
    if any(index >= rows for index in by_id):
        raise DataError(
            f"{rows:,} source rows, but {model.reference} has more tokens",
            where=str(mapped.folder),
            hint="name the model that it was mapped for with `source_model`",
        )
    ids = np.array(sorted(by_id), dtype=np.int64)
    target = mapped.target()
    random = np.random.default_rng(settings.seed)
    count = min(settings.sample, len(target))
    return InspectMaterial(
        mapped=mapped,
        settings=settings,
        method=ChosenMethod.of(replace(recorded, device=settings.device)),
        model=model,
        tokens=[by_id[index] for index in ids.tolist()],
        ids=ids,
        target=target,
        sample=np.sort(random.choice(len(target), count, replace=False)),
        pairs=pairs,
    )


def read_static(material: InspectMaterial, opened: Opened, reporter: Reporter) -> WordVectors:
    """The static vectors of the mapped words."""
    facts, recorded = material.mapped.facts, material.recorded
    given = material.settings.target_vectors
    path = resources.vectors(given, facts.tgt, facts.target_vectors, reporter=reporter).bring()
    read = material.mapped.manifest.inputs.get("target_vectors")
    size = read.bytes if read else None
    if material.settings.target_vectors is None and size is not None and path.stat().st_size != size:
        reporter.warn(f"{path} has changed since {material.mapped.folder} was mapped")
    # What was kept for some texts is in the folder; the texts need not be there any more.
    if recorded.vocab_from:
        keep = material.target.index.__contains__
        vectors = read_vectors(path, max_vocab=None, reporter=reporter, keep=keep)
    else:
        vectors = opened.vectors(path, resources.limit(recorded.max_vocab or DEFAULT_MAX_VOCAB), reporter)
    return vectors.with_subwords(material.composed)


def anchor_words(material: InspectMaterial) -> frozenset[str] | None:
    """The target words of the anchors, as the vocabulary has them."""
    if material.pairs is None:
        return None
    rows = (material.target.find(pair.target) for pair in material.pairs)
    return frozenset(material.target.words[row] for row in rows if row is not None)
