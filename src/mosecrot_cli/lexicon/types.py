"""The types of this package: pairs as read, anchors as selected, and reasons why a pair is not an anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

IDENTICAL: Final = "identical"
"""The origin of pairs that come from no lexicon: strings that both vocabularies contain."""

LEARNT: Final = "learnt"
"""The origin of pairs that come from no lexicon but are learnt with the help of pivot vectors."""

COGNATE: Final = "cognate"
"""The origin of pairs that come from no lexicon but are spelt alike, and confirmed by the vectors."""

ALIGNED: Final = "align"
"""The lexicon made by word alignment of parallel text (`align:FILE`), and the origin of its pairs."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A source word and one translation of it, as a lexicon lists them.

    Attributes:
        source: the word in the language of the model.
        target: its translation in the language of the static embeddings.
        score: how good the translation is, if the lexicon says so; higher is better.
        origin: the lexicon it comes from (a file name, `muse`, …).
        line: the line number in that file, from 1.
    """

    source: str
    target: str
    score: float | None = None
    origin: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A pair that is in both vocabularies, each word in the form that its vocabulary contains.

    Attributes:
        source: the plain source word.
        target: the word of the static embeddings.
        source_ids: the model's ids of the source word: one, or several for a multi-token anchor.
        score: the score of the pair, if it has one.
        origin: the lexicon the pair comes from.
    """

    source: str
    target: str
    source_ids: tuple[int, ...]
    score: float | None
    origin: str


class ScoredPair(Protocol):
    """The fields that `Pair` and `Anchor` share, which are those of an anchor file."""

    @property
    def source(self) -> str:
        """The source word."""

    @property
    def target(self) -> str:
        """The target word."""

    @property
    def score(self) -> float | None:
        """The score, if there is one."""

    @property
    def origin(self) -> str:
        """The lexicon it comes from."""


class SourceVocabulary(Protocol):
    """The words of a pre-trained model."""

    def token_ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """The ids of each word as it appears inside a sentence; `()` if one of them is special or unknown."""

    def whole_word_tokens(self) -> Mapping[str, int]:
        """The id of every token that is a whole word, by its plain string."""


class TargetVocabulary(Protocol):
    """The words of static embeddings."""

    @property
    def words(self) -> Sequence[str]:
        """The words, by row."""

    def find(self, word: str) -> int | None:
        """The row of a word as written, or else of its lower case or its nearest spelling; None if there is none."""

    def __contains__(self, word: object) -> bool:
        """Whether the word has a row as written."""


class DropReason(StrEnum):
    """Why a pair did not become an anchor.

    A pair is counted under the first reason that applies, in this order. The value is the text for reports.
    """

    EMPTY = "empty source or target"
    STOPWORD = "source word is a stop word"
    LOW_SCORE = "score below the minimum"
    NO_SCORE = "no score to compare with the minimum"
    OTHER_SCRIPT = "target word in another script"
    NOT_IN_EITHER = "in neither vocabulary"
    NOT_IN_SOURCE = "source word not in the model's vocabulary"
    SEVERAL_TOKENS = "several source tokens"
    NOT_IN_TARGET = "target word not in the vectors"
    REPEATED = "the same pair again"
    OTHER_TRANSLATION = "another translation of the target word is better or earlier"
    NOT_SAMPLED = "outside the random sample"
