"""The predictions file, which contains the prediction of a model for every text, to read and to compare runs.

It is tab-separated with a header: `id`, `gold` (may be empty), `predicted`, and one column per label, named after the
label, with its probability.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.files import existing_file

_HEAD = ["id", "gold", "predicted"]
_FORM = "a predictions file has the columns id, gold, predicted and one per label"


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions for n texts over K labels.

    Attributes:
        ids: identifiers of the texts.
        gold: the right labels, None if they are not known.
        predicted: the predicted labels.
        labels: the K labels in the order of the columns.
        probabilities: [n, K].
    """

    ids: tuple[str, ...]
    gold: tuple[str, ...] | None
    predicted: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write the file (UTF-8, line feeds; a cell with a tab, a line break or a quote is quoted, as pandas does)."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow([*_HEAD, *predictions.labels])
        gold = predictions.gold or [""] * len(predictions)
        for row, (identifier, right, predicted) in enumerate(
            zip(predictions.ids, gold, predictions.predicted, strict=True)
        ):
            shares = (f"{share:.6g}" for share in predictions.probabilities[row])
            writer.writerow([identifier, right, predicted, *shares])


def read_predictions(path: Path) -> Predictions:
    """Read a predictions file.

    Raises:
        DataError: this is not a predictions file, or a line is malformed (`path:line`).
    """
    rows = _rows(path)
    _, header = next(rows, (1, []))
    if header[:3] != _HEAD or len(header) < 4:
        raise DataError("not a predictions file", where=f"{path}:1", hint=_FORM)
    labels = tuple(header[3:])
    heads: list[list[str]] = []
    shares: list[list[float]] = []
    for line, cells in rows:
        where = f"{path}:{line}"
        if len(cells) != len(header):
            raise DataError(f"the row has {len(cells)} columns instead of {len(header)}", where=where, hint=_FORM)
        if cells[2] not in labels:
            raise DataError(f"the predicted label {cells[2]!r} has no column", where=where, hint=_FORM)
        heads.append(cells[:3])
        shares.append([_share(cell, where) for cell in cells[3:]])
    if not heads:
        raise DataError("the file holds no predictions", where=str(path))
    ids, gold, predicted = zip(*heads, strict=True)
    known = any(gold)
    if known and not all(gold):
        raise DataError("some gold labels are empty", where=f"{path}:{gold.index('') + 2}")
    return Predictions(ids, gold if known else None, predicted, labels, np.array(shares))


def check_against_gold(
    predictions: Predictions, ids: Sequence[str], gold: Sequence[str], *, path: Path, source: str
) -> None:
    """Check that predictions belong to the texts of a data set, in the same order.

    Args:
        predictions: the predictions read from `path`.
        ids: identifiers of the texts in the data set.
        gold: gold labels of the data set.
        path: path of the predictions, for messages.
        source: path or name of the data set, for messages.

    Raises:
        DataError: the number of texts, an id or a gold label differs; names the line of the predictions file.
    """
    hint = f"predict on {source} anew"
    pairs = zip(predictions.ids, predictions.gold or gold, ids, gold, strict=False)
    for line, (identifier, right, wanted, expected) in enumerate(pairs, start=2):
        if identifier != wanted:
            raise DataError(f"id {identifier!r}, where {source} has {wanted!r}", where=f"{path}:{line}", hint=hint)
        if right != expected:
            what = f"the gold label of {identifier!r} is {right!r}, in {source} {expected!r}"
            raise DataError(what, where=f"{path}:{line}", hint=hint)
    if len(predictions) != len(ids):
        last = min(len(predictions), len(ids)) + 2
        what = f"{len(predictions)} predictions for the {len(ids)} texts of {source}"
        raise DataError(what, where=f"{path}:{last}", hint=hint)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with existing_file(path).open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t", strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise DataError(f"malformed: {error}", where=f"{path}:{reader.line_num}", hint=_FORM) from error
        except UnicodeDecodeError as error:
            raise DataError("not UTF-8", where=f"{path}:{reader.line_num + 1}", hint=_FORM) from error


def _share(cell: str, where: str) -> float:
    try:
        share = float(cell)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1 + 1e-6:
        raise DataError(f"{cell!r} is not a probability", where=where, hint=_FORM)
    return share


def to_records(predictions: Predictions) -> Iterator[dict[str, Any]]:
    """The predictions one by one, for JSON lines."""
    for row in range(len(predictions)):
        record: dict[str, Any] = {"id": predictions.ids[row]}
        if predictions.gold is not None:
            record["gold"] = predictions.gold[row]
        shares = (float(share) for share in predictions.probabilities[row])
        yield record | {
            "predicted": predictions.predicted[row],
            "probabilities": dict(zip(predictions.labels, shares, strict=True)),
        }
