"""The options of `mosecrot map` alone."""

from __future__ import annotations

from typing import Annotated

import typer

from mosecrot_cli.cli.options import RUN, parse_count, parse_positive
from mosecrot_cli.settings import FloatType, MapPreset, MapSettings, Method, Weighting

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
        "--k", parser=parse_count, help=f"Nearest anchors of each word. {PAPERS}: {MapSettings.k}.", metavar="N|all"
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
    float | None,
    typer.Option(
        "--ridge",
        parser=parse_positive,
        help=f"Penalty of ridge and residual, in mean eigenvalues of the anchors. Unset: {MapSettings.ridge:g}.",
        metavar="X",
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
