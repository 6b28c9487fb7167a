"""Claim: `mosecrot map` on two million words, from a text file, in bounded memory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from benchmarks.common import Row, Scale, bounded, cache, run
from benchmarks.data import DIMENSION, lexicon_file, prepare
from benchmarks.processes import measure_command, measure_side, mosecrot

_ALLOWED_BYTES = 6_000_000_000


def claim(scale: Scale) -> Sequence[Row]:
    rows = scale.pick(200_000, 2_000_000)
    made = measure_side(prepare, work=scale.work, vector_rows=[rows], large=True).found
    output = scale.work / "mapped-large"
    # A lexicon of known words on both sides has the form of anchors.tsv.
    anchors = lexicon_file(scale.work, rows)
    shutil.rmtree(cache(scale.work), ignore_errors=True)  # the first reading holds the matrix in memory
    command = mosecrot("map", str(anchors), "--source-model", made["wide"], "--max-vocab", "all", "-o", str(output))
    found = measure_command([*command, "--target-vectors", made[f"vectors-{rows}"], "--method", "relative"])
    shutil.rmtree(output)
    allowed = _ALLOWED_BYTES * rows // 2_000_000 + (0 if scale.full else 1_000_000_000)
    note = f"finished in {found.seconds:.0f} s; resident with mapped files {found.peak_bytes / 1e6:,.0f} MB"
    against = f"{allowed / 1e9:.1f} GB"
    return [bounded(f"map {rows:,} x {DIMENSION}: anonymous memory", against, found.anonymous_bytes, allowed, 1, note)]


if __name__ == "__main__":
    run([claim], __doc__ or "")
