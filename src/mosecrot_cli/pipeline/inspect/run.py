"""Looking at what `map` has written: neighbours, held-out translation, coverage, norms, hubs, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mosecrot_cli.evaluation import reference_ranges as references
from mosecrot_cli.evaluation.plots import check_plot
from mosecrot_cli.evaluation.reference_ranges import Judgement, kind_of_map
from mosecrot_cli.manifest import FOLDER_MANIFEST
from mosecrot_cli.mapping.diagnostics import NormStatistics, k_occurrences, norm_statistics, skewness
from mosecrot_cli.mapping.search import topk_cosine
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline.inspect.coverage import TextCoverage, text_coverage
from mosecrot_cli.pipeline.inspect.material import (
    InspectMaterial,
    Matrix,
    anchor_words,
    gather,
    open_map,
    read_anchors,
    read_static,
)
from mosecrot_cli.pipeline.inspect.report import Hubs, Inspection, NearestTokens
from mosecrot_cli.pipeline.inspect.translation import TranslationTest, split_anchors, translation_test
from mosecrot_cli.pipeline.inspect.view import draw, gather_view
from mosecrot_cli.pipeline.map.fit import anchor_rows
from mosecrot_cli.pipeline.mapped import array_digest
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import InspectSettings
from mosecrot_cli.tasks.loading import load_texts

NEIGHBOURHOOD = 10
"""K of the k-occurrence (Radovanović et al. 2010)."""
_TOP_HUBS = 10
_ENOUGH_WORDS = 100
"""A share of fewer words says little: of 100, one of .15 is off by .07 (two standard errors)."""


def run(settings: InspectSettings, reporter: Reporter, *, opened: Opened | None = None) -> Inspection:
    """Look at a `mapped/` folder, or at the one that a checkpoint was stitched with; nothing is written.

    Args:
        settings: of the command.
        reporter: hears of progress.
        opened: models and vectors that an earlier step of this process used as well.

    Raises:
        UsageError, DataError, SourceUnavailableError: see `errors`.
    """
    (mapped, choice), opened = open_map(settings.mapped), opened or Opened()
    if settings.plot:
        check_plot(settings.plot)
        check_outputs([settings.plot], inputs={"mapped": settings.mapped}, overwrite=settings.overwrite)
    pairs = read_anchors(mapped, settings, reporter)
    # Before anything that takes long.
    facts = mapped.facts
    texts = None
    if settings.texts:
        texts = load_texts(settings.texts, settings.split, settings.data, language=facts.tgt, reporter=reporter)
    material = gather(mapped, settings, pairs, opened)
    source, target = mapped.source()[material.ids], np.asarray(material.target.matrix[material.sample])
    centre = source.mean(axis=0, dtype=np.float64)
    test = _translate(material, opened, reporter) if settings.holdout else None
    coverage = None
    if texts is not None:
        words, composed = material.target.words, len(material.composed)
        coverage = text_coverage(
            texts, words, anchor_words(material), material.model.tokenizer, composed=composed, language=facts.tgt
        )
    norms = norm_statistics(source, centre), norm_statistics(target, centre)
    with reporter.track("hubs", None):
        hubs = _hubs(material, source, target)
    method = material.method.describe() + (", source kept" if material.keeps_source else ", source mapped")
    if moved := sum(each.rows for each in mapped.alignments):
        method += f", {moved:,} rows aligned afterwards"
    if settings.plot:
        _draw(material, source, settings.plot, f"{mapped.folder}: {method}", reporter)
    return Inspection(
        mapped=mapped.folder,
        choice=choice,
        method=method,
        anchors=_count(material),
        words=tuple(_neighbours(material, source)),
        translation=test,
        coverage=coverage,
        source=norms[0],
        target=norms[1],
        hubs=hubs,
        judgements=tuple(_judge(material, test, coverage, norms, hubs)),
    )


def seen_from(found: Inspection, checkpoint: Path) -> Inspection:
    """The inspection of a map as one of a checkpoint that was stitched with it, and which tells why it was chosen.

    Raises:
        DataError: the checkpoint or its map is missing or damaged.
    """
    mapped, choice = open_map(checkpoint)
    return replace(found, mapped=mapped.folder, choice=choice)


def _draw(material: InspectMaterial, source: Matrix, path: Path, title: str, reporter: Reporter) -> None:
    settings = material.settings
    view = gather_view(
        material.tokens,
        source,
        material.target,
        material.sample,
        material.pairs or [],
        k=NEIGHBOURHOOD,
        device=material.device,
        seed=settings.seed,
    )
    draw(view, path, title=title, overwrite=settings.overwrite, reporter=reporter)


def _translate(material: InspectMaterial, opened: Opened, reporter: Reporter) -> TranslationTest | None:
    """The held-out test: the same map, refitted. None with a pivot, whose map is learnt from other pairs."""
    assert material.pairs is not None
    if material.recorded.pivot_vectors:
        reporter.warn("the translation test is left out: with a pivot, the map is learnt from other pairs")
        return None
    if material.recorded.self_learning or material.recorded.max_rank < 1:
        reporter.warn("the translation test maps without `self_learning` and `max_rank`")
    mapped, settings = material.mapped, material.settings
    own = material.model.embeddings
    if array_digest(own) != mapped.facts.source_embeddings_sha256:
        reporter.warn(f"{mapped.folder} was mapped into other embeddings than those of {material.model.reference}")
    vectors = read_static(material, opened, reporter)
    where = settings.anchors or str(mapped.anchors())
    anchors = anchor_rows(material.pairs, material.model, vectors, where=where)
    if len(set(anchors.rows.tolist())) < 2:
        reporter.warn(f"{where} has one target word, too few to hold some out: the translation test is left out")
        return None
    found = (vectors.index.get(material.target.words[row]) for row in material.sample.tolist())
    sample = np.array([row for row in found if row is not None], dtype=np.int64)
    if len(sample) < len(material.sample):
        lost = len(material.sample) - len(sample)
        reporter.warn(f"{vectors.source}: {lost:,} of {len(material.sample):,} mapped words are not in these vectors")
    split = split_anchors(anchors, material.ids, share=settings.holdout, seed=settings.seed)
    with reporter.track("held-out translation", None):
        return translation_test(
            partial(material.method.build, tokens=own[material.ids], ridge=material.ridge),
            anchors,
            split,
            vectors=vectors.matrix,
            sample=sample if len(sample) else split.tested,
            candidates=own[material.ids],
            device=material.device,
            keeps_source=material.keeps_source,
        )


def _neighbours(material: InspectMaterial, source: Matrix) -> Iterator[NearestTokens]:
    """The nearest source tokens of each word that was asked for."""
    target, k = material.target, material.settings.k
    for word in material.settings.words:
        row = target.find(word)
        if row is None:
            yield NearestTokens(word, None, (), ())
            continue
        found = target.words[row]
        pairs = material.pairs or []
        anchor_of = tuple(pair.source for pair in pairs if target.find(pair.target) == row)
        similarities, nearest = topk_cosine(target.matrix[row : row + 1], source, k, material.device)
        tokens = zip((material.tokens[index] for index in nearest[0]), similarities[0].tolist(), strict=True)
        yield NearestTokens(word, found, anchor_of, tuple(tokens))


def _hubs(material: InspectMaterial, source: Matrix, target: Matrix) -> Hubs:
    _, nearest = topk_cosine(target, source, NEIGHBOURHOOD, material.device)
    counts = k_occurrences(nearest, len(source))
    top = np.argsort(-counts, kind="stable")[:_TOP_HUBS]
    return Hubs(
        sample=len(target),
        k=nearest.shape[1],
        skewness=skewness(counts),
        never=float((counts == 0).mean()),
        top=tuple((material.tokens[index], int(counts[index])) for index in top),
    )


def _count(material: InspectMaterial) -> int:
    """Anchors of the map."""
    recorded = material.mapped.manifest.count("anchors", where=material.mapped.folder / FOLDER_MANIFEST)
    return recorded or len(material.pairs or [])


def _judge(
    material: InspectMaterial,
    test: TranslationTest | None,
    coverage: TextCoverage | None,
    norms: tuple[NormStatistics, NormStatistics],
    hubs: Hubs,
) -> Iterator[Judgement]:
    kind = kind_of_map(material.recorded.method, keeps_source=material.keeps_source)
    yield references.judge(references.ANCHORS, _count(material), kind)
    if test is not None:
        few = f"only {test.words:,} held-out words: raise `inspect.holdout`" if test.words < _ENOUGH_WORDS else ""
        yield references.judge(references.PRECISION, test.precision["csls"][1], kind, obstacle=few)
    if coverage is not None and coverage.words:
        yield references.judge(references.KNOWN_WORDS, coverage.known_share, kind)
        if coverage.anchor_share is not None:
            yield references.judge(references.ANCHOR_WORDS, coverage.anchor_share, kind)
    if norms[0].spread > 0:
        yield references.judge(references.SPREAD, norms[1].spread / norms[0].spread, kind)
    # With fewer neighbours than tokens the counts are nearly all 0 and 1.
    sparse = "too small a sample" if hubs.sample * hubs.k < len(material.ids) else ""
    yield references.judge(references.HUBNESS, hubs.skewness, kind, obstacle=sparse)
