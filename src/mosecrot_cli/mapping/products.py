"""Dot products of chosen pairs of rows, each the same number wherever its rows stand."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from mosecrot_cli.mapping.devices import scratch_bytes


def cosines(queries: Tensor, anchors: Tensor, indices: Tensor) -> Tensor:
    """Dot products `[n, k]` of queries `[n, D]` with rows `indices` `[n, k]` (ascending) of the anchors `[A, D]`.

    On a CPU each number depends on its two vectors only, not on its place in the block.
    """
    return (_regular_product if queries.device.type == "cpu" else _gathered_product)(queries, anchors, indices)


def sampled_product(queries: Tensor, others: Tensor, ends: Tensor, columns: Tensor) -> Tensor:
    """Dot products of each row of `[n, D]` with some rows of `[m, D]`, on a CPU.

    Args:
        queries: `[n, D]`.
        others: `[m, D]`.
        ends: int64 `[n + 1]`; row `i` is multiplied by the rows `columns[ends[i]:ends[i + 1]]` of the others.
        columns: int64 `[h]`, ascending for each row.

    Returns:
        `[h]`, each a function of its two vectors only.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "sparse CSR is in beta state"
        wanted = torch.sparse_csr_tensor(
            ends,
            columns,
            queries.new_zeros(len(columns)),
            size=(len(queries), len(others)),
            check_invariants=False,
        )
    products: Tensor = torch.sparse.sampled_addmm(wanted, queries, others.T, beta=0.0).values()
    return products


def _regular_product(queries: Tensor, anchors: Tensor, indices: Tensor) -> Tensor:
    n, k = indices.shape
    return sampled_product(queries, anchors, torch.arange(0, n * k + 1, k), indices.reshape(-1)).view(n, k)


def _gathered_product(queries: Tensor, anchors: Tensor, indices: Tensor) -> Tensor:
    n, k = indices.shape
    result = queries.new_empty((n, k))
    step = max(1, scratch_bytes(queries.device) // max(1, k * queries.shape[1] * queries.element_size()))
    for start in range(0, n, step):
        part = slice(start, start + step)
        result[part] = torch.bmm(anchors[indices[part]], queries[part, :, None])[..., 0]
    return result
