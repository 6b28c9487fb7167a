"""All benchmarks: `python -m benchmarks [--full] [--repeats N] [--only NAME] [--output FILE]`."""

from __future__ import annotations

from benchmarks import (
    further_language,
    inference,
    learnt,
    mapping,
    mapping_large,
    reading,
    scaling,
    start_up,
    training,
)
from benchmarks.common import run

CLAIMS = (
    start_up.claim,
    reading.claim,
    mapping.claim,
    mapping_large.claim,
    learnt.claim,
    inference.claim,
    training.claim,
    further_language.claim,
    scaling.claim,
)

if __name__ == "__main__":
    run(CLAIMS, __doc__ or "")
