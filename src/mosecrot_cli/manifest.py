"""The manifest of each output: what was run on what, with what result. The next command reads its defaults there."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import digested_files, sha256
from mosecrot_cli.staging import check_whole
from mosecrot_cli.structured import read_json, to_json

FOLDER_MANIFEST = "manifest.json"
_QUOTED = "file:"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "datasets", "entmax", "faiss-cpu")


def file_manifest(output: Path) -> Path:
    """The manifest of a file: `anchors.manifest.json` next to `anchors.tsv`."""
    return output.with_name(output.stem + ".manifest.json")


_WRITE_AGAIN = "mosecrot writes this manifest; run the command that wrote it again"


def manifest_of(output: Path) -> Path:
    """The manifest of an output that is there: inside a folder, next to a file."""
    return output / FOLDER_MANIFEST if output.is_dir() else file_manifest(output)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What a command leaves for the next one to build on; None where it has nothing to say.

    Attributes:
        src, tgt: codes of the source and target language.
        source_model: path or hub id of the source model.
        target_vectors: path of the target vectors.
        max_vocab: how many of the target words are used.
        anchors: path of the anchors; None where they came from stdin.
        mapped: path of the map that a checkpoint was stitched with.
        alignments: path of all pairs of words that word alignment found, with their counts.
        source_kept: whether the model's own embeddings are the source side (True) or F^s (False).
        source_sha256: digest of the source side, `source.npy`.
        source_embeddings_sha256: digest of the model's own embeddings.
        embeddings_frozen: whether fine-tuning left the word embeddings as they were.
        labels: label names in the order of their ids.
        seeds: the seeds of the fine-tuning, one for each checkpoint.
    """

    src: str | None = None
    tgt: str | None = None
    source_model: str | None = None
    target_vectors: str | None = None
    max_vocab: int | None = None
    anchors: str | None = None
    mapped: str | None = None
    alignments: str | None = None
    source_kept: bool | None = None
    source_sha256: str | None = None
    source_embeddings_sha256: str | None = None
    embeddings_frozen: bool | None = None
    labels: tuple[str, ...] | None = None
    seeds: tuple[int, ...] | None = None

    @classmethod
    def of(cls, output: Path) -> Facts:
        """The facts that the command which wrote `output` has left, paths as seen from the current folder.

        Raises:
            DataError: the manifest of `output` is damaged. An output without a manifest has no facts.
        """
        manifest = Manifest.of(output)
        return cls() if manifest is None else manifest.facts.resolved(manifest_of(output))

    def recorded(self, manifest: Path) -> Facts:
        """With its paths as a manifest at `manifest` names them."""
        return self._with_paths(lambda path: portable(path, manifest))

    def resolved(self, manifest: Path) -> Facts:
        """With the paths of a manifest at `manifest` as seen from the current folder: the way back from `recorded`."""
        return self._with_paths(lambda path: resolve_fact(path, manifest))

    def _with_paths(self, change: Callable[[str], str]) -> Facts:
        names = ("source_model", "target_vectors", "anchors", "mapped", "alignments")
        changed: dict[str, Any] = {name: change(path) for name in names if (path := getattr(self, name)) is not None}
        return dataclasses.replace(self, **changed)


@dataclasses.dataclass(frozen=True)
class Input:
    """One thing that a command has read.

    Attributes:
        path: of a file or folder, or a hub id.
        bytes, sha256: its size and digest; None for a hub id.
    """

    path: str
    bytes: int | None = None
    sha256: str | None = None


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What one command did.

    Attributes:
        command: the command's name.
        settings: every setting, defaults included.
        inputs: name -> what was read.
        statistics: what the run found (sizes, coverage, counts of degenerate rows, scores).
        facts: what later commands build on.
        seconds: wall time of the run.
        created: when it was written, in UTC.
        mosecrot: the version that wrote it.
        versions: of Python and of the libraries that compute.
        files: every file of the output, relative to the folder of the manifest.
    """

    command: str
    settings: dict[str, Any]
    inputs: dict[str, Input] = dataclasses.field(default_factory=dict)
    statistics: dict[str, Any] = dataclasses.field(default_factory=dict)
    facts: Facts = Facts()
    seconds: float = 0.0
    created: str = ""
    mosecrot: str = __version__
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    files: tuple[str, ...] = ()

    def stamped(self) -> Manifest:
        """With the time and the versions of what computed the result."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return dataclasses.replace(self, created=now, versions=package_versions())

    def to_dict(self) -> dict[str, Any]:
        """As JSON values; facts and figures of inputs that are not known are left out."""
        content: dict[str, Any] = to_json(dataclasses.asdict(self))
        content["facts"] = _known(content["facts"])
        content["inputs"] = {name: _known(value) for name, value in content["inputs"].items()}
        return content

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest file.

        Raises:
            DataError: it is missing or damaged, or is not a manifest.
        """
        return read_json(path, cls, hint=_WRITE_AGAIN)

    @classmethod
    def of(cls, output: Path) -> Manifest | None:
        """The manifest of an output (in the folder, or next to the file), or None where there is none.

        Raises:
            DataError: it is damaged, or the output is not whole.
        """
        check_whole(output)
        path = manifest_of(output)
        return cls.read(path) if path.is_file() else None

    def count(self, name: str, *, where: Path) -> int:
        """A count among the statistics; 0 where it is not recorded.

        Args:
            name: of the count.
            where: the file of the manifest.

        Raises:
            DataError: what is recorded is no whole number of 0 or more.
        """
        recorded = self.statistics.get(name)
        if recorded is None:
            return 0
        if isinstance(recorded, bool) or not isinstance(recorded, int) or recorded < 0:
            problem = f"`statistics.{name}` is {recorded!r}, which is no count"
            raise DataError(problem, where=str(where), hint=_WRITE_AGAIN)
        return recorded


def _known(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def portable(path: str, manifest: Path) -> str:
    """How a manifest names a path: `./relative` to itself for what is next to the output, else absolute. Ids stay.

    So a working folder can be moved whole. A name that is not UTF-8 is quoted as in a `file:` address. `resolve_fact`
    is the way back.
    """
    given = Path(path)
    if not given.exists():
        return path
    home = Path(os.path.abspath(manifest.parent))
    working_folder = home.parent if manifest.name == FOLDER_MANIFEST else home
    # Links are followed by nobody: what a link points to may move, too.
    resolved = Path(os.path.abspath(given))
    if resolved.is_relative_to(working_folder):
        named = "./" + Path(os.path.relpath(resolved, home)).as_posix()
    else:
        named = str(resolved)
    return named if to_json(named) == named else _QUOTED + quote_from_bytes(os.fsencode(named))


def resolve_fact(value: str, manifest: Path) -> str:
    """The path or id that `portable` wrote, as seen from the current folder."""
    if value.startswith(_QUOTED):
        value = os.fsdecode(unquote_to_bytes(value.removeprefix(_QUOTED)))
    return os.path.relpath(manifest.parent / value) if value.startswith("./") else value


def describe_input(path: str | Path, *, digest: str | None = None) -> Input:
    """Path, size and SHA-256 of an input (`digest` spares the reading); of a hub id, the id."""
    given = Path(path)
    if not given.exists():
        return Input(to_json(path))
    # Of a folder, that of the files in its digest: a manifest has another length whenever its run took another time.
    files = [given] if given.is_file() else digested_files(given)
    size = sum(file.stat().st_size for file in files)
    return Input(to_json(given), size, digest or sha256(given))


def package_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
