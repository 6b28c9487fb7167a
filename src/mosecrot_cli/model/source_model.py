"""A pre-trained model as the source side of a map: its embeddings, its words, its tokenizer and whose work it is."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.loading import load_input_embeddings, load_word_tokenizer
from mosecrot_cli.model.locations import is_local, located
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.sources.provenance import Provenance, of_model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mosecrot_cli.model.torch_free import StoredTokenizer


class SourceModel:
    """A pre-trained model; each part is read once, when it is first asked for.

    Args:
        reference: a folder, or an id on the hub.
    """

    def __init__(self, reference: str) -> None:
        self.reference = reference

    def __repr__(self) -> str:
        return f"SourceModel({self.reference!r})"

    @classmethod
    def open(cls, reference: str) -> SourceModel:
        """The model of a reference. A folder is looked at; nothing is read.

        Raises:
            DataError: the folder is missing or is not a checkpoint.
        """
        located(reference)
        return cls(reference)

    @cached_property
    def tokenizer(self) -> StoredTokenizer | PreTrainedTokenizerBase:
        """Its tokenizer; read without `transformers` where that gives the same."""
        return load_word_tokenizer(self.reference)

    @cached_property
    def words(self) -> SourceWords:
        """The words that it knows."""
        return SourceWords(self.tokenizer)

    @cached_property
    def embeddings(self) -> NDArray[np.float32]:
        """Its input embeddings `[V, D]`: the row is the token id. ELECTRA-small has D = 128, not its hidden size.

        Raises:
            DataError: the checkpoint is broken or has no embeddings, holds NaN or infinity, or fewer rows than tokens.
        """
        matrix = load_input_embeddings(self.reference)
        largest = max(self.words.whole_word_tokens().values(), default=-1)
        if largest >= len(matrix):
            raise DataError(
                f"the tokenizer has a word with the id {largest:,}, but there are {len(matrix):,} embeddings",
                where=self.reference,
                hint="tokenizer and weights must belong to the same model",
            )
        return matrix

    @cached_property
    def provenance(self) -> Provenance | None:
        """Whose work a model of the hub is; None for a folder on this machine."""
        return None if is_local(self.reference) else of_model(self.reference)
