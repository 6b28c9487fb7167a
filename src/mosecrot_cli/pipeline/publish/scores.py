"""Scores in model cards: `model-index` in the metadata, and a table in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mosecrot_cli.errors import DataError
from mosecrot_cli.evaluation.runs import Summary
from mosecrot_cli.files import CARD
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline.publish.card import SCORES, SCORES_BEGIN, SCORES_END, TASK
from mosecrot_cli.pipeline.publish.origin import shown
from mosecrot_cli.progress import Reporter
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.registry import hub_repository, is_named

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

_HEADER = ("data", "split", "texts", "macro-F1", "accuracy")
_DIGITS = 4
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class CardScores:
    """The scores of a model on one data set, for its card.

    Attributes:
        data: the data set, as the user named it.
        split: the split of a named data set.
        language: code of the language of the texts; None if it is not known.
        summary: the scores.
    """

    data: str
    split: str
    language: str | None
    summary: Summary

    @property
    def name(self) -> str:
        """The name of the data, for readers."""
        if not is_named(self.data):
            return shown(self.data)
        name = hub_repository(self.data) or self.data.partition(":")[0]
        return f"{name} ({self.language})" if self.language else name

    @property
    def part(self) -> str | None:
        """The split; None for a file, which has no splits."""
        return self.split if is_named(self.data) else None

    def results(self) -> list[EvalResult]:
        """The scores as entries of a model index."""
        from huggingface_hub import EvalResult

        own = _UNSAFE.sub("-", self.name).strip("-")
        measured = {"f1": ("macro-F1", self.summary.macro_f1), "accuracy": ("accuracy", self.summary.accuracy)}
        return [
            EvalResult(
                task_type=TASK,
                task_name="Text classification",
                dataset_type=hub_repository(self.data) or own,
                dataset_name=self.name,
                dataset_config=self.language if is_named(self.data) else None,
                dataset_split=self.part,
                metric_type=kind,
                metric_name=name,
                metric_value=round(value, _DIGITS),
                metric_args={"average": "macro"} if kind == "f1" else None,
            )
            for kind, (name, value) in measured.items()
        ]

    def row(self) -> str:
        """The scores as a row of the table in the text."""
        found = self.summary
        interval, runs = found.interval, len(found.runs)
        f1 = f"{found.macro_f1:.3f}"
        f1 += f" ± {found.macro_f1_std:.3f} ({runs} seeds)" if runs > 1 else ""
        f1 += f" ({interval.level:.0%} interval {interval.low:.3f} to {interval.high:.3f})" if interval else ""
        cells = (self.name, self.part or "", f"{found.n:,}", f1, f"{found.accuracy:.3f}")
        return _row([cell.replace("|", "\\|") for cell in cells])


def check_cards(folders: Sequence[Path]) -> None:
    """Check, before anything is computed, that the cards of checkpoints exist and can be changed.

    Raises:
        DataError: a checkpoint has no card, or its metadata cannot be read.
        OutputError: the system does not let it be written.
    """
    for folder in folders:
        _load(folder / CARD)
    check_outputs([folder / CARD for folder in folders], inputs={}, overwrite=True)


def update_cards(scores: Mapping[Path, Sequence[CardScores]], reporter: Reporter) -> None:
    """Enter scores in the cards of checkpoints; earlier ones on the same data are replaced.

    Args:
        scores: folder of a checkpoint or of several seeds -> its scores.
        reporter: receives a warning about cards without a place for the table.

    Raises:
        DataError, OutputError: see `check_cards`.
    """
    cards = {folder / CARD: _updated(folder / CARD, found, reporter) for folder, found in scores.items()}
    with atomic_outputs(*cards, overwrite=True) as works:
        for work, card in zip(works, cards.values(), strict=True):
            card.save(work)


def _updated(path: Path, scores: Sequence[CardScores], reporter: Reporter) -> ModelCard:
    card = _load(path)
    new = [result for each in scores for result in each.results()]
    measured = {(result.unique_identifier, result.metric_type) for result in new}
    old: list[EvalResult] = card.data.get("eval_results") or []
    kept = [result for result in old if (result.unique_identifier, result.metric_type) not in measured]
    card.data["model_name"] = card.data.get("model_name") or _title(card.text)
    card.data["eval_results"] = [*kept, *new]
    card.data["metrics"] = sorted({*(card.data.get("metrics") or []), *(result.metric_type for result in new)})
    if SCORES.search(card.text):
        card.text = SCORES.sub(lambda match: _table(match[0], scores), card.text, count=1)
    else:
        reporter.warn(f"{path} has no place for a table of scores: they are in its metadata alone")
    return card


def _load(path: Path) -> ModelCard:
    from huggingface_hub import ModelCard

    if not path.is_file():
        hint = "`mosecrot stitch` and `mosecrot adapt` write one"
        raise DataError("there is no model card", where=str(path), hint=hint)
    try:
        card: ModelCard = ModelCard.load(path)
    except Exception as error:  # the YAML reader has errors of its own
        raise DataError("the metadata of the model card cannot be read", where=str(path)) from error
    return card


def _title(text: str) -> str:
    headings = (line.removeprefix("# ").strip() for line in text.splitlines() if line.startswith("# "))
    return next(headings, "model")


def _table(block: str, scores: Sequence[CardScores]) -> str:
    """The block of scores with the new rows and the old rows on other data."""
    new = {_key(row): row for row in (each.row() for each in scores)}
    old = {_key(line): line for line in block.splitlines() if line.startswith("| ")}
    old.pop(_key(_row(_HEADER)), None)
    rows = [_row(_HEADER), "|---|---|---|---|---|", *(old | new).values()]
    return "\n".join([SCORES_BEGIN, "", *rows, "", SCORES_END])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _key(row: str) -> tuple[str, ...]:
    """The cells that distinguish the rows of two data sets."""
    return tuple(cell.strip() for cell in row.split(" | ")[:2])
