"""The rows of a map that a parallel text is read with: as `stitch` will read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.model.batching import Features
from mosecrot_cli.model.stitching.stitch import TargetEmbeddings
from mosecrot_cli.model.stitching.vocabulary import NO_VECTOR, RowKind

_MAPPED = (RowKind.WORD, RowKind.ALIAS)
_NEUTRAL = (RowKind.PUNCTUATION, RowKind.NUMBER)


@dataclass(frozen=True)
class OccurringRows:
    """The embeddings of the tokens that occur, those of the map first.

    Attributes:
        mapped: rows of `target.npy`, ascending, `M`.
        values: embeddings `[R, D]`: the mapped rows, then those that are copied from the source model.
        places: row of `values` for each token id of the stitched tokenizer, `[V]`; -1: it does not occur.
    """

    mapped: NDArray[np.int64]
    values: NDArray[np.float32]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, target: TargetEmbeddings, features: Sequence[Features]) -> OccurringRows:
        """The rows of the token ids of some sentences and of the padding; other spellings of a word share its row."""
        kinds, indices = target.tokenizer.kinds, target.tokenizer.indices
        pad = target.tokenizer.tokenizer.pad_token_id
        ids = np.unique(np.concatenate([[pad], *(each["input_ids"] for each in features)]))
        is_mapped = np.isin(kinds[ids], _MAPPED)
        mapped, first = np.unique(indices[ids[is_mapped]], return_index=True)
        copied = ids[~is_mapped]
        places = np.full(len(kinds), NO_VECTOR, dtype=np.int64)
        places[ids[is_mapped]] = np.searchsorted(mapped, indices[ids[is_mapped]])
        places[copied] = len(mapped) + np.arange(len(copied))
        rows = np.concatenate([ids[is_mapped][first], copied])
        return cls(mapped, np.array(target.weight[rows], dtype=np.float32), places)

    def centred(self, mean: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the linear map is applied to, `[R, D]`: the rows of the map less the mean `[D]` of all; 0 for others."""
        found = np.zeros_like(self.values)
        found[: len(self.mapped)] = self.values[: len(self.mapped)] - mean
        return found

    def free(self, features: Sequence[Features]) -> NDArray[np.bool_]:
        """Which rows may move, `[R]`: those of the map that occur in these sentences."""
        found = np.zeros(len(self.values), dtype=bool)
        found[self.places[np.unique(np.concatenate([each["input_ids"] for each in features]))]] = True
        found[len(self.mapped) :] = False
        return found


def mostly_unknown(target: TargetEmbeddings, features: Sequence[Features]) -> NDArray[np.bool_]:
    """Of which sentences most words have no row of the map, `[n]`; numbers and punctuation are no words."""
    kinds = target.tokenizer.kinds
    is_word, is_neutral = np.isin(kinds, _MAPPED), np.isin(kinds, _NEUTRAL)
    unknown = target.tokenizer.tokenizer.unk_token_id
    special = (kinds == RowKind.SPECIAL) & (np.arange(len(kinds)) != unknown)
    is_other = ~is_word & ~is_neutral & ~special
    sides = [(is_word[each["input_ids"]].sum(), is_other[each["input_ids"]].sum()) for each in features]
    return np.array([others > words for words, others in sides], dtype=bool)
