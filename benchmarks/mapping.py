"""Claims: `map` on arrays against the bare float32 product of its similarities, and against dense torch."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, Scale, bounded, faster, run, share, synchronize
from benchmarks.data import ANCHORS, DIMENSION, vectors
from benchmarks.processes import alternate, measure_side

WIDTH, K = 768, 50
_PRODUCT_ROWS = 4_096
_WITH_BFLOAT16, _WITHOUT = 0.75, 1.2
_SLACK = 1_000_000_000
"""What the interpreter with torch, blocks and anchors may take beside input and output."""


def arrays(rows: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Target vectors `[rows, 300]`, those of the anchors, and the anchors' source embeddings `[A, 768]`."""
    target = vectors(rows)
    chosen = np.random.default_rng(3).choice(rows, size=ANCHORS, replace=False)
    return target, target[np.sort(chosen)], vectors(ANCHORS, WIDTH, seed=4)


def own(rows: int, folder: str, device: str, *, masked: bool = False) -> dict[str, Any]:
    """`map`'s target side: from arrays in memory to an `.npy` file.

    `masked` hides the CPU's instructions for bfloat16 from torch, which must not be imported yet.
    """
    if masked:
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    from mosecrot_cli.arrays import NewArray
    from mosecrot_cli.mapping.methods.relative import RelativeMap
    from mosecrot_cli.mapping.reduced import bfloat16_pays

    target, anchors, values = arrays(rows)
    RelativeMap(K, "sparsemax", 1.0, device).fit(anchors, values).transform(
        target[:64]
    )  # threads started, imports done
    with tempfile.TemporaryDirectory(dir=folder) as place:
        started = time.perf_counter()
        path = Path(place) / "target.npy"
        with NewArray(path, (rows, WIDTH)) as written:
            for _ in RelativeMap(K, "sparsemax", 1.0, device).fit(anchors, values).transform_into(target, written):
                pass
        seconds = time.perf_counter() - started
        out = np.load(path, mmap_mode="r")
        return {
            "seconds": seconds,
            "sample": out[:: max(1, rows // 50), :4].astype(float).tolist(),
            "digest": hashlib.sha256(out).hexdigest(),
            "reduced": device == "cpu" and bfloat16_pays(),
        }


def product(rows: int, device: str) -> dict[str, Any]:
    """The similarities alone: a blocked float32 matrix product into one reused buffer; nothing is kept or moved."""
    import torch

    target, anchors, _ = (torch.from_numpy(array).to(device) for array in arrays(rows))
    buffer = torch.empty(_PRODUCT_ROWS, len(anchors), device=device)
    torch.mm(target[:_PRODUCT_ROWS], anchors.T, out=buffer)
    synchronize(device)
    started = time.perf_counter()
    for start in range(0, rows, _PRODUCT_ROWS):
        block = target[start : start + _PRODUCT_ROWS]
        torch.mm(block, anchors.T, out=buffer[: len(block)])
    synchronize(device)
    return {"seconds": time.perf_counter() - started}


def dense(rows: int, device: str) -> dict[str, Any]:
    """The whole similarity matrix, its top-k, entmax's sparsemax, and a gather of the anchors' embeddings."""
    import torch
    from entmax import sparsemax
    from torch.nn.functional import normalize

    target, anchors, values = (torch.from_numpy(array).to(device) for array in arrays(rows))
    normalize(target[:64]) @ normalize(anchors).T
    started = time.perf_counter()
    with torch.inference_mode():
        similarities = normalize(target) @ normalize(anchors).T
        top = torch.topk(similarities, K, dim=1)
        weights = sparsemax(top.values, dim=-1)
        mapped = torch.bmm(weights[:, None, :], values[top.indices])[:, 0]
    synchronize(device)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "sample": mapped[:: max(1, rows // 50), :4].double().tolist()}


def claim(scale: Scale) -> Sequence[Row]:
    rows = scale.pick(50_000, 500_000)
    sides = {
        "own": lambda: measure_side(own, rows=rows, folder=scale.work, device=scale.device),
        "product": lambda: measure_side(product, rows=rows, device=scale.device),
    }
    if scale.device == "cpu":
        sides["masked"] = lambda: measure_side(own, rows=rows, folder=scale.work, device="cpu", masked=True)
    ceiling = alternate(sides, scale.repeats)
    few = scale.pick(20_000, 50_000)
    peers = alternate(
        {
            "own": lambda: measure_side(own, rows=few, folder=scale.work, device=scale.device),
            "dense": lambda: measure_side(dense, rows=few, device=scale.device),
        },
        scale.repeats,
    )
    difference = np.abs(np.array(peers["own"].found["sample"]) - np.array(peers["dense"].found["sample"])).max()
    if difference > 1e-3:
        raise RuntimeError(f"mapping: the results differ by {difference}")
    what = f"{ANCHORS:,} anchors, k={K}, D={WIDTH}, sparsemax"
    allowed = few * (DIMENSION + WIDTH) * 4 + _SLACK
    reduced = ceiling["own"].found["reduced"]
    note = "candidates by bfloat16" if reduced else "float32 only: this machine gains nothing by bfloat16"
    target = _WITH_BFLOAT16 if reduced else _WITHOUT
    claimed = f"map {rows:,} x {DIMENSION}, {what}"
    shares = [share(claimed, "bare float32 product", ceiling["own"], ceiling["product"], target, note)]
    if "masked" in ceiling:
        if ceiling["masked"].found["digest"] != ceiling["own"].found["digest"]:
            raise RuntimeError("mapping: with and without bfloat16 the results differ")
        peer = "bare float32 product", ceiling["masked"], ceiling["product"]
        shares.append(share(f"the same without bfloat16, on {rows:,}", *peer, _WITHOUT, "the same bytes"))
    return [
        *shares,
        faster(f"map {few:,} x {DIMENSION}, {what}", "dense torch", peers["own"], peers["dense"], 3, "same result"),
        bounded(f"map {few:,}: peak memory", "input + output + 1 GB", peers["own"].peak_bytes, allowed),
    ]


if __name__ == "__main__":
    run([claim], __doc__ or "")
