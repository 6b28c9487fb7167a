"""Claims: reading a `.vec` against gensim; the second read, from the cache, against the first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import Row, Scale, bounded, faster, run
from benchmarks.data import DIMENSION, prepare
from benchmarks.processes import Measured, alternate, measure_side


def own(path: str) -> dict[str, float]:
    """Read with mosecrot, no cache."""
    from mosecrot_cli.vectors.readers import read_vectors

    started = time.perf_counter()
    found = read_vectors(path, max_vocab=None)
    return {"seconds": time.perf_counter() - started, "rows": len(found), "checksum": float(found.matrix[-1].sum())}


def cached(path: str, folder: str) -> dict[str, float]:
    """Read with mosecrot through its cache, and look words up."""
    from mosecrot_cli.vectors.cache import read_cached

    started = time.perf_counter()
    found = read_cached(path, max_vocab=None, folder=Path(folder))
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
    size = f"{rows:,} x {DIMENSION} .vec"
    matrix = rows * DIMENSION * 4
    return [
        faster(f"read {size}", "gensim load_word2vec_format", sides["own"], sides["gensim"], 12, "same result"),
        bounded(
            f"read {size}: peak memory", "the matrix", sides["own"].peak_bytes, matrix, 2.5, "with the interpreter"
        ),
        _second_read(scale, path, size),
    ]


def _second_read(scale: Scale, path: str, size: str) -> Row:
    folder = scale.work / "cache"

    def first() -> Measured:
        shutil.rmtree(folder, ignore_errors=True)
        return measure_side(cached, path=path, folder=folder)

    sides = alternate({"first": first, "second": lambda: measure_side(cached, path=path, folder=folder)}, scale.repeats)
    note = "the first read writes the cache"
    return faster(f"second read of {size} (cache)", "the first read", sides["second"], sides["first"], 20, note)


if __name__ == "__main__":
    run([claim], __doc__ or "")
