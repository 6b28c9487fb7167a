"""The options that only `mosecrot vectors` has, declared once; the others are in `options`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mosecrot_cli.cli.options import RUN, parse_positive
from mosecrot_cli.settings import FloatType, VectorForm, VectorModel

VectorsFile = Annotated[
    str,
    typer.Argument(
        help="Vectors: .vec, .vec.gz, .bin, word2vec binary, .npy; an address or a hub id.", metavar="FILE|URL"
    ),
]
VectorsOutput = Annotated[
    Path | None,
    typer.Argument(
        help="The file to write: .vec, .txt, .vec.gz, .bin (word2vec binary), .npy with .vocab.txt.", metavar="OUT"
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The same as OUT.", metavar="FILE", rich_help_panel=RUN),
]
To = Annotated[VectorForm | None, typer.Option("--to", help="Format of the output (unset: by its ending).")]
Dtype = Annotated[FloatType, typer.Option("--dtype", help="Width of the numbers in an .npy.")]
LexiconFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--lexicon",
        help="Keep also the target words of this lexicon or anchor file. Repeatable.",
        metavar="FILE",
    ),
]
FirstWords = Annotated[int, typer.Option("--first", min=0, help="Show the first N words.", metavar="N")]
TrainingTexts = Annotated[
    list[Path],
    typer.Argument(
        help="Texts in UTF-8, .gz or not: lines, or tables (.tsv, .csv, .jsonl) with a column of texts.",
        metavar="TEXT...",
    ),
]
TrainedOutput = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        help="The file to write: .bin (fastText's own, with n-grams for unknown words), .vec, .vec.gz, .npy.",
        metavar="FILE",
        rich_help_panel=RUN,
    ),
]
VectorModelOption = Annotated[
    VectorModel, typer.Option("--model", help="Predict the context from the word, or the word from its context.")
]
Dimension = Annotated[int, typer.Option("--dim", min=2, help="Numbers a word.", metavar="N")]
VectorEpochs = Annotated[int, typer.Option("--epochs", min=1, help="Passes over the text.", metavar="N")]
MinCount = Annotated[int, typer.Option("--min-count", min=1, help="Words that are rarer get no vector.", metavar="N")]
MinN = Annotated[int, typer.Option("--minn", min=1, help="Shortest character n-grams.", metavar="N")]
MaxN = Annotated[int, typer.Option("--maxn", min=0, help="Longest character n-grams; 0: whole words.", metavar="N")]
Window = Annotated[int, typer.Option("--window", min=1, help="Words of context on either side.", metavar="N")]
VectorLearningRate = Annotated[
    float, typer.Option("--lr", parser=parse_positive, help="Initial learning rate.", metavar="X")
]
Buckets = Annotated[int, typer.Option("--buckets", min=1, help="Rows for n-grams, 4 bytes x dim each.", metavar="N")]
Threads = Annotated[
    int, typer.Option("--threads", min=1, help="Threads; only one gives the same vectors again.", metavar="N")
]
Lowercase = Annotated[
    bool, typer.Option("--lower/--no-lower", help="Lower-case the text, as for fastText's Wikipedia vectors.")
]
