"""Cross-domain similarity local scaling: neighbours without hubs (Conneau, Lample et al. 2018, section 2.3).

`CSLS(x, y) = 2 cos(x, y) - r(x) - r(y)`, where `r(x)` is the mean cosine of `x` with its nearest neighbours on the
other side, and `r(y)` likewise. Among the candidates of one `x` the order is that of `cos(x, y) - r(y) / 2`; this half
of it, in the scale of cosines, is what weightings get here: none but `standard` heeds what is the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mosecrot_cli.mapping.base import checked
from mosecrot_cli.mapping.devices import torch_device
from mosecrot_cli.mapping.search import nearest, penalisable, with_penalties
from mosecrot_cli.mapping.units import exact_units, unit_rows

CSLS_K = 10
"""Nearest whose mean cosine is the hubness of a vector; 10 in the paper."""

Queries = Callable[[], Iterable[NDArray[Any]]]
"""Gives the rows that will be mapped, block by block, each time it is called."""

_BLOCK_ROWS = 65_536


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
    """The rows of a matrix that equal no earlier one, ascending."""
    seen: set[bytes] = set()
    rows = []
    for number, row in enumerate(matrix):
        key = blake2b(row.tobytes(), digest_size=16).digest()
        if key not in seen:
            seen.add(key)
            rows.append(number)
    return np.array(rows, dtype=np.int64)


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


def mutual_nearest(
    source_units: NDArray[Any], target_units: NDArray[Any], *, csls_k: int = CSLS_K, device: str = "cpu"
) -> NDArray[np.int64]:
    """Mutual nearest neighbours under CSLS between two sets of unit vectors of one space.

    A pair is such that neither vector has a nearer one on the other side. Of equal vectors the first stands for all.
    Beside both arrays without such copies, memory is needed for a block of target vectors at a time.

    Args:
        source_units: float32 `[S, D]`.
        target_units: float32 `[T, D]`; the longer side, if one is.
        csls_k: neighbours of the hubness, at least 1; more than there are means all.
        device: `cpu` (faiss), or a GPU (torch).

    Returns:
        Rows of the source and the target vector of each pair, int64 `[n, 2]`, by ascending source row.

    Raises:
        ValueError: the widths differ.
        UsageError: no such device.
    """
    source_rows, source_part = _distinct(checked(source_units, "source vectors"))
    target_rows, target = _distinct(checked(target_units, "target vectors", width=source_part.shape[1]))
    if not (len(source_part) and len(target)):
        return np.empty((0, 2), dtype=np.int64)
    source = torch.from_numpy(source_part).to(torch_device(device))
    # First the hubness of either side, then the neighbours; each in one run over the target.
    best = source.new_empty((len(source), 0))
    target_hubness = []
    for _, block in _blocks(target, source.device):
        best = _merged(best, nearest(source, block, min(csls_k, len(block))).similarities, csls_k)
        target_hubness.append(_mean(nearest(block, source, min(csls_k, len(source))).similarities))
    source_penalised = with_penalties(source, torch.from_numpy(_mean(best) / 2).to(source))
    penalties = torch.from_numpy(np.concatenate(target_hubness) / 2).to(source)

    score = np.full(len(source), -np.inf)
    target_of = np.zeros(len(source), dtype=np.int64)
    source_of = []
    for start, block in _blocks(target, source.device):
        found = nearest(penalisable(source), with_penalties(block, penalties[start : start + len(block)]), 1)
        better = found.similarities[:, 0].cpu().numpy() > score
        score[better] = found.similarities[:, 0].cpu().numpy()[better]
        target_of[better] = start + found.indices[:, 0].cpu().numpy()[better]
        source_of.append(nearest(penalisable(block), source_penalised, 1).indices[:, 0].cpu().numpy())
    mutual = np.flatnonzero(np.concatenate(source_of)[target_of] == np.arange(len(source)))
    return np.stack([source_rows[mutual], target_rows[target_of[mutual]]], axis=1)


def mutual_near(
    source_units: NDArray[np.float32], target_units: NDArray[np.float32], *, csls_k: int = CSLS_K, device: str = "cpu"
) -> NDArray[np.int64]:
    """`mutual_nearest` among the target vectors that are one of the `csls_k` nearest, by cosine, of a source vector.

    Of many target words most are near to none of the source words; without them it is faster.
    """
    place = torch_device(device)
    units = torch.from_numpy(source_units).to(place)
    near = nearest(units, torch.from_numpy(target_units).to(place), min(csls_k, len(target_units)))
    candidates = np.unique(near.indices.cpu().numpy())
    pairs = mutual_nearest(source_units, target_units[candidates], csls_k=csls_k, device=device)
    pairs[:, 1] = candidates[pairs[:, 1]]
    return pairs


def _distinct(matrix: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The first row of each distinct vector, and these vectors."""
    single = np.ascontiguousarray(matrix, dtype=np.float32)
    rows = first_rows(single)
    return rows, single if len(rows) == len(single) else single[rows]


def _blocks(matrix: NDArray[np.float32], device: torch.device) -> Iterator[tuple[int, Tensor]]:
    for start in range(0, len(matrix), _BLOCK_ROWS):
        yield start, torch.from_numpy(matrix[start : start + _BLOCK_ROWS]).to(device)


def _merged(best: Tensor, found: Tensor, k: int) -> Tensor:
    """The `k` largest numbers of each row of both `[n, ...]`."""
    both = torch.cat([best, found], dim=1)
    return both.topk(min(k, both.shape[1]), dim=1).values


def _mean(similarities: Tensor) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = similarities.cpu().numpy().mean(axis=1, dtype=np.float64)
    return mean
