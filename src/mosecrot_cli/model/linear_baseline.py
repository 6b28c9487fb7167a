"""The `lr` baseline: logistic regression on the mean static vector of a sentence (MoSECroT, section 4).

It is trained on labelled data of the target language, so it is no zero-shot method: it tells what the static vectors
alone are good for when there are labels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from mosecrot_cli.model.source_words import unlimited_ids
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import RowKind

C = 1.0
"""Inverse strength of the L2 penalty: scikit-learn's default, kept fixed.

On the dev split of Russian SIB-200 with navec vectors every value from 0.01 to 30 gives macro-F1 .72 to .75 once the
dimensions are standardised (without, the best value depends on the length of the vectors), so there is nothing to tune.
"""

MAX_ITERATIONS = 1000


class MeanVectorClassifier:
    """Mean vector of a sentence's known words, standardised, into a multinomial logistic regression.

    Each dimension of the mean vectors is scaled to mean 0 and variance 1 over the training sentences; the penalty is L2
    with C = 1 and the solver L-BFGS, at most 1,000 iterations. A sentence without a known word has the zero vector.

    Args:
        matrix: static vectors [V, D]; the row is what the sentences refer to.
        ignored_ids: rows that are no words (unknown, padding and other special tokens).

    Attributes:
        labels_: the classes, sorted; learnt by `fit`.
        empty_sentences_: number of training sentences without a known word; learnt by `fit`.
    """

    def __init__(self, matrix: NDArray[np.float32], *, ignored_ids: Collection[int] = ()) -> None:
        self.matrix = matrix
        self.ignored_ids = ignored_ids

    def fit(self, sentences: Sequence[Sequence[int]], labels: Sequence[str]) -> MeanVectorClassifier:
        """Learn from labelled sentences.

        Args:
            sentences: rows of the matrix for each sentence, as a tokenizer gives them; repeated words count repeatedly.
            labels: the class of each.

        Raises:
            ValueError: lists of different length, or fewer than two classes.
        """
        if len(sentences) != len(labels):
            raise ValueError(f"{len(sentences)} sentences and {len(labels)} labels")
        vectors = self.transform(sentences)
        regression = LogisticRegression(C=C, max_iter=MAX_ITERATIONS)
        self._classifier: Pipeline = make_pipeline(StandardScaler(), regression).fit(vectors, list(labels))
        self.labels_: tuple[str, ...] = tuple(str(label) for label in self._classifier.classes_)
        self.empty_sentences_ = self.count_empty(sentences)
        return self

    def transform(self, sentences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Mean vectors [n, D] of n sentences."""
        vectors = np.zeros((len(sentences), self.matrix.shape[1]))
        for row, known in enumerate(self._known(sentences)):
            if known:
                vectors[row] = self.matrix[known].mean(axis=0, dtype=np.float64)
        return vectors

    def predict_probabilities(self, sentences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Probabilities [n, K], the columns in the order of `labels_`."""
        probabilities: NDArray[np.float64] = self._classifier.predict_proba(self.transform(sentences))
        return probabilities

    def predict(self, sentences: Sequence[Sequence[int]]) -> list[str]:
        """The most probable class of each sentence."""
        return [self.labels_[column] for column in self.predict_probabilities(sentences).argmax(axis=1)]

    def count_empty(self, sentences: Sequence[Sequence[int]]) -> int:
        """How many sentences have no known word."""
        return sum(not known for known in self._known(sentences))

    def _known(self, sentences: Sequence[Sequence[int]]) -> list[list[int]]:
        ignored = set(self.ignored_ids)
        return [[index for index in sentence if index not in ignored] for sentence in sentences]


_SPECIAL = {"[PAD]": 0, "[UNK]": 1}
NO_ROW = -1


@dataclass(frozen=True, slots=True)
class StandaloneTokenizer:
    """A tokenizer over words, and the row of the word vectors that each token stands for.

    Attributes:
        tokenizer: as a stitched model would have it, but for the model's special tokens.
        rows: by token id, the row of the words; `NO_ROW` for what is no word.
    """

    tokenizer: PreTrainedTokenizerFast
    rows: NDArray[np.int64]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Rows of the words of each text, what is unknown left out."""
        return [
            [row for row in self.rows[ids].tolist() if row != NO_ROW] for ids in unlimited_ids(self.tokenizer, texts)
        ]


def standalone_tokenizer(words: Sequence[str], *, lowercased: bool) -> StandaloneTokenizer:
    """Build the tokenizer of a stitched model for words alone.

    Args:
        words: the words of the static vectors, most frequent first.
        lowercased: whether they are in lower case.

    Raises:
        DataError: no word can be in a vocabulary.
    """
    backend = Tokenizer(models.WordLevel(_SPECIAL, unk_token="[UNK]"))
    source = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]"
    )
    built = build_target_tokenizer(words, source, lowercased=lowercased)
    is_word = np.isin(built.kinds, (RowKind.WORD, RowKind.ALIAS))
    return StandaloneTokenizer(built.tokenizer, np.where(is_word, built.indices, NO_ROW))
