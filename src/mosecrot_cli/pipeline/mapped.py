"""The folder that `map` and `align` write and `finetune` and `stitch` read."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.arrays import map_npy, require_finite
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import sha256
from mosecrot_cli.manifest import FOLDER_MANIFEST, Facts, Manifest
from mosecrot_cli.mapping.base import EmbeddingMap, RowOutput
from mosecrot_cli.pipeline.checkpoints import InputSpace
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ALL, STDIO, MapSettings
from mosecrot_cli.staging import check_whole
from mosecrot_cli.structured import converted
from mosecrot_cli.suggestions import did_you_mean
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors

SOURCE = "source.npy"
TARGET = "target.npy"
VOCABULARY = "target.vocab.txt"
MAP, ALIGN = "map", "align"
"""The commands that write such a folder, as manifests name them."""
_BEHIND, _ALIGNMENTS = "map", "alignments"


def array_digest(matrix: NDArray[Any]) -> str:
    """SHA-256 of a matrix: of its shape and its float32 rows."""
    total = hashlib.sha256(repr(matrix.shape).encode())
    for start in range(0, len(matrix), 8192):
        total.update(np.ascontiguousarray(matrix[start : start + 8192], dtype=np.float32).tobytes())
    return total.hexdigest()


@dataclass(frozen=True)
class Alignment:
    """How `align` moved rows of a map.

    Attributes:
        parallel: names of the parallel texts, without their folders; two files of one text with a comma between.
        pairs: pairs of sentences that were learnt from.
        rows: rows that moved.
    """

    parallel: tuple[str, ...]
    pairs: int
    rows: int


@dataclass(frozen=True)
class Mapped:
    """An opened `mapped/` folder.

    Attributes:
        folder: where it is.
        facts: of its manifest, paths as seen from here.
        manifest: what `map` did; the manifest of an aligned folder holds that of the map that it started from.
        alignments: what `align` did afterwards, each time.
    """

    folder: Path
    facts: Facts
    manifest: Manifest
    alignments: tuple[Alignment, ...] = ()

    @classmethod
    def open(cls, folder: Path) -> Mapped:
        """Open a folder that `map` or `align` has written.

        Raises:
            DataError: it is missing, incomplete or no such folder.
        """
        hint = "`mosecrot map` writes it; name another"
        check_whole(folder)
        if not folder.is_dir():
            hint = did_you_mean(folder, "run `mosecrot map` first") or hint
            raise DataError("no such folder of mapped embeddings", where=str(folder), hint=hint)
        for name in (SOURCE, TARGET, VOCABULARY, FOLDER_MANIFEST):
            if not (folder / name).is_file():
                raise DataError(f"{name} is missing", where=str(folder), hint=hint)
        manifest = Manifest.read(folder / FOLDER_MANIFEST)
        if manifest.command not in (MAP, ALIGN):
            raise DataError("the manifest is not one of `mosecrot map`", where=str(folder), hint=hint)
        facts = manifest.facts.resolved(folder / FOLDER_MANIFEST)
        try:
            return cls(folder, facts, map_behind(manifest), _alignments(manifest))
        except ValueError as error:
            place = str(folder / FOLDER_MANIFEST)
            raise DataError(f"what it says of its map is damaged: {error}", where=place, hint="align again") from error

    def settings(self) -> MapSettings:
        """What `map` was told, without its output; what an older version did not record has its default.

        Raises:
            DataError: the manifest holds a value that this version does not know.
        """
        recorded = {name: ALL if value == "all" else value for name, value in self.manifest.settings.items()}
        defaults = {field.name: getattr(MapSettings, field.name) for field in fields(MapSettings)}
        known: dict[str, Any] = {name: recorded[name] for name in defaults if name in recorded}
        try:
            for name, default in defaults.items():
                if name in known and isinstance(default, StrEnum):
                    known[name] = type(default)(known[name])
        except ValueError as error:
            place = str(self.folder / FOLDER_MANIFEST)
            raise DataError(f"{error}: made by a newer version", where=place, hint="map again") from error
        for name in ("vocab_from", "pivot_lexicons"):
            known[name] = tuple(map(Path, known.get(name, ())))
        return MapSettings(**known)

    def anchors(self) -> Path | None:
        """The file of the anchors, as seen from here; None where they came from stdin, or the file is gone."""
        read = self.manifest.inputs.get("anchors")
        recorded = read.path if read else STDIO
        places = [self.facts.anchors, recorded, self.folder.parent / recorded]
        return next((Path(place) for place in places if place and recorded != STDIO and Path(place).is_file()), None)

    def warn_of_changed_anchors(self, reporter: Reporter) -> None:
        """Warn where the file of the anchors is no longer that which was mapped."""
        read, path = self.manifest.inputs.get("anchors"), Path(self.facts.anchors or "")
        if read and read.sha256 and path.is_file() and sha256(path) != read.sha256:
            reporter.warn(f"{path} has changed since {self.folder} was mapped: run `mosecrot map` again to use it")

    def source(self) -> NDArray[np.float32]:
        """The source side: one row per token id, `[V^s, D]`; a read-only memory map.

        Raises:
            DataError: the file is damaged, or a row holds NaN or infinity.
        """
        matrix = read_array(self.folder / SOURCE)
        require_finite(matrix, str(self.folder / SOURCE))
        return matrix

    def target(self) -> WordVectors:
        """The target words and their embeddings, `V^t x D`."""
        return read_vectors(self.folder / TARGET, max_vocab=None)

    @property
    def keeps_source(self) -> bool:
        """Whether the source side is the model's own embedding matrix."""
        return bool(self.facts.source_kept)

    def check_space(self, space: InputSpace, checkpoint: Path) -> None:
        """Check that target rows of this folder mean to the checkpoint what its training rows meant.

        Target rows are weighted means of the model's own embeddings, so they fit a checkpoint that kept those, and
        one that was trained on this folder's source side.

        Raises:
            DataError: the checkpoint was trained on another input space.
        """
        own, mapped = self.facts.source_embeddings_sha256, self.facts.source_sha256
        if space.sha256 == (own if space.kept else mapped):
            return
        trained_on = f"the embeddings of {space.source_model}" if space.kept else "another F^s (source.npy)"
        raise DataError(
            f"the checkpoint {checkpoint} was trained on {trained_on}, which is not this folder's source side",
            where=str(self.folder),
            hint="stitch it with the folder that it was fine-tuned on, or map again with its source model",
        )


def map_behind(manifest: Manifest) -> Manifest:
    """What `map` did, from its own manifest or from that of a folder that was aligned afterwards.

    Raises:
        ValueError: it is not recorded, or damaged.
    """
    return manifest if manifest.command == MAP else converted(manifest.statistics.get(_BEHIND), Manifest)


def alignment_record(mapped: Mapped, alignment: Alignment) -> dict[str, Any]:
    """What the manifest of an aligned folder says of its map and of everything that moved its rows."""
    alignments = [asdict(each) for each in (*mapped.alignments, alignment)]
    return {_BEHIND: mapped.manifest.to_dict(), _ALIGNMENTS: alignments}


def _alignments(manifest: Manifest) -> tuple[Alignment, ...]:
    recorded = manifest.statistics.get(_ALIGNMENTS) if manifest.command == ALIGN else []
    return converted(recorded, tuple[Alignment, ...])


def fill(mapping: EmbeddingMap, rows: NDArray[Any], out: RowOutput, what: str, reporter: Reporter) -> None:
    """Map `rows` into `out`, block by block, reported as `what`."""
    with reporter.track(what, len(rows)) as advance:
        for count in mapping.transform_into(rows, out):
            advance(count)


def read_array(path: Path) -> NDArray[np.float32]:
    """A matrix `[n, D]` of float32 or float16 in an `.npy` file as a memory map; its numbers are not looked at.

    Raises:
        DataError: damaged, of another kind, or pickled.
    """
    array: NDArray[np.float32] = map_npy(path, dtypes=("float16", "float32"))
    return array
