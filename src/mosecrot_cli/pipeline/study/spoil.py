"""Spoil a part of a lexicon: that many of its pairs, drawn at random, exchange their targets.

Usage: python -m mosecrot_cli.pipeline.study.spoil ANCHORS SHARE SEED > SPOILT   (source TAB target; the order stays)
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path


def shuffle_pairs(pairs: Sequence[tuple[str, str]], share: float, seed: int) -> list[tuple[str, str]]:
    """The pairs, `share` of them with the target of another drawn pair (so none of these keeps its own)."""
    drawn = random.Random(seed).sample(range(len(pairs)), round(share * len(pairs)))
    spoilt = list(pairs)
    # Each takes the target of the next in the random order of the drawing: a permutation without a fixed point.
    for place, giver in zip(drawn, drawn[1:] + drawn[:1], strict=True):
        spoilt[place] = (pairs[place][0], pairs[giver][1])
    return spoilt


def main(arguments: Sequence[str]) -> None:
    """Read the pairs, write the spoilt ones to stdout."""
    file, share, seed = arguments
    lines = Path(file).read_text(encoding="utf-8").split("\n")
    pairs = [(source, target) for source, target in (line.split("\t") for line in lines if line)]
    for source, target in shuffle_pairs(pairs, float(share), int(seed)):
        sys.stdout.write(f"{source}\t{target}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
