"""All that a report says, whatever form it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mosecrot_cli.pipeline.study.plan import Plan
from mosecrot_cli.pipeline.study.report.checks import CitedWork, Leak, MapCheck
from mosecrot_cli.pipeline.study.report.collect import Finished, Spread
from mosecrot_cli.pipeline.study.report.tables import LEVEL, ResultCell, ResultTable

PAPER = (
    "Ye et al. (2024), MoSECroT: Model Stitching with Static Word Embeddings for Crosslingual Zero-shot Transfer, "
    "Insights from Negative Results in NLP"
)


@dataclass(frozen=True)
class Content:
    """A report.

    Attributes:
        plan: the study.
        finished: its numbers.
        tables: the results.
        leaks, changed, maps, origins: see `checks`.
        pictures: file name -> caption.
        study: the text of the study file.
        versions: of the libraries.
        resamples: of each bootstrap.
    """

    plan: Plan
    finished: Sequence[Finished]
    tables: Sequence[ResultTable]
    leaks: Sequence[Leak]
    changed: Sequence[str]
    maps: Sequence[MapCheck]
    origins: Sequence[CitedWork]
    pictures: Mapping[str, str]
    study: str
    versions: Mapping[str, str]
    resamples: int

    @property
    def title(self) -> str:
        """The heading."""
        return self.plan.study.title or self.plan.study.path.stem

    @property
    def state(self) -> str:
        """How much of the study is done."""
        missing = len(self.plan.runs) - len(self.finished)
        seeds = len(self.plan.study.seeds)
        numbers = "1 number" if len(self.finished) == 1 else f"{len(self.finished):,} numbers"
        told = f"{numbers}, {seeds} training {'seed' if seeds == 1 else 'seeds'}"
        absent = "1 number is" if missing == 1 else f"{missing:,} numbers are"
        return f"{told}; {absent} missing: the study is not finished" if missing else told

    @property
    def legend(self) -> str:
        """How to read the tables."""
        reference = self.tables[0].reference if self.tables else None
        text = "Macro-F1, mean ± standard deviation over seeds and samples. The best of a column is bold."
        if reference is not None:
            text += (
                f" + and -: better or worse than {reference} (paired bootstrap over the same texts, "
                f"{self.resamples:,} resamples of the means over seeds; p < {LEVEL:g} "
                "after Holm's correction over the table)."
            )
        return text

    def leak_lines(self) -> list[str]:
        """The leakage check in sentences."""
        lines = []
        for leak in self.leaks:
            if leak.shared is None:
                lines.append(f"{leak.test} against {leak.other}: not checked ({leak.problem})")
            elif leak.shared:
                lines.append(
                    f"{leak.shared:,} of {leak.texts:,} texts of {leak.test} are in the {leak.role} {leak.other}"
                )
        clean = sum(leak.shared == 0 for leak in self.leaks)
        whole = f"{clean:,} pairs of test data and training, development or unlabelled texts share no text."
        return [whole, *lines, *self.changed]


def number(score: Spread) -> str:
    """A score as text: `.745 ± .012`, without a deviation for one run."""
    deviation = f" ± {_short(score.deviation)}" if score.runs > 1 else ""
    return _short(score.mean) + deviation


def grey(cell: ResultCell) -> list[str]:
    """Published figures next to a cell."""
    return [f"{_short(figure.macro_f1)}{f' ({figure.where})' if figure.where else ''}" for figure in cell.published]


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)
