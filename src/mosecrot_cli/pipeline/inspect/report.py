"""What `inspect` found, as JSON and as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli.evaluation.reference_ranges import Judgement, Verdict
from mosecrot_cli.evaluation.tables import Cell, Table
from mosecrot_cli.mapping.diagnostics import NormStatistics
from mosecrot_cli.pipeline.inspect.coverage import TextCoverage, Way
from mosecrot_cli.pipeline.inspect.translation import PLACES, TranslationTest
from mosecrot_cli.pipeline.stitch.choice import MAP_CHOICE, MapChoice

_WAYS = {
    Way.written: "in the vectors, as written",
    Way.spelling: "in the vectors, in another spelling",
    Way.subwords: "composed from subwords",
    Way.number: "numbers of the source model",
    Way.shared: "other whole words of the source model",
    Way.pieces: "cut into known pieces",
    Way.unknown: "unknown, at least in part",
}
_MANY = 100
"""Numbers from here on are counts."""


@dataclass(frozen=True)
class NearestTokens:
    """The source tokens nearest to a target word.

    Attributes:
        asked: the word that was asked for.
        found: the form that the vocabulary has; None: it lacks the word.
        anchor_of: its translations among the anchors.
        tokens: source tokens and their cosines, the nearest first.
    """

    asked: str
    found: str | None
    anchor_of: tuple[str, ...]
    tokens: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Hubs:
    """Source tokens among the neighbours of the sampled target words.

    Attributes:
        sample: target words.
        k: neighbours of each.
        skewness: of how often each token is a neighbour (Radovanović et al. 2010).
        never: share of the tokens that are nobody's neighbour.
        top: the tokens that most often are, and how often.
    """

    sample: int
    k: int
    skewness: float
    never: float
    top: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Inspection:
    """All that `inspect` found.

    Attributes:
        mapped: the folder of the map.
        choice: why this map was chosen for the checkpoint that was asked for; None where no choice is recorded.
        method: how it was mapped, in words.
        anchors: anchors of the map.
        words: the words that were asked for.
        translation: the held-out test, if it was made.
        coverage: of the texts, if there were any.
        source, target: lengths of the rows of either side.
        hubs: hubs among the source tokens.
        judgements: the numbers that have a reference.
    """

    mapped: Path
    choice: MapChoice | None
    method: str
    anchors: int
    words: tuple[NearestTokens, ...]
    translation: TranslationTest | None
    coverage: TextCoverage | None
    source: NormStatistics
    target: NormStatistics
    hubs: Hubs
    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """Low or high where something is to be done, else normal; none where no number could be judged."""
        calls = [each for each in self.judgements if each.needs_action]
        if calls:
            return Verdict.low if any(each.verdict is Verdict.low for each in calls) else Verdict.high
        judged = any(each.verdict is not Verdict.open for each in self.judgements)
        return Verdict.normal if judged else Verdict.open

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        content = asdict(self)
        content["mapped"] = str(self.mapped)
        del content["choice"]
        if self.choice is not None:
            content[MAP_CHOICE] = self.choice.to_dict()
        content["norms"] = {"source": content.pop("source"), "target": content.pop("target")}
        if self.coverage is not None:
            shares = ("known_share", "anchor_share")
            content["coverage"] |= {name: getattr(self.coverage, name) for name in shares}
        return content | {"verdict": self.verdict}

    def tables(self) -> list[Table]:
        """As tables, the verdicts last."""
        found = [_neighbours(each) for each in self.words if each.found is not None]
        if self.translation is not None:
            found.append(_translation(self.translation))
        if self.coverage is not None:
            found += _coverage(self.coverage)
        return [*found, _norms(self.source, self.target), *_hubs(self.hubs), _judgements(self.judgements)]

    def lines(self) -> list[str]:
        """The verdict in one line, and what to do."""
        missing = [f"{each.asked}: not in the target vocabulary" for each in self.words if each.found is None]
        open_ = [each for each in self.judgements if each.verdict is Verdict.open and each.advice]
        calls = [each for each in self.judgements if each.needs_action]
        advice = [f"{each.statistic}: {each.verdict}: {each.advice}" for each in [*open_, *calls]]
        chosen = [f"why this map: {self.choice.reason}"] if self.choice else []
        because = f" ({', '.join(each.statistic for each in calls)})" if calls else ""
        return [f"verdict: {self.verdict}{because}", *chosen, *advice, *missing]


def _neighbours(word: NearestTokens) -> Table:
    form = f" (as {word.found})" if word.found != word.asked else ""
    anchor = f", an anchor: {', '.join(word.anchor_of)}" if word.anchor_of else ""
    return Table(f"{word.asked}{form}{anchor}", ("nearest source token", "cosine"), word.tokens)


def _translation(test: TranslationTest) -> Table:
    title = f"{test.words:,} held-out words among {test.candidates:,} tokens"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, *(test.precision[key][k] for k in PLACES)) for key, name in (("cosine", "cosine"), ("csls", "CSLS"))
    )
    return Table(title, ("neighbours by", *(f"precision@{k}" for k in PLACES)), rows)


def _coverage(found: TextCoverage) -> list[Table]:
    rows: list[tuple[Cell, ...]] = [("in the target vocabulary", found.known, found.known_share)]
    if found.anchors is not None and found.anchor_share is not None:
        rows.append(("anchors", found.anchors, found.anchor_share))
    title = f"{found.words:,} running words of {found.texts:,} texts"
    tables = [Table(title, ("words", "number", "share"), tuple(rows)), _ways(found)]
    if found.unknown:
        tables.append(Table("words in pieces, or unknown", ("the most frequent", "times"), found.unknown))
    return tables


def _ways(found: TextCoverage) -> Table:
    total = sum(found.ways.values())
    rows: list[tuple[Cell, ...]] = []
    for way, count in found.ways.items():
        rows += [(_WAYS[way], count, count / max(1, total))] if count else []
        if way is Way.spelling:
            rows += [(f"  by {kind}", of_kind, of_kind / max(1, total)) for kind, of_kind in found.spellings.items()]
    rows.append(("(beside the words: punctuation of the source model)", found.punctuation, ""))
    return Table(f"{total:,} words and numbers: what gives them vectors", ("from", "number", "share"), tuple(rows))


def _norms(source: NormStatistics, target: NormStatistics) -> Table:
    names = {
        "mean": "mean length",
        "std": "standard deviation of the length",
        "spread": "mean distance from the own mean",
        "mean_cosine": "mean cosine with the mean of the source",
        "mean_distance": "distance of the mean from that of the source",
    }
    rows = tuple((name, float(getattr(target, field)), float(getattr(source, field))) for field, name in names.items())
    return Table("embeddings", ("", "target words", "source tokens"), rows)


def _hubs(found: Hubs) -> list[Table]:
    title = f"{found.k} neighbours of {found.sample:,} words"
    rows: Sequence[tuple[Cell, ...]] = (
        ("skewness of how often a token is one", found.skewness),
        ("share of tokens that never are", found.never),
    )
    return [
        Table(title, ("", "value"), tuple(rows)),
        Table("hubs", ("source token", "neighbour of (words)"), found.top),
    ]


def _judgements(found: Sequence[Judgement]) -> Table:
    rows = tuple((each.statistic, _short(each.value), _range(each), str(each.verdict)) for each in found)
    return Table("is it normal?", ("statistic", "here", "reference", "verdict"), rows)


def _range(found: Judgement) -> str:
    if found.least is None or found.greatest is None:
        return ""
    return f"{_short(found.least)} to {_short(found.greatest)}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= _MANY else f"{value:.3f}"
