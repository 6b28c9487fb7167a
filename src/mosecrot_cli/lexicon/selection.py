"""Selecting anchors among lexicon pairs, as in the paper (arXiv 2401.04821, section 3.1), with filters for noise."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.diagnosis import nothing_left, nothing_shared, swap_warning
from mosecrot_cli.lexicon.matching import Match, SourceForms, match_identical, match_target
from mosecrot_cli.lexicon.scripts import AUTO, OFF, Script, find_script, resolve_script
from mosecrot_cli.lexicon.types import IDENTICAL, Anchor, DropReason, Pair, SourceVocabulary, TargetVocabulary
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import DEFAULT_SEED, AnchorsSettings
from mosecrot_cli.text_lines import read_text

ENGLISH = "english"
_FEW = 0.1


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """Which pairs become anchors, beyond being in both vocabularies.

    Attributes:
        max_anchors: size of a random sample of the anchors; None for all.
        seed: seed of the sample.
        stopwords: case-folded source words to leave out (`load_stopwords`).
        min_score: the minimum score; pairs without a score are then left out.
        script: `auto` keeps target words in the script of two thirds of the target vectors, or all words if no script
            has that share; `off` keeps all words; a name or ISO 15924 code keeps the words in that script.
        identical: whether strings that both vocabularies contain (names, numerals, punctuation) become anchors if the
            lexica have none for the target word. They have no score and may be in any script, as `min_score` and
            `script` apply to lexica only.
        identical_letters: the minimum number of letters of such a word. Numerals, punctuation and words in Han
            characters are exempt.
        multi_token: whether source words of several tokens can be anchors too.

    Raises:
        UsageError: a value is invalid.
    """

    max_anchors: int | None = None
    seed: int = DEFAULT_SEED
    stopwords: frozenset[str] = frozenset()
    min_score: float | None = None
    script: str = AnchorsSettings.script
    identical: bool = False
    identical_letters: int = 0
    multi_token: bool = False

    def __post_init__(self) -> None:
        if self.max_anchors is not None and self.max_anchors < 1:
            raise UsageError(f"`max_anchors` must be at least 1, not {self.max_anchors}")
        if self.seed < 0:
            raise UsageError(f"`seed` must not be negative, but is {self.seed}")
        if self.min_score is not None and math.isnan(self.min_score):
            raise UsageError("`min_score` must be a number")
        if self.script.casefold() not in (AUTO, OFF):
            find_script(self.script)


@dataclass(frozen=True, slots=True)
class Selection:
    """The anchors of a selection and what became of the other pairs; `len(anchors) + sum(dropped) == read`.

    Attributes:
        anchors: in lexicon order; identical strings after them, in the order of the target vocabulary.
        read: the number of pairs considered: those of the lexica, and identical strings if requested.
        dropped: reason -> number of pairs, in the order of `DropReason`, without reasons that did not occur.
        kept: origin -> number of anchors, in the order of the lexica.
        script: the name of the script that target words had to be in; None without a filter.
    """

    anchors: list[Anchor]
    read: int
    dropped: dict[str, int]
    kept: dict[str, int]
    script: str | None

    @property
    def pairs(self) -> list[Pair]:
        """The anchors as pairs, to be selected once more beside others."""
        return [Pair(anchor.source, anchor.target, anchor.score, anchor.origin) for anchor in self.anchors]

    def further(self, options: SelectionOptions) -> SelectionOptions:
        """The options for pairs that no lexicon has: no sample is drawn once more, and no score of a lexicon asked."""
        return replace(options, max_anchors=None, min_score=None, identical=False, script=self.script or OFF)

    def extended(self, after: Selection) -> Selection:
        """A second selection, of these anchors and further pairs, with what became of the pairs of either."""
        dropped = Counter(self.dropped) + Counter(after.dropped)
        return replace(
            after,
            read=self.read + after.read - len(self.anchors),
            dropped={str(reason): dropped[reason] for reason in DropReason if dropped[reason]},
            script=self.script,
        )


def select_anchors(
    pairs: Sequence[Pair],
    *,
    source: SourceVocabulary,
    target: TargetVocabulary,
    options: SelectionOptions | None = None,
    reporter: Reporter | None = None,
) -> Selection:
    """Select the anchors among the pairs of one or several lexica.

    A pair is an anchor if its source word is one token of the model (as written, or else in lower case) and its target
    word is in the vectors (as written, or else in lower case). Each target word keeps one translation, which comes from
    the first lexicon that has the word (lexica are ordered by the first appearance of their `origin`) and has the best
    score there (any score is better than none); among equal scores, the first wins.

    Args:
        pairs: the pairs of all lexica, one lexicon after the other.
        source: the words of the model.
        target: the words of the static embeddings.
        options: further requirements; None for the defaults of `SelectionOptions`.
        reporter: receives the progress and warnings.

    Raises:
        DataError: no pair is left; the message says how many pairs failed on each side.
    """
    options, reporter = options or SelectionOptions(), reporter or SilentReporter()
    script = resolve_script(options.script, target.words)
    dropped: Counter[DropReason] = Counter()
    forms = SourceForms(source, multi_token=options.multi_token, reporter=reporter)

    passed = _screen(pairs, options, script, dropped)
    found = _match(passed, forms, target, dropped)
    matches = _one_per_target(found, pairs, dropped)
    read = len(pairs)
    if options.identical:
        same = match_identical(
            target,
            source,
            forms,
            taken={match.target for match in matches},
            origin=IDENTICAL,
            letters=options.identical_letters,
        )
        read += len(same)
        matches += [match for match in same if not _is_dropped_stopword(match.pair, options, dropped)]
    if not matches and options.identical and not pairs:
        raise nothing_shared()
    if not matches:
        raise nothing_left(pairs, forms=forms, target=target, dropped=dropped)
    if len(matches) < _FEW * len(pairs) and (warning := swap_warning(pairs, forms=forms, target=target)):
        reporter.warn(warning)
    matches = _sample(matches, options, dropped)
    anchors = [Anchor(m.source, m.target, m.source_ids, m.pair.score, m.pair.origin) for m in matches]
    return Selection(
        anchors=anchors,
        read=read,
        dropped={str(reason): dropped[reason] for reason in DropReason if dropped[reason]},
        kept=dict(Counter(anchor.origin for anchor in anchors)),
        script=script.name if script else None,
    )


def _screen(
    pairs: Sequence[Pair], options: SelectionOptions, script: Script | None, dropped: Counter[DropReason]
) -> list[Pair]:
    """The pairs that pass all filters that look at the pair alone."""
    passed = []
    for pair in pairs:
        reason = _own_fault(pair, options, script)
        if reason:
            dropped[reason] += 1
        else:
            passed.append(pair)
    return passed


def _own_fault(pair: Pair, options: SelectionOptions, script: Script | None) -> DropReason | None:
    if not pair.source or not pair.target:
        return DropReason.EMPTY
    if options.stopwords and is_stopword(pair.source, options.stopwords):
        return DropReason.STOPWORD
    if options.min_score is not None:
        if pair.score is None:
            return DropReason.NO_SCORE
        if pair.score < options.min_score:
            return DropReason.LOW_SCORE
    if script and not script.accepts(pair.target):
        return DropReason.OTHER_SCRIPT
    return None


def _is_dropped_stopword(pair: Pair, options: SelectionOptions, dropped: Counter[DropReason]) -> bool:
    is_stop = is_stopword(pair.source, options.stopwords)
    dropped[DropReason.STOPWORD] += is_stop
    return is_stop


def _match(
    pairs: Sequence[Pair], forms: SourceForms, target: TargetVocabulary, dropped: Counter[DropReason]
) -> list[Match]:
    """The pairs that are in both vocabularies, in the forms that the vocabularies contain."""
    forms.look_up([pair.source for pair in pairs])
    matches = []
    for pair in pairs:
        form = forms[pair.source]
        word = match_target(pair.target, target)
        if form.usable and word is not None:
            matches.append(Match(pair, form.word, form.ids, word))
        elif word is None:
            dropped[DropReason.NOT_IN_TARGET if form.usable else DropReason.NOT_IN_EITHER] += 1
        else:
            dropped[DropReason.SEVERAL_TOKENS if form.ids else DropReason.NOT_IN_SOURCE] += 1
    return matches


def _one_per_target(matches: Sequence[Match], pairs: Sequence[Pair], dropped: Counter[DropReason]) -> list[Match]:
    """One match for each target word, in the original order."""
    lexicon_rank = {origin: rank for rank, origin in enumerate(dict.fromkeys(pair.origin for pair in pairs))}

    def rank(match: Match) -> tuple[int, float]:
        score = match.pair.score
        return lexicon_rank[match.pair.origin], math.inf if score is None else -score

    best: dict[str, Match] = {}
    for match in matches:
        rival = best.get(match.target)
        if rival is None or rank(match) < rank(rival):
            best[match.target] = match
    kept = []
    for match in matches:
        winner = best[match.target]
        if match is winner:
            kept.append(match)
        elif match.source == winner.source:
            dropped[DropReason.REPEATED] += 1
        else:
            dropped[DropReason.OTHER_TRANSLATION] += 1
    return kept


def _sample(matches: list[Match], options: SelectionOptions, dropped: Counter[DropReason]) -> list[Match]:
    """A random sample in the original order. With the same seed, a smaller sample is a subset of a larger one."""
    if options.max_anchors is None or len(matches) <= options.max_anchors:
        return matches
    import numpy as np  # imported here to keep the command line fast

    order = np.random.default_rng(options.seed).permutation(len(matches))
    chosen = np.sort(order[: options.max_anchors])
    dropped[DropReason.NOT_SAMPLED] += len(matches) - len(chosen)
    return [matches[place] for place in chosen]


def load_stopwords(name: str | Path = ENGLISH) -> frozenset[str]:
    """Load case-folded stop words.

    Args:
        name: `english` for scikit-learn's list (as in the paper), or a UTF-8 file with one word per line.

    Raises:
        DataError: the file is missing, empty or not UTF-8.
    """
    if str(name) == ENGLISH:
        # The import takes a second, so it is left to those who need it.
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(word.casefold() for word in ENGLISH_STOP_WORDS)
    lines = unicodedata.normalize("NFC", read_text(str(name))).split("\n")
    return frozenset(line.strip().casefold() for line in lines if line.strip())


def is_stopword(word: str, stopwords: frozenset[str]) -> bool:
    """Whether the word is on the list, in any letter case."""
    return word.casefold() in stopwords
