"""The steps of the method as functions, each of which runs the command of the same name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mosecrot_cli.api.results import Anchors, Checkpoint, MappedVectors
from mosecrot_cli.api.values import WarningReporter, choice, listed, settings_of, written
from mosecrot_cli.settings import (
    CONTINUED_OUTPUT,
    AdaptSettings,
    AlignSettings,
    AnchorsSettings,
    FinetuneSettings,
    MapPreset,
    MapSettings,
    StitchSettings,
    with_preset,
)


def select_anchors(lexicon: str | Path | Sequence[str | Path], **settings: Any) -> Anchors:
    """Step 1: the pairs of a lexicon whose source word is a token of the model and whose target word has a vector.

    Args:
        lexicon: a file or the name of a source, or several.
        settings: fields of `AnchorsSettings` (`source_model`, `target_vectors`, `tgt`, ...), and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.anchors.run import run

    given = settings | {"lexicons": listed(lexicon)}
    told, folder = settings_of(AnchorsSettings, given, "anchors.tsv")
    return Anchors(*written(run(told, WarningReporter())), folder)


def map_vectors(
    anchors: Anchors | str | Path, *, preset: str | MapPreset = MapPreset.paper, **settings: Any
) -> MappedVectors:
    """Steps 2 and 3: map the target vectors into the embedding space of the model.

    Args:
        anchors: what `select_anchors` gave, or a file of pairs.
        preset: `paper` or `transfer`.
        settings: fields of `MapSettings`, which win over the preset, and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.map.run import run

    told, folder = settings_of(MapSettings, settings | {"anchors": str(Path(anchors))}, "mapped")
    told = with_preset(told, choice(MapPreset, preset, "preset"), set(settings))
    return MappedVectors(*written(run(told, WarningReporter())), folder)


def align(
    mapped: MappedVectors | str | Path, parallel: str | Path | Sequence[str | Path], **settings: Any
) -> MappedVectors:
    """Between steps 3 and 5: move mapped words by parallel text, so that the model reads translations alike.

    Args:
        mapped: what `map_vectors` gave, or a folder.
        parallel: a file of sentences and their translations, or two files with a comma between; or several of these.
        settings: fields of `AlignSettings` (`exclude`, `epochs`, ...), and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.align.run import run

    given = settings | {"mapped": Path(mapped), "parallel": listed(parallel)}
    told, folder = settings_of(AlignSettings, given, "mapped-aligned")
    return MappedVectors(*written(run(told, WarningReporter())), folder)


def finetune(
    train: str | Path,
    *,
    embeddings: MappedVectors | str | Path | None = None,
    continue_from: Checkpoint | str | Path | None = None,
    **settings: Any,
) -> Checkpoint:
    """Step 4: fine-tune the source model on labelled texts of the source language.

    Args:
        train: a file, or the name of a data set.
        embeddings: what `map_vectors` gave, to train on its source side F^s; None: the model's own, which are kept.
        continue_from: what `stitch` gave, to train it further on labelled texts of its own language.
        settings: fields of `FinetuneSettings` (`dev`, `source_model`, `epochs`, ...), and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.finetune.run import OWN, run

    given = settings | {"train": str(train)}
    if embeddings is not None:
        given["embeddings"] = str(Path(embeddings))
    if continue_from is not None:
        given["continue_from"] = Path(continue_from)
    elif embeddings is None:
        given["embeddings"] = OWN
    told, folder = settings_of(FinetuneSettings, given, "model" if continue_from is None else str(CONTINUED_OUTPUT))
    return Checkpoint(*written(run(told, WarningReporter())), folder)


def stitch(
    checkpoint: Checkpoint | str | Path, mapped: MappedVectors | str | Path, *, shared: bool = True, **settings: Any
) -> Checkpoint:
    """Step 5: replace the embeddings of a classifier by the mapped ones, with a tokenizer to match.

    Args:
        checkpoint: what `finetune` gave, or a folder.
        mapped: what `map_vectors` gave, or a folder.
        shared: keep tokens of the source model that the target vocabulary lacks.
        settings: `output` and other fields of `StitchSettings`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.stitch.run import run

    given = settings | {"checkpoint": Path(checkpoint), "embeddings": Path(mapped), "shared": shared}
    told, folder = settings_of(StitchSettings, given, "stitched")
    return Checkpoint(*written(run(told, WarningReporter())), folder)


def adapt(checkpoint: Checkpoint | str | Path, texts: str | Path, **settings: Any) -> Checkpoint:
    """Step 5, continued: adapt a stitched classifier to unlabelled texts, by default with a bias for each class.

    Args:
        checkpoint: what `stitch` gave, or a folder.
        texts: a file with one text in each line, a table, or the name of a data set. Labels are never read.
        settings: `output` and other fields of `AdaptSettings` (`prior`, `method`, ...).

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.adapt.run import run

    given = settings | {"checkpoint": Path(checkpoint), "texts": str(texts)}
    told, folder = settings_of(AdaptSettings, given, "adapted")
    return Checkpoint(*written(run(told, WarningReporter())), folder)
