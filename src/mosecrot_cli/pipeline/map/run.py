"""Steps 2 and 3: relative representations, and from them embeddings of the model's width (paper, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.arrays import NewArray
from mosecrot_cli.files import existing_file
from mosecrot_cli.lexicon.files import read_anchor_pairs
from mosecrot_cli.manifest import Facts
from mosecrot_cli.mapping.base import EmbeddingMap
from mosecrot_cli.mapping.csls import in_blocks
from mosecrot_cli.mapping.reduced import bfloat16_pays
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline import resources
from mosecrot_cli.pipeline.map.aligned import aligned_fit, with_aligned_words
from mosecrot_cli.pipeline.map.fit import AnchorRows, Fit, anchor_rows, plausible_anchors, with_self_learning
from mosecrot_cli.pipeline.map.method import ChosenMethod
from mosecrot_cli.pipeline.map.out_of_fold import OUT_OF_FOLD, out_of_fold_rows
from mosecrot_cli.pipeline.map.pivot import pivot, pivot_pairs
from mosecrot_cli.pipeline.map.target_words import TargetRequest, composes, read_target
from mosecrot_cli.pipeline.mapped import MAP, SOURCE, TARGET, VOCABULARY, array_digest, fill
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ALL, DEFAULT_MAX_VOCAB, STDIO, AnchorsSettings, MapSettings
from mosecrot_cli.threads import beside
from mosecrot_cli.vectors.types import WordVectors

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class MapJob:
    """A mapping with nothing left open.

    Attributes:
        settings: every value filled in.
        method: how to map.
        source_model: the source model.
        target_vectors: the file of vectors.
        pivot: the file of pivot vectors; None: no pivot.
        limit: target words to use; None: all.
        facts: of the anchors' manifest.
    """

    settings: MapSettings
    method: ChosenMethod
    source_model: SourceModel
    target_vectors: Path
    pivot: Path | None
    limit: int | None
    facts: Facts

    @property
    def inputs(self) -> dict[str, str | Path]:
        """Name -> path or id of everything that is read."""
        settings = self.settings
        inputs: dict[str, str | Path] = {
            "anchors": settings.anchors,
            "source_model": self.source_model.reference,
            "target_vectors": self.target_vectors,
        }
        inputs |= {f"vocab_from_{number}": path for number, path in enumerate(settings.vocab_from, start=1)}
        inputs |= {f"pivot_lexicon_{number}": path for number, path in enumerate(settings.pivot_lexicons, start=1)}
        return inputs | ({"pivot_vectors": self.pivot} if self.pivot else {})


def run(
    settings: MapSettings,
    reporter: Reporter,
    *,
    opened: Opened | None = None,
    explicit: Collection[str] | None = None,
) -> StepResult:
    """Map the target vectors, and for relative methods the source embeddings, and write the `mapped/` folder.

    Args:
        settings: of the command.
        reporter: hears of progress.
        opened: models and vectors that an earlier or later step of this process uses as well.
        explicit: names of the settings that were set by hand, for warnings about those without an effect; None: those
            that differ from the defaults.

    Raises:
        UsageError: the source model or the vectors are not known, or a value makes no sense.
        DataError: an input is damaged, or no anchor is left.
        SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    opened = opened or Opened()
    job = resolve(settings, reporter, opened)
    step = Step(MAP, job.settings, job.inputs, (settings.out.output,))
    if settings.out.dry_run:
        job.method.warn(reporter, explicit)
        return StepResult(settings.out.output, None, _plan(job), planned=True)
    step.check()
    if unchanged := step.unchanged():
        return unchanged
    job.method.warn(reporter, explicit)
    return step.run(lambda partials: _map(job, partials[0], reporter, opened))


def resolve(settings: MapSettings, reporter: Reporter, opened: Opened) -> MapJob:
    """Fill in what was left open from the manifest of the anchors.

    Raises:
        UsageError: neither said nor there, or `--subwords` with vectors that have none.
    """
    method = ChosenMethod.of(settings)
    if settings.anchors != STDIO:
        existing_file(Path(settings.anchors), hint="run `mosecrot anchors` first, or name a file of anchors")
    facts = Facts() if settings.anchors == STDIO else Facts.of(Path(settings.anchors))
    if method.entry.keeps_anchors and facts.alignments:
        settings = replace(settings, anchors=facts.alignments)
    src = facts.src or AnchorsSettings.src
    model = resources.source_model(settings.source_model, src, facts.source_model)
    vectors = resources.vectors(settings.target_vectors, facts.tgt, facts.target_vectors, reporter=reporter).bring()
    count = settings.max_vocab or facts.max_vocab or DEFAULT_MAX_VOCAB
    filled = replace(
        settings,
        source_model=model,
        target_vectors=str(vectors),
        max_vocab=count,
        subwords=composes(settings, vectors),
        normalize=method.normalize,
    )
    pivot_vectors = None
    if settings.pivot_vectors:
        named = {"parameter": "pivot_vectors", "language_parameter": "src"}
        pivot_vectors = resources.vectors(settings.pivot_vectors, src, **named, reporter=reporter).bring()
        filled = replace(filled, pivot_vectors=str(pivot_vectors))
    return MapJob(filled, method, opened.model(model), vectors, pivot_vectors, resources.limit(count), facts)


def _map(job: MapJob, output: Path, reporter: Reporter, opened: Opened) -> Computed:
    settings, method = job.settings, job.method
    pairs = read_anchor_pairs(settings.anchors)
    keeps_anchors = method.entry.keeps_anchors
    model, own = job.source_model, job.source_model.embeddings
    resources.announced(model, reporter)
    pivoting = pivot_pairs(settings.pivot_lexicons, pairs)
    request = TargetRequest(job.target_vectors, settings, job.limit, pairs, pivoting)
    targets = read_target(request, model.tokenizer, opened, reporter)
    if keeps_anchors:
        targets = with_aligned_words(targets, pairs, job.limit)
    vectors = targets.vectors
    if keeps_anchors:
        fit = aligned_fit(pairs, model, vectors, where=settings.anchors)
    elif job.pivot:
        fit = pivot(job.pivot, pivoting, model, vectors, reporter)
    else:
        fit = _direct(anchor_rows(pairs, model, vectors, where=settings.anchors), vectors, reporter)
    if settings.max_rank < 1:
        fit = plausible_anchors(fit, method, reporter)
    if settings.self_learning:
        fit = with_self_learning(fit, method, model, reporter)
    tokens = own[sorted(model.words.whole_word_tokens().values())] if method.uses_vocabulary else None
    resources.warn_of_few_anchors(len(fit.values), reporter)
    _warn_about_k(method, len(fit.values if tokens is None else tokens), reporter)
    output.mkdir()
    queries = in_blocks(fit.matrix)
    target_map = method.build(tokens=tokens, queries=queries).fit(fit.vectors, fit.values)
    ridge = asdict(target_map.statistics_).get("ridge")
    again = partial(method.build, tokens=tokens, queries=queries, ridge=ridge) if method.keeps_source else None
    with NewArray(output / TARGET, (len(vectors), own.shape[1]), settings.dtype) as target:
        _fill(target_map, fit, target, again, output, reporter)
        if keeps_anchors and fit.rows is not None:
            for row, value in zip(fit.rows.tolist(), fit.values, strict=True):
                target[row : row + 1] = value[None]
    (output / VOCABULARY).write_text("".join(f"{word}\n" for word in vectors.words), encoding="utf-8")
    statistics: dict[str, Any] = {"target": asdict(target_map.statistics_)}
    if settings.subwords:
        statistics["subword_words"] = targets.composed
    if method.keeps_source:
        np.save(output / SOURCE, own)
    else:
        source_map = method.build(queries=in_blocks(own)).fit(fit.values, fit.values)
        with NewArray(output / SOURCE, (len(own), own.shape[1])) as source:
            fill(source_map, own, source, "mapping source tokens", reporter)
        statistics["source"] = asdict(source_map.statistics_)
    return _describe(job, output, own, fit, vectors, statistics)


def _fill(
    target_map: EmbeddingMap,
    fit: Fit,
    target: NewArray,
    again: Callable[[], EmbeddingMap] | None,
    output: Path,
    reporter: Reporter,
) -> None:
    """Map the target words into `target`, and write the anchors mapped out of fold.

    These are computed beside the words, because much of their fits keeps only one core busy.

    Args:
        target_map: of all anchors.
        fit: the anchors, and the words.
        target: of the words, `V^t x D`.
        again: makes a map of the same kind for each fold; None: no anchors are mapped out of fold.
        output: the folder that is written.
        reporter: hears of progress.
    """

    def write_out_of_fold(build: Callable[[], EmbeddingMap]) -> None:
        if predicted := out_of_fold_rows(fit, build, target.dtype.name):
            predicted.save(output / OUT_OF_FOLD)

    bfloat16_pays()  # a probe, which changes torch's number of threads for a moment
    with beside(partial(write_out_of_fold, again)) if again else nullcontext():
        fill(target_map, fit.matrix, target, "mapping target words", reporter)


def _direct(anchors: AnchorRows, vectors: WordVectors, reporter: Reporter) -> Fit:
    """Anchors of the target vectors themselves."""
    lost = anchors.missing_source + anchors.missing_target
    if lost:
        reporter.warn(
            f"{lost:,} anchors left out: {anchors.missing_source:,} source words are not in the model's vocabulary, "
            f"{anchors.missing_target:,} target words not in the vectors"
        )
    statistics = {
        "anchors": len(anchors.rows),
        "anchors_without_source": anchors.missing_source,
        "anchors_without_target": anchors.missing_target,
    }
    tokens = np.array([ids[0] if len(ids) == 1 else -1 for ids in anchors.ids], dtype=np.int64)
    return Fit(vectors.matrix[anchors.rows], anchors.values, anchors.rows, tokens, vectors.matrix, statistics)


def _warn_about_k(method: ChosenMethod, count: int, reporter: Reporter) -> None:
    if method.weighs_neighbours and ALL != method.options.k > count:
        what = "tokens" if method.uses_vocabulary else "anchors"
        reporter.warn(f"k = {method.options.k:,}, but there are {count:,} {what}: all are used")


def _describe(
    job: MapJob,
    output: Path,
    own: Matrix,
    fit: Fit,
    vectors: WordVectors,
    statistics: dict[str, Any],
) -> Computed:
    settings, keeps_source = job.settings, job.method.keeps_source
    own_digest = array_digest(own)
    source_digest = own_digest if keeps_source else array_digest(np.load(output / SOURCE, mmap_mode="r"))
    found = statistics["target"]
    method = job.method.describe(found.get("ridge"))
    summary = [
        ("anchors", _anchors(fit)),
        ("method", method),
        ("target words", f"{len(vectors):,} x {own.shape[1]}"),
        *([("of them composed", f"{statistics['subword_words']:,}, from subwords")] if settings.subwords else []),
        ("source tokens", f"{len(own):,}, {'kept' if keeps_source else 'mapped'}"),
    ]
    if pivoting := fit.statistics.get("pivot"):
        summary.insert(0, ("pivot", f"{pivoting['pairs_used']:,} of {pivoting['pairs']:,} pairs"))
    odd = {name: found[name] for name in ("zero_rows", "cancelled_rows") if found.get(name)}
    summary += [(name.replace("_", " "), f"{count:,}") for name, count in odd.items()]
    return Computed(
        statistics={
            **fit.statistics,
            "target_words": len(vectors),
            "dimension": own.shape[1],
            "method": method,
            "vector_notes": dict(vectors.notes),
            **statistics,
        },
        facts=Facts(
            src=job.facts.src or AnchorsSettings.src,
            tgt=job.facts.tgt,
            source_model=job.source_model.reference,
            target_vectors=str(job.target_vectors),
            anchors=None if settings.anchors == STDIO else settings.anchors,
            source_kept=keeps_source,
            source_sha256=source_digest,
            source_embeddings_sha256=own_digest,
        ),
        summary=summary,
        digests={"target_vectors": vectors.digest, **fit.digests},
    )


def _anchors(fit: Fit) -> str:
    text = f"{len(fit.values):,}"
    if left_out := fit.statistics.get("implausible_anchors"):
        text += f", {left_out:,} implausible ones left out"
    if learning := fit.statistics.get("self_learning"):
        text += f", {fit.statistics['learnt_anchors']:,} of them learnt (round {learning['best_round']} of "
        text += f"{len(learning['rounds']) - 1} is best)"
    return text


def _plan(job: MapJob) -> list[tuple[str, str]]:
    settings = job.settings
    plan = [("anchors", settings.anchors), ("method", job.method.describe())]
    plan.append(("source model", job.source_model.reference))
    if job.pivot:
        lexicons = ", ".join(map(str, settings.pivot_lexicons)) or settings.anchors
        plan += [*resources.vectors(str(job.pivot)).plan("pivot vectors"), ("pivot lexicon", lexicons)]
    if settings.vocab_from:
        plan.append(("words kept", f"those of the anchors and of {', '.join(map(str, settings.vocab_from))}"))
    if settings.subwords:
        plan.append(("words composed", "those of them that the vectors lack, from subwords"))
    target = resources.vectors(str(job.target_vectors))
    return plan + target.plan(max_vocab=settings.max_vocab or DEFAULT_MAX_VOCAB)
