"""Putting a checkpoint on the Hugging Face hub."""

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

_WRITERS = ("stitch", "adapt", "finetune", "export")
"""Commands whose outputs can be pushed."""


@dataclass(frozen=True)
class Push:
    """What was put on the hub, or would be.

    Attributes:
        folder: the checkpoint.
        repository: the id on the hub.
        files: name in the repository -> its size in bytes.
        private: whether only its owners see it; None for a dry run, if that was not asked for.
        address: where it is; None for a dry run.
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
        DataError: the folder is neither, is incomplete, or the hub refuses its card.
        UsageError: no id of a repository.
        SourceUnavailableError, OutputExistsError: see `sources.upload.upload`.
    """
    check_repository(settings.repository)
    files = _files(settings.model)
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
    """What is uploaded of a checkpoint: of our own, the files of the manifest without itself, else all visible ones.

    A manifest names folders of this machine, and it stays here; so does the folder of the source model in the
    configuration.

    Raises:
        DataError: no checkpoint, or not all of it is there.
    """
    folders = checkpoints_of(folder)
    manifest = Manifest.of(folder)
    if manifest is not None and manifest.command in _WRITERS and manifest.files:
        names = [name for name in manifest.files if name != FOLDER_MANIFEST]
        if missing := [name for name in names if not (folder / name).is_file()]:
            raise DataError(f"{missing[0]} is missing", where=str(folder), hint="run the command that wrote it again")
    else:
        _check_loadable(folders)
        names = sorted(_visible(folder))
    files: dict[str, Path | bytes] = {name: folder / name for name in names}
    for checkpoint in folders.values():
        config = checkpoint / CONFIG
        if (content := _without_folders(config)) is not None:
            files[config.relative_to(folder).as_posix()] = content
    return files


def _check_loadable(folders: dict[str, Path]) -> None:
    """Refuse a folder that only looks like a checkpoint."""
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
    """A configuration that names the source model alone, without its folder; None where it names none."""
    content = read_config(config.parent)
    record = content.get(CONFIG_KEY) or {}
    model = record.get("source_model")
    if not isinstance(model, str) or not Path(model).is_absolute():
        return None
    changed = {**content, CONFIG_KEY: {**record, "source_model": Path(model).name}}
    return (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode()
