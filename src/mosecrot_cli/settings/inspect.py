"""Settings of `mosecrot inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import DEFAULT_SEED
from mosecrot_cli.settings.option import CHECKS, OUTPUT, Argument, Nested, Option, count, holdout
from mosecrot_cli.settings.shared import DataSettings, Device, Overwrite, Seed, SourceModel, Split, TargetVectors


@dataclass(frozen=True, kw_only=True)
class InspectSettings:
    """`mosecrot inspect`. What is unset comes from the manifest of the mapped folder.

    Attributes:
        mapped: the folder that `map` has written, or a checkpoint that was stitched with one.
        words: target words whose nearest source tokens are shown.
        k: how many of these.
        holdout: share of the anchors' target words that are held out for the translation test; 0: no test.
        sample: how many mapped target words stand for all in the statistics.
        texts: a text file or data set whose coverage is counted.
        split: of a named data set.
        data: how texts are read.
        anchors, source_model, target_vectors: in place of those in the manifest.
        device: of the searches.
        seed: of the split and the sample.
        plot: a picture to draw; None: none.
        overwrite: whether the picture may replace one that is there.
    """

    mapped: Annotated[
        Path,
        Argument(
            help="Folder written by map; or a stitched checkpoint, for the map that it was stitched with.",
            metavar="MAPPED",
        ),
    ] = Path("mapped")
    anchors: Annotated[
        str | None,
        Option(
            "--anchors",
            help="Anchor pairs for the translation test.",
            metavar="FILE",
            unset="as in the manifest of the input",
        ),
    ] = None
    source_model: SourceModel = None
    target_vectors: TargetVectors = None
    words: Annotated[
        tuple[str, ...],
        Option(
            "--word",
            help="Show the source tokens nearest to this target word. Repeatable.",
            panel=CHECKS,
            metavar="WORD",
            unset="none",
        ),
    ] = ()
    k: Annotated[
        int, Option("--k", help="Number of tokens to show for each --word.", panel=CHECKS, metavar="N", least=1)
    ] = 10
    texts: Annotated[
        str | None,
        Option(
            "--texts",
            help="Count how many words of these texts the vocabulary and the anchors contain, and where a stitched "
            "model takes the others from. Lines of text, a TSV, CSV or JSONL file, or the name of a data set.",
            panel=CHECKS,
            metavar="FILE|NAME",
            unset="no count",
        ),
    ] = None
    holdout: Annotated[
        float,
        Option(
            "--holdout",
            help="Share of the anchors' target words held out to test translation; 0 skips the test.",
            panel=CHECKS,
            metavar="SHARE",
            parser=holdout,
        ),
    ] = 0.1
    sample: Annotated[
        int,
        Option(
            "--sample",
            help="Number of mapped words that the statistics are computed on.",
            panel=CHECKS,
            metavar="N|all",
            parser=count,
        ),
    ] = 5_000
    split: Split = "test"
    data: Annotated[DataSettings, Nested("label_column")] = DataSettings()
    device: Device = "auto"
    seed: Seed = DEFAULT_SEED
    plot: Annotated[
        Path | None,
        Option(
            "--plot",
            help="Draw lengths, hubs and some anchors beside their mapped partners into this file: .png, .svg or .pdf.",
            panel=OUTPUT,
            metavar="FILE",
            unset="no picture",
        ),
    ] = None
    overwrite: Overwrite = False
