"""The stitched model's tokenizer without a model: for what works on the static vectors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from mosecrot_cli.model.source_words import unlimited_ids
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import Row

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
    is_word = np.isin(built.kinds, (Row.WORD, Row.ALIAS))
    return StandaloneTokenizer(built.tokenizer, np.where(is_word, built.indices, NO_ROW))
