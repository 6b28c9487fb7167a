"""Uploading a checkpoint to the Hugging Face hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli import __version__
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import CARD
from mosecrot_cli.manifest import FOLDER_MANIFEST, Manifest
from mosecrot_cli.model.checks import CONFIG, read_config
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, checkpoints_of
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import PushSettings
from mosecrot_cli.sources.upload import check_repository, upload
from mosecrot_cli.text_lines import read_text

_EXPORT = "export"
_WRITERS = ("stitch", "adapt", "finetune", _EXPORT)
"""Commands whose outputs can be pushed; that of `export` holds a graph instead of weights."""


@dataclass(frozen=True)
class Push:
    """What was uploaded to the hub, or would be.

    Attributes:
        folder: the checkpoint.
        repository: the id on the hub.
        files: name in the repository -> its size in bytes.
        private: whether only its owners can see it; None for a dry run unless it was requested.
        address: its address; None for a dry run.
        commit: the commit; None for a dry run.
    """

    folder: Path
    repository: str
    files: dict[str, int]
    private: bool | None = None
    address: str | None = None
    commit: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        state = "planned" if self.commit is None else "pushed"
        rest = {"private": self.private, "address": self.address, "commit": self.commit}
        return {"model": str(self.folder), "repository": self.repository, "state": state, "files": self.files, **rest}


def run(settings: PushSettings, reporter: Reporter) -> Push:
    """Upload a checkpoint that mosecrot wrote, or one that can be loaded, to the hub, in one commit.

    Raises:
        DataError: the folder is not such a checkpoint, is incomplete or damaged, or the hub refuses its card.
        UsageError: the id of the repository is not valid.
        SourceUnavailableError, OutputExistsError: see `sources.upload.upload`.
    """
    check_repository(settings.repository)
    files = _files(settings.model)
    for name, what in files.items():
        if Path(name).name == CARD and isinstance(what, Path):
            read_text(str(what))  # the hub takes no other encoding than UTF-8
    sizes = {name: len(what) if isinstance(what, bytes) else what.stat().st_size for name, what in files.items()}
    if CARD not in files:
        reporter.warn(f"{settings.model} has no model card (README.md): nobody will know what it is")
    if settings.dry_run:
        return Push(settings.model, settings.repository, sizes, settings.private or None)
    message = f"Upload with mosecrot {__version__}"
    with reporter.track(f"uploading {sum(sizes.values()) / 1e6:,.0f} MB", None):
        found = upload(files, settings.repository, private=settings.private, message=message, reporter=reporter)
    return Push(settings.model, found.repository, sizes, found.private, found.address, found.commit)


def _files(folder: Path) -> dict[str, Path | bytes]:
    """The files of a checkpoint to upload: those that its manifest lists, or without a manifest all visible files.

    The manifest itself is not uploaded, because it names folders of this machine. The folder of the source model is
    removed from the configuration for the same reason.

    Raises:
        DataError: this is not a checkpoint, files are missing, or it cannot be loaded.
    """
    folders = checkpoints_of(folder)
    manifest = Manifest.of(folder)
    if manifest is not None and manifest.command in _WRITERS and manifest.files:
        names = [name for name in manifest.files if name != FOLDER_MANIFEST]
        if missing := [name for name in names if not (folder / name).is_file()]:
            raise DataError(f"{missing[0]} is missing", where=str(folder), hint="run the command that wrote it again")
    else:
        manifest, names = None, sorted(_visible(folder))
    if manifest is None or manifest.command != _EXPORT:
        _check_loadable(folders)
    files: dict[str, Path | bytes] = {name: folder / name for name in names}
    for checkpoint in folders.values():
        config = checkpoint / CONFIG
        if (content := _without_folders(config)) is not None:
            files[config.relative_to(folder).as_posix()] = content
    return files


def _check_loadable(folders: dict[str, Path]) -> None:
    """Check that folders that look like checkpoints can be loaded: nobody could use what else arrives on the hub."""
    from mosecrot_cli.model.loading import load_classifier

    for folder in folders.values():
        load_classifier(folder)


def _visible(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and not hidden and not path.name.endswith(FOLDER_MANIFEST):
            yield name.as_posix()


def _without_folders(config: Path) -> bytes | None:
    """The configuration with the name of the source model instead of its path; None if it names no source model."""
    content = read_config(config.parent)
    record = content.get(CONFIG_KEY) or {}
    model = record.get("source_model")
    if not isinstance(model, str) or not Path(model).is_absolute():
        return None
    changed = {**content, CONFIG_KEY: {**record, "source_model": Path(model).name}}
    return (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode()
