"""The class shares that one expects of unlabelled texts: those of the training data, equal ones, or those of a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.pipeline.checkpoints import LABEL_SHARES
from mosecrot_cli.text_lines import display_name, read_lines

SOURCE = "source"
"""`prior`: the class shares of the training data, as the checkpoint records them."""

UNIFORM = "uniform"
"""`prior`: the same share for every class."""


def resolve_prior(prior: str, labels: Sequence[str], record: Any, *, where: str) -> NDArray[np.float64]:
    """The expected share of each class.

    Args:
        prior: `source`, `uniform`, or a file with a class and its share (or count) in each line, separated by a tab.
        labels: the classes of the checkpoint, in the order of its outputs.
        record: what the checkpoint's configuration says of its training.
        where: the checkpoint, for messages.

    Returns:
        Shares that sum to 1, all positive, in the order of `labels`.

    Raises:
        UsageError: `source`, and the checkpoint does not record the shares of all its classes.
        DataError: the file is missing or damaged, or its classes are not those of the checkpoint.
    """
    if prior == UNIFORM:
        return np.full(len(labels), 1 / len(labels))
    if prior == SOURCE:
        shares = _recorded(record, labels)
        if shares is None:
            raise UsageError(
                "the checkpoint does not record the class shares of its training data",
                where=where,
                hint=f"set `prior` to {UNIFORM} or to a file with a class and its share in each line",
            )
    else:
        shares = _read(prior, labels)
    total = sum(shares[label] for label in labels)
    return np.array([shares[label] / total for label in labels], dtype=np.float64)


def _recorded(record: Any, labels: Sequence[str]) -> Mapping[str, float] | None:
    shares = record.get(LABEL_SHARES) if isinstance(record, Mapping) else None
    if not isinstance(shares, Mapping):
        return None
    usable = all(isinstance(shares.get(label), int | float) and shares[label] > 0 for label in labels)
    return shares if usable else None


def _read(path: str, labels: Sequence[str]) -> dict[str, float]:
    shares: dict[str, float] = {}
    shown = display_name(path)
    for number, line in read_lines(path):
        if not line.strip():
            continue
        where = f"{shown}:{number}"
        label, tab, cell = line.rpartition("\t")
        share = _positive(cell)
        if not tab or share is None:
            raise DataError("a line is a class, a tab and a share above 0", where=where)
        if label not in labels:
            raise DataError(f"the checkpoint has no class {label!r}", where=where, hint=f"it has {', '.join(labels)}")
        if label in shares:
            raise DataError(f"the class {label!r} has a share already", where=where)
        shares[label] = share
    if missing := [label for label in labels if label not in shares]:
        raise DataError(f"no share for {', '.join(missing)}", where=shown, hint="every class needs a share above 0")
    return shares


def _positive(cell: str) -> float | None:
    try:
        share = float(cell)
    except ValueError:
        return None
    return share if 0 < share < math.inf else None
