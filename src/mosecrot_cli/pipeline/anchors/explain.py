"""Where a word's translation came from, and why others lost: `mosecrot anchors --explain WORD`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mosecrot_cli.lexicon.scripts import OFF
from mosecrot_cli.lexicon.selection import Selection, SelectionOptions, select_anchors
from mosecrot_cli.lexicon.types import COGNATE, IDENTICAL, LEARNT, Anchor, DropReason, Pair
from mosecrot_cli.pipeline.anchors.material import AnchorMaterial, bring, read, resolve
from mosecrot_cli.pipeline.anchors.run import select, selection_options
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.progress import Reporter, SilentReporter
from mosecrot_cli.settings import AnchorsSettings

ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fate:
    """A pair of a lexicon, and what became of it.

    Attributes:
        source: the source word, as the lexicon has it.
        target: its translation, likewise.
        score: the lexicon's score, if any.
        origin: the lexicon.
        verdict: `anchor`, or why it is none.
    """

    source: str
    target: str
    score: float | None
    origin: str
    verdict: str


def explain(settings: AnchorsSettings, word: str, reporter: Reporter) -> list[Fate]:
    """The fate of every pair with this word on either side (letter case aside), and of its rivals for the same target.

    Raises:
        UsageError, DataError, SourceUnavailableError: as `anchors`.
    """
    settings = resolve(settings)
    opened = Opened()
    job = bring(settings, reporter, opened)
    material = read(job, reporter, opened)
    options = selection_options(settings)
    selection = select(material, job, reporter).selection
    wanted = word.casefold()
    targets = {pair.target.casefold() for pair in material.pairs if pair.source.casefold() == wanted} | {wanted}
    concerned = [
        pair for pair in material.pairs if pair.source.casefold() == wanted or pair.target.casefold() in targets
    ]
    judge = _Judge(material, selection, options)
    fates = [Fate(pair.source, pair.target, pair.score, pair.origin, judge.verdict(pair)) for pair in concerned]
    found = [anchor for anchor in selection.anchors if anchor.origin in (IDENTICAL, LEARNT, COGNATE)]
    return fates + [
        Fate(anchor.source, anchor.target, anchor.score, anchor.origin, ANCHOR)
        for anchor in found
        if wanted in (anchor.source.casefold(), anchor.target.casefold())
    ]


class _Judge:
    """Finds out about one pair by selecting from it alone, beside an anchor that is sure to stay."""

    def __init__(self, material: AnchorMaterial, selection: Selection, options: SelectionOptions) -> None:
        self.material, self.selection = material, selection
        self.anchors: dict[str, Anchor] = {anchor.target: anchor for anchor in selection.anchors}
        self.taken: set[tuple[str, str, str]] = set()
        script = selection.script or OFF
        self.options = replace(options, max_anchors=None, identical=False, script=script)

    def verdict(self, pair: Pair) -> str:
        """What became of the pair."""
        target = self._target(pair)
        winner = self.anchors.get(target) if target is not None else None
        witness = next((anchor for anchor in self.selection.anchors if anchor.target != target), None)
        own = self._own_fault(pair, witness) if witness else None
        if own:
            return own
        if winner is None:
            return DropReason.NOT_SAMPLED
        key = (pair.source.casefold(), winner.target, pair.origin)
        if winner.source.casefold() == pair.source.casefold() and winner.origin == pair.origin:
            if key in self.taken or winner.score != pair.score:
                return DropReason.REPEATED
            self.taken.add(key)
            return ANCHOR
        if winner.source.casefold() == pair.source.casefold():
            return f"{DropReason.REPEATED}: {winner.origin} has it too"
        return f"lost to {winner.source} ({_described(winner)})"

    def _target(self, pair: Pair) -> str | None:
        row = self.material.target.find(pair.target)
        return None if row is None else self.material.target.words[row]

    def _own_fault(self, pair: Pair, witness: Anchor) -> str | None:
        sure = Pair(witness.source, witness.target, witness.score, witness.origin)
        alone: Sequence[Pair] = [sure, pair]
        found = select_anchors(
            alone,
            source=self.material.source,
            target=self.material.target,
            options=self.options,
            reporter=SilentReporter(),
        )
        return next(iter(found.dropped), None)


def _described(anchor: Anchor) -> str:
    return anchor.origin if anchor.score is None else f"{anchor.origin}, score {anchor.score:g}"
