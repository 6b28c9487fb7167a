"""Scores of predictions: macro-F1 (as in scikit-learn), accuracy, scores per class, and the majority baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# scikit-learn is imported on use: the import takes a second, and comparing two files of predictions does not need it.


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one class.

    Attributes:
        label: the class.
        precision: share of its predictions that are right (0 if it was never predicted).
        recall: share of its texts that were found (0 if it has none).
        f1: harmonic mean of the two.
        support: number of its texts.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Majority:
    """The scores of always predicting the most frequent gold label.

    Attributes:
        label: that label; the first in the order of labels among equally frequent ones.
        macro_f1: its macro-F1.
        accuracy: its accuracy.
    """

    label: str
    macro_f1: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a list of predictions.

    Attributes:
        n: number of texts.
        macro_f1: mean F1 over the classes that occur in the gold labels or in the predictions.
        accuracy: share of right predictions.
        labels: order of the classes in `per_class` and `confusion`: the given ones, then all others, sorted.
        per_class: scores of each class in that order, including classes that do not occur.
        confusion: counts; rows are gold labels, columns predictions.
        majority: the baseline.
    """

    n: int
    macro_f1: float
    accuracy: float
    labels: tuple[str, ...]
    per_class: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    majority: Majority

    def to_dict(self) -> dict[str, Any]:
        """The scores as JSON values, with `per_class` by label."""
        return asdict(self) | {"per_class": per_class_dict(self.per_class)}


def per_class_dict(scores: Sequence[ClassScores]) -> dict[str, dict[str, float]]:
    """Scores by label, for JSON."""
    return {item.label: {key: value for key, value in asdict(item).items() if key != "label"} for item in scores}


def score(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] = ()) -> Scores:
    """Score predictions.

    Args:
        gold: the right label of each text.
        predicted: the predicted label of each text.
        labels: the classes in the desired order (that of the model); other classes follow, sorted.

    Raises:
        ValueError: no texts, or lists of different length.
    """
    if not gold or len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold labels and {len(predicted)} predictions")
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    order = ordered_labels(gold, predicted, labels)
    precision, recall, f1, support = precision_recall_fscore_support(gold, predicted, labels=order, zero_division=0)
    counts, cells = Counter(gold), Counter(zip(gold, predicted, strict=True))
    most_frequent = max(order, key=lambda label: counts[label])
    constant = [most_frequent] * len(gold)
    return Scores(
        n=len(gold),
        macro_f1=macro_f1(gold, predicted),
        accuracy=float(accuracy_score(gold, predicted)),
        labels=tuple(order),
        per_class=tuple(
            ClassScores(label, float(precision[row]), float(recall[row]), float(f1[row]), int(support[row]))
            for row, label in enumerate(order)
        ),
        confusion=tuple(tuple(cells[right, guess] for guess in order) for right in order),
        majority=Majority(most_frequent, macro_f1(gold, constant), counts[most_frequent] / len(gold)),
    )


def macro_f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    """Mean F1 over the classes that occur in the gold labels or the predictions (scikit-learn's default)."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="macro", zero_division=0))


def ordered_labels(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The given labels in their order, then the others that occur, sorted."""
    first = list(dict.fromkeys(labels))
    return first + sorted((set(gold) | set(predicted)) - set(first))
