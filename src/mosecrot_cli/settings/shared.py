"""Settings shared by several commands, and the options that several settings classes declare alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import (
    DEFAULT_BATCH_SIZE,
    DEFAULT_EPOCHS,
    DEFAULT_LEARNING_RATE,
    DEFAULT_MAX_LENGTH,
    Precision,
)
from mosecrot_cli.settings.option import (
    CLASS_BIAS,
    COMPUTE,
    DATA,
    DATA_SET,
    OUTPUT,
    SCORES,
    TRAINING,
    VOCABULARY,
    Argument,
    Option,
    count,
    numbers,
    positive,
)


@dataclass(frozen=True)
class OutputSettings:
    """Where a result goes, and what may happen to an existing one.

    Attributes:
        output: the file or folder to write.
        overwrite: replace an existing output once the new one is complete.
        if_changed: do nothing when the output's manifest records the same settings and inputs.
        dry_run: report what would be read and how large it is, and write nothing.
    """

    output: Annotated[Path, Option("-o", "--output", help="Where to write the result.", panel=OUTPUT, metavar="PATH")]
    overwrite: Annotated[
        bool,
        Option("--overwrite", help="Replace an existing output when the new one is done.", panel=OUTPUT),
    ] = False
    if_changed: Annotated[
        bool,
        Option("--if-changed", help="Do nothing if settings and inputs have not changed.", panel=OUTPUT),
    ] = False
    dry_run: Annotated[
        bool,
        Option("--dry-run", help="Report sizes and what would be done; write nothing.", panel=OUTPUT),
    ] = False


@dataclass(frozen=True)
class ComputeSettings:
    """Where the arithmetic runs.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps.
        gpus: numbers of the GPUs to train on, one process each; empty: `device` decides.
        precision: see `Precision`.
    """

    device: Annotated[
        str, Option("--device", help="auto, cpu, cuda, cuda:N or mps.", panel=COMPUTE, metavar="NAME")
    ] = "auto"
    gpus: Annotated[
        tuple[int, ...],
        Option(
            "--gpus",
            help="Train on several GPUs, with one process each.",
            panel=COMPUTE,
            metavar="0,1",
            parser=numbers,
            unset="the one of --device",
        ),
    ] = ()
    precision: Annotated[
        Precision,
        Option(
            "--precision",
            help="Arithmetic. auto: bf16 on GPUs that have it and on CPUs that are faster in it, else fp32.",
            panel=COMPUTE,
        ),
    ] = Precision.auto


@dataclass(frozen=True)
class DataSettings:
    """How a data set is read.

    Attributes:
        text_column, label_column: names of the columns; None: guessed.
        data_dir: folder in which named data sets are looked for before the hub.
    """

    text_column: Annotated[
        str | None,
        Option("--text-column", help="Column of the texts.", panel=DATA, metavar="NAME", unset="guessed"),
    ] = None
    label_column: Annotated[
        str | None,
        Option("--label-column", help="Column of the labels.", panel=DATA, metavar="NAME", unset="guessed"),
    ] = None
    data_dir: Annotated[
        Path | None,
        Option(
            "--data-dir",
            help="Folder to look in for named data sets before the hub.",
            panel=DATA,
            metavar="DIR",
            unset="the hub only",
            variable="MOSECROT_DATA",
        ),
    ] = None


# --- options that several commands declare alike ----------------------------------------------------------------------
Src = Annotated[str, Option("--src", help="Source language: the language of the model.", metavar="LANG")]
Tgt = Annotated[
    str | None,
    Option("--tgt", help="Target language, by code or name.", metavar="LANG", unset="as in the manifest of the input"),
]
SourceModel = Annotated[
    str | None,
    Option(
        "--source-model",
        help="Pre-trained source model: a folder or a hub id.",
        metavar="DIR|ID",
        unset="as in the manifest of the input",
    ),
]
TargetVectors = Annotated[
    str | None,
    Option(
        "--target-vectors",
        help="Static word vectors of the target language: a file (.vec, .vec.gz, .bin, .npy), an address, a hub id, "
        "or wiki, cc, cc.bin, hub (fastText).",
        metavar="FILE|NAME",
        unset="as in the manifest of the input",
    ),
]
MaxVocab = Annotated[
    int,
    Option("--max-vocab", help="Use the first N words.", panel=VOCABULARY, metavar="N|all", parser=count),
]
InheritedMaxVocab = Annotated[
    int | None,
    Option(
        "--max-vocab",
        help="Use the first N target words.",
        panel=VOCABULARY,
        metavar="N|all",
        parser=count,
        unset="as for the anchors",
    ),
]
VocabFrom = Annotated[
    tuple[Path, ...],
    Option(
        "--vocab-from",
        help="Keep only the words of this file, whole or in longer words, and those of the lexicon. Lines of text, or "
        "cells of a .tsv, .csv or .jsonl. Repeatable.",
        panel=VOCABULARY,
        metavar="FILE",
        unset="keep all",
    ),
]
Exclude = Annotated[
    tuple[Path, ...],
    Option(
        "--exclude",
        help="Labelled data that will be scored: its texts, and the verses of its ids, are left out of what is read. "
        "Repeatable.",
        panel=DATA,
        metavar="FILE",
        unset="read everything",
    ),
]
Parallel = Annotated[
    tuple[str, ...],
    Option(
        "--parallel",
        help="Sentences of the source language and their translations: one file (a table or TMX), or two with a "
        "comma between (lines, or verses with ids). Repeatable.",
        metavar="FILE|SOURCE,TARGET",
        unset="do not align",
    ),
]
Checkpoint = Annotated[
    Path, Argument(help="Checkpoint folder, or a folder of seed-N/ checkpoints.", metavar="CHECKPOINT")
]
Prior = Annotated[
    str,
    Option(
        "--prior",
        help="Class shares expected of the texts: source (those of the training data), uniform, or a file with a class "
        "and its share in each line, separated by a tab.",
        panel=CLASS_BIAS,
        metavar="source|uniform|FILE",
    ),
]
Train = Annotated[str, Option("--train", help="Training data: a TSV, CSV or JSONL file, or a name.", metavar=DATA_SET)]
Dev = Annotated[
    str | None,
    Option(
        "--dev", help="Development data, which picks the best epoch.", metavar=DATA_SET, unset="keep the last epoch"
    ),
]
LabelledData = Annotated[
    str, Option("--data", help="Labelled data: a TSV, CSV or JSONL file, or a name.", metavar=DATA_SET)
]
Split = Annotated[str, Option("--split", help="Split of a named data set.", panel=DATA, metavar="NAME")]
TextColumn = Annotated[
    str | None, Option("--text-column", help="Column of the texts.", panel=DATA, metavar="NAME", unset="guessed")
]
Predictions = Annotated[
    Path | None,
    Option(
        "--predictions",
        help="Also write id, gold label, prediction and probabilities to this TSV file.",
        panel=OUTPUT,
        metavar="FILE",
        unset="not written",
    ),
]
Overwrite = Annotated[
    bool, Option("--overwrite", help="Replace an existing file once the new one is complete.", panel=OUTPUT)
]
Resamples = Annotated[
    int, Option("--resamples", help="Bootstrap resamples of the interval.", panel=SCORES, metavar="N", least=100)
]
Seed = Annotated[int, Option("--seed", help="Seed of everything that is random.", panel=COMPUTE, metavar="N", least=0)]
Device = Annotated[str, Option("--device", help="auto, cpu, cuda, cuda:N or mps.", panel=COMPUTE, metavar="NAME")]
AnchorsFile = Annotated[str, Argument(help="Anchor pairs, source TAB target; '-' for stdin.", metavar="ANCHORS")]

License = Annotated[
    str | None,
    Option(
        "--license",
        help="Licence for the model card: apache-2.0, cc-by-sa-4.0, ...",
        panel=OUTPUT,
        metavar="ID",
        unset="the one that all its sources share",
    ),
]

LicensesOf = Annotated[
    tuple[str, ...],
    Option(
        "--license-of",
        help="Licence of something that went into the model, by its name in the card: ru.vec=cc-by-sa-3.0. Repeatable.",
        panel=OUTPUT,
        metavar="NAME=ID",
        unset="known for named sources and models with a card",
    ),
]
BaseModel = Annotated[
    str | None,
    Option(
        "--base-model",
        help="Id of the source model on the hub, for the card of a model that was made from a folder.",
        panel=OUTPUT,
        metavar="ID",
        unset="that of a model from the hub, else the folder's name",
    ),
]

# Numbers of the training; a data set with a preset (`tasks.presets`) has its own.
_PRESET = "{}, or the data set's preset"
Epochs = Annotated[
    int | None,
    Option(
        "--epochs",
        help="Passes over the training data.",
        panel=TRAINING,
        metavar="N",
        least=1,
        unset=_PRESET.format(DEFAULT_EPOCHS),
    ),
]
LearningRate = Annotated[
    float | None,
    Option(
        "--lr",
        help="Peak learning rate.",
        panel=TRAINING,
        metavar="X",
        parser=positive,
        unset=_PRESET.format(DEFAULT_LEARNING_RATE),
    ),
]
BatchSize = Annotated[
    int | None,
    Option(
        "--batch-size",
        help="Texts in one step.",
        panel=TRAINING,
        metavar="N",
        least=1,
        unset=_PRESET.format(DEFAULT_BATCH_SIZE),
    ),
]
MaxLength = Annotated[
    int | None,
    Option(
        "--max-length",
        help="Tokens of a text; the rest is cut off.",
        panel=TRAINING,
        metavar="N",
        least=3,
        unset=_PRESET.format(DEFAULT_MAX_LENGTH),
    ),
]
OneSeed = Annotated[
    int, Option("--seed", help="Seed of everything that is random.", panel=TRAINING, metavar="N", least=0)
]
Seeds = Annotated[
    tuple[int, ...],
    Option(
        "--seeds",
        help="Train once per seed, into seed-N/ folders of the output.",
        panel=TRAINING,
        metavar="1,2,3",
        parser=numbers,
        unset="one run, with --seed",
    ),
]
Resume = Annotated[bool, Option("--resume", help="Continue an interrupted run of the same settings.", panel=TRAINING)]
