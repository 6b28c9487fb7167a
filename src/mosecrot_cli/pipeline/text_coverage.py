"""How many of the running words of a text are in the target vocabulary, and how many are anchors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mosecrot_cli.model.coverage import running_words
from mosecrot_cli.model.orthography import is_number
from mosecrot_cli.model.tokenizer import build_target_tokenizer
from mosecrot_cli.vectors.pruning import WantedWords
from mosecrot_cli.vectors.types import is_lowercased

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHOWN = 10


@dataclass(frozen=True)
class TextCoverage:
    """What of a text the mapped vocabulary knows.

    Attributes:
        texts: texts, or lines.
        words: running words, as `evaluate` counts them; numbers, which come from the source model, are left out.
        known: those that are whole words of the target vocabulary.
        anchors: those that are target words of anchors; None where the anchors are not known.
        unknown: the most frequent words that are not known, and how often they occur.
    """

    texts: int
    words: int
    known: int
    anchors: int | None
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
    source: PreTrainedTokenizerBase,
) -> TextCoverage:
    """Count the running words, cut and found as the tokenizer of a stitched model cuts and finds them.

    Args:
        texts: the texts.
        words: the target vocabulary, most frequent first.
        anchors: those of its words that are anchors.
        source: the tokenizer of the source model.
    """
    wanted = WantedWords(texts)
    # The tokenizer of the whole vocabulary takes many times as long, and cuts these texts alike.
    needed = [word for word in words if wanted.wants(word)]
    # No tokenizer can be built of no word; then the source's does, to cut the texts into words.
    target = build_target_tokenizer(needed, source, lowercased=is_lowercased(words)) if needed else None
    unknown = Counter[str]()
    total = known = of_anchors = 0
    for word in running_words(target.tokenizer if target else source, texts):
        if is_number(word.text):
            continue
        total += word.count
        if target is None or word.token is None:
            unknown[word.text] += word.count
            continue
        known += word.count
        if anchors is not None and needed[target.indices[word.token]] in anchors:
            of_anchors += word.count
    return TextCoverage(
        texts=len(texts),
        words=total,
        known=known,
        anchors=None if anchors is None else of_anchors,
        unknown=tuple(unknown.most_common(_SHOWN)),
    )
