"""Which vectors of a `mapped/` folder may stand in for which tokens of the source model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.files import read_anchor_pairs
from mosecrot_cli.model.layers import input_embeddings
from mosecrot_cli.model.loading import Classifier
from mosecrot_cli.model.source_words import SourceWords, unlimited_ids
from mosecrot_cli.model.training.augmentation import Augmentation
from mosecrot_cli.orthography import is_punctuation
from mosecrot_cli.pipeline.map.out_of_fold import OutOfFoldRows
from mosecrot_cli.pipeline.mapped import SOURCE, TARGET, Mapped, array_digest


@dataclass(frozen=True)
class MappedWords:
    """A `mapped/` folder as a source of augmentation.

    Attributes:
        mapped: the folder.
        out_of_fold: which anchors there are, and how others map them; None where `map` left none.
        anchors: the file of the anchors, where that is what tells them: with a pivot, or in a folder of an older
            version. None where it is not needed; so both are None where the source side itself is mapped.
    """

    mapped: Mapped
    out_of_fold: OutOfFoldRows | None = None
    anchors: Path | None = None

    @classmethod
    def open(cls, folder: Path) -> MappedWords:
        """Open a folder that `map` has written.

        Raises:
            DataError: it is missing or damaged, or its anchors are not to be found.
        """
        mapped = Mapped.open(folder)
        if not mapped.keeps_source:
            return cls(mapped)
        if (path := OutOfFoldRows.find(folder)) is not None:
            return cls(mapped, out_of_fold=OutOfFoldRows.load(path))
        anchors = mapped.anchors()
        if anchors is None:
            raise DataError(
                "where its anchors are is not known (they came from stdin, or were moved)",
                where=str(folder),
                hint="map again, with the anchors in a file",
            )
        return cls(mapped, anchors=anchors)

    @property
    def out_of_fold_file(self) -> Path | None:
        """Where the out-of-fold rows are."""
        return OutOfFoldRows.find(self.mapped.folder) if self.out_of_fold else None

    def inputs(self, name: str) -> dict[str, str | Path]:
        """What is read, by the names that a manifest gives it."""
        if path := self.out_of_fold_file:
            return {name: self.mapped.folder / TARGET, f"{name}_out_of_fold": path}
        if self.anchors:
            return {name: self.mapped.folder / TARGET, f"{name}_anchors": self.anchors}
        return {name: self.mapped.folder / SOURCE}

    def vectors(self, words: SourceWords) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids of tokens, `n`, and the vector that may stand in for each, `n x D`.

        A whole word has its row of F^s (punctuation has none: a stitched model reads that as ever); or, where the
        source is kept, the rows of the target words that are anchored to it: each as it is, and as it would be if it
        were no anchor, for a stitched model reads words of both kinds.

        Raises:
            DataError: no anchor is among the words of both sides, or the out-of-fold rows are of another map.
        """
        if self.out_of_fold:
            return self._own_and_out_of_fold(self.out_of_fold)
        if self.anchors:
            return self._anchored(self.anchors, words)
        whole = words.whole_word_tokens().items()
        tokens = np.array(sorted(index for word, index in whole if not is_punctuation(word)), dtype=np.int64)
        return tokens, np.asarray(self.mapped.source()[tokens], dtype=np.float32)

    def _own_and_out_of_fold(self, predicted: OutOfFoldRows) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        matrix = self.mapped.target().matrix
        if predicted.vectors.shape[1] != matrix.shape[1] or predicted.rows.max() >= len(matrix):
            raise DataError(f"rows of another map than {TARGET}", where=str(self.out_of_fold_file), hint="map again")
        own = np.asarray(matrix[predicted.rows], dtype=np.float32)
        vectors = np.concatenate([own, predicted.vectors.astype(np.float32)])
        return np.concatenate([predicted.tokens, predicted.tokens]), vectors

    def _anchored(self, anchors: Path, words: SourceWords) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        target = self.mapped.target()
        pairs = read_anchor_pairs(anchors)
        ids = words.token_ids([pair.source for pair in pairs])
        rows = [target.find(pair.target) for pair in pairs]
        single = [(known[0], row) for known, row in zip(ids, rows, strict=True) if len(known) == 1 and row is not None]
        if not single:
            raise DataError(
                f"none of {len(pairs):,} anchors joins a token of the model and a word of {self.mapped.folder}",
                where=str(anchors),
                hint="has the file changed since `mosecrot map`? Map again",
            )
        tokens, found = np.array(list(dict.fromkeys(single)), dtype=np.int64).T
        return tokens.copy(), np.asarray(target.matrix[found], dtype=np.float32)


def build_augmentation(
    sources: Sequence[MappedWords], rate: float, places: int, classifier: Classifier
) -> Augmentation:
    """The vectors of all folders together: one language or several.

    Args:
        sources: what was mapped.
        rate: see `Augmentation`.
        places: see `Augmentation`.
        classifier: the model, with its own embeddings, and its tokenizer.

    Raises:
        DataError: a folder was mapped with another model, or has no vector for any token.
        UsageError: the rate is no probability.
    """
    matrix = input_embeddings(classifier.model)
    own = array_digest(matrix)
    words = SourceWords(classifier.tokenizer)
    for source in sources:
        if source.mapped.facts.source_embeddings_sha256 != own:
            raise DataError(
                "mapped for another source model than the one that is trained",
                where=str(source.mapped.folder),
                hint="map with this model, named by `source_model`",
            )
        if source.out_of_fold and source.out_of_fold.tokens.max() >= len(matrix):
            raise DataError(
                f"tokens beyond the {len(matrix):,} of the model", where=str(source.out_of_fold_file), hint="map again"
            )
    tokens, vectors = zip(*(source.vectors(words) for source in sources), strict=True)
    return Augmentation(np.concatenate(tokens), np.concatenate(vectors), rate, places)


def covered_share(augmentation: Augmentation, classifier: Classifier, texts: Sequence[str]) -> float:
    """Share of the tokens of texts that have vectors that may stand in for them."""
    ids = np.fromiter((index for row in unlimited_ids(classifier.tokenizer, texts) for index in row), dtype=np.int64)
    return float(np.isin(ids, augmentation.tokens).mean()) if len(ids) else 0.0
