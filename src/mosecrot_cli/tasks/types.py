"""What a classification data set is, once read: identifiers, texts, labels, and where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mosecrot_cli.errors import DataError

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a file hold what; None: guessed.

    Attributes:
        text: name of the text column, or its number (from 1) in a file without a header.
        label: the same of the label column.
    """

    text: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class TextDataset:
    """One split of a text classification data set.

    Attributes:
        ids: identifier of each text: the file's own, else its number counted from 1.
        texts: the texts as they stand in the source (no Unicode normalisation).
        labels: the gold label of each text, or None where there are none.
        source: the path or the name it was read from.
        language: code of the language as in `Language.code`, None when unknown.
        notes: licence, citation and counts (verses missing in an edition, ...) for reports and manifests.
        lines: line of each text in the file `source`, for messages; None where it has none.
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: tuple[str, ...] | None
    source: str
    language: str | None = None
    notes: Mapping[str, str | int] = field(default_factory=dict)
    lines: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The distinct labels, sorted."""
        return tuple(sorted(set(self.labels or ())))

    @property
    def label_shares(self) -> dict[str, float]:
        """Label -> its share of the texts; empty for a data set without labels."""
        counts = Counter(self.labels or ())
        return {label: counts[label] / len(self) for label in self.label_names}

    def locate(self, row: int) -> str:
        """Where text number `row` (from 0) stands: `path:line`, or the source and the identifier."""
        return f"{self.source}:{self.lines[row]}" if self.lines else f"{self.source} (id {self.ids[row]})"


def require_known_labels(dataset: TextDataset, known: Collection[str], *, owner: str) -> None:
    """Check that a model can answer rightly: every gold label is one of its own.

    Args:
        dataset: data with labels.
        known: the labels of the model.
        owner: the model's name or path, for the message.

    Raises:
        DataError: a label that the model does not have, with its place.
    """
    for row, label in enumerate(dataset.labels or ()):
        if label not in known:
            raise DataError(
                f"the label {label!r} is unknown to {owner}",
                where=dataset.locate(row),
                hint=f"its labels are {', '.join(sorted(known))}",
            )
