"""Step 5: the mapped target embeddings in place of the model's own (paper, section 3)."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.embeddings import input_embeddings
from mosecrot_cli.model.loading import Classifier, load_classifier
from mosecrot_cli.model.stitching import StitchedClassifier, stitch
from mosecrot_cli.pipeline.checkpoints import checkpoints_of
from mosecrot_cli.pipeline.mapped import CONFIG_KEY, TARGET, InputSpace, Mapped, array_digest, read_array
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import StitchSettings
from mosecrot_cli.vectors.types import is_lowercased


def run(settings: StitchSettings, reporter: Reporter) -> StepResult:
    """Stitch a checkpoint, or each of a folder of seeds, to the target side of a `mapped/` folder.

    Raises:
        UsageError, DataError, OutputExistsError, OutputError: see `errors`.
    """
    checkpoints = checkpoints_of(settings.checkpoint)
    mapped = Mapped.open(settings.embeddings)
    inputs: dict[str, str | Path] = {"checkpoint": settings.checkpoint, "embeddings": settings.embeddings}
    step = Step("stitch", settings, inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, _plan(checkpoints, mapped), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    return step.run(lambda partials: _stitch_all(checkpoints, mapped, partials[0], settings, reporter))


def _stitch_all(
    checkpoints: dict[str, Path], mapped: Mapped, output: Path, settings: StitchSettings, reporter: Reporter
) -> Computed:
    target = mapped.target()
    lowercased = is_lowercased(target.words)
    with reporter.track("stitching", len(checkpoints)) as advance:
        for number, (name, folder) in enumerate(checkpoints.items()):
            classifier = load_classifier(folder)
            # Seeds of one run share their input space: one warning is enough.
            _check_space(classifier, mapped, folder, reporter if number == 0 else None)
            result = stitch(
                classifier.model,
                classifier.tokenizer,
                target.words,
                target.matrix,
                lowercased=lowercased,
                shared_strings=settings.shared,
            )
            _save(result, mapped, output / name)
            advance(1)
    facts = {name: mapped.facts.get(name) for name in ("src", "tgt")}
    statistics = {
        "rows": dict(result.rows),
        "left_out": dict(result.left_out),
        "checkpoints": [*map(str, checkpoints.values())],
    }
    return Computed(statistics, facts, _summary(result, checkpoints))


def _check_space(classifier: Classifier, mapped: Mapped, folder: Path, reporter: Reporter | None) -> None:
    """Check that the mapped rows mean to this checkpoint what they should.

    Raises:
        DataError: it was trained on another input space, or its embeddings have another width.
    """
    space = InputSpace.of_config(classifier.model.config)
    own = input_embeddings(classifier.model)
    width = read_array(mapped.folder / TARGET).shape[1]
    if own.shape[1] != width:
        raise DataError(
            f"embeddings of {width} dimensions do not fit the checkpoint {folder}, whose own have {own.shape[1]}",
            where=str(mapped.folder),
            hint="map with the model that the checkpoint was made of",
        )
    if space is not None:
        mapped.check_space(space, folder)
        if space.kept and space.trained and reporter:
            reporter.warn(
                f"{folder}: its own embeddings were trained, the mapped ones come from the untrained: "
                "finetune --freeze-embeddings keeps both alike"
            )
    elif array_digest(own) != mapped.facts.get("source_embeddings_sha256") and reporter:
        reporter.warn(
            f"{folder} was not fine-tuned by mosecrot and its embeddings are not those that were mapped: "
            "whether they fit cannot be checked"
        )


def _save(result: StitchedClassifier, mapped: Mapped, output: Path) -> None:
    record = getattr(result.model.config, CONFIG_KEY, None) or {}
    setattr(result.model.config, CONFIG_KEY, {**record, "target_language": mapped.facts.get("tgt")})
    result.save(output)


def _summary(result: StitchedClassifier, checkpoints: dict[str, Path]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = [(kind, f"{count:,} rows") for kind, count in result.rows.items() if count]
    rows += [(f"left out: {reason}", f"{count:,} words") for reason, count in result.left_out.items()]
    return [*rows, ("checkpoints", f"{len(checkpoints)}")]


def _plan(checkpoints: dict[str, Path], mapped: Mapped) -> list[tuple[str, str]]:
    rows, width = read_array(mapped.folder / TARGET).shape
    return [
        ("checkpoints", ", ".join(str(folder) for folder in checkpoints.values())),
        ("target embeddings", f"{rows:,} x {width}, {rows * width * 4 / 1e6:,.0f} MB in each checkpoint"),
    ]
