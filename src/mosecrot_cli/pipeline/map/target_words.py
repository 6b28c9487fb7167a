"""The target words of a map: those of the file that are wanted, and after them words that it lacks, from subwords.

A fastText `.bin` has vectors of character n-grams, whose mean is the vector of a word that was too rare when it was
trained (Bojanowski et al. 2017, arXiv 1607.04606). A composed row takes the place of pieces and unknown tokens only:
words that stitching finds in another spelling, or copies from the source model, are left to it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import regex

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.model.stitching.stitch import source_rows
from mosecrot_cli.orthography import APOSTROPHES, ONE_APOSTROPHE, UNSPACED, is_lowercased, normalised_lower, tokenize
from mosecrot_cli.pipeline.resources import Opened, wanted_words
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import MapSettings
from mosecrot_cli.tasks.textfiles import stream_strings
from mosecrot_cli.vectors.readers import peek, read_vectors
from mosecrot_cli.vectors.types import WordVectors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mosecrot_cli.model.torch_free import StoredTokenizer

# A run of an unspaced script is a phrase: as one composed word it would hide the words in it.
_LETTER = rf"(?V1)[[\p{{L}}\p{{M}}]--[{UNSPACED}]]"
_COMPOSABLE = regex.compile(rf"{_LETTER}+(?:[{APOSTROPHES}\u200c\u200d]+{_LETTER}+)*")


@dataclass(frozen=True)
class TargetWords:
    """What is mapped.

    Attributes:
        vectors: the words and their vectors.
        composed: how many of them, the last ones, are composed from subwords.
    """

    vectors: WordVectors
    composed: int


def composes(settings: MapSettings, path: Path) -> bool:
    """Whether words that the vectors lack are composed: as said, else with `--vocab-from` where they can be.

    Raises:
        UsageError: it is said, and the vectors have no subwords.
        DataError: a damaged file of vectors.
    """
    if settings.subwords is False or not (settings.subwords or settings.vocab_from):
        return False
    known = peek(path).subwords
    if settings.subwords and not known:
        raise UsageError(
            "`subwords`: these vectors have no character n-grams",
            where=str(path),
            hint="a fastText .bin has them: `target_vectors=cc.bin`, or one of `mosecrot vectors train`",
        )
    return known


@dataclass(frozen=True)
class TargetRequest:
    """Which target vectors a map needs.

    Attributes:
        path: the file.
        settings: of `map`; `subwords` is decided.
        limit: number of target words, composed ones among them; None: all.
        anchors: their target words are kept, or composed.
        pivoting: pairs of a pivot's first hop; their target words are kept.
    """

    path: Path
    settings: MapSettings
    limit: int | None
    anchors: Sequence[Pair]
    pivoting: Sequence[Pair]


def read_target(
    request: TargetRequest,
    tokenizer: StoredTokenizer | PreTrainedTokenizerBase,
    opened: Opened,
    reporter: Reporter,
) -> TargetWords:
    """Read the target vectors that a map needs, and compose those that they lack.

    Args:
        request: which ones.
        tokenizer: of the source model.
        opened: vectors that this process has read before.
        reporter: hears of progress, and of words for which the limit leaves no room.

    Raises:
        DataError: the vectors or a text of `vocab_from` are missing or damaged.
    """
    settings, limit, anchors = request.settings, request.limit, request.anchors
    if settings.vocab_from:
        keep = wanted_words(settings.vocab_from, (pair.target for pair in (*anchors, *request.pivoting)))
        vectors = read_vectors(request.path, max_vocab=limit, reporter=reporter, keep=keep)
    else:
        vectors = opened.vectors(request.path, limit, reporter)
    if not settings.subwords:
        return TargetWords(vectors, 0)
    lowercase = is_lowercased(vectors.words)
    shared = {row.string for row in source_rows(tokenizer, lowercased=lowercase)}
    if lowercase:
        shared = {normalised_lower(string) for string in shared}
    texts = (string for text in settings.vocab_from for string in stream_strings(str(text)))
    of_texts = words_to_compose(texts, vectors, shared, lowercase=lowercase)
    of_anchors = _anchors_to_compose(anchors, vectors, lowercase=lowercase)
    lacking = list(dict.fromkeys([*of_texts, *of_anchors]))
    # A word that the file has, beyond the limit, is none that it lacks: at the limit nothing is composed.
    room = len(lacking) if limit is None else limit - len(vectors)
    if lacking[room:]:
        reporter.warn(
            f"`max_vocab` leaves no room for {len(lacking) - room:,} words that could be composed from subwords"
        )
    extended = vectors.with_subwords(lacking[:room])
    return TargetWords(extended, len(extended) - len(vectors))


def words_to_compose(
    texts: Iterable[str], vectors: WordVectors, shared: Collection[str], *, lowercase: bool
) -> list[str]:
    """Words of the texts, the most frequent first, for which stitching would have no row of their own.

    Words of letters only (and inner apostrophes), of scripts that put spaces between words. Not among them: what the
    vectors have in lower case or with another apostrophe; what is two known words at an apostrophe (`l'homme`, but not
    Ukrainian `комп'ютер`); and what the source model knows as a whole word, mostly a name or a loan.

    Args:
        texts: running text.
        vectors: the target vectors.
        shared: strings whose vector stitching copies from the source model.
        lowercase: whether texts will be lower-cased.
    """
    counts = Counter(
        word for text in texts for word in tokenize(text, lowercase=lowercase) if _COMPOSABLE.fullmatch(word)
    )
    return [word for word, _ in counts.most_common() if word not in shared and not _is_known(word, vectors)]


def _is_known(word: str, vectors: WordVectors) -> bool:
    if word in vectors:
        return True
    plain = word.translate(ONE_APOSTROPHE)
    parts = [part for part in plain.split("'") if part]
    return len(parts) > 1 and all(part in vectors for part in parts)


def _anchors_to_compose(anchors: Iterable[Pair], vectors: WordVectors, *, lowercase: bool) -> list[str]:
    """Target words of anchors that the vectors lack, as `WordVectors.find` will look them up."""
    words = (unicodedata.normalize("NFC", pair.target) for pair in anchors)
    lacking = (word for word in words if word not in vectors and _COMPOSABLE.fullmatch(word))
    return [normalised_lower(word) if lowercase else word for word in lacking]
