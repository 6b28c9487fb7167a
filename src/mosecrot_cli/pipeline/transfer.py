"""A further language in one process: anchors, map, stitch and inspect, with each model and vector file read once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.checks import read_config
from mosecrot_cli.pipeline import stitch
from mosecrot_cli.pipeline.anchors import run as anchors
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, InputSpace, checkpoints_of
from mosecrot_cli.pipeline.inspect import run as inspection
from mosecrot_cli.pipeline.inspect.report import Inspection
from mosecrot_cli.pipeline.map import run as mapping
from mosecrot_cli.pipeline.publish.statements import Statements
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import (
    AnchorsSettings,
    InspectSettings,
    MapSettings,
    OutputSettings,
    StitchSettings,
    TransferSettings,
    with_preset,
)


@dataclass(frozen=True)
class Transfer:
    """What a transfer did.

    Attributes:
        steps: name of the command -> what it did; only anchors for a dry run.
        inspection: what is to be said of the map; None for a dry run.
    """

    steps: dict[str, StepResult]
    inspection: Inspection | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values: one entry for each command."""
        content: dict[str, Any] = {name: step.to_dict() for name, step in self.steps.items()}
        return content | ({"inspect": self.inspection.to_dict()} if self.inspection else {})


def run(settings: TransferSettings, reporter: Reporter) -> Transfer:
    """Make a classifier for a further language of a fine-tuned checkpoint.

    The files and manifests are those that the single commands write.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    Statements.of(settings)  # to check them before anything is computed
    opened, output = Opened(), settings.out.output
    places = {"anchors": output.with_name("anchors.tsv"), "map": output.with_name("mapped"), "stitch": output}
    outputs = {name: replace(settings.out, output=path) for name, path in places.items()}
    told = _anchors(settings, outputs["anchors"])
    if settings.out.dry_run:
        return Transfer({"anchors": anchors.run(told, reporter, opened=opened)}, None)
    steps = {"anchors": anchors.run(told, reporter, opened=opened)}
    mapped = with_preset(
        MapSettings(anchors=str(places["anchors"]), device=settings.device, out=outputs["map"]), settings.preset, set()
    )
    steps["map"] = mapping.run(mapped, reporter, opened=opened)
    steps["stitch"] = stitch.run(
        StitchSettings(
            checkpoint=settings.checkpoint,
            embeddings=places["map"],
            texts=settings.texts,
            data=settings.data,
            device=settings.device,
            license=settings.license,
            licenses_of=settings.licenses_of,
            base_model=settings.base_model,
            out=outputs["stitch"],
        ),
        reporter,
    )
    asked = InspectSettings(
        mapped=places["map"], texts=settings.texts, data=settings.data, device=settings.device, seed=settings.seed
    )
    return Transfer(steps, inspection.run(asked, reporter, opened=opened))


def _anchors(settings: TransferSettings, out: OutputSettings) -> AnchorsSettings:
    return AnchorsSettings(
        src=Facts.of(settings.checkpoint).src or AnchorsSettings.src,
        tgt=settings.tgt,
        lexicons=settings.lexicons,
        source_model=settings.source_model or source_model_of(settings.checkpoint),
        target_vectors=settings.target_vectors,
        max_vocab=settings.max_vocab,
        source_vectors=settings.source_vectors,
        device=settings.device,
        seed=settings.seed,
        out=out,
    )


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
