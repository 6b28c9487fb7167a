"""Candidates for the nearest vectors from a product in bfloat16, with a bound on its error: none is missed.

A CPU with instructions for bfloat16 multiplies such matrices three to four times as fast as in float32. The products
are off by no more than a bound that follows from the vectors (see `ReducedProduct`). So the `k` nearest of a row are
among the columns whose reduced product reaches the `k`-th largest less twice that bound: some dozens.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from threading import local
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mosecrot_cli.mapping.products import sampled_product
from mosecrot_cli.threads import in_blocks

_FEWEST_PRODUCTS = 500_000
"""Multiplications for one row below which the selection takes longer than bfloat16 saves."""

_MOST_CANDIDATES = 512
"""Rows with more candidates than this beyond `k` are better searched in float32."""

_TILE_COLUMNS, _TILE_BYTES = 8_192, 8 << 20
"""The reduced products of one tile stay in the processor's cache until the candidates are found."""

_LARGEST_GROUP, _GROUPS_PER_NEIGHBOUR = 16, 4
"""Columns of which the maximum is taken at most, and how many such groups each neighbour needs at least."""

_PROBE = (256, 2_048, 256)
_NONE = np.int16(np.iinfo(np.int16).max)  # no finite bfloat16 has these bits


class Candidates(NamedTuple):
    """The columns that may be among the `k` nearest of `n` rows.

    Attributes:
        similarities: float32 products `[n, c]`, -inf where a row has fewer than `c` candidates.
        columns: ascending in each row, int64 `[n, c]`; 0 where there is none.
        found: `[n]`; rows for which this is false have no candidates and must be searched otherwise.
    """

    similarities: NDArray[np.float32]
    columns: NDArray[np.int64]
    found: NDArray[np.bool_]

    def part(self, rows: NDArray[np.int64]) -> Candidates:
        """Some of the rows."""
        return Candidates(self.similarities[rows], self.columns[rows], self.found[rows])

    def largest(self, k: int) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which candidates reach the `k`-th largest product of their row, and by how much it exceeds the next.

        Args:
            k: less than the number of columns `c`.

        Returns:
            `[n, c]`, with `k` in a row if the gap is not 0; and `[n]`, NaN for rows that were not found.
        """
        width = self.similarities.shape[1]
        ranked = np.partition(self.similarities, width - k - 1, axis=1)
        least = ranked[:, width - k :].min(axis=1)
        with np.errstate(invalid="ignore"):
            return self.similarities >= least[:, None], least - ranked[:, width - k - 1]


@lru_cache(maxsize=1)
def bfloat16_pays() -> bool:
    """Whether this CPU multiplies matrices faster in bfloat16 than in float32, by a short probe.

    The probe takes the CPU time of one thread, which other work on the machine hardly changes.
    """
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    if not supported():
        return False
    rows, columns, width = _PROBE
    units, others = torch.linspace(0, 1, rows * width).view(rows, -1), torch.linspace(0, 1, columns * width)
    others = others.view(columns, -1)
    reduced = units.bfloat16(), others.bfloat16()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _fastest(lambda: reduced[0] @ reduced[1].T) < 0.8 * _fastest(lambda: units @ others.T)
    finally:
        torch.set_num_threads(threads)


def _fastest(product: Callable[[], Tensor]) -> float:
    seconds = []
    for _ in range(4):
        started = time.thread_time()
        product()
        seconds.append(time.thread_time() - started)
    return min(seconds)


def worth_reducing(columns: int, width: int, k: int) -> bool:
    """Whether a search for `k` among `columns` vectors of `width` numbers is faster with candidates in bfloat16."""
    return columns * width >= _FEWEST_PRODUCTS and reducible(columns, k) and bfloat16_pays()


def reducible(columns: int, k: int) -> bool:
    """Whether there are enough columns for `k` neighbours to be told from groups of them."""
    return _group_size(_bounds(columns)[0][1], k) > 1


def _bounds(columns: int) -> list[tuple[int, int]]:
    """Where tiles of nearly equal size begin and end; the first is no larger than the others."""
    tiles = -(-columns // _TILE_COLUMNS)
    edges = [number * columns // tiles for number in range(tiles + 1)]
    return list(pairwise(edges))


def _group_size(columns: int, k: int) -> int:
    size = _LARGEST_GROUP
    while size > 1 and columns < size * max(size, _GROUPS_PER_NEIGHBOUR * k):
        size //= 2
    return size


class _Tile:
    """Some of the vectors, less their mean, in bfloat16.

    The columns `p`, `p + G`, `p + 2 G`, ... are group `p` of `G`. Where the last of them is missing, the one before
    takes its place, which changes no maximum.
    """

    def __init__(self, others: Tensor, mean: Tensor, start: int, group: int) -> None:
        self.start, self.columns, self.group = start, len(others), group
        self.groups = -(-self.columns // group)
        centred = others.double() - mean.double()
        reduced = centred.bfloat16()
        self.most_error = float((centred - reduced).norm(dim=1).max())
        self.most_norm = float(centred.norm(dim=1).max())
        missing = group * self.groups - self.columns
        twins = reduced[self.columns - self.groups : self.columns - self.groups + missing]
        self.reduced = torch.cat([reduced, twins])


class _Known(NamedTuple):
    """What the products with some tiles tell of rows.

    Attributes:
        best: bits of the `k` largest of different groups so far `[n, k]`, the smallest first.
        margin: twice the bound of the error `[n]`.
        decidable: `[n]`, false for rows that had a limit below 0 in some tile, where hits may be missing.
    """

    best: NDArray[np.int16]
    margin: NDArray[np.float32]
    decidable: NDArray[np.bool_]

    def least(self) -> NDArray[np.int16]:
        return least_bits(self.best[:, 0], self.margin)


class _TileProducts:
    """The products of a block of rows with the vectors of a tile.

    Args:
        products: bits of the reduced products `[n, g G]`, int16. Of positive numbers the larger has the larger bits.
        known: of these rows; changed.
        tile: the vectors.
    """

    def __init__(self, products: NDArray[np.int16], known: _Known, tile: _Tile) -> None:
        self.products, self.known, self.tile = products, known, tile
        members = products.reshape(len(products), tile.group, tile.groups)
        self.groups = np.maximum(members[:, 0], members[:, 1])
        for member in range(2, tile.group):
            np.maximum(self.groups, members[:, member], out=self.groups)

    def hits(self, *, first: bool) -> _Hits:
        """The columns that can be among the candidates, by what is known so far.

        Args:
            first: whether there was no tile before.
        """
        best = self.known.best
        largest = self.groups if first else np.concatenate([best, self._of_many()], axis=1)
        best[:] = np.partition(largest, largest.shape[1] - best.shape[1], axis=1)[:, -best.shape[1] :]
        least = self.known.least()
        self.known.decidable[least == _NONE] = False
        # In the first tile most groups with a candidate are hit, in later ones very few.
        rows, columns = self._everywhere(least) if first else self._in_groups(least)
        if self.tile.columns < self.products.shape[1]:
            real = columns < self.tile.columns
            rows, columns = rows[real], columns[real]
        return _Hits(rows, columns + self.tile.start, self.products[rows, columns])

    def _of_many(self) -> NDArray[np.int16]:
        """The largest of each eight groups, but for the last few groups: any `k` of them do as a limit."""
        n, groups = self.groups.shape
        many: NDArray[np.int16] = self.groups[:, : groups // 8 * 8].reshape(n, 8, -1).max(axis=1)
        return many

    def _everywhere(self, least: NDArray[np.int16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return np.divmod(np.flatnonzero(self.products >= least[:, None]), self.products.shape[1])

    def _in_groups(self, least: NDArray[np.int16]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows, groups = np.divmod(np.flatnonzero(self.groups >= least[:, None]), self.tile.groups)
        columns = groups[:, None] + np.arange(0, self.products.shape[1], self.tile.groups)
        hit, member = np.nonzero(self.products[rows[:, None], columns] >= least[rows][:, None])
        return rows[hit], columns[hit, member]


class _Hits(NamedTuple):
    """Rows and columns of candidates `[h]`, and the bits of their reduced products."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    bits: NDArray[np.int16]


def least_bits(bits: NDArray[np.int16], margin: NDArray[np.float32]) -> NDArray[np.int16]:
    """The smallest bits that a candidate can have, where `k` numbers rounded to bfloat16 have `bits` or more, `[n]`.

    The `k` numbers were at least half-way between that bfloat16 and the one before. A candidate is at most `margin`
    below them, and rounding keeps the order. The largest int16 stands for rows where this number is not positive.
    """
    value, before = (_as_float32(some) for some in (bits, bits - np.int16(bits > 0)))
    least = np.nextafter((value + before) * np.float32(0.5) - margin, np.float32(-np.inf), dtype=np.float32)
    cut = (least.view(np.int32) >> 16).astype(np.int16)
    return np.where((bits > 0) & (cut > 0), cut, _NONE)


def _as_float32(bits: NDArray[np.int16]) -> NDArray[np.float32]:
    return (bits.astype(np.int32) << 16).view(np.float32)


class ReducedProduct:
    """Vectors made ready for searches among them in bfloat16.

    Let `q` be a row and `a` one of the vectors less their mean, which changes the products of a row alike. With `q'`
    and `a'` for the two in bfloat16, `|q a - q' a'| <= |q - q'| |a| + |q'| |a - a'|`. The products of two bfloat16 are
    exact in float32, and their sum is off by at most `D 2**-23 |q'| |a'|`.

    Args:
        others: float32 `[m, D]`, on the CPU.
        k: how many neighbours are wanted; see `reducible`.
    """

    def __init__(self, others: Tensor, k: int) -> None:
        self.others, self.k = others, k
        mean = others.mean(dim=0)
        bounds = _bounds(len(others))
        group = _group_size(bounds[0][1], k)
        tiles = in_blocks(lambda part: [_Tile(others[a:b], mean, a, group) for a, b in bounds[part]], len(bounds), 1)
        self._tiles = [tile for some in tiles for tile in some]
        self._most_error = max(tile.most_error for tile in self._tiles)
        self._most_norm = max(tile.most_norm for tile in self._tiles)
        columns = max(len(tile.reduced) for tile in self._tiles)
        self.block_rows = max(256, _TILE_BYTES // (2 * columns))
        self._local = local()

    def error_bound(self, units: Tensor, reduced: Tensor) -> NDArray[np.float32]:
        """By how much a product of each row in bfloat16 can be off before the result is rounded, `[n]`."""
        rounded = reduced.float()
        error, norm = (rows.norm(dim=1).numpy() for rows in (units - rounded, rounded))
        summing = units.shape[1] * 2.0**-23 * (self._most_norm + self._most_error)
        # 2**-20: unit vectors in float32 are off by 2**-24 or so. The factor: the norms are float32, too.
        bound: NDArray[np.float32] = 1.001 * (
            error * np.float32(self._most_norm) + norm * np.float32(self._most_error + summing + 2.0**-20)
        ) + np.float32(2.0**-60)
        return bound

    def candidates(self, units: Tensor) -> Candidates:
        """The candidates for the `k` nearest of rows `[n, D]`, float32 on the CPU, at most `block_rows`."""
        n, reduced = len(units), units.bfloat16()
        best, margin = np.empty((n, self.k), dtype=np.int16), 2 * self.error_bound(units, reduced)
        known, hits = _Known(best, margin, np.ones(n, dtype=np.bool_)), list[_Hits]()
        for tile in self._tiles:
            products = self._buffer()[: n * len(tile.reduced)].view(n, -1)
            torch.mm(reduced, tile.reduced.T, out=products)
            found = _TileProducts(products.view(torch.int16).numpy(), known, tile)
            hits.append(found.hits(first=tile is self._tiles[0]))
        return self._table(units, self._together(hits, known.least()), known.decidable)

    def _buffer(self) -> Tensor:
        """Room for the products of a block with a tile; each thread has its own."""
        if not hasattr(self._local, "buffer"):
            columns = max(len(tile.reduced) for tile in self._tiles)
            self._local.buffer = torch.empty(self.block_rows * columns, dtype=torch.bfloat16)
        buffer: Tensor = self._local.buffer
        return buffer

    def _together(self, hits: list[_Hits], least: NDArray[np.int16]) -> _Hits:
        """The hits that are still among the candidates after the last tile, by row and column."""
        if len(hits) == 1:
            return hits[0]
        rows, columns, bits = (np.concatenate(part) for part in zip(*hits, strict=True))
        rest = bits >= least[rows]
        rows, columns = np.divmod(np.sort(rows[rest] * len(self.others) + columns[rest]), len(self.others))
        return _Hits(rows, columns, bits)

    def _table(self, units: Tensor, hits: _Hits, decidable: NDArray[np.bool_]) -> Candidates:
        rows, columns = hits.rows, hits.columns
        counts = np.bincount(rows, minlength=len(units))
        found = decidable & (counts <= self.k + _MOST_CANDIDATES)
        if not found.all():
            columns, counts = columns[found[rows]], np.where(found, counts, 0)
        ends = np.concatenate([[0], counts.cumsum()])
        products = sampled_product(units, self.others, torch.from_numpy(ends), torch.from_numpy(columns)).numpy()
        shape = len(units), max(self.k, int(counts.max(initial=0)))
        table = Candidates(np.full(shape, -np.inf, dtype=np.float32), np.zeros(shape, dtype=np.int64), found)
        there = np.arange(shape[1]) < counts[:, None]
        table.similarities[there], table.columns[there] = products, columns
        return table
