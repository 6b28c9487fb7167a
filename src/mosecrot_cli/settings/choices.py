"""Constants, defaults that several commands share, and the values that options can take."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

STDIO: Final = "-"
ALL: Final = sys.maxsize
"""A count that takes everything there is (`--k all`, `--max-vocab all`)."""
AUTO: Final = "auto"
"""What the data decide (`--ridge auto`)."""
DEFAULT_MAX_VOCAB = 200_000
DEFAULT_SEED = 1
IDENTICAL_LETTERS = 4
"""Letters that a word needs for `--lexicon identical`: shorter ones are often false friends."""

# Fine-tuning without a preset (`tasks.presets`).
DEFAULT_EPOCHS = 8
DEFAULT_LEARNING_RATE = 5e-5
DEFAULT_BATCH_SIZE = 16


class Method(StrEnum):
    """How target words get an embedding of the source model's width."""

    relative = "relative"
    lstsq = "lstsq"
    ridge = "ridge"
    procrustes = "procrustes"
    residual = "residual"


class Weighting(StrEnum):
    """How the similarities of the nearest anchors become weights (paper, section 3)."""

    standard = "standard"
    softmax = "softmax"
    sparsemax = "sparsemax"
    entmax15 = "entmax15"


class Normalize(StrEnum):
    """What is done to the rows of both sides before a map is fitted."""

    none = "none"
    unit = "unit"
    centred = "center"  # `str.center` has the name
    both = "both"


class Basis(StrEnum):
    """Which source embeddings target words become means of: the anchors', or those of all whole-word tokens."""

    anchors = "anchors"
    vocabulary = "vocabulary"


class Neighbours(StrEnum):
    """What makes a neighbour near: the cosine, or CSLS, which marks down what is near to everything."""

    cosine = "cosine"
    csls = "csls"


class FloatType(StrEnum):
    """Numbers of an `.npy`; half precision takes half the disk and is off by about 0.05 %."""

    float32 = "float32"
    float16 = "float16"


class Precision(StrEnum):
    """Arithmetic of training and inference; `auto` is bf16 where a GPU has it, else fp32."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class VectorForm(StrEnum):
    """How word vectors are written."""

    vec = "vec"
    vec_gz = "vec.gz"
    word2vec = "word2vec"
    npy = "npy"


class VectorModel(StrEnum):
    """How fastText learns vectors: the context from the word, or the word from its context."""

    skipgram = "skipgram"
    cbow = "cbow"


class MapPreset(StrEnum):
    """A bundle of options of `map`; an option that is given as well wins."""

    paper = "paper"
    transfer = "transfer"


class RowFormat(StrEnum):
    """How `predict` writes its rows."""

    tsv = "tsv"
    jsonl = "jsonl"


class OnlineLexicon(StrEnum):
    """Online sources of lexica, each the name of its module in `sources.lexica`."""

    muse = "muse"
    panlex = "panlex"
    google = "google"
    wiktionary = "wiktionary"
