"""Step 5: the mapped target embeddings in place of the model's own (paper, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import remove, sha256
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.loading import load_classifier
from mosecrot_cli.model.stitching.file_to_file import StoredClassifier
from mosecrot_cli.model.stitching.stitch import (
    StitchedClassifier,
    StitchOptions,
    TargetEmbeddings,
    stitch,
    target_embeddings,
)
from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.pipeline.adapt.job import unlabelled_texts
from mosecrot_cli.pipeline.checkpoints import CONFIG_KEY, InputSpace, checkpoints_of, is_stitched, stitched_record
from mosecrot_cli.pipeline.mapped import TARGET, Mapped, array_digest, read_array
from mosecrot_cli.pipeline.publish.card import check_edited, with_card
from mosecrot_cli.pipeline.publish.origin import Origin, bias_step, of_stitching
from mosecrot_cli.pipeline.publish.statements import Statements
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.pipeline.stitch.choice import (
    MAP_CHOICE,
    STITCH,
    MapChoice,
    check_alternatives,
    choose_map,
    default_map,
)
from mosecrot_cli.pipeline.stitch.summary import plan, rows_of, sizes_of
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ComputeSettings, StitchSettings
from mosecrot_cli.vectors.types import WordVectors

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.adapt.class_bias import Adjusted


def run(settings: StitchSettings, reporter: Reporter, *, choice: MapChoice | None = None) -> StepResult:
    """Stitch a checkpoint, or each of a folder of seeds, to the target side of a `mapped/` folder.

    Args:
        settings: of the command.
        reporter: hears of progress and of doubts.
        choice: of this map, if it was chosen beforehand; for the manifest.

    Raises:
        UsageError, DataError, OutputExistsError, OutputError: see `errors`.
    """
    stated = Statements.of(settings)
    checkpoints = checkpoints_of(settings.checkpoint)
    embeddings = settings.embeddings or default_map(reporter)
    settings = replace(settings, embeddings=embeddings)
    maps = tuple(map(Mapped.open, (embeddings, *settings.alternatives)))
    origins = {str(each.folder): of_stitching(settings.checkpoint, each) for each in maps}
    stated.check_names(origins.values())
    texts = _texts(settings, maps, reporter)
    inputs: dict[str, str | Path] = {"checkpoint": settings.checkpoint, "embeddings": embeddings}
    inputs |= {f"alternative_{number}": folder for number, folder in enumerate(settings.alternatives, start=1)}
    if settings.texts is not None:
        inputs["texts"] = settings.texts
    step = Step(STITCH, settings, inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, plan(checkpoints, maps, texts), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    check_edited(settings.out.output)
    for each in maps:
        each.warn_of_changed_anchors(reporter)

    def compute(partials: Sequence[Path]) -> Computed:
        with ThreadPoolExecutor(1) as pool:  # stitching is mostly Python on one core
            digests = {name: pool.submit(sha256, Path(path)) for name, path in inputs.items() if Path(path).exists()}
            computed = _compute(checkpoints, maps, texts, partials[0], settings, reporter)
        computed = _explained(computed, choice) if choice else computed
        origin = origins[str(computed.facts.mapped)]
        computed = _described(computed, checkpoints, stated.added_to(origin), partials[0])
        return replace(computed, digests={name: digest.result() for name, digest in digests.items()})

    return step.run(compute)


def _texts(settings: StitchSettings, maps: Sequence[Mapped], reporter: Reporter) -> tuple[str, ...] | None:
    """The unlabelled texts, if any were given.

    Raises:
        UsageError: options that need texts were given without, or a map is named twice.
        DataError: the maps are of several languages, or the texts are missing, damaged or empty.
    """
    hint = "name unlabelled texts of the target language"
    if settings.texts is None:
        if settings.alternatives:
            raise UsageError("`alternatives` has no effect without `texts`", hint=hint)
        if settings.prior != StitchSettings.prior:
            raise UsageError("`prior` has no effect without `texts`", hint=hint)
        return None
    check_alternatives(maps[0].folder, settings.alternatives)
    languages = {mapped.facts.tgt for mapped in maps}
    if len(languages) > 1:
        named = ", ".join(sorted(str(language) for language in languages))
        raise DataError(f"the maps are of several target languages: {named}", where=str(maps[-1].folder))
    return unlabelled_texts(settings.texts, settings.data, language=maps[0].facts.tgt, reporter=reporter)


def _compute(
    checkpoints: dict[str, Path],
    maps: Sequence[Mapped],
    texts: Sequence[str] | None,
    output: Path,
    settings: StitchSettings,
    reporter: Reporter,
) -> Computed:
    """Stitch to each of the maps, and keep the result with which the answers to the texts carry most information."""
    if texts is None:
        return _stitch_all(checkpoints, maps[0], output, settings, reporter)
    if len(maps) == 1:
        computed, adjusted = _stitch_with_bias(checkpoints, maps[0], texts, output, settings, reporter)
        adjusted.warn(reporter)
        return computed
    candidates = [output / f"map-{number}" for number in range(len(maps))]
    results = {
        str(mapped.folder): (_stitch_with_bias(checkpoints, mapped, texts, folder, settings, reporter), folder)
        for mapped, folder in zip(maps, candidates, strict=True)
    }
    choice = choose_map({name: [*adjusted.biases.values()] for name, ((_, adjusted), _) in results.items()})
    (computed, adjusted), place = results[choice.chosen]
    for path in list(place.iterdir()):
        path.rename(output / path.name)
    for folder in candidates:
        remove(folder)
    adjusted.warn(reporter)
    return _explained(computed, choice)


def _explained(computed: Computed, choice: MapChoice) -> Computed:
    """With the choice of the map for the manifest and for people."""
    statistics = {**computed.statistics, MAP_CHOICE: choice.to_dict()}
    return replace(computed, statistics=statistics, summary=[*choice.rows(), *computed.summary])


def _described(computed: Computed, checkpoints: Mapping[str, Path], origin: Origin, output: Path) -> Computed:
    """With a model card for each checkpoint."""
    found = computed.statistics
    rows = {kind: count for kind, count in found["rows"].items() if count}
    origin = origin.extended(
        "Stitching: the input embeddings were replaced by "
        f"{sum(rows.values()):,} rows ({', '.join(f'{count:,} {kind}' for kind, count in rows.items())})."
    )
    if "texts" in found:
        origin = origin.extended(bias_step(int(found["texts"])))
    return with_card(computed, origin, output, [*checkpoints])


def _stitch_with_bias(
    checkpoints: dict[str, Path],
    mapped: Mapped,
    texts: Sequence[str],
    output: Path,
    settings: StitchSettings,
    reporter: Reporter,
) -> tuple[Computed, Adjusted]:
    # torch, which stitching file to file does without
    from mosecrot_cli.pipeline.adapt.class_bias import adjust_folders

    stitched = _stitch_all(checkpoints, mapped, output, settings, reporter)
    adjusted = adjust_folders(
        {name: (output / name, output / name) for name in checkpoints},
        texts,
        prior=settings.prior,
        compute=ComputeSettings(settings.device),
        reporter=reporter,
    )
    statistics = {**stitched.statistics, **adjusted.computed.statistics}
    summary = [*stitched.summary, *adjusted.computed.summary]
    return Computed(statistics, stitched.facts, summary), adjusted


def _stitch_all(
    checkpoints: dict[str, Path], mapped: Mapped, output: Path, settings: StitchSettings, reporter: Reporter
) -> Computed:
    target = mapped.target()
    result: StitchedClassifier | TargetEmbeddings
    options = StitchOptions(is_lowercased(target.words), shared_strings=settings.shared, language=mapped.facts.tgt)
    with reporter.track("stitching", len(checkpoints)) as advance:
        for number, (name, folder) in enumerate(checkpoints.items()):
            # Seeds of one run share their input space: one warning is enough.
            told = reporter if number == 0 else None
            stored = StoredClassifier.open(folder)
            if stored is not None:
                result = _stitch_stored(stored, mapped, target, options, output / name, told)
            else:
                result = _stitch_loaded(folder, mapped, target, options, output / name, told)
            advance(1)
    facts = Facts(
        src=mapped.facts.src,
        tgt=mapped.facts.tgt,
        mapped=str(mapped.folder),
        seeds=Facts.of(settings.checkpoint).seeds,
    )
    statistics = {
        "rows": dict(result.rows),
        "left_out": dict(result.left_out),
        "checkpoints": [*map(str, checkpoints.values())],
    }
    name, folder = next(iter(checkpoints.items()))
    embeddings = result.target if isinstance(result, StitchedClassifier) else result
    summary = [*rows_of(result, checkpoints), *sizes_of(embeddings, folder, output / name, mapped)]
    return Computed(statistics, facts, summary)


def _stitch_stored(
    classifier: StoredClassifier,
    mapped: Mapped,
    target: WordVectors,
    options: StitchOptions,
    output: Path,
    reporter: Reporter | None,
) -> TargetEmbeddings:
    """Stitch a checkpoint file to file."""
    record = classifier.config.get(CONFIG_KEY)
    _check_space(record, classifier.embeddings, mapped, classifier.stored.folder, reporter)
    result = target_embeddings(
        classifier.embeddings,
        classifier.tokenizer,
        target.words,
        target.matrix,
        reserved=classifier.reserved,
        options=options,
    )
    classifier.save(result, {CONFIG_KEY: stitched_record(record, mapped.facts.tgt)}, output)
    classifier.check_saved(result, output, target.words)
    return result


def _stitch_loaded(
    folder: Path,
    mapped: Mapped,
    target: WordVectors,
    options: StitchOptions,
    output: Path,
    reporter: Reporter | None,
) -> StitchedClassifier:
    """Stitch a checkpoint that `transformers` has to read and write."""
    # torch, which the other way does without
    from mosecrot_cli.model.layers import input_embeddings

    classifier = load_classifier(folder)
    record = getattr(classifier.model.config, CONFIG_KEY, None)
    _check_space(record, input_embeddings(classifier.model), mapped, folder, reporter)
    result = stitch(
        classifier.model,
        classifier.tokenizer,
        target.words,
        target.matrix,
        lowercased=options.lowercased,
        shared_strings=options.shared_strings,
    )
    setattr(result.model.config, CONFIG_KEY, stitched_record(record, mapped.facts.tgt))
    result.save(output)
    result.check_saved(output, target.words)
    return result


def _check_space(
    record: Any, own: NDArray[np.float32], mapped: Mapped, folder: Path, reporter: Reporter | None
) -> None:
    """Check that the mapped rows mean to this checkpoint what they should.

    Args:
        record: what its configuration says of its input space, if anything.
        own: its input embeddings.
        mapped: the rows that are to take their place.
        folder: of the checkpoint.
        reporter: hears of doubts.

    Raises:
        DataError: it is stitched already, was trained on another input space, or has embeddings of another width.
    """
    if is_stitched(record):
        raise DataError(
            "this checkpoint is stitched already, so there is nothing to stitch",
            where=str(folder),
            hint=f"name the one that it was made from, such as {StitchSettings.checkpoint}",
        )
    space = InputSpace.of_record(record)
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
                "fine-tuning with `freeze_embeddings` keeps both alike"
            )
    elif array_digest(own) != mapped.facts.source_embeddings_sha256 and reporter:
        reporter.warn(
            f"{folder} was not fine-tuned by mosecrot and its embeddings are not those that were mapped: "
            "whether they fit cannot be checked"
        )
