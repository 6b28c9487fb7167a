"""Claims: reading a `.vec` against gensim; the second read, from the cache, against the first."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence

from benchmarks.common import Row, Scale, bounded, cache, faster, run
from benchmarks.data import DIMENSION, prepare
from benchmarks.processes import Measured, alternate, measure_side


def own(path: str) -> dict[str, float]:
    """Read with mosecrot, no cache: gensim keeps none either."""
    os.environ["MOSECROT_VECTOR_CACHE"] = "off"
    return _read(path)


def cached(path: str) -> dict[str, float]:
    """Read with mosecrot as it comes: through its cache."""
    return _read(path)


def _read(path: str) -> dict[str, float]:
    from mosecrot_cli.vectors.readers import read_vectors

    started = time.perf_counter()
    found = read_vectors(path, max_vocab=None)
    return {"seconds": time.perf_counter() - started, "rows": len(found), "checksum": float(found.matrix[-1].sum())}


def gensim(path: str) -> dict[str, float]:
    """Read with gensim."""
    from gensim.models import KeyedVectors

    started = time.perf_counter()
    found = KeyedVectors.load_word2vec_format(path)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "rows": len(found), "checksum": float(found.vectors[-1].sum())}


def claim(scale: Scale) -> Sequence[Row]:
    rows = scale.pick(50_000, 200_000)
    made = measure_side(prepare, work=scale.work, vector_rows=[rows]).found
    path = made[f"vectors-{rows}"]
    sides = alternate(
        {"own": lambda: measure_side(own, path=path), "gensim": lambda: measure_side(gensim, path=path)}, scale.repeats
    )
    for key in ("rows", "checksum"):
        if sides["own"].found[key] != sides["gensim"].found[key]:
            raise RuntimeError(f"reading: {key} differs: {sides['own'].found[key]} and {sides['gensim'].found[key]}")
    second = alternate(
        {"first": lambda: _first(scale, path), "second": lambda: measure_side(cached, path=path)}, scale.repeats
    )
    size, matrix = f"{rows:,} x {DIMENSION} .vec", rows * DIMENSION * 4
    # Both ways of reading for the first time: with and without writing the cache.
    peak = max(sides["own"].peak_bytes, second["first"].peak_bytes)
    return [
        faster(
            f"read {size}", "gensim load_word2vec_format", sides["own"], sides["gensim"], 12, "same result; no cache"
        ),
        bounded(f"read {size}: peak memory", "the matrix", peak, matrix, 2.5, "whole process, cache or not"),
        faster(
            f"second read of {size} (cache)",
            "the first read",
            second["second"],
            second["first"],
            20,
            "the first read writes the cache; the second checks every byte of it",
        ),
    ]


def _first(scale: Scale, path: str) -> Measured:
    shutil.rmtree(cache(scale.work), ignore_errors=True)
    return measure_side(cached, path=path)


if __name__ == "__main__":
    run([claim], __doc__ or "")
