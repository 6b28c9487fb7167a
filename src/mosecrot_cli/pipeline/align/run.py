"""Rows of a map moved by parallel text: the frozen source model is to read a sentence like its translation."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.arrays import NewArray
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import existing_file
from mosecrot_cli.lexicon.parallel import SentencePair, parallel_files, parallel_name
from mosecrot_cli.model.checks import check_forward_pass, ensure_padding
from mosecrot_cli.model.devices import check_compute, resolve_device
from mosecrot_cli.model.layers import input_embeddings
from mosecrot_cli.model.loading import load_body, load_tokenizer
from mosecrot_cli.model.sentences.encoder import SentenceEncoder
from mosecrot_cli.model.sentences.row_training import (
    RowTrainingSettings,
    SentencePairs,
    TrainedRows,
    train_rows,
)
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.model.stitching.stitch import StitchOptions, TargetEmbeddings, reserved_ids, target_embeddings
from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.align.pairs import check_number, read_pairs, split
from mosecrot_cli.pipeline.align.rows import OccurringRows, mostly_unknown
from mosecrot_cli.pipeline.map.out_of_fold import OutOfFoldRows
from mosecrot_cli.pipeline.mapped import (
    ALIGN,
    SOURCE,
    TARGET,
    VOCABULARY,
    Alignment,
    Mapped,
    alignment_record,
    array_digest,
    read_array,
)
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ALIGNED_TEMPERATURE, AlignSettings, AnchorsSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


_BLOCK_ROWS = 16_384


@dataclass(frozen=True)
class AlignJob:
    """An alignment with nothing left open.

    Attributes:
        settings: every value filled in.
        mapped: the map.
        source_model: path or id.
    """

    settings: AlignSettings
    mapped: Mapped
    source_model: str

    @property
    def where(self) -> str:
        """The parallel text, for messages."""
        return ", ".join(self.settings.parallel)

    @property
    def inputs(self) -> dict[str, str | Path]:
        """Name -> path or id of everything that is read."""
        inputs: dict[str, str | Path] = {"mapped": self.mapped.folder, "source_model": self.source_model}
        for number, value in enumerate(self.settings.parallel, start=1):
            files = parallel_files(value)
            sides = ("_source", "_target") if len(files) == 2 else ("",)
            inputs |= {f"parallel_{number}{side}": path for side, path in zip(sides, files, strict=True)}
        return inputs | {f"exclude_{number}": path for number, path in enumerate(self.settings.exclude, start=1)}


@dataclass(frozen=True)
class AlignMaterial:
    """What the training starts from.

    Attributes:
        encoder: the frozen source model, which still reads its own tokens.
        rows: the embeddings of the tokens that occur.
        pairs: the sentences.
        free: which of the rows may move, `[R]`.
    """

    encoder: SentenceEncoder
    rows: OccurringRows
    pairs: SentencePairs
    free: NDArray[np.bool_]


def run(settings: AlignSettings, reporter: Reporter) -> StepResult:
    """Move rows of a `mapped/` folder by parallel text, and write the folder anew.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    check_compute(settings.compute)
    job = resolve(settings)
    step = Step(ALIGN, job.settings, job.inputs, (settings.out.output,))
    if settings.out.dry_run:
        return StepResult(settings.out.output, None, _plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    return step.run(lambda partials: _align(job, partials[0], reporter))


def resolve(settings: AlignSettings) -> AlignJob:
    """Open the map, and fill in what was left open from its manifest.

    Raises:
        UsageError: no parallel text is named, or no source model is known.
        DataError: the map or a file is missing or damaged.
    """
    if not all(settings.parallel):
        raise UsageError("no parallel text is named", where="`parallel`")
    for path in settings.exclude:
        existing_file(path)
    mapped = Mapped.open(settings.mapped)
    src = mapped.facts.src or AnchorsSettings.src
    model = resources.source_model(settings.source_model, src, mapped.facts.source_model)
    return AlignJob(replace(settings, source_model=model), mapped, model)


def _align(job: AlignJob, output: Path, reporter: Reporter) -> Computed:
    told, mapped = job.settings, job.mapped
    if not mapped.keeps_source:
        reporter.warn(
            f"{mapped.folder} maps the source side too, but aligned rows suit checkpoints that keep the model's own "
            "embeddings"
        )
    material = _gather(job, read_pairs(told, mapped.facts, reporter), reporter)
    before = read_array(mapped.folder / TARGET)
    mean = before.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = material.rows
    centred = rows.centred(mean) if told.linear else None
    table = material.encoder.replace_embeddings(rows.values.copy(), rows.places, centred)
    settings = RowTrainingSettings(told.epochs, told.learning_rate, told.batch_size, ALIGNED_TEMPERATURE, told.seed)
    trained = train_rows(material.encoder, table, material.free, material.pairs, settings, reporter)
    if not trained.best:
        reporter.warn("the held-out sentences did not come closer to their translations, so every row stays as it was")
    output.mkdir()
    for path in (mapped.folder / SOURCE, mapped.folder / VOCABULARY, OutOfFoldRows.find(mapped.folder)):
        if path is not None:
            shutil.copyfile(path, output / path.name)
    if not trained.best:
        shutil.copyfile(mapped.folder / TARGET, output / TARGET)
        return _described(job, material, trained, 0)
    single = np.flatnonzero(material.free)
    with NewArray(output / TARGET, before.shape, before.dtype.name) as after:
        for start in range(0, len(before), _BLOCK_ROWS):
            block = before[start : start + _BLOCK_ROWS].astype(np.float32)
            shift = (block - mean) @ trained.linear
            chosen = single[rows.mapped[single] // _BLOCK_ROWS == start // _BLOCK_ROWS]
            block[rows.mapped[chosen] - start] = trained.rows[chosen]
            after[start : start + len(block)] = block + shift
    return _described(job, material, trained, len(before) if told.linear else len(single))


def _gather(job: AlignJob, sentences: Sequence[SentencePair], reporter: Reporter) -> AlignMaterial:
    """Load the model, encode the sentences, leave out those that the map does not know, and hold some out.

    Raises:
        DataError: the model is another than that of the map, or too few pairs are left.
    """
    told = job.settings
    check_number(len(sentences), job.where)
    body, tokenizer = load_body(job.source_model), load_tokenizer(job.source_model)
    ensure_padding(body, tokenizer, job.source_model)
    check_forward_pass(body, tokenizer, job.source_model)
    target = _as_stitched(job, body, tokenizer)
    device = resolve_device(told.compute)
    encoder = SentenceEncoder.of(body, tokenizer, device)
    resources.announced(SourceModel(job.source_model), reporter)
    texts = [pair.target for pair in sentences]
    features = encoder.encode(target.tokenizer.tokenizer, texts, told.max_length)
    known = np.flatnonzero(~mostly_unknown(target, features))
    if lost := len(features) - len(known):
        reporter.warn(
            f"{lost:,} of {len(features):,} pairs are left out: most words of the target sentence are not in "
            f"{job.mapped.folder / VOCABULARY}"
        )
    check_number(len(known), job.where, reporter)
    features, kept = [features[row] for row in known.tolist()], [sentences[row] for row in known.tolist()]
    parts = split(kept, told.seed)
    if not len(parts.trained):
        raise DataError("the sentences are too much alike to hold some of them out", where=job.where)
    sources = encoder.encode(tokenizer, [pair.source for pair in kept], told.max_length)
    pairs = SentencePairs(
        features,
        encoder.vectors(sources, reporter, "reading source sentences"),
        parts.same,
        trained=parts.trained,
        held_out=parts.held_out,
    )
    rows = OccurringRows.of(target, features)
    return AlignMaterial(encoder, rows, pairs, rows.free([features[row] for row in parts.trained]))


def _as_stitched(job: AlignJob, body: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> TargetEmbeddings:
    """Tokenizer and embeddings that `stitch` makes of the map for the source model itself.

    Raises:
        DataError: the model has other embeddings than those that were mapped.
    """
    mapped, own = job.mapped, input_embeddings(body)
    if array_digest(own) != mapped.facts.source_embeddings_sha256:
        hint = "name the model that it was mapped for with `source_model`, or map again with this one"
        what = f"it was mapped into other embeddings than those of {job.source_model}"
        raise DataError(what, where=str(mapped.folder), hint=hint)
    target = mapped.target()
    options = StitchOptions(is_lowercased(target.words), language=mapped.facts.tgt)
    return target_embeddings(own, tokenizer, target.words, target.matrix, reserved=reserved_ids(body), options=options)


def _described(job: AlignJob, material: AlignMaterial, trained: TrainedRows, moved: int) -> Computed:
    mapped, pairs = job.mapped, material.pairs
    before, after = trained.history[0], trained.history[trained.best]
    names = tuple(map(parallel_name, job.settings.parallel))
    statistics = {
        "pairs": len(pairs.features),
        "trained_pairs": len(pairs.trained),
        "held_out_pairs": len(pairs.held_out),
        "moved_rows": moved,
        "best_epoch": trained.best,
        "held_out": [asdict(agreement) for agreement in trained.history],
        "device": material.encoder.device.description,
        **alignment_record(mapped, Alignment(names, len(pairs.trained), moved)),
    }
    epochs = len(trained.history) - 1
    summary = [
        ("map", str(mapped.folder)),
        ("pairs", f"{len(pairs.trained):,} to learn from, {len(pairs.held_out):,} held out"),
        ("rows", f"{moved:,} moved"),
        ("epoch", f"{trained.best} of {epochs} is the best" if trained.best else f"none of {epochs} is better"),
        *(
            (f"held out: {name}", f"{getattr(before, field):.3f} -> {getattr(after, field):.3f}")
            for name, field in (("P@1", "precision"), ("cosine", "cosine"), ("squared error", "squared_error"))
        ),
    ]
    return Computed(statistics, replace(mapped.facts, source_model=job.source_model), summary)


def _plan(job: AlignJob) -> list[tuple[str, str]]:
    told, mapped = job.settings, job.mapped
    rows, width = read_array(mapped.folder / TARGET).shape
    texts = ((value, sum(path.stat().st_size for path in parallel_files(value))) for value in told.parallel)
    return [
        ("map", f"{mapped.folder} ({rows:,} words x {width})"),
        ("source model", job.source_model),
        *(("parallel text", f"{value} ({size:,} bytes)") for value, size in texts),
        ("training", f"{told.epochs} epochs, batches of {told.batch_size}, learning rate {told.learning_rate:g}"),
    ]
