"""Settings of `mosecrot vectors train|convert|prune|info`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import ALL, DEFAULT_SEED, FloatType, VectorForm, VectorModel
from mosecrot_cli.settings.option import OUTPUT, TRAINING, VOCABULARY, Argument, Nested, Option, positive
from mosecrot_cli.settings.shared import Exclude, MaxVocab, OutputSettings, TextColumn, VocabFrom

VectorsFile = Annotated[
    str,
    Argument(
        help="Word vectors: .vec, .vec.gz, .bin, word2vec binary or .npy; an address or a hub id.", metavar="VECTORS"
    ),
]


Dtype = Annotated[FloatType, Option("--dtype", help="Numbers of an .npy; float16 halves its size.", panel=OUTPUT)]


@dataclass(frozen=True, kw_only=True)
class RewriteVectorsSettings:
    """`mosecrot vectors convert` and `prune`: the same vectors in another file, or some of them.

    Attributes:
        vectors: a file, an address or a hub id.
        out: the file to write.
        form: its format; None: by its ending.
        max_vocab: the first N words (of those that are wanted).
        vocab_from: keep the words that occur in these texts.
        lexicons: and the target words of these lexica or anchor files.
        dtype: width of the numbers (`.npy`).
    """

    vectors: VectorsFile
    out: Annotated[
        OutputSettings,
        Nested(
            output=Argument(
                "-o",
                "--output",
                help="File to write: .vec, .txt, .vec.gz, .bin (word2vec binary), or .npy with its .vocab.txt.",
                metavar="OUT",
            )
        ),
    ]
    max_vocab: MaxVocab = ALL
    vocab_from: VocabFrom = ()
    lexicons: Annotated[
        tuple[Path, ...],
        Option(
            "--lexicon",
            help="Also keep the target words of this lexicon or anchor file. Repeatable.",
            panel=VOCABULARY,
            metavar="FILE",
            unset="none",
        ),
    ] = ()
    form: Annotated[
        VectorForm | None,
        Option("--to", help="Format of the output.", panel=OUTPUT, metavar="NAME", unset="by the file's ending"),
    ] = None
    dtype: Dtype = FloatType.float32


@dataclass(frozen=True, kw_only=True)
class DescribeVectorsSettings:
    """`mosecrot vectors info`.

    Attributes:
        vectors: a file, an address or a hub id.
        max_vocab: look at the first N words only.
        first: how many of the first words are shown.
    """

    vectors: VectorsFile
    max_vocab: MaxVocab = ALL
    first: Annotated[int, Option("--first", help="Show the first N words.", panel=OUTPUT, metavar="N", least=0)] = 10


@dataclass(frozen=True)
class FastTextSettings:
    """Parameters of fastText; defaults as in its Wikipedia vectors (arXiv 1607.04606; 300 dimensions) and its tool.

    Attributes:
        model: skipgram or cbow.
        dim: width of the vectors.
        epochs: passes over the text.
        min_count: rarer words get no vector.
        minn, maxn: lengths of character n-grams; maxn 0: whole words only.
        window: words on either side.
        lr: initial learning rate.
        buckets: rows for n-grams (4 bytes x dim each).
        threads: of the training; several make no two runs alike.
        seed: of the random numbers.
    """

    model: Annotated[
        VectorModel, Option("--model", help="How the vectors are learnt.", panel=TRAINING, metavar="NAME")
    ] = VectorModel.skipgram
    dim: Annotated[int, Option("--dim", help="Width of the vectors.", panel=TRAINING, metavar="N", least=2)] = 300
    epochs: Annotated[int, Option("--epochs", help="Passes over the text.", panel=TRAINING, metavar="N", least=1)] = 5
    min_count: Annotated[
        int,
        Option("--min-count", help="Words that occur less often get no vector.", panel=TRAINING, metavar="N", least=1),
    ] = 5
    minn: Annotated[
        int, Option("--minn", help="Length of the shortest character n-grams.", panel=TRAINING, metavar="N", least=1)
    ] = 3
    maxn: Annotated[
        int,
        Option(
            "--maxn",
            help="Length of the longest character n-grams; 0 trains whole words only.",
            panel=TRAINING,
            metavar="N",
            least=0,
        ),
    ] = 6
    window: Annotated[
        int, Option("--window", help="Words of context on either side.", panel=TRAINING, metavar="N", least=1)
    ] = 5
    lr: Annotated[
        float, Option("--lr", help="Initial learning rate.", panel=TRAINING, metavar="X", parser=positive)
    ] = 0.05
    buckets: Annotated[
        int,
        Option("--buckets", help="Rows for n-grams; each takes 4 bytes x --dim.", panel=TRAINING, metavar="N", least=1),
    ] = 2_000_000
    threads: Annotated[
        int,
        Option(
            "--threads",
            help="Number of threads; only one thread gives the same vectors every time.",
            panel=TRAINING,
            metavar="N",
            least=1,
        ),
    ] = 12
    seed: Annotated[int, Option("--seed", help="Seed of the random numbers.", panel=TRAINING, metavar="N", least=0)] = (
        DEFAULT_SEED
    )


@dataclass(frozen=True, kw_only=True)
class TrainVectorsSettings:
    """`mosecrot vectors train`."""

    texts: Annotated[
        tuple[Path, ...],
        Argument(
            help="Texts in UTF-8, also .gz: lines, or tables (.tsv, .csv, .jsonl) with a column of texts.",
            metavar="TEXTS",
        ),
    ]
    text_column: TextColumn = None
    exclude: Exclude = ()
    lowercase: Annotated[
        bool,
        Option(
            "--lower/--no-lower",
            help="Lower-case the text, as for fastText's Wikipedia vectors.",
            panel=TRAINING,
        ),
    ] = True
    fasttext: FastTextSettings = FastTextSettings()
    out: Annotated[
        OutputSettings,
        Nested(
            output=Option(
                "-o",
                "--output",
                help="File to write: .bin (fastText's own, with n-grams for unknown words), .vec, .vec.gz or .npy.",
                panel=OUTPUT,
                metavar="FILE",
            )
        ),
    ]
