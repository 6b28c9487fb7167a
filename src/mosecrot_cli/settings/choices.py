"""Constants, defaults that several commands share, and the values that options can take, each with its description."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final, Self

STDIO: Final = "-"
ALL: Final = sys.maxsize
"""A count that takes everything there is (`all` on the command line)."""
AUTO: Final = "auto"
"""A number that is chosen from the data (`ridge`)."""
DEFAULT_MAX_VOCAB = 200_000
DEFAULT_SEED = 1
DEFAULT_PRIOR = "source"
"""The class shares that texts are expected to have: those of the training data."""
IDENTICAL_LETTERS = 4
"""Letters that a word needs for the lexicon `identical`: shorter ones are often false friends."""

# Fine-tuning without a preset (`tasks.presets`).
DEFAULT_EPOCHS = 8
DEFAULT_LEARNING_RATE = 5e-5
DEFAULT_BATCH_SIZE = 16
DEFAULT_MAX_LENGTH = 128

# Going on with the training of a checkpoint, usually on a few texts (`tasks.presets`).
CONTINUED_EPOCHS = 10
CONTINUED_LEARNING_RATE = 2e-5
CONTINUED_BATCH_SIZE = 8


class Choice(StrEnum):
    """The values of an option; each has a `summary`, which `--help` shows next to it."""

    summary: str

    def __new__(cls, value: str, summary: str = "") -> Self:
        """A member from `value, summary`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.summary = summary
        return member


class Method(Choice):
    """How target words get an embedding of the source model's width."""

    relative = "relative", "mean of the nearest anchors (paper)"
    lstsq = "lstsq", "least squares (paper's baseline)"
    ridge = "ridge", "least squares with a penalty"
    procrustes = "procrustes", "best orthogonal map"
    residual = "residual", "ridge plus residuals of anchors"
    aligned = "aligned", "mean of what a word is aligned to"


class Weighting(Choice):
    """How the similarities of the nearest anchors become weights (paper, section 3)."""

    standard = "standard", "similarity / sum of similarities"
    softmax = "softmax", "softmax(similarity / T)"
    sparsemax = "sparsemax", "sparsemax(similarity / T), mostly 0"
    entmax15 = "entmax15", "1.5-entmax, between the two above"


class Normalize(Choice):
    """What is done to the rows of both sides before a map is fitted."""

    none = "none", "rows as they are"
    unit = "unit", "rows of unit length"
    centred = "center", "rows minus the mean of the anchors"  # `str.center` has the name
    both = "both", "unit, then center, then unit again"


class Basis(Choice):
    """Which source embeddings target words become means of."""

    anchors = "anchors", "the anchors' embeddings"
    vocabulary = "vocabulary", "all whole-word tokens of the model"


class Neighbours(Choice):
    """Which similarity decides who is a neighbour."""

    cosine = "cosine", "cosine similarity"
    csls = "csls", "CSLS, which marks down hubs"


class FloatType(Choice):
    """Numbers of an `.npy`; half precision takes half the disk and is off by about 0.05 %."""

    float32 = "float32"
    float16 = "float16"


class Precision(Choice):
    """Arithmetic of training and inference; `auto` is bf16 where a GPU has it or a CPU is faster in it, else fp32."""

    auto = "auto"
    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Scheduler(Choice):
    """How the learning rate falls from its peak."""

    linear = "linear", "straight to 0"
    cosine = "cosine", "along half a cosine to 0"
    constant = "constant", "not at all, and without a warm-up"
    constant_with_warmup = "constant_with_warmup", "not at all, after the warm-up"


class RunLog(Choice):
    """Where the curves of a training go, besides the terminal; each is the name of a package."""

    tensorboard = "tensorboard", "TensorBoard, into runs/ of the current folder"
    trackio = "trackio", "Trackio, on this machine"
    wandb = "wandb", "Weights & Biases"


class VectorForm(Choice):
    """How word vectors are written."""

    vec = "vec", "text, as fastText's .vec"
    vec_gz = "vec.gz", "the same, compressed"
    word2vec = "word2vec", "word2vec's binary format"
    npy = "npy", "NumPy array with a .vocab.txt"


class VectorModel(Choice):
    """How fastText learns vectors."""

    skipgram = "skipgram", "predicts the context from the word"
    cbow = "cbow", "predicts the word from its context"


class MapPreset(Choice):
    """A bundle of options of `map`; an option that is given as well wins."""

    paper = "paper", "those of the paper: the defaults"
    transfer = "transfer", "residual, softmax, T = 0.15, ridge auto, source kept"


class AnchorLearning(Choice):
    """When anchors are learnt with the help of source-language vectors."""

    auto = "auto", "where the texts speak for them; without texts, where held-out pairs of the lexicon do"
    always = "always", "whatever these say"


class AdaptMethod(Choice):
    """How a stitched checkpoint is adapted to unlabelled texts."""

    bias = "bias", "a bias for each class, so that the classes are as frequent as expected"
    self_training = "self-training", "trains on its own confident answers, for a few rounds"


class RowFormat(Choice):
    """How `predict` writes its rows."""

    tsv = "tsv", "tab-separated, with a header"
    jsonl = "jsonl", "one JSON object per line"


class OnlineLexicon(Choice):
    """Online sources of lexica, each the name of its module in `sources.lexica`."""

    muse = "muse", "MUSE dictionaries, or a part: muse:train, muse:test, muse:reverse"
    panlex = "panlex", "PanLex, by its API or from --panlex-dump"
    google = "google", "Google Translate, word by word"
    wiktionary = "wiktionary", "Wiktionary dictionaries from English"
