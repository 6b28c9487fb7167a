"""Which vectors of a `mapped/` folder may stand in for which tokens of the source model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.readers import read_anchor_pairs
from mosecrot_cli.model.augmentation import Augmentation
from mosecrot_cli.model.embeddings import input_embeddings
from mosecrot_cli.model.loading import Classifier
from mosecrot_cli.model.orthography import is_punctuation
from mosecrot_cli.model.words import SourceWords, unlimited_ids
from mosecrot_cli.pipeline.mapped import SOURCE, TARGET, Mapped, array_digest


@dataclass(frozen=True)
class MappedWords:
    """A `mapped/` folder as a source of augmentation.

    Attributes:
        mapped: the folder.
        anchors: the anchors that it was mapped with; None where the source side itself is mapped, so that every word
            has its row.
    """

    mapped: Mapped
    anchors: Path | None

    @classmethod
    def open(cls, folder: Path) -> MappedWords:
        """Open a folder that `map` has written.

        Raises:
            DataError: it is missing or incomplete, or its anchors are not to be found.
        """
        mapped = Mapped.open(folder)
        if not mapped.keeps_source:
            return cls(mapped, None)
        anchors = mapped.anchors()
        if anchors is None:
            raise DataError(
                "where its anchors are is not known (they came from stdin, or were moved)",
                where=str(folder),
                hint="map again, with the anchors in a file",
            )
        return cls(mapped, anchors)

    def inputs(self, name: str) -> dict[str, str | Path]:
        """What is read, by the names that a manifest gives it."""
        if self.anchors is None:
            return {name: self.mapped.folder / SOURCE}
        return {name: self.mapped.folder / TARGET, f"{name}_anchors": self.anchors}

    def vectors(self, words: SourceWords) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Ids of tokens, `n`, and the vector that may stand in for each, `n x D`.

        A whole word has its row of F^s (punctuation has none: a stitched model reads that as ever); or, where the
        source is kept, the rows of the target words that are anchored to it.

        Raises:
            DataError: no anchor is among the words of both sides.
        """
        if self.anchors is None:
            whole = words.whole_word_tokens().items()
            tokens = np.array(sorted(index for word, index in whole if not is_punctuation(word)), dtype=np.int64)
            return tokens, np.asarray(self.mapped.source()[tokens], dtype=np.float32)
        target = self.mapped.target()
        pairs = read_anchor_pairs(self.anchors)
        ids = words.token_ids([pair.source for pair in pairs])
        rows = [target.find(pair.target) for pair in pairs]
        single = [(known[0], row) for known, row in zip(ids, rows, strict=True) if len(known) == 1 and row is not None]
        if not single:
            raise DataError(
                f"none of {len(pairs):,} anchors joins a token of the model and a word of {self.mapped.folder}",
                where=str(self.anchors),
                hint="has the file changed since `mosecrot map`? Map again",
            )
        tokens, found = np.array(list(dict.fromkeys(single)), dtype=np.int64).T
        return tokens.copy(), np.asarray(target.matrix[found], dtype=np.float32)


def build_augmentation(sources: Sequence[MappedWords], rate: float, classifier: Classifier) -> Augmentation:
    """The vectors of all folders together: one language or several.

    Args:
        sources: what was mapped.
        rate: see `Augmentation`.
        classifier: the model, with its own embeddings, and its tokenizer.

    Raises:
        DataError: a folder was mapped with another model, or has no vector for any token.
        UsageError: the rate is no probability.
    """
    own = array_digest(input_embeddings(classifier.model))
    words = SourceWords(classifier.tokenizer)
    for source in sources:
        if source.mapped.facts.get("source_embeddings_sha256") != own:
            raise DataError(
                "mapped for another source model than the one that is trained",
                where=str(source.mapped.folder),
                hint="map with this model as --source-model",
            )
    tokens, vectors = zip(*(source.vectors(words) for source in sources), strict=True)
    return Augmentation(np.concatenate(tokens), np.concatenate(vectors), rate)


def covered_share(augmentation: Augmentation, classifier: Classifier, texts: Sequence[str]) -> float:
    """Share of the tokens of texts that have vectors that may stand in for them."""
    ids = np.fromiter((index for row in unlimited_ids(classifier.tokenizer, texts) for index in row), dtype=np.int64)
    return float(np.isin(ids, augmentation.tokens).mean()) if len(ids) else 0.0
