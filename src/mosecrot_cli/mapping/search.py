"""Exact nearest anchors by cosine, with one answer whatever the machine does to the last digit.

A matrix product finds the candidates: in bfloat16 where the CPU does this fast (see `reduced`), else in float32 (faiss
on the CPU, torch on a GPU), whose rounding depends on the place of a row in the block. So rows whose k-th and next
candidates are too close to call are searched again in float64, and the similarities of the chosen anchors are those of
a dot product that depends on nothing but the two vectors. The result is the same whichever product found them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mosecrot_cli.mapping.base import checked, finite
from mosecrot_cli.mapping.devices import exact_device, scratch_bytes, torch_device
from mosecrot_cli.mapping.products import cosines
from mosecrot_cli.mapping.reduced import Candidates, ReducedProduct, worth_reducing
from mosecrot_cli.mapping.units import UnitRows, exact_units, unit_rows
from mosecrot_cli.threads import in_blocks

_GRID_BITS = 40
"""Cosines in float64 are told apart down to 2**-40: far above their rounding, far below any meaning."""


class Nearest(NamedTuple):
    """The nearest anchors of `n` rows.

    Attributes:
        similarities: cosines `[n, k]`, less the penalties of the anchors where there are any.
        indices: rows of the anchors `[n, k]`, int64.
    """

    similarities: Tensor
    indices: Tensor


class AnchorIndex:
    """Anchors made ready for exact search by cosine.

    Equal anchor vectors are searched once and expanded in the order of their rows, so that ties among them go to the
    lowest row. A zero vector has the similarity 0 to everything.

    Args:
        anchors: finite vectors `[A, D]`.
        device: where the matrix product runs.
        penalties: `[A]`, taken off the cosines with each anchor; of equal anchors those of the first count. None: 0.
    """

    def __init__(
        self, anchors: NDArray[Any], device: torch.device, penalties: NDArray[np.float64] | None = None
    ) -> None:
        self.device = device
        # Adding 0 turns -0 into 0, which has other bytes.
        rows = exact_units(anchors).astype(np.float32) + np.float32(0)
        first, group = _distinct(rows)
        self.units = torch.from_numpy(rows).to(device)
        self._all_distinct = len(first) == len(rows)
        self._anchors = anchors
        self._penalties = None if penalties is None else torch.from_numpy(penalties[first][group])
        self._searched = self.units
        if self._penalties is not None:
            self._searched = with_penalties(self.units, self._penalties.to(self.units))
        self._distinct = self._searched if self._all_distinct else self._searched[torch.from_numpy(first).to(device)]
        # The largest error seen in a float32 product of unit vectors is half of this.
        self._tolerance = torch.finfo(torch.float32).eps * self.units.shape[1] ** 0.5 + 1e-6
        self._prepared: ReducedProduct | None = None
        self._group = torch.from_numpy(group).to(device)
        self._members = torch.argsort(self._group, stable=True)
        self._sizes = torch.bincount(self._group, minlength=len(first))
        self._starts = self._sizes.cumsum(0) - self._sizes

    def __len__(self) -> int:
        return len(self.units)

    @cached_property
    def exact_units(self) -> Tensor:
        """The anchors' unit vectors in float64 `[A, D]`, on a device that has it."""
        units = exact_units(self._anchors)
        if not self._all_distinct:  # equal in float32 is equal
            units = units[self._members[self._starts][self._group].cpu().numpy()]
        return torch.from_numpy(units).to(exact_device(self.device))

    def search(self, queries: UnitRows, k: int) -> Nearest:
        """The `k` (at most the number of anchors) nearest anchors of each row in float32, by ascending anchor row."""
        k = min(k, len(self))
        reduced = self._reduced(k)
        if reduced is None or len(queries) == 0:
            return self._search_plainly(queries, k)
        blocks = in_blocks(
            lambda part: self._search_reduced(reduced, queries.part(part), k), len(queries), reduced.block_rows
        )
        return Nearest(*(torch.cat(part) for part in zip(*blocks, strict=True)))

    def prepare(self, k: int) -> None:
        """Compute what searches for `k` anchors share, before several threads search at the same time."""
        self._reduced(min(k, len(self)))

    def _search_plainly(self, queries: UnitRows, k: int) -> Nearest:
        units = torch.from_numpy(queries.units).to(self.device)
        candidates = nearest(self._searchable(units), self._distinct, min(k + 1, len(self._distinct)))
        indices = candidates.indices[:, :k] if self._all_distinct else self._expand(candidates.indices, k)
        doubtful = self._too_close(candidates, k).cpu().numpy() & ~queries.zero
        indices = indices.sort(dim=1).values
        if doubtful.any():
            exact = self._search_exactly(queries.part(doubtful).exact(), k)
            indices[torch.from_numpy(doubtful).to(self.device)] = exact
        if queries.zero.any():
            indices[torch.from_numpy(queries.zero).to(self.device)] = torch.arange(k, device=self.device)
        return Nearest(self._less_penalties(cosines(units, self.units, indices), indices), indices)

    def _search_reduced(self, reduced: ReducedProduct, queries: UnitRows, k: int) -> Nearest:
        units = torch.from_numpy(queries.units)
        table = reduced.candidates(self._searchable(units))
        found = table.found & ~queries.zero
        chosen, gap = table.largest(k)
        doubtful = np.flatnonzero(found & (gap < self._tolerance))
        if len(doubtful):
            chosen[doubtful] = False
            chosen[doubtful[:, None], self._decided(queries.part(doubtful), table.part(doubtful), k)] = True
        chosen[~found] = np.arange(chosen.shape[1]) < k
        indices = torch.from_numpy(table.columns[chosen].reshape(-1, k))
        if self._penalties is None:
            similarities = torch.from_numpy(table.similarities[chosen].reshape(-1, k))
        else:
            similarities = self._less_penalties(cosines(units, self.units, indices), indices)
        if not found.all():
            rest = torch.from_numpy(~found)
            similarities[rest], indices[rest] = self._search_plainly(queries.part(~found), k)
        return Nearest(similarities, indices)

    def _decided(self, queries: UnitRows, table: Candidates, k: int) -> NDArray[np.int64]:
        """Places in a table `[n, c]` of the `k` nearest in float64, ties to the lowest row, `[n, k]`."""
        similarities = self.exact_similarities(queries.exact(), torch.from_numpy(table.columns))
        similarities[torch.from_numpy(np.isneginf(table.similarities))] = -2.0  # below all others
        return _first_by_key(similarities, k).numpy()

    def _searchable(self, units: Tensor) -> Tensor:
        return units if self._penalties is None else penalisable(units)

    def _reduced(self, k: int) -> ReducedProduct | None:
        """The anchors in bfloat16 for `k` neighbours and the next, where that is fast."""
        if self.device.type != "cpu" or not worth_reducing(len(self), self.units.shape[1], k + 1):
            return None
        if self._prepared is None or self._prepared.k != k + 1:
            self._prepared = ReducedProduct(self._searched, k + 1)
        return self._prepared

    def exact_similarities(self, units: NDArray[np.float64], indices: Tensor | None = None) -> Tensor:
        """Similarities of unit vectors `[m, D]` in float64; equal ones are equal to the last bit.

        Args:
            units: the unit vectors.
            indices: with which anchors, ascending rows `[m, k]`; None: all `A`.
        """
        anchors = self.exact_units
        queries = torch.from_numpy(units).to(anchors.device)
        found = queries @ anchors.T if indices is None else cosines(queries, anchors, indices)
        return snapped(self._less_penalties(found, indices))

    def _less_penalties(self, similarities: Tensor, indices: Tensor | None) -> Tensor:
        if self._penalties is None:
            return similarities
        penalties = self._penalties.to(similarities)
        return similarities - (penalties if indices is None else penalties[indices])

    def _expand(self, groups: Tensor, k: int) -> Tensor:
        """The first `k` anchors of each row's distinct vectors, `[n, k]`."""
        taken = self._taken(groups, k)
        flat_groups = groups.flatten().repeat_interleave(taken.flatten())
        starts = taken.flatten().cumsum(0) - taken.flatten()
        within = torch.arange(len(flat_groups), device=self.device) - starts.repeat_interleave(taken.flatten())
        return self._members[self._starts[flat_groups] + within].view(-1, k)

    def _taken(self, groups: Tensor, k: int) -> Tensor:
        sizes = self._sizes[groups]
        before = sizes.cumsum(1) - sizes
        return torch.minimum((k - before).clamp(min=0), sizes)

    def _too_close(self, candidates: Nearest, k: int) -> Tensor:
        """Rows where rounding may have decided which anchors are among the first `k`."""
        if candidates.similarities.shape[1] < 2:
            return torch.zeros(len(candidates.similarities), dtype=torch.bool, device=self.device)
        near: Tensor = -candidates.similarities.diff(dim=1) < self._tolerance
        if self._all_distinct:
            return near[:, k - 1] if near.shape[1] >= k else near.new_zeros(len(near))
        # The last vector taken may be confused with its neighbours on either side, unless all of them are taken whole.
        taken = self._taken(candidates.indices, k)
        whole = taken == self._sizes[candidates.indices]
        near &= ~(whole[:, :-1] & whole[:, 1:]) & (taken[:, :-1] > 0)
        return near.any(dim=1)

    def _search_exactly(self, units: NDArray[np.float64], k: int) -> Tensor:
        step = max(1, scratch_bytes(self.device) // (32 * len(self)))
        found = []
        for start in range(0, len(units), step):
            similarities = self.exact_similarities(units[start : start + step])
            found.append(_first_by_key(similarities, k).sort(dim=1).values)
        return torch.cat(found).to(self.device)


def topk_cosine(
    queries: NDArray[Any], anchors: NDArray[Any], k: int, device: str = "cpu"
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Exact nearest anchors by cosine.

    Ties go to the lowest anchor row. A zero query has the similarity 0 to every anchor, so it takes the first `k`.

    Args:
        queries: vectors `[n, D]`.
        anchors: vectors `[A, D]`.
        k: how many; more than `A` means all.
        device: `cpu` (faiss), or a GPU (torch).

    Returns:
        The similarities `[n, k]` in descending order and the rows of the anchors `[n, k]`.

    Raises:
        ValueError: a row (named) is not finite, the widths differ, or there is no anchor.
    """
    anchors = finite(np.asarray(checked(anchors, "anchor vectors"), dtype=np.float64), "anchor vectors")
    if len(anchors) == 0:
        raise ValueError("there is no anchor")
    rows = unit_rows(checked(queries, "vectors", width=anchors.shape[1]), "vectors")
    found = AnchorIndex(anchors, torch_device(device)).search(rows, k)
    similarities, order = found.similarities.sort(dim=1, descending=True, stable=True)
    return similarities.cpu().numpy(), found.indices.gather(1, order).cpu().numpy()


def nearest(units: Tensor, others: Tensor, k: int) -> Nearest:
    """The `k` rows of `others` `[m, D]` with the largest float32 dot product for each of `units` `[n, D]`, best first.

    By faiss on a CPU, by torch on a GPU; which of equal ones are found is undefined.
    """
    return (_faiss_search if units.device.type == "cpu" else _torch_search)(units, others, k)


def quickly_nearest(units: Tensor, others: Tensor, k: int) -> Nearest:
    """The same as `nearest`, by candidates in bfloat16 where this is faster: the dot products can differ by 1e-7."""
    return quick_search(others, k)(units)


def quick_search(others: Tensor, k: int) -> Callable[[Tensor], Nearest]:
    """`quickly_nearest` for several searches among the same `others`, which are made ready once."""
    if others.device.type == "cpu" and worth_reducing(len(others), others.shape[1], k):
        return partial(_reduced_search, ReducedProduct(others, k))
    return lambda units: nearest(units, others, k)


def _reduced_search(reduced: ReducedProduct, units: Tensor) -> Nearest:
    k = reduced.k
    found = Nearest(units.new_empty((len(units), k)), torch.empty((len(units), k), dtype=torch.int64))

    def fill(part: slice) -> None:
        table = reduced.candidates(units[part])
        best = torch.from_numpy(table.similarities).topk(k, dim=1)
        found.similarities[part] = best.values
        found.indices[part] = torch.from_numpy(table.columns).gather(1, best.indices)
        if not table.found.all():
            rest = part.start + torch.from_numpy(np.flatnonzero(~table.found))
            found.similarities[rest], found.indices[rest] = nearest(units[rest], reduced.others, k)

    for _ in in_blocks(fill, len(units), reduced.block_rows):
        pass
    return found


def with_penalties(units: Tensor, penalties: Tensor) -> Tensor:
    """Vectors `[m, D + 1]` whose dot product with `penalisable` vectors is the cosine less the penalty `[m]`."""
    return torch.cat([units, -penalties[:, None]], dim=1)


def penalisable(units: Tensor) -> Tensor:
    """Unit vectors `[n, D]` for a search among those of `with_penalties`, `[n, D + 1]`."""
    return torch.cat([units, units.new_ones((len(units), 1))], dim=1)


def snapped(similarities: Tensor) -> Tensor:
    """Float64 cosines rounded to a grid, so that those equal but for rounding are equal; changed in place."""
    return similarities.mul_(2.0**_GRID_BITS).round_().mul_(2.0**-_GRID_BITS)


def _first_by_key(similarities: Tensor, k: int) -> Tensor:
    """Columns of the `k` largest of each row of snapped cosines, ties to the lowest column."""
    columns = similarities.shape[1]
    column_bits = max(1, (columns - 1).bit_length())
    grid = min(_GRID_BITS, 61 - column_bits)  # similarities, with penalties, are less than 2 from 0
    # One integer holds both: the cosine in the upper bits, the reversed column in the lower ones; so no two are equal.
    keys = ((similarities + 1.0).mul_(2.0**grid).round_().long() << column_bits) + torch.arange(
        columns - 1, -1, -1, device=similarities.device
    )
    best = keys.topk(k, dim=1, sorted=False).values
    return (columns - 1) - (best & ((1 << column_bits) - 1))


def _distinct(rows: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First row of each distinct vector, in order; and for each row, which of them it equals."""
    if rows.shape[1] == 0:
        return np.zeros(1, dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    keys = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1])))[:, 0]
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[group.reshape(-1)]


def _faiss_search(units: Tensor, anchors: Tensor, k: int) -> Nearest:
    import faiss

    if len(units) == 0:
        return Nearest(units.new_zeros((0, k)), torch.zeros((0, k), dtype=torch.int64))
    faiss.omp_set_num_threads(torch.get_num_threads())  # one within `in_blocks`
    similarities, indices = faiss.knn(units.numpy(), anchors.numpy(), k, metric=faiss.METRIC_INNER_PRODUCT)
    return Nearest(torch.from_numpy(similarities), torch.from_numpy(indices))


def _torch_search(units: Tensor, anchors: Tensor, k: int) -> Nearest:
    step = max(1, scratch_bytes(units.device) // (4 * len(anchors)))
    parts = [torch.topk(units[start : start + step] @ anchors.T, k, dim=1) for start in range(0, len(units), step)]
    if not parts:
        return Nearest(units.new_zeros((0, k)), torch.zeros((0, k), dtype=torch.int64, device=units.device))
    return Nearest(torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts]))
