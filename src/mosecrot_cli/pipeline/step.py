"""What every file-writing command has in common: checks first, then computing, then all outputs at once."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mosecrot_cli.manifest import FOLDER_MANIFEST, Facts, Input, Manifest, describe_input, file_manifest
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.settings import ALL, OutputSettings
from mosecrot_cli.staging import MARKER, atomic_outputs
from mosecrot_cli.structured import to_json
from mosecrot_cli.vectors.cache import VectorCache


class StepSettings(Protocol):
    """The settings of a command that writes files."""

    @property
    def out(self) -> OutputSettings:
        """Where the output goes and what may happen to what is there."""


@dataclass(frozen=True)
class Computed:
    """The result of a step's computation, apart from its files.

    Attributes:
        statistics: figures of the result, for the manifest.
        facts: what the next command builds on; paths as seen from here.
        summary: lines for people (name, value).
        digests: SHA-256 of inputs that were hashed while they were read (by input name).
    """

    statistics: dict[str, Any]
    facts: Facts = field(default_factory=Facts)
    summary: Sequence[tuple[str, str]] = ()
    digests: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class StepResult:
    """What a step did.

    Attributes:
        output: what was written (or would be).
        manifest: its manifest; None for a dry run.
        summary: lines for people (name, value).
        skipped: nothing had changed, nothing was done.
        planned: a dry run: nothing was written.
    """

    output: Path
    manifest: Manifest | None
    summary: Sequence[tuple[str, str]] = ()
    skipped: bool = False
    planned: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON: the output, what became of it, and its manifest or the plan."""
        state = "unchanged" if self.skipped else "planned" if self.planned else "written"
        body = self.manifest.to_dict() if self.manifest else {"plan": dict(self.summary)}
        return {"output": str(self.output), "state": state, **body}


@dataclass(frozen=True)
class Step:
    """One run of a file-writing command.

    Attributes:
        command: its name.
        settings: its settings, resolved: as they go into the manifest.
        inputs: name -> path or hub id of everything that is read.
        outputs: final names, the principal one first.
        folder: the principal output is a folder, with the manifest inside.
        manifest: path of the manifest of a file; None: that of `manifest.file_manifest`.
    """

    command: str
    settings: StepSettings
    inputs: Mapping[str, str | Path]
    outputs: Sequence[Path]
    folder: bool = True
    manifest: Path | None = None

    @property
    def manifest_path(self) -> Path:
        """The path of the manifest."""
        if self.folder:
            return self.outputs[0] / FOLDER_MANIFEST
        return self.manifest or file_manifest(self.outputs[0])

    def unchanged(self) -> StepResult | None:
        """The finished step, if `--if-changed` was given and the output is of these very settings and inputs."""
        if not self.settings.out.if_changed or not all(path.exists() for path in self.outputs):
            return None
        if not self.manifest_path.is_file():
            return None
        manifest = Manifest.read(self.manifest_path)
        if manifest.settings != describe_settings(self.settings):
            return None
        # Of vectors that were read before, the SHA-256 need not be computed again.
        cache = VectorCache.of_environment()
        known = {name: cache.known_digest(Path(path)) for name, path in self.inputs.items()}
        if manifest.inputs != self._describe_inputs(known):
            return None
        return StepResult(self.outputs[0], manifest, skipped=True)

    def check(self) -> None:
        """Fail before the computing starts if the outputs cannot be written, or something would be lost by it.

        Raises:
            UsageError, OutputExistsError, OutputError: see `outputs.check_outputs`.
        """
        check_outputs(
            self.outputs,
            inputs=self.inputs,
            overwrite=self._replaces,
            folder=self.folder,
            manifest=None if self.folder else self.manifest_path,
        )

    @property
    def _replaces(self) -> bool:
        return self.settings.out.overwrite or self.settings.out.if_changed

    def run(self, compute: Callable[[Sequence[Path]], Computed], *, keep_partial: bool = False) -> StepResult:
        """Compute into working paths, write the manifest, and give everything its name at once.

        Args:
            compute: gets one working path per output and fills it.
            keep_partial: leave what an interrupted run has written, for `resume`.

        Raises:
            OutputExistsError, OutputError: see `staging.atomic_outputs`.
        """
        started = time.perf_counter()
        finals = list(self.outputs) if self.folder else [*self.outputs, self.manifest_path]
        with atomic_outputs(*finals, overwrite=self._replaces, keep_partial=keep_partial) as works:
            computed = compute(works[: len(self.outputs)])
            place = works[0] / FOLDER_MANIFEST if self.folder else works[-1]
            manifest = Manifest(
                command=self.command,
                settings=describe_settings(self.settings),
                inputs=self._describe_inputs(computed.digests),
                statistics=computed.statistics,
                facts=computed.facts.recorded(self.manifest_path),
                seconds=round(time.perf_counter() - started, 3),
                files=_files_in(works[0]) if self.folder else tuple(path.name for path in finals),
            ).stamped()
            manifest.write(place)
        return StepResult(self.outputs[0], manifest, computed.summary)

    def _describe_inputs(self, digests: Mapping[str, str | None]) -> dict[str, Input]:
        return {name: describe_input(path, digest=digests.get(name)) for name, path in self.inputs.items()}


def _files_in(folder: Path) -> tuple[str, ...]:
    """Every file in a folder that is about to be finished, with the manifest that comes last."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    return tuple(sorted(found - {MARKER} | {FOLDER_MANIFEST}))


def describe_settings(settings: Any) -> dict[str, Any]:
    """Settings as JSON values, without the flags that do not change the result."""
    flat = dataclasses.asdict(settings)
    out = flat.pop("out", None)
    if out is not None:
        flat["output"] = str(out["output"])
    for name in ("resume", "log_to"):
        flat.pop(name, None)
    described: dict[str, Any] = to_json(flat)
    return {key: "all" if value == ALL else value for key, value in described.items()}
