"""How the running words of a text come by their vectors once stitched, and how many of them are anchors."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mosecrot_cli.model.coverage import RunningWord, running_words
from mosecrot_cli.model.source_words import unlimited_ids
from mosecrot_cli.model.stitching.stitch import source_rows
from mosecrot_cli.model.stitching.tokenizer import TargetTokenizer, build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import RowKind
from mosecrot_cli.orthography import is_lowercased, is_number
from mosecrot_cli.spellings import Equivalence, SpellingRules, difference
from mosecrot_cli.vectors.wanted_words import WantedWords

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from mosecrot_cli.model.torch_free import StoredTokenizer

_SHOWN = 10


class Way(StrEnum):
    """How a stitched model comes by the vector of a running word."""

    written = "written"
    spelling = "spelling"
    subwords = "subwords"
    number = "number"
    shared = "shared"
    pieces = "pieces"
    unknown = "unknown"


_MAPPED = {Way.written, Way.spelling, Way.subwords}


@dataclass(frozen=True)
class TextCoverage:
    """What of a text the mapped vocabulary knows, and what the stitched one adds.

    Attributes:
        texts: texts, or lines.
        words: running words, as `evaluate` counts them; numbers, which come from the source model, are left out.
        known: those that are whole words of the target vocabulary.
        anchors: those that are target words of anchors; None where the anchors are not known.
        ways: all running words, numbers among them, by where their vector comes from: the target vocabulary, as written
            or in another spelling; composed from subwords (`map --subwords`); the source
            model, as a number or a shared string; cut into several known pieces; unknown, at least in part.
        spellings: those in another spelling, by what it differs in (letter case, apostrophes, …).
        punctuation: marks and symbols whose vector comes from the source model.
        unknown: the most frequent words that are cut or unknown, and how often they occur.
    """

    texts: int
    words: int
    known: int
    anchors: int | None
    ways: Mapping[Way, int]
    spellings: Mapping[Equivalence, int]
    punctuation: int
    unknown: tuple[tuple[str, int], ...]

    @property
    def known_share(self) -> float:
        """Share of the running words that are in the vocabulary, 0 for no words."""
        return self.known / self.words if self.words else 0.0

    @property
    def anchor_share(self) -> float | None:
        """Share of the running words that are anchors, 0 for no words; None where the anchors are not known."""
        return None if self.anchors is None else self.anchors / max(1, self.words)


def text_coverage(
    texts: Sequence[str],
    words: Sequence[str],
    anchors: Collection[str] | None,
    source: PreTrainedTokenizerBase | StoredTokenizer,
    *,
    composed: int = 0,
    language: str | None = None,
) -> TextCoverage:
    """Count the running words, cut and found as the tokenizer of a stitched model cuts and finds them.

    Args:
        texts: the texts.
        words: the target vocabulary, most frequent first.
        anchors: those of its words that are anchors.
        source: the tokenizer of the source model.
        composed: how many of the words, the last ones, are composed from subwords.
        language: code of the target language, where it is known, for its rules of spelling.

    Raises:
        DataError: none of the words can be in a vocabulary.
    """
    needed, target = _stitched_tokenizer(texts, words, source, language)
    from_subwords = frozenset(words[len(words) - composed :])
    ways = Counter(dict.fromkeys(Way, 0))
    lost, spellings = Counter[str](), Counter[Equivalence]()
    total = known = of_anchors = 0
    for word in running_words(target.tokenizer, texts):
        way = _way(word, target, needed, from_subwords)
        ways[way] += word.count
        if way is Way.spelling:
            # Only the case rules of a language, such as a Turkish `I` for `ı`, are no difference of the general rules.
            spellings[difference(word.text, needed[target.indices[word.tokens[0]]]) or Equivalence.CASE] += word.count
        if is_number(word.text):
            continue
        total += word.count
        if way in (Way.pieces, Way.unknown):
            lost[word.text] += word.count
        if way not in _MAPPED:
            continue
        known += word.count
        if anchors is not None and needed[target.indices[word.tokens[0]]] in anchors:
            of_anchors += word.count
    tokens = Counter(index for ids in unlimited_ids(target.tokenizer, texts) for index in ids)
    return TextCoverage(
        texts=len(texts),
        words=total,
        known=known,
        anchors=None if anchors is None else of_anchors,
        ways=dict(ways),
        spellings={kind: spellings[kind] for kind in Equivalence if spellings[kind]},
        punctuation=sum(count for index, count in tokens.items() if target.kinds[index] == RowKind.PUNCTUATION),
        unknown=tuple(lost.most_common(_SHOWN)),
    )


def _stitched_tokenizer(
    texts: Sequence[str],
    words: Sequence[str],
    source: PreTrainedTokenizerBase | StoredTokenizer,
    language: str | None,
) -> tuple[Sequence[str], TargetTokenizer]:
    """The words that matter for the texts, and the tokenizer that `stitch` would build of these alone.

    That of the whole vocabulary takes many times as long, and cuts these texts alike.
    """
    wanted = WantedWords(texts)
    # No tokenizer can be built of no word.
    needed = [word for word in words if wanted.wants(word)] or words
    lowercased = is_lowercased(words)
    rows = [row for row in source_rows(source, lowercased=lowercased) if wanted.wants(row.string)]
    rules = SpellingRules.of(words, language=language)
    return needed, build_target_tokenizer(needed, source, lowercased=lowercased, source_rows=rows, rules=rules)


def _way(word: RunningWord, target: TargetTokenizer, needed: Sequence[str], from_subwords: Collection[str]) -> Way:
    if word.token is None:
        return Way.pieces if word.tokens else Way.unknown
    kind = target.kinds[word.token]
    if kind not in (RowKind.WORD, RowKind.ALIAS):
        return Way.number if kind == RowKind.NUMBER else Way.shared
    found = needed[target.indices[word.token]]
    if found in from_subwords:
        return Way.subwords
    return Way.written if found == unicodedata.normalize("NFC", word.text) else Way.spelling
