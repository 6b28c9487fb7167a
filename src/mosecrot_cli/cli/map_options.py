"""The options of `mosecrot map` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mosecrot_cli.cli.options import RUN, parse_count, parse_positive, parse_positive_or_auto, parse_share
from mosecrot_cli.settings import Basis, FloatType, MapPreset, MapSettings, Method, Neighbours, Normalize, Weighting

PAPERS = "Unset: the preset's; the paper's"

Preset = Annotated[
    MapPreset,
    typer.Option(
        "--preset", help="The options below, all at once: the paper's, or those found best for transfer. Each one wins."
    ),
]
MethodOption = Annotated[
    Method | None, typer.Option("--method", help=f"How target words are mapped. {PAPERS}: {MapSettings.method}.")
]
WeightingOption = Annotated[
    Weighting | None,
    typer.Option(
        "--weighting",
        help=f"How similarities to the nearest anchors become weights. {PAPERS}: {MapSettings.weighting}.",
    ),
]
K = Annotated[
    int | None,
    typer.Option(
        "--k",
        parser=parse_count,
        help=f"Nearest anchors (or tokens: --basis) of each word. {PAPERS}: {MapSettings.k}.",
        metavar="N|all",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        parser=parse_positive,
        help=f"Divides the similarities. {PAPERS}: {MapSettings.temperature:g}.",
        metavar="T",
    ),
]
Ridge = Annotated[
    Any,
    typer.Option(
        "--ridge",
        parser=parse_positive_or_auto,
        help="Penalty of ridge and residual, in mean eigenvalues of the anchors; auto: the one whose maps translate "
        f"left-out anchors best. Unset: {MapSettings.ridge:g}.",
        metavar="X|auto",
    ),
]
MaxRank = Annotated[
    float | None,
    typer.Option(
        "--max-rank",
        parser=parse_share,
        help="Leave out anchors whose source embedding is not among the nearest SHARE of all anchors' to what the "
        f"others predict for the word: wrong pairs, mostly. Unset: {MapSettings.max_rank:g}, all are kept.",
        metavar="SHARE",
    ),
]
SelfLearning = Annotated[
    int | None,
    typer.Option(
        "--self-learning",
        min=0,
        help="Rounds, at most, that look for further anchors: words and tokens that are each other's nearest after a "
        "ridge map, under CSLS. A tenth of the anchors, held out, says which round is best. "
        f"Unset: {MapSettings.self_learning}.",
        metavar="ROUNDS",
    ),
]
NormalizeOption = Annotated[
    Normalize | None,
    typer.Option(
        "--normalize",
        help="What lstsq, ridge, procrustes and residual do to vectors and source embeddings before the fit: "
        "unit length, centring, or unit, center, unit again; then the mean and the distance from it are restored. "
        "Unset: none; residual: both (its source embeddings are only centred).",
        show_default=False,
    ),
]
BasisOption = Annotated[
    Basis | None,
    typer.Option(
        "--basis",
        help="After lstsq, ridge and procrustes: 'vocabulary' replaces each mapped word by the weighted mean of the k "
        f"nearest whole-word tokens of the model. {PAPERS}: {MapSettings.basis}.",
    ),
]
NeighboursOption = Annotated[
    Neighbours | None,
    typer.Option(
        "--neighbours",
        help="Which anchors or tokens are nearest: by cosine, or under CSLS, against hubs (not with the weighting "
        f"'standard'). {PAPERS}: {MapSettings.neighbours}.",
    ),
]
PivotVectors = Annotated[
    str | None,
    typer.Option(
        "--pivot-vectors",
        help="Static vectors of the source language, as --target-vectors takes them: target vectors are first rotated "
        "into their space, and the words that they share with the model are the anchors of --method.",
        metavar="FILE|URL|NAME",
    ),
]
PivotLexicon = Annotated[
    list[Path] | None,
    typer.Option(
        "--pivot-lexicon",
        help="Lexicon for that rotation; its source words need not be tokens of the model. Repeatable. "
        "Unset: the anchors.",
        metavar="FILE",
    ),
]
Subwords = Annotated[
    bool | None,
    typer.Option(
        "--subwords/--no-subwords",
        help="Words of --vocab-from and of the anchors that the vectors lack get one from their character n-grams "
        "(fastText .bin). Unset: with --vocab-from, where the vectors have n-grams.",
        show_default=False,
    ),
]
KeepSource = Annotated[
    bool | None,
    typer.Option(
        "--keep-source/--map-source",
        help="Leave the model's own embeddings as they are, for a model that keeps them (linear methods always do), "
        f"or map them too, to F^s. {PAPERS}: F^s.",
        show_default=False,
    ),
]
DtypeOption = Annotated[
    FloatType, typer.Option("--dtype", help="Numbers of target.npy; float16 halves the file.", rich_help_panel=RUN)
]
