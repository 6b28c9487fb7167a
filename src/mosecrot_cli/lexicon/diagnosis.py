"""The error of a selection that leaves nothing: what failed, and how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.matching import SourceForms, match_target
from mosecrot_cli.lexicon.types import DropReason, Pair, TargetVocabulary

_LOOK = 2_000
_NAMED = 3
_HINTS = {
    DropReason.OTHER_SCRIPT: "--script off lets words of every script through",
    DropReason.LOW_SCORE: "lower --min-score",
    DropReason.NO_SCORE: "leave out --min-score: the lexicon has no scores",
    DropReason.STOPWORD: "leave out --drop-stopwords",
    DropReason.SEVERAL_TOKENS: "--multi-token takes source words of several tokens",
}
_LANGUAGES = "does the lexicon go from the language of the model to the language of the vectors?"


def nothing_left(
    pairs: Sequence[Pair], *, forms: SourceForms, target: TargetVocabulary, dropped: Counter[DropReason]
) -> DataError:
    """The error for lexica of which no pair is an anchor; the failures of either side are counted over all pairs."""
    origins = list(dict.fromkeys(pair.origin for pair in pairs if pair.origin))
    where = ", ".join(origins[:_NAMED]) or None
    if not pairs:
        return DataError("the lexicon has no pair", where=where)
    forms.look_up(pair.source for pair in pairs)
    no_source = sum(not forms[pair.source].usable for pair in pairs)
    no_target = sum(match_target(pair.target, target) is None for pair in pairs)
    what = (
        f"none of {len(pairs):,} pairs is in both vocabularies: {no_source:,} source words are no token of the model, "
        f"{no_target:,} target words are not in the vectors"
    )
    own_faults = (DropReason.STOPWORD, DropReason.LOW_SCORE, DropReason.NO_SCORE, DropReason.OTHER_SCRIPT)
    filtered = [f"{dropped[reason]:,} {reason}" for reason in own_faults if dropped[reason]]
    if filtered:
        what = what.replace("is in both vocabularies", "is left") + f"; filtered: {', '.join(filtered)}"
    return DataError(what, where=where, hint=_hint(pairs, forms=forms, target=target, dropped=dropped))


def _hint(pairs: Sequence[Pair], *, forms: SourceForms, target: TargetVocabulary, dropped: Counter[DropReason]) -> str:
    if _looks_swapped(pairs, forms, target):
        return "the columns seem to run from the target to the source language: swap them"
    worst = max(dropped, key=lambda reason: dropped[reason])
    return _HINTS.get(worst, _LANGUAGES)


def _looks_swapped(pairs: Sequence[Pair], forms: SourceForms, target: TargetVocabulary) -> bool:
    """Whether more pairs fit the vocabularies the wrong way round than the right way, and a tenth of them at least."""
    looked_at = pairs[:: max(1, len(pairs) // _LOOK)]
    forms.look_up(pair.target for pair in looked_at)
    right = sum(_fits(pair.source, pair.target, forms, target) for pair in looked_at)
    wrong = sum(_fits(pair.target, pair.source, forms, target) for pair in looked_at)
    return wrong > right and 10 * wrong >= len(looked_at)


def _fits(source: str, translation: str, forms: SourceForms, target: TargetVocabulary) -> bool:
    return forms[source].usable and match_target(translation, target) is not None
