"""Which of several maps a checkpoint is stitched to, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mosecrot_cli.errors import UsageError
from mosecrot_cli.files import sha256
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.pipeline.mapped import ALIGN
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AlignSettings, MapSettings

if TYPE_CHECKING:
    from mosecrot_cli.model.class_bias import ClassBias

STITCH = "stitch"
"""The command, as manifests name it."""

MAP_CHOICE = "map_choice"
"""The key of a `MapChoice` in the statistics of a stitched checkpoint's manifest."""


@dataclass(frozen=True)
class MapChoice:
    """The map that was chosen, and what the choice rests on.

    Attributes:
        chosen: the folder of the map that is used.
        reason: why, in words.
        texts: how many unlabelled texts the maps were compared on; 0: the choice rests on something else.
        information: folder of each map -> information of the answers, in nats, the mean over the checkpoints.
        difference: information with the best of the alternatives less that with the first map; None without texts.
        low, high: ends of the bootstrap interval of the difference, over the texts; None without texts.
    """

    chosen: str
    reason: str
    texts: int = 0
    information: Mapping[str, float] = field(default_factory=dict)
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, manifest: Manifest | None) -> Self | None:
        """The choice that the manifest of a stitched checkpoint records, or None where there was none."""
        import msgspec

        recorded = manifest.statistics.get(MAP_CHOICE) if manifest else None
        try:
            return msgspec.convert(recorded, cls) if recorded else None
        except msgspec.ValidationError:  # of another version
            return None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; what rests on texts is left out where there were none."""
        return {name: value for name, value in asdict(self).items() if value is not None and value != {}}

    def rows(self) -> list[tuple[str, str]]:
        """For people: the map, the reason, and the information of each."""
        compared = [(f"information with {folder}", f"{share:.3f} nats") for folder, share in self.information.items()]
        return [("map", self.chosen), ("reason", self.reason), *compared]


def check_alternatives(embeddings: Path, alternatives: Sequence[Path]) -> None:
    """Check that there is something to choose from: that each map is named once.

    Raises:
        UsageError: a folder is named twice, under the same or another name.
    """
    named = {os.path.realpath(embeddings): f"is the map of `embeddings` ({embeddings})"}
    for folder in alternatives:
        place = os.path.realpath(folder)
        if place in named:
            raise UsageError(f"`alternatives`: {folder} {named[place]}", hint="name another map, or leave it out")
        named[place] = f"is named twice ({folder})"


def default_map(reporter: Reporter) -> Path:
    """The folder that is stitched where none is named: `mapped-aligned` if `align` made it of `mapped`, else `mapped`.

    Args:
        reporter: hears which, if both are there.

    Raises:
        DataError: the manifest of the aligned folder is damaged, or the folder is not whole.
    """
    plain, aligned = MapSettings.out.output, AlignSettings.out.output
    manifest = Manifest.of(aligned) if aligned.is_dir() else None
    if manifest is None or manifest.command != ALIGN:
        return plain
    if not plain.is_dir():
        return aligned
    read = manifest.inputs.get("mapped")
    if read is None or Path(read.path) != plain or read.sha256 != sha256(plain):
        reporter.warn(f"target embeddings: those of {plain}/, because {aligned}/ was made of another map")
        return plain
    reporter.warn(f"target embeddings: those of {aligned}/ (`embeddings={plain}` takes the map as it was)")
    return aligned


def choose_map(answers: Mapping[str, Sequence[ClassBias]]) -> MapChoice:
    """The map with which the answers to unlabelled texts carry the most information.

    The first map is the one to beat: another one is chosen only where the difference is larger than the noise, that is
    where its bootstrap interval over the texts lies above 0.

    Args:
        answers: folder of each of two or more maps -> the class bias of each checkpoint with it, from the same texts.
    """
    from mosecrot_cli.model.class_bias import LEVEL, information_gain

    information = {folder: float(np.mean([each.information for each in biases])) for folder, biases in answers.items()}
    first, *others = answers
    best = max(others, key=lambda folder: information[folder])
    before, after = ([each.probabilities for each in answers[folder]] for folder in (first, best))
    gain = information_gain(before, after)
    shown = f"{information[best]:.3f} nats with {best}, {information[first]:.3f} with {first}"
    interval = f"difference {gain.difference:+.3f}, {LEVEL:.0%} interval {gain.low:+.3f} to {gain.high:+.3f}"
    if gain.is_noise:
        chosen, reason = first, f"the difference is within the noise, so the first map is kept: {shown} ({interval})"
    else:
        chosen = best if gain.difference > 0 else first
        reason = f"the answers to the texts carry more information with it: {shown} ({interval})"
    texts = len(before[0])
    return MapChoice(chosen, reason, texts, information, gain.difference, gain.low, gain.high)
