"""Cross-domain similarity local scaling: neighbours without hubs (Conneau, Lample et al. 2018, section 2.3).

`CSLS(x, y) = 2 cos(x, y) - r(x) - r(y)`, where `r(x)` is the mean cosine of `x` with its nearest neighbours on the
other side, and `r(y)` likewise. Among the candidates of one `x` the order is that of `cos(x, y) - r(y) / 2`; this half
of it, in the scale of cosines, is what weightings get here: none but `standard` heeds what is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mosecrot_cli import threads
from mosecrot_cli.mapping.base import checked
from mosecrot_cli.mapping.devices import torch_device
from mosecrot_cli.mapping.search import Nearest, nearest, quick_search, quickly_nearest
from mosecrot_cli.mapping.units import exact_units, unit_rows

CSLS_K = 10
"""Nearest whose mean cosine is the hubness of a vector; 10 in the paper."""

Queries = Callable[[], Iterable[NDArray[Any]]]
"""Gives the rows that will be mapped, block by block, each time it is called."""

_BLOCK_ROWS, _KEY_ROWS, _BOUND_ROWS = 65_536, 4_096, 4_096

_GROUP_ROWS = 128
"""Source vectors of a group of `_least_hubness`: more give a better bound, and cost more than they save."""

_ROUNDING = 1e-5
"""More than a mean of cosines in float32 is off."""


def in_blocks(matrix: NDArray[Any]) -> Queries:
    """The rows of a matrix (a memory map, say) as `Queries`, of equal ones the first.

    Some tables give thousands of words the same vector. Whatever is near to one such word would be a hub else.
    When called, the result raises ValueError for a row (named) that is not finite.
    """

    def blocks() -> Iterator[NDArray[Any]]:
        rows = first_rows(matrix)
        for start in range(0, len(rows), _BLOCK_ROWS):
            part = rows[start : start + _BLOCK_ROWS]
            block = matrix[part]
            if len(bad := part[~np.isfinite(block).all(axis=1)]):
                raise ValueError(f"vectors: row {bad[0]} holds NaN or infinity")
            yield block

    return blocks


def first_rows(matrix: NDArray[Any]) -> NDArray[np.int64]:
    """The rows of a matrix that equal no earlier one, byte for byte, ascending."""
    blocks = [slice(row, row + _KEY_ROWS) for row in range(0, len(matrix), _KEY_ROWS)]
    if not blocks:
        return np.empty(0, dtype=np.int64)
    keys = np.concatenate([_keys(_words(matrix[block])) for block in blocks])
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    twins = first[group.reshape(-1)]
    others = np.flatnonzero(twins != np.arange(len(matrix)))
    for start in range(0, len(others), _KEY_ROWS):
        some = others[start : start + _KEY_ROWS]
        if not np.array_equal(_words(matrix[some]), _words(matrix[twins[some]])):
            return _first_rows_by_their_bytes(matrix)
    return np.sort(first)


def _words(rows: NDArray[Any]) -> NDArray[Any]:
    rows = np.ascontiguousarray(rows)
    return rows.view(np.uint32 if rows.itemsize % 4 == 0 else np.uint8)


def _keys(words: NDArray[Any]) -> NDArray[np.uint64]:
    """A number for each row, the same for equal ones and hardly ever for others."""
    factors = np.random.default_rng(0).integers(1 << 63, size=words.shape[1], dtype=np.uint64) * 2 + 1
    keys: NDArray[np.uint64] = (words * factors.astype(np.uint64)).sum(axis=1, dtype=np.uint64)
    return keys


def _first_rows_by_their_bytes(matrix: NDArray[Any]) -> NDArray[np.int64]:
    rows: dict[bytes, int] = {}
    for number, row in enumerate(matrix):
        rows.setdefault(row.tobytes(), number)
    return np.array(list(rows.values()), dtype=np.int64)


def changed(queries: Queries | None, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Queries | None:
    """The queries with each block changed; None stays None."""
    return None if queries is None else lambda: map(change, queries())


def hubness(
    vectors: NDArray[Any], queries: Queries, *, k: int = CSLS_K, device: torch.device | None = None
) -> NDArray[np.float64]:
    """`r`: the mean cosine of each vector with its `k` nearest neighbours among the queries (fewer queries: all).

    Args:
        vectors: finite ones `[A, D]`; a zero vector has the hubness 0.
        queries: vectors of the same width, at least one.
        k: how many neighbours, at least 1.
        device: where the matrix product runs; the CPU if None.

    Returns:
        float64 `[A]`, off by about 1e-7.

    Raises:
        ValueError: a query is not finite.
    """
    units = torch.from_numpy(exact_units(vectors).astype(np.float32)).to(device or torch.device("cpu"))
    best = units.new_empty((len(units), 0))
    for block in queries():
        others = torch.from_numpy(unit_rows(block, "vectors").units).to(units.device)
        best = _merged(best, nearest(units, others, min(k, len(others))).similarities, k)
    return _mean(best)


class MutualNear(NamedTuple):
    """What `mutual_near` finds.

    Attributes:
        pairs: rows of the source and the target vector of each pair, int64 `[n, 2]`, by ascending source row.
        candidates: rows of the target vectors that are among the nearest of a source vector, int64 `[c]`, ascending.
    """

    pairs: NDArray[np.int64]
    candidates: NDArray[np.int64]


def mutual_near(
    source_units: NDArray[np.float32], target_units: NDArray[np.float32], *, k: int = CSLS_K, device: str = "cpu"
) -> MutualNear:
    """Find the pairs that are each other's nearest under CSLS, among the `k` nearest of either by cosine.

    One search finds the `k` nearest target vectors of each source vector; a second one looks back, from those target
    vectors found that can be the nearest of a source vector (see `_Back`). Both the hubness and the nearest neighbours
    are read off these two searches. With `k` no smaller than either side the pairs are the exact mutual nearest
    neighbours; with 10, the exact ones but for a few that CSLS brings up from below the tenth place by cosine. Memory
    is needed for `k` neighbours of each row and the vectors of the target words found.

    Args:
        source_units: distinct unit vectors, float32 `[S, D]`.
        target_units: distinct unit vectors, float32 `[T, D]`; the longer side, if one is.
        k: neighbours of the hubness and candidates of each row, at least 1; more than there are means all.
        device: `cpu` (faiss), or a GPU (torch).

    Raises:
        ValueError: the widths differ.
        UsageError: there is no such device.
    """
    checked(target_units, "target vectors", width=checked(source_units, "source vectors").shape[1])
    if not (len(source_units) and len(target_units)):
        return MutualNear(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.int64))
    place = torch_device(device)
    source = torch.from_numpy(np.ascontiguousarray(source_units)).to(place)
    target = torch.from_numpy(np.ascontiguousarray(target_units)).to(place)
    forth = quickly_nearest(source, target, min(k, len(target)))
    candidates, columns = torch.unique(forth.indices, return_inverse=True)
    back = _Back(target[candidates], source, min(k, len(source)))
    target_of = back.nearest_of(forth.similarities, columns)
    looked, found = back.found
    source_of = torch.full((len(candidates),), -1, device=place)
    source_of[looked] = _best(found.similarities, found.indices, forth.similarities.mean(dim=1))
    mutual = torch.nonzero(source_of[target_of] == torch.arange(len(source), device=place))[:, 0]
    pairs = torch.stack([mutual, candidates[target_of[mutual]]], dim=1)
    return MutualNear(pairs.cpu().numpy(), candidates.cpu().numpy())


class _Back:
    """The search back from target vectors, only from those that can be the nearest of a source vector under CSLS.

    The order of `cos(x, y) - r(y) / 2` needs `r(y)`, the mean cosine of `y` with its `k` nearest source vectors. It is
    at least the mean, over `k` groups of source vectors, of the largest cosine in each. So nothing need be looked up
    for a `y` that comes after another one even by this bound.

    Args:
        target: unit vectors `[c, D]`.
        source: unit vectors `[S, D]`.
        k: neighbours of the hubness, at most `S`.
    """

    def __init__(self, target: Tensor, source: Tensor, k: int) -> None:
        self._target = target
        self._search = quick_search(source, k)
        self._hubness = _least_hubness(target, source, k)
        self._known = torch.zeros(len(target), dtype=torch.bool, device=target.device)
        self._found: list[tuple[Tensor, Nearest]] = []

    @property
    def found(self) -> tuple[Tensor, Nearest]:
        """The rows of the target vectors that were looked back from `[n]`, and their nearest source vectors."""
        rows, found = zip(*self._found, strict=True)
        return torch.cat(rows), Nearest(*(torch.cat(part) for part in zip(*found, strict=True)))

    def nearest_of(self, similarities: Tensor, columns: Tensor) -> Tensor:
        """For each source vector the target vector that is nearest to it under CSLS, `[S]`; the first of equal ones.

        Args:
            similarities: cosines of each source vector with some target vectors `[S, n]`, the nearest first.
            columns: the rows of these target vectors `[S, n]`.
        """
        best = columns[:, 0]
        while not self._known[best].all():
            self._look_back(best[~self._known[best]])
            best = _best(similarities, columns, self._hubness)  # where the hubness is a bound, it can be no better
        return best

    def _look_back(self, rows: Tensor) -> None:
        rows = torch.unique(rows)
        found = self._search(self._target[rows])
        self._hubness[rows] = found.similarities.mean(dim=1)
        self._known[rows] = True
        self._found.append((rows, found))


def _least_hubness(target: Tensor, source: Tensor, k: int) -> Tensor:
    """A lower bound of the hubness of each target vector, float32 `[c]`; see `_Back`."""
    some = source[: k * min(len(source) // k, _GROUP_ROWS)].T
    least = target.new_empty(len(target))

    def fill(part: slice) -> None:
        least[part] = (target[part] @ some).view(-1, k, some.shape[1] // k).amax(dim=2).mean(dim=1)

    for _ in threads.in_blocks(fill, len(target), _BOUND_ROWS, threaded=target.device.type == "cpu"):
        pass
    return least - _ROUNDING


def _best(similarities: Tensor, indices: Tensor, hubness: Tensor) -> Tensor:
    """For each row of cosines `[n, k]` the neighbour (its number in `indices`) that is nearest under CSLS, `[n]`."""
    first = (similarities - hubness[indices] / 2).argmax(dim=1, keepdim=True)
    return indices.gather(1, first)[:, 0]


def _merged(best: Tensor, found: Tensor, k: int) -> Tensor:
    """The `k` largest numbers of each row of both `[n, ...]`."""
    both = torch.cat([best, found], dim=1)
    return both.topk(min(k, both.shape[1]), dim=1).values


def _mean(similarities: Tensor) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = similarities.cpu().numpy().mean(axis=1, dtype=np.float64)
    return mean
