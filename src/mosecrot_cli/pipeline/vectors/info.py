"""`vectors info`: what is in a file of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mosecrot_cli.lexicon.scripts import script_votes
from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.pipeline import resources
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import DescribeVectorsSettings
from mosecrot_cli.vectors.readers import peek, read_vectors
from mosecrot_cli.vectors.types import WordVectors

_BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class Norms:
    """Euclidean lengths of the vectors.

    Attributes:
        least, median, greatest: of the vectors that are not zero; 0 where all are.
        zero: how many vectors are zero.
    """

    least: float
    median: float
    greatest: float
    zero: int


@dataclass(frozen=True, slots=True)
class VectorsInfo:
    """What is in a file of vectors.

    Attributes:
        path: the file.
        format: its format.
        bytes: its size.
        rows: rows that were read.
        words: different words among them.
        dimension: numbers a word.
        duplicates: rows of a word that was there before.
        empty_words: rows without a word.
        renormalised: words that are not in NFC in the file.
        lowercased: whether (nearly) no word has an upper-case letter.
        subwords: whether unknown words get a vector, from n-grams.
        scripts: ISO 15924 code -> share of the words with letters, most first.
        norms: lengths of the vectors.
        first_words: the first words, most frequent in most files.
        sha256: of the file, where all of it was read.
    """

    path: str
    format: str
    bytes: int
    rows: int
    words: int
    dimension: int
    duplicates: int
    empty_words: int
    renormalised: int
    lowercased: bool
    subwords: bool
    scripts: dict[str, float]
    norms: Norms
    first_words: tuple[str, ...]
    sha256: str | None


def describe(settings: DescribeVectorsSettings, reporter: Reporter) -> VectorsInfo:
    """Read vectors and describe them.

    Raises:
        DataError: damaged vectors.
        SourceUnavailableError: they cannot be fetched.
    """
    path = resources.vectors(settings.vectors, parameter="vectors", reporter=reporter).bring()
    preview = peek(path)
    vectors = read_vectors(path, max_vocab=resources.limit(settings.max_vocab), reporter=reporter)
    votes = script_votes(vectors.words)
    return VectorsInfo(
        path=str(path),
        format=preview.format,
        bytes=preview.size,
        rows=vectors.notes["rows"],
        words=len(vectors),
        dimension=vectors.dimension,
        duplicates=vectors.notes["duplicates"],
        empty_words=vectors.notes["empty_words"],
        renormalised=vectors.notes["renormalised"],
        lowercased=is_lowercased(vectors.words),
        subwords=vectors.subwords is not None,
        scripts={script: round(count / votes.total(), 4) for script, count in votes.most_common()},
        norms=_norms(vectors),
        first_words=tuple(vectors.words[: settings.first]),
        sha256=vectors.digest,
    )


def _norms(vectors: WordVectors) -> Norms:
    starts = range(0, len(vectors), _BLOCK_ROWS)
    blocks = [np.linalg.norm(vectors.matrix[start : start + _BLOCK_ROWS], axis=1) for start in starts]
    lengths = np.concatenate(blocks)
    there = lengths[lengths > 0]
    if not len(there):
        return Norms(0.0, 0.0, 0.0, len(lengths))
    least, median, greatest = (float(value) for value in np.quantile(there, (0, 0.5, 1)))
    return Norms(least, median, greatest, len(lengths) - len(there))
