"""Settings of `mosecrot map`, and its presets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from mosecrot_cli.settings.choices import (
    AUTO,
    Basis,
    FloatType,
    MapPreset,
    Method,
    Neighbours,
    Normalize,
    Weighting,
)
from mosecrot_cli.settings.option import (
    OTHER_MAPS,
    OUTPUT,
    PAPER,
    PIVOT,
    VOCABULARY,
    Option,
    count,
    fraction,
    positive,
    positive_or_auto,
)
from mosecrot_cli.settings.shared import (
    AnchorsFile,
    Device,
    InheritedMaxVocab,
    OutputSettings,
    SourceModel,
    TargetVectors,
    VocabFrom,
)


@dataclass(frozen=True, kw_only=True)
class MapSettings:
    """`mosecrot map`: paper, section 3, steps 2 and 3.

    `normalize` None means the method's own (`mapping.methods`); `subwords` None means: with `vocab_from`, if the
    vectors have character n-grams.
    """

    anchors: AnchorsFile = "anchors.tsv"
    source_model: SourceModel = None
    target_vectors: TargetVectors = None
    max_vocab: InheritedMaxVocab = None
    vocab_from: VocabFrom = ()
    subwords: Annotated[
        bool | None,
        Option(
            "--subwords/--no-subwords",
            help="Build missing vectors of --vocab-from and of the anchors from character n-grams (fastText .bin).",
            panel=VOCABULARY,
            unset="with --vocab-from, where possible",
        ),
    ] = None
    method: Annotated[Method, Option("--method", help="How target words are mapped.", panel=PAPER, metavar="NAME")] = (
        Method.relative
    )
    weighting: Annotated[
        Weighting,
        Option("--weighting", help="How similarities become weights.", panel=PAPER, metavar="NAME"),
    ] = Weighting.sparsemax
    k: Annotated[
        int,
        Option(
            "--k",
            help="Nearest anchors per word (see --basis).",
            panel=PAPER,
            metavar="N|all",
            parser=count,
        ),
    ] = 50
    temperature: Annotated[
        float,
        Option("--temperature", help="Divides the similarities.", panel=PAPER, metavar="T", parser=positive),
    ] = 1.0
    keep_source: Annotated[
        bool,
        Option(
            "--keep-source/--map-source",
            help="Keep the model's own source embeddings (linear methods do), or map them too, to F^s.",
            panel=PAPER,
        ),
    ] = False
    ridge: Annotated[
        float | Literal["auto"],
        Option(
            "--ridge",
            help="Ridge penalty, relative to the mean eigenvalue; auto picks the best on left-out anchors.",
            panel=OTHER_MAPS,
            metavar="X|auto",
            parser=positive_or_auto,
        ),
    ] = 0.1
    normalize: Annotated[
        Normalize | None,
        Option(
            "--normalize",
            help="What linear methods do to both sides before the fit; the source mean and scale are restored "
            "afterwards.",
            panel=OTHER_MAPS,
            metavar="NAME",
            unset="none; both with --method residual",
        ),
    ] = None
    basis: Annotated[
        Basis,
        Option(
            "--basis",
            help="The set from which a word's --k nearest are taken. With vocabulary, lstsq, ridge and procrustes "
            "average these.",
            panel=OTHER_MAPS,
            metavar="NAME",
        ),
    ] = Basis.anchors
    neighbours: Annotated[
        Neighbours,
        Option("--neighbours", help="Which similarity finds the nearest.", panel=OTHER_MAPS, metavar="NAME"),
    ] = Neighbours.cosine
    max_rank: Annotated[
        float,
        Option(
            "--max-rank",
            help="Drop implausible anchors: keep those whose source embedding is among this share of all anchors' "
            "nearest to what the other anchors predict.",
            panel=OTHER_MAPS,
            metavar="SHARE",
            parser=fraction,
        ),
    ] = 1.0
    self_learning: Annotated[
        int,
        Option(
            "--self-learning",
            help="At most N rounds that add anchors: mutual nearest neighbours after a ridge map. A held-out tenth of "
            "the anchors picks the best round.",
            panel=OTHER_MAPS,
            metavar="N",
            least=0,
        ),
    ] = 0
    pivot_vectors: Annotated[
        str | None,
        Option(
            "--pivot-vectors",
            help="Static vectors of the source language. Target vectors are first rotated into their space; the words "
            "shared with the model are then the anchors.",
            panel=PIVOT,
            metavar="FILE|NAME",
            unset="none",
        ),
    ] = None
    pivot_lexicons: Annotated[
        tuple[Path, ...],
        Option(
            "--pivot-lexicon",
            help="Lexicon for that rotation, with any source words. Repeatable.",
            panel=PIVOT,
            metavar="FILE",
            unset="the anchors",
        ),
    ] = ()
    device: Device = "auto"
    dtype: Annotated[
        FloatType,
        Option(
            "--dtype",
            help="Numbers of target.npy; float16 halves its size.",
            panel=OUTPUT,
        ),
    ] = FloatType.float32
    out: OutputSettings = OutputSettings(Path("mapped"))


MAP_PRESETS: Mapping[MapPreset, Mapping[str, Any]] = MappingProxyType(
    {
        MapPreset.paper: {
            name: getattr(MapSettings, name)
            for name in (
                "method",
                "weighting",
                "k",
                "temperature",
                "ridge",
                "max_rank",
                "self_learning",
                "basis",
                "neighbours",
                "keep_source",
            )
        },
        # How it was chosen: docs/transfer.md.
        MapPreset.transfer: {
            "method": Method.residual,
            "weighting": Weighting.softmax,
            "k": 50,
            "temperature": 0.15,
            "ridge": AUTO,
            "max_rank": 1.0,
            "self_learning": 0,
            "basis": Basis.anchors,
            "neighbours": Neighbours.cosine,
            "keep_source": True,
        },
    }
)


def with_preset(settings: MapSettings, preset: MapPreset, given: Collection[str]) -> MapSettings:
    """The settings with those of a preset, except for what was given explicitly (by name of the field)."""
    bundle = {name: value for name, value in MAP_PRESETS[preset].items() if name not in given}
    return replace(settings, **bundle)
