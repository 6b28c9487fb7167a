"""Why lexica yield few anchors or none, and how to fix it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.matching import SourceForms, match_target
from mosecrot_cli.lexicon.types import DropReason, Pair, TargetVocabulary

_LOOK = 2_000
_NAMED = 3
_MANY = 0.1
_FILTER_HINTS = {
    DropReason.STOPWORD: "leave out `drop_stopwords`",
    DropReason.LOW_SCORE: "lower `min_score`",
    DropReason.NO_SCORE: "leave out `min_score`, because the lexicon has no scores",
    DropReason.OTHER_SCRIPT: "`script` off lets words of every script through",
}
_SWAP = "the columns seem to run from the target to the source language: swap them"
_MULTI_TOKEN = "`multi_token` takes source words of several tokens"
_LANGUAGES = "does the lexicon go from the language of the model to the language of the vectors?"


@dataclass(frozen=True, slots=True)
class VocabularyFit:
    """How well lexica fit the two vocabularies, regardless of other filters.

    Attributes:
        right: the share of pairs that are in both vocabularies.
        swapped: the share that would be in both with source and target exchanged.
    """

    right: float
    swapped: float

    @property
    def looks_swapped(self) -> bool:
        """Whether the columns seem to be the wrong way round."""
        return self.swapped > self.right and self.swapped >= _MANY


def measure_fit(pairs: Sequence[Pair], forms: SourceForms, target: TargetVocabulary) -> VocabularyFit:
    """How well the pairs fit, judged by about 2,000 evenly spaced ones."""
    looked_at = pairs[:: max(1, len(pairs) // _LOOK)]
    forms.look_up(word for pair in looked_at for word in (pair.source, pair.target))

    def fits(source: str, translation: str) -> bool:
        return forms[source].usable and match_target(translation, target) is not None

    right = sum(fits(pair.source, pair.target) for pair in looked_at)
    swapped = sum(fits(pair.target, pair.source) for pair in looked_at)
    return VocabularyFit(right / len(looked_at), swapped / len(looked_at))


def nothing_left(
    pairs: Sequence[Pair], *, forms: SourceForms, target: TargetVocabulary, dropped: Counter[DropReason]
) -> DataError:
    """The error for lexica without any anchor; it counts the failures of each side over all pairs."""
    origins = list(dict.fromkeys(pair.origin for pair in pairs if pair.origin))
    where = ", ".join(origins[:_NAMED]) or None
    if not pairs:
        return DataError("the lexicon has no pair", where=where)
    forms.look_up(pair.source for pair in pairs)
    no_source = sum(not forms[pair.source].usable for pair in pairs)
    no_target = sum(match_target(pair.target, target) is None for pair in pairs)
    filtered = [f"{dropped[reason]:,} {reason}" for reason in _FILTER_HINTS if dropped[reason]]
    what = (
        f"none of {len(pairs):,} pairs is {'left' if filtered else 'in both vocabularies'}: "
        f"{no_source:,} source words are no token of the model, {no_target:,} target words are not in the vectors"
    )
    if filtered:
        what += f"; filtered out: {', '.join(filtered)}"
    return DataError(what, where=where, hint=_hint(measure_fit(pairs, forms, target), dropped))


def nothing_shared() -> DataError:
    """The error for vocabularies without a common word when no lexicon was given."""
    return DataError(
        "no word of the vectors is written like a token of the model",
        hint="languages that share no script need a dictionary: name one with `lexicons`",
    )


def swap_warning(pairs: Sequence[Pair], *, forms: SourceForms, target: TargetVocabulary) -> str | None:
    """A warning for lexica that yield few anchors because their columns are the wrong way round."""
    fit = measure_fit(pairs, forms, target)
    if not fit.looks_swapped:
        return None
    return f"{fit.right:.0%} of the pairs fit the vocabularies, the other way round {fit.swapped:.0%}: {_SWAP}"


def _hint(fit: VocabularyFit, dropped: Counter[DropReason]) -> str:
    if fit.looks_swapped:
        return _SWAP
    filters = {reason: dropped[reason] for reason in _FILTER_HINTS if dropped[reason]}
    if fit.right < _MANY:
        # With the wrong vectors, every word is in another script, but a few names fit by chance.
        filters.pop(DropReason.OTHER_SCRIPT, None)
    if filters and fit.right > 0:
        return _FILTER_HINTS[max(filters, key=lambda reason: filters[reason])]
    return _MULTI_TOKEN if dropped[DropReason.SEVERAL_TOKENS] else _LANGUAGES
