"""Settings of `mosecrot transfer`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.anchors import AnchorsSettings
from mosecrot_cli.settings.choices import DEFAULT_MAX_VOCAB, DEFAULT_SEED, AnchorLearning, MapPreset
from mosecrot_cli.settings.option import CLASS_BIAS, PAPER, PIVOT, SELECTION, Nested, Option
from mosecrot_cli.settings.shared import (
    BaseModel,
    Checkpoint,
    DataSettings,
    Device,
    Exclude,
    License,
    LicensesOf,
    MaxVocab,
    OutputSettings,
    Parallel,
    Seed,
)


@dataclass(frozen=True, kw_only=True)
class TransferSettings:
    """`mosecrot transfer`: steps 1 to 3 and 5 for a further language, in one process."""

    checkpoint: Checkpoint = Path("model")
    tgt: Annotated[
        str | None,
        Option(
            "--tgt",
            help="Target language, by code or name.",
            metavar="LANG",
            unset="not needed if lexicon and vectors are files",
        ),
    ] = None
    lexicons: Annotated[
        tuple[str, ...],
        Option(
            "--lexicon",
            help="Bilingual lexicon, given as for anchors. Repeatable: the first one that has a word wins.",
            metavar="FILE|NAME",
            unset="muse where it has the pair, else panlex",
        ),
    ] = ()
    target_vectors: Annotated[
        str | None,
        Option(
            "--target-vectors",
            help="Static word vectors of the target language, given as for anchors.",
            metavar="FILE|NAME",
            unset="wiki, else cc, else hub",
        ),
    ] = None
    source_model: Annotated[
        str | None,
        Option(
            "--source-model",
            help="Pre-trained source model: a folder or a hub id.",
            metavar="DIR|ID",
            unset="the one that the checkpoint was fine-tuned from",
        ),
    ] = None
    max_vocab: MaxVocab = DEFAULT_MAX_VOCAB
    preset: Annotated[
        MapPreset, Option("--preset", help="How the vectors are mapped.", panel=PAPER, metavar="NAME")
    ] = MapPreset.transfer
    cognates: Annotated[
        bool,
        Option("--cognates", help="Add anchors that are spelt alike in both languages; see anchors.", panel=SELECTION),
    ] = AnchorsSettings.cognates
    source_vectors: Annotated[
        str | None,
        Option(
            "--source-vectors",
            help="Static word vectors of the source language, with which further anchors are learnt; see anchors.",
            panel=PIVOT,
            metavar="FILE|NAME",
            unset="learn none",
        ),
    ] = AnchorsSettings.source_vectors
    learnt_anchors: Annotated[
        AnchorLearning,
        Option("--learnt-anchors", help="When to use learnt anchors.", panel=PIVOT, metavar="NAME"),
    ] = AnchorLearning.auto
    parallel: Parallel = ()
    exclude: Exclude = ()
    texts: Annotated[
        str | None,
        Option(
            "--texts",
            help="Unlabelled texts of the target language: for a bias for each class (see stitch), for the choice "
            "between lexicon and learnt anchors, and for the share of their words that is known. Labels are not read.",
            panel=CLASS_BIAS,
            metavar="FILE|NAME",
            unset="no class bias, and no share of words",
        ),
    ] = None
    data: Annotated[DataSettings, Nested("label_column")] = DataSettings()
    device: Device = "auto"
    seed: Seed = DEFAULT_SEED
    license: License = None
    licenses_of: LicensesOf = ()
    base_model: BaseModel = None
    out: Annotated[
        OutputSettings,
        Nested(
            output=Option(
                "-o",
                "--output",
                help="Folder of the stitched checkpoint; anchors.tsv and mapped/ are written next to it, "
                "anchors-learnt.tsv and mapped-learnt/ where learnt anchors are compared with the lexicon's, and "
                "mapped-aligned/ with --parallel.",
                panel="Output",
                metavar="DIR",
            )
        ),
    ] = OutputSettings(Path("stitched"))
