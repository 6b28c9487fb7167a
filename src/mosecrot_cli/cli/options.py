"""Every option of the toolkit, declared once; the commands put them together."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from mosecrot_cli.settings import (
    ALL,
    AUTO,
    IDENTICAL_LETTERS,
    Precision,
    RowFormat,
)

DATA = "Data"
COMPUTE = "Device"
RUN = "Output and running"


# Typer hands the default to a parser, too: so each takes what it gives.


def parse_count(given: str | int) -> int:
    """A number of at least 1, or `all`."""
    text = str(given).strip()
    if text.lower() == "all" or given == ALL:
        return ALL
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII) or int(text) < 1:
        raise typer.BadParameter(f"{text!r} is neither a number of at least 1 nor 'all'")
    return int(text)


def parse_positive(given: str | float) -> float:
    """A finite number above 0."""
    try:
        value = float(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no number") from None
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{given} is not above 0")
    return value


def parse_positive_or_auto(given: str | float) -> float | str:
    """A finite number above 0, or `auto`."""
    return AUTO if str(given).strip().lower() == AUTO else parse_positive(given)


def parse_share(given: str | float) -> float:
    """A number above 0 and at most 1."""
    try:
        value = float(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no number") from None
    if not 0 < value <= 1:
        raise typer.BadParameter(f"{given} is not above 0 and at most 1")
    return value


class Numbers(tuple[int, ...]):
    """Several numbers in one value. A class of its own: Typer takes a plain tuple for an option of several values."""


def parse_numbers(given: str | tuple[int, ...]) -> Numbers:
    """Different whole numbers separated by commas, as in `1,2,3`."""
    text = given if isinstance(given, str) else ",".join(map(str, given))
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", text, re.ASCII):
        raise typer.BadParameter(f"{text!r} is no list of numbers like 1,2,3")
    numbers = Numbers(int(part) for part in text.split(","))
    if len(set(numbers)) < len(numbers):
        raise typer.BadParameter(f"{text!r} names a number twice")
    return numbers


# --- what goes in -----------------------------------------------------------------------------------------------------
Src = Annotated[str, typer.Option("--src", help="Source language, of the model.", metavar="LANG")]
SrcOptional = Annotated[str | None, typer.Option("--src", help="Source language, of the model.", metavar="LANG")]
Tgt = Annotated[str | None, typer.Option("--tgt", help="Target language, of the vectors and texts.", metavar="LANG")]
Lexicon = Annotated[
    list[str] | None,
    typer.Option(
        "--lexicon",
        help="Bilingual lexicon: a file (MUSE, TSV, CSV; .gz), '-' for stdin, or muse[:train|test|reverse], panlex, "
        f"google, wiktionary, or identical: words of {IDENTICAL_LETTERS} letters and more, and numerals, that both "
        "vocabularies share. Repeatable: the first wins. Unset: muse where it has the pair, else panlex.",
        metavar="FILE|NAME",
    ),
]
SourceModel = Annotated[
    str | None,
    typer.Option("--source-model", help="Pre-trained source model: a folder or a hub id.", metavar="DIR|ID"),
]
MultilingualModel = Annotated[
    str, typer.Option("--source-model", help="Multilingual model: a folder or a hub id.", metavar="DIR|ID")
]
TargetVectors = Annotated[
    str | None,
    typer.Option(
        "--target-vectors",
        help="Static target vectors: .vec, .vec.gz, .bin, word2vec binary, or .npy with its .vocab.txt; "
        "an address, a hub id, or wiki, cc, cc.bin, hub (fastText).",
        metavar="FILE|URL|NAME",
    ),
]
MaxVocab = Annotated[
    int,
    typer.Option("--max-vocab", parser=parse_count, help="Use the first N target words.", metavar="N|all"),
]
MaxVocabOptional = Annotated[
    int | None,
    typer.Option(
        "--max-vocab",
        parser=parse_count,
        help="Use the first N target words (unset: as for the anchors).",
        metavar="N|all",
    ),
]
VocabFrom = Annotated[
    list[Path] | None,
    typer.Option(
        "--vocab-from",
        help="Keep only words that occur in this file (lines of text; every cell of a .tsv, .csv or .jsonl), whole or "
        "as a piece of a word, and those of anchors and lexica. Repeatable. --max-vocab then counts the words kept.",
        metavar="FILE",
    ),
]
Checkpoint = Annotated[Path, typer.Argument(help="Checkpoint folder, or a folder of seed-N/ checkpoints.")]
Train = Annotated[
    str,
    typer.Option("--train", help="Training data: a TSV/CSV/JSONL file or a name.", metavar="FILE|NAME"),
]
Dev = Annotated[
    str | None,
    typer.Option("--dev", help="Development data: picks the best epoch (unset: the last).", metavar="FILE|NAME"),
]
Data = Annotated[
    str,
    typer.Option("--data", help="Labelled data: a TSV/CSV/JSONL file or a name.", metavar="FILE|NAME"),
]
Split = Annotated[str, typer.Option("--split", help="Split of a named data set.", metavar="NAME", rich_help_panel=DATA)]
TextColumn = Annotated[
    str | None,
    typer.Option("--text-column", help="Column of the text (unset: guessed).", metavar="NAME", rich_help_panel=DATA),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label-column", help="Column of the label (unset: guessed).", metavar="NAME", rich_help_panel=DATA),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="MOSECROT_DATA",
        help="Folder that holds named data sets (looked at before the hub).",
        metavar="DIR",
        rich_help_panel=DATA,
    ),
]

# --- anchors ----------------------------------------------------------------------------------------------------------
MaxAnchors = Annotated[
    int | None,
    typer.Option("--max-anchors", min=1, help="Keep a random sample of N anchors.", metavar="N"),
]
DropStopwords = Annotated[
    bool, typer.Option("--drop-stopwords", help="Leave out English stop words (on the source side).")
]
Stopwords = Annotated[
    Path | None,
    typer.Option("--stopwords", help="Leave out the source words in this file, one a line.", metavar="FILE"),
]
MinScore = Annotated[
    float | None,
    typer.Option("--min-score", help="Leave out pairs scored lower, or not at all.", metavar="X"),
]
Script = Annotated[
    str,
    typer.Option(
        "--script",
        help="Script of the target words: auto (what most vectors' words are written in), off, or a name (Cyrl).",
        metavar="NAME",
    ),
]
Identical = Annotated[
    bool,
    typer.Option("--identical", help="Add all strings that both vocabularies share: numerals, punctuation, names."),
]
MultiToken = Annotated[
    bool,
    typer.Option("--multi-token", help="Keep source words of several tokens, as the mean of their embeddings."),
]
PanlexDistance = Annotated[
    int,
    typer.Option(
        "--panlex-distance", min=1, max=2, help="PanLex: 2 also translates through a third language.", metavar="1|2"
    ),
]
MinQuality = Annotated[
    int, typer.Option("--min-quality", min=0, help="PanLex: the least translation quality.", metavar="N")
]
PanlexDump = Annotated[
    Path | None,
    typer.Option(
        "--panlex-dump",
        envvar="MOSECROT_PANLEX",
        help="PanLex's database download (CSV folder or zip, SQLite), used instead of its API.",
        metavar="PATH",
    ),
]
Explain = Annotated[
    str | None,
    typer.Option("--explain", help="Show where a word's translations came from and why others lost.", metavar="WORD"),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.", metavar="N")]

AnchorsPivot = Annotated[
    str | None,
    typer.Option(
        "--pivot-vectors",
        help="Static vectors of the source language, as --target-vectors takes them: with their help further anchors "
        "are learnt, words that are each other's nearest after a rotation that the anchors tell.",
        metavar="FILE|URL|NAME",
    ),
]
PivotRounds = Annotated[
    int,
    typer.Option("--pivot-rounds", min=1, help="Rounds of it, at most: it ends when it grows no better.", metavar="N"),
]

# --- map, baseline lstsq ----------------------------------------------------------------------------------------------
AnchorsFile = Annotated[str, typer.Argument(help="Anchor pairs, source TAB target; '-' for stdin.", metavar="[FILE|-]")]
AnchorsOption = Annotated[
    str, typer.Option("--anchors", help="Anchor pairs, source TAB target; '-' for stdin.", metavar="FILE|-")
]

# --- finetune ---------------------------------------------------------------------------------------------------------
Embeddings = Annotated[
    str | None,
    typer.Option(
        "--embeddings",
        help="Input embeddings: a folder of `map` (its source side F^s) or none (the model's own). "
        "Unset: mapped/ if it is there, else none.",
        metavar="DIR|none",
    ),
]
FreezeEmbeddings = Annotated[
    bool | None,
    typer.Option(
        "--freeze-embeddings/--no-freeze-embeddings",
        help="Keep the word embeddings fixed. Unset: fixed when they are the model's own, trained when they are F^s.",
        show_default=False,
    ),
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, help="Passes over the training data.", metavar="N")]
LearningRate = Annotated[
    float | None,
    typer.Option("--lr", parser=parse_positive, help="Peak learning rate.", metavar="X"),
]
BatchSize = Annotated[int | None, typer.Option("--batch-size", min=1, help="Sentences per step.", metavar="N")]
MaxLength = Annotated[int | None, typer.Option("--max-length", min=3, help="Tokens per sentence.", metavar="N")]
Seeds = Annotated[
    Numbers | None,
    typer.Option("--seeds", parser=parse_numbers, help="Train once per seed, into seed-N/ folders.", metavar="1,2,3"),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where a killed run of the same settings stopped.")]

# --- stitch -----------------------------------------------------------------------------------------------------------
MappedFolder = Annotated[Path, typer.Option("--embeddings", help="Folder of `map`.", metavar="DIR")]
Shared = Annotated[
    bool,
    typer.Option(
        "--shared/--no-shared",
        help="Keep source tokens that the target vocabulary lacks: names and other words spelled the same.",
    ),
]

# --- evaluate, predict, baseline --------------------------------------------------------------------------------------
Predictions = Annotated[
    Path | None,
    typer.Option("--predictions", help="Write id, gold, prediction and probabilities here (TSV).", metavar="FILE"),
]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option("--compare", help="Paired bootstrap of two prediction files instead.", metavar="A B"),
]
Resamples = Annotated[
    int | None, typer.Option("--resamples", min=100, help="Bootstrap resamples of the interval.", metavar="N")
]
Texts = Annotated[
    str, typer.Argument(help="Texts, one a line, or a TSV/CSV/JSONL file; '-' for stdin.", metavar="[FILE|-]")
]
Format = Annotated[RowFormat, typer.Option("--format", help="Form of the rows.")]

# --- device -----------------------------------------------------------------------------------------------------------
Device = Annotated[
    str,
    typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.", metavar="NAME", rich_help_panel=COMPUTE),
]
Gpus = Annotated[
    Numbers | None,
    typer.Option(
        "--gpus",
        parser=parse_numbers,
        help="Train on several GPUs, one process each.",
        metavar="0,1",
        rich_help_panel=COMPUTE,
    ),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option("--precision", help="Arithmetic; auto: bf16 where a GPU has it.", rich_help_panel=COMPUTE),
]


def _go_offline(wanted: bool) -> bool:
    """Tell every library; they read it when they are first loaded, which is later."""
    if wanted:
        os.environ["MOSECROT_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"
    return wanted


# --- output and running -----------------------------------------------------------------------------------------------
Output = Annotated[
    Path, typer.Option("-o", "--output", help="Where the result goes.", metavar="PATH", rich_help_panel=RUN)
]
OutputOrStdout = Annotated[
    Path,
    typer.Option("-o", "--output", help="Where the result goes; '-' is stdout.", metavar="PATH|-", rich_help_panel=RUN),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace an existing output, once the new one is whole.", rich_help_panel=RUN),
]
IfChanged = Annotated[
    bool,
    typer.Option(
        "--if-changed", help="Do nothing if settings and inputs are those of the existing output.", rich_help_panel=RUN
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say what would be done, and how large it is; write nothing.", rich_help_panel=RUN),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline", callback=_go_offline, help="Fetch nothing; use what the cache holds.", rich_help_panel=RUN
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Report as JSON on stdout.", rich_help_panel=RUN)]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more; show where an error came from.", rich_help_panel=RUN)
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only errors, no bars.", rich_help_panel=RUN)]
