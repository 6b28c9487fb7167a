"""The manifest beside each output: what was run on what, with what result; the next command reads its defaults here."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import sha256

FOLDER_MANIFEST = "manifest.json"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "tokenizers", "datasets", "entmax", "faiss-cpu")


def file_manifest(output: Path) -> Path:
    """Where the manifest of a file lies: `anchors.manifest.json` beside `anchors.tsv`."""
    return output.with_name(output.stem + ".manifest.json")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What one command did.

    Attributes:
        command: the command's name.
        settings: every setting, defaults included.
        inputs: name -> {path, bytes, sha256} of each file or folder read; a hub id has {path} and what is known of it.
        statistics: what the run found (sizes, coverage, counts of degenerate rows, scores).
        facts: what later commands build on (language, paths of model and vectors, the input space).
        seconds: wall time of the run.
    """

    command: str
    settings: dict[str, Any]
    inputs: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    statistics: dict[str, Any] = dataclasses.field(default_factory=dict)
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    created: str = ""
    mosecrot: str = __version__
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it as JSON, stamped with the time and the versions of what computed it."""
        stamped = dataclasses.replace(
            self, created=datetime.now(UTC).isoformat(timespec="seconds"), versions=package_versions()
        )
        text = json.dumps(dataclasses.asdict(stamped), indent=2, ensure_ascii=False, default=str)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest file.

        Raises:
            DataError: it is missing or no manifest.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {field.name for field in dataclasses.fields(cls)}
            return cls(**{key: value for key, value in content.items() if key in known})
        except FileNotFoundError:
            raise DataError("no such manifest", where=str(path)) from None
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError(f"no manifest of mosecrot ({error})", where=str(path)) from error

    @classmethod
    def of(cls, output: Path) -> Manifest | None:
        """The manifest of an output (in the folder, or beside the file), or None where there is none."""
        path = output / FOLDER_MANIFEST if output.is_dir() else file_manifest(output)
        return cls.read(path) if path.is_file() else None


def portable(path: str | Path, manifest: Path) -> str:
    """How a manifest names a path: `./relative` to itself for what lies beside the output, else absolute. Ids stay.

    So a working folder can be moved whole. `resolve_fact` is the way back.
    """
    given = Path(path)
    if not given.exists():
        return str(path)
    home = Path(os.path.abspath(manifest.parent))
    beside = home.parent if manifest.name == FOLDER_MANIFEST else home
    # Links are followed by nobody: what a link points to may move, too.
    resolved = Path(os.path.abspath(given))
    if resolved.is_relative_to(beside):
        return "./" + Path(os.path.relpath(resolved, home)).as_posix()
    return str(resolved)


def resolve_fact(value: str, manifest: Path) -> str:
    """The path or id that `portable` wrote, as seen from the current folder."""
    if not value.startswith("./"):
        return value
    return os.path.relpath(manifest.parent / value)


def describe_input(path: str | Path, *, digest: str | None = None) -> dict[str, Any]:
    """Path, size and SHA-256 of an input (`digest` spares the reading); of a hub id, the id."""
    given = Path(path)
    if not given.exists():
        return {"path": str(path)}
    size = given.stat().st_size if given.is_file() else sum(f.stat().st_size for f in given.rglob("*") if f.is_file())
    return {"path": str(given), "bytes": size, "sha256": digest or sha256(given)}


def package_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
