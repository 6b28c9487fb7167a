"""What the commands of `mosecrot vectors` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.settings.choices import (
    ALL,
    DEFAULT_SEED,
    FloatType,
    VectorForm,
    VectorModel,
)
from mosecrot_cli.settings.shared import OutputSettings


@dataclass(frozen=True)
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

    vectors: str
    out: OutputSettings
    form: VectorForm | None = None
    max_vocab: int = ALL
    vocab_from: tuple[Path, ...] = ()
    lexicons: tuple[Path, ...] = ()
    dtype: FloatType = FloatType.float32


@dataclass(frozen=True)
class DescribeVectorsSettings:
    """`mosecrot vectors info`.

    Attributes:
        vectors: a file, an address or a hub id.
        max_vocab: look at the first N words only.
        first: how many of the first words are shown.
    """

    vectors: str
    max_vocab: int = ALL
    first: int = 10


@dataclass(frozen=True)
class FastTextSettings:
    """What fastText is told; defaults as of its Wikipedia vectors (arXiv 1607.04606; 300 dimensions) and its tool.

    Attributes:
        model: skipgram or cbow.
        dim: numbers a word.
        epochs: passes over the text.
        min_count: rarer words get no vector.
        minn, maxn: lengths of character n-grams; maxn 0: whole words only.
        window: words on either side.
        lr: initial learning rate.
        buckets: rows for n-grams (4 bytes x dim each).
        threads: of the training; several make no two runs alike.
        seed: of the random numbers.
    """

    model: VectorModel = VectorModel.skipgram
    dim: int = 300
    epochs: int = 5
    min_count: int = 5
    minn: int = 3
    maxn: int = 6
    window: int = 5
    lr: float = 0.05
    buckets: int = 2_000_000
    threads: int = 12
    seed: int = DEFAULT_SEED


@dataclass(frozen=True)
class TrainVectorsSettings:
    """`mosecrot vectors train`."""

    texts: tuple[Path, ...]
    out: OutputSettings
    text_column: str | None = None
    lowercase: bool = True
    fasttext: FastTextSettings = FastTextSettings()
