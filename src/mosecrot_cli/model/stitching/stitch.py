"""Stitching (paper, section 3): the body and head of a source-language classifier on embeddings of the target language.

The rows of the new embedding matrix are the special tokens (the checkpoint's vectors), the mapped words, other
spellings of those, and what the mapped words lack: the checkpoint's punctuation, numbers and whole words.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.checks import check_model
from mosecrot_cli.model.loading import load_classifier, quiet_transformers
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.model.stitching.tokenizer import TargetTokenizer, build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import NO_VECTOR, RowKind, SourceRow
from mosecrot_cli.orthography import is_number
from mosecrot_cli.spellings import SpellingRules

# Stitching a checkpoint file to file (`stored_classifier`) needs neither.
if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, PreTrainedTokenizerFast

    from mosecrot_cli.model.torch_free import StoredTokenizer

_BLOCK = 16_384
_FROM_MAPPED = (RowKind.WORD, RowKind.ALIAS)
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class StitchOptions:
    """How mapped words become a vocabulary.

    Attributes:
        lowercased: whether the target vectors are of lower-cased words, so that texts are to be lower-cased.
        shared_strings: copy the checkpoint's rows of its whole words that the mapped words lack (names, loans).
        language: code of the target language, where it is known, for its rules of spelling.
    """

    lowercased: bool
    shared_strings: bool = True
    language: str | None = None


@dataclass(frozen=True, slots=True)
class TargetEmbeddings:
    """The input side of a stitched model.

    Attributes:
        tokenizer: its tokenizer, and where each row comes from.
        weight: its embedding matrix, `V x D`.
    """

    tokenizer: TargetTokenizer
    weight: NDArray[Any]

    @property
    def rows(self) -> dict[str, int]:
        """Number of rows of each kind (`special`, `word`, `alias`, `punctuation`, `number`, `shared`, `filler`)."""
        return {kind.name.lower(): self.tokenizer.count(kind) for kind in RowKind}

    @property
    def left_out(self) -> Mapping[str, int]:
        """Reason -> number of mapped words without a row."""
        return self.tokenizer.left_out


@dataclass(frozen=True, slots=True)
class StitchedClassifier:
    """A classifier that reads the target language.

    Attributes:
        model: the stitched model; only its word embeddings and `config.vocab_size` differ from the original.
        target: its tokenizer, and where its rows come from.
    """

    model: PreTrainedModel
    target: TargetEmbeddings

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Its own tokenizer."""
        return self.target.tokenizer.tokenizer

    @property
    def rows(self) -> Mapping[str, int]:
        """See `TargetEmbeddings.rows`."""
        return self.target.rows

    @property
    def left_out(self) -> Mapping[str, int]:
        """See `TargetEmbeddings.left_out`."""
        return self.target.left_out

    def save(self, folder: Path) -> None:
        """Save model and tokenizer as one checkpoint for plain `transformers`."""
        with quiet_transformers():
            self.model.save_pretrained(folder)
        self.target.tokenizer.save(folder)

    def check_saved(self, folder: Path, words: Sequence[str]) -> None:
        """Open a saved checkpoint again and compare its class probabilities on two texts of the mapped words.

        Raises:
            DataError: it cannot be opened, or gives other answers.
        """
        from mosecrot_cli.model.inference import predict_probabilities

        texts = sample_texts(words)
        reopened = load_classifier(folder)
        expected = predict_probabilities(self.model, self.tokenizer, texts)
        found = predict_probabilities(reopened.model, reopened.tokenizer, texts)
        if not np.allclose(expected, found, atol=_TOLERANCE):
            raise DataError(
                f"a stitched {type(self.model).__name__} gives other answers once it is saved and opened again",
                where=str(folder),
                hint="take a model of another family, such as BERT, RoBERTa or MPNet",
            )


def stitch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    words: Sequence[str],
    matrix: NDArray[Any],
    *,
    lowercased: bool,
    shared_strings: bool = True,
) -> StitchedClassifier:
    """Put mapped target embeddings in place of a classifier's input embeddings.

    Args:
        model: the classifier; it is left as it is, the result is a copy.
        tokenizer: its fast tokenizer.
        words: the mapped words, most frequent first, `V_t`.
        matrix: their embeddings, `V_t x D`, any float type; may be memory-mapped.
        lowercased: see `StitchOptions`.
        shared_strings: likewise.

    Raises:
        DataError: the matrix does not fit the words or the width of the model's input embeddings, which cannot be
            replaced, or a weight is not finite.
    """
    import torch

    check_model(model, str(model.name_or_path))
    old: torch.nn.Embedding = model.get_input_embeddings()  # type: ignore[assignment]
    target = target_embeddings(
        old.weight.detach().float().cpu().numpy(),
        tokenizer,
        words,
        matrix,
        reserved=reserved_ids(model),
        options=StitchOptions(lowercased, shared_strings),
        dtype=np.float16 if old.weight.dtype == torch.float16 else np.float32,
    )
    stitched = _with_input_embeddings(model, old.weight, torch.from_numpy(target.weight))
    stitched.config.vocab_size = len(target.tokenizer)
    if getattr(stitched.config, "tokenizer_class", None) is not None:
        stitched.config.tokenizer_class = "PreTrainedTokenizerFast"
    return StitchedClassifier(stitched, target)


def target_embeddings(
    own: NDArray[np.float32],
    tokenizer: PreTrainedTokenizerBase | StoredTokenizer,
    words: Sequence[str],
    matrix: NDArray[Any],
    *,
    reserved: Collection[int],
    options: StitchOptions,
    dtype: DTypeLike = np.float32,
) -> TargetEmbeddings:
    """The tokenizer of a stitched model, and the rows of its embedding matrix.

    Args:
        own: the checkpoint's input embeddings, `V_s x D`.
        tokenizer: its tokenizer.
        words: the mapped words, most frequent first, `V_t`.
        matrix: their embeddings, `V_t x D`, any float type; may be memory-mapped.
        reserved: ids that the model itself refers to.
        options: see `StitchOptions`.
        dtype: of the new matrix.

    Raises:
        DataError: the matrix does not fit the words or the width of the model's input embeddings.
    """
    _check_shape(matrix, rows=len(words), width=own.shape[1])
    target = build_target_tokenizer(
        words,
        tokenizer,
        lowercased=options.lowercased,
        source_rows=source_rows(tokenizer, lowercased=options.lowercased, shared_strings=options.shared_strings),
        reserved=reserved,
        rules=SpellingRules.of(words, language=options.language),
    )
    return TargetEmbeddings(target, _fill(target, matrix, own, dtype))


def source_rows(
    tokenizer: PreTrainedTokenizerBase | StoredTokenizer, *, lowercased: bool, shared_strings: bool = True
) -> list[SourceRow]:
    """Strings that target texts share with source texts: punctuation and numbers, then whole words.

    With cased target vectors, capitalised and upper-case forms of a word come along where the model's tokenizer takes
    them for the same token (an uncased model).
    """
    source = SourceWords(tokenizer)
    rows = [SourceRow(mark, RowKind.PUNCTUATION, index) for mark, index in source.punctuation_tokens().items()]
    whole = source.whole_word_tokens()
    rows += [SourceRow(word, RowKind.NUMBER, index) for word, index in whole.items() if is_number(word)]
    if not shared_strings:
        return rows
    seen = {row.string for row in rows}
    shared = {word: index for word, index in whole.items() if word not in seen}
    rows += [SourceRow(word, RowKind.SHARED, index) for word, index in shared.items()]
    if not lowercased:
        rules = SpellingRules.of(())
        cased = ((form, index) for word, index in shared.items() for form in rules.case_forms(word))
        forms = [(form, index) for form, index in cased if form not in whole]
        encoded = source.token_ids([form for form, _ in forms])
        same = zip(forms, encoded, strict=True)
        rows += [SourceRow(form, RowKind.SHARED, index) for (form, index), ids in same if ids == (index,)]
    return rows


def _check_shape(matrix: NDArray[Any], *, rows: int, width: int) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != rows:
        raise DataError(f"a matrix of shape {matrix.shape} for {rows} mapped words")
    if matrix.shape[1] != width:
        raise DataError(
            f"mapped embeddings of {matrix.shape[1]} dimensions, but the model's input embeddings have {width}",
            hint="map with the model that the classifier was fine-tuned from",
        )


def reserved_ids(model: PreTrainedModel) -> set[int]:
    """Token ids that the model itself refers to: those of its configuration, and that of the padding."""
    embedding: torch.nn.Embedding = model.get_input_embeddings()  # type: ignore[assignment]
    named = {value for name, value in model.config.to_dict().items() if name.endswith("_token_id")}
    named.add(embedding.padding_idx)
    return {index for index in named if isinstance(index, int) and 0 <= index < embedding.num_embeddings}


def _fill(
    target: TargetTokenizer, matrix: NDArray[Any], own: NDArray[np.float32], dtype: DTypeLike
) -> NDArray[np.floating]:
    """The new matrix, `V x D`."""
    weight: NDArray[np.floating] = np.empty((len(target), own.shape[1]), dtype=dtype)
    mapped = np.isin(target.kinds, _FROM_MAPPED)
    copied = ~mapped & (target.indices != NO_VECTOR) & (target.indices < own.shape[0])
    # What has no vector: an unknown token that the model lacked is the mean word; fillers occur in no text.
    weight[~mapped & ~copied] = 0
    if (lacked := (target.kinds == RowKind.SPECIAL) & ~copied).any():
        weight[lacked] = own.mean(axis=0, dtype=np.float64)
    weight[copied] = own[target.indices[copied]]
    ids = np.flatnonzero(mapped)
    for first in range(0, len(ids), _BLOCK):
        block = ids[first : first + _BLOCK]
        weight[_as_slice(block)] = matrix[_as_slice(target.indices[block])]
    return weight


def _as_slice(rows: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """The same rows as a slice, which copies nothing, where they follow one another: most words do."""
    first, count = int(rows[0]), len(rows)
    return slice(first, first + count) if (np.diff(rows) == 1).all() else rows


def sample_texts(words: Sequence[str]) -> list[str]:
    """Two short texts: of the most frequent words, and of the rarest."""
    return [" ".join(words[:8]), " ".join(words[-5:])]


def _with_input_embeddings(model: PreTrainedModel, old: torch.Tensor, rows: torch.Tensor) -> PreTrainedModel:
    """A copy of a model with other rows in place of its input embeddings, in every module that shares them."""
    import torch

    weight = torch.nn.Parameter(rows.to(device=old.device, dtype=old.dtype), requires_grad=old.requires_grad)
    # With this memo the copy takes the new matrix wherever the old one stood (BART has it in three modules), and never
    # copies the old one.
    stitched: PreTrainedModel = copy.deepcopy(model, {id(old): weight})
    for module in stitched.modules():
        if isinstance(module, torch.nn.Embedding) and module.weight is weight:
            module.num_embeddings = len(weight)
    return stitched
