"""Vectors as a small language has them, made of good ones: fewer words, fewer dimensions (truncated SVD).

Every tenth word of the texts is missing, as in a small corpus; the other words are a random sample. The reduced vectors
keep the geometry of the good ones, so they are kinder than vectors trained on little text.

Usage: python reduce_vectors.py VECTORS.npy REDUCED.npy TEXTS.tsv ...
  VECTORS.npy   with the words in VECTORS.vocab.txt
  TEXTS.tsv     of SIB-200; their words are kept, but for a tenth
"""

import re
import sys
from pathlib import Path

import numpy as np

WORDS, DIMENSIONS, KEPT, SAMPLE = 90_000, 100, 0.9, 20_000


def words_of(texts: list[Path]) -> set[str]:
    return set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in texts).lower()))


def main(vectors: Path, reduced: Path, texts: list[Path]) -> None:
    words = vectors.with_suffix(".vocab.txt").read_text(encoding="utf-8").splitlines()
    matrix, wanted, random = np.load(vectors, mmap_mode="r"), words_of(texts), np.random.default_rng(0)
    of_texts = [row for row, word in enumerate(words) if word.lower() in wanted]
    others = np.setdiff1d(np.arange(len(words)), of_texts)
    kept = random.permutation(of_texts)[: int(KEPT * len(of_texts))]
    rows = np.sort(np.concatenate([kept, random.choice(others, min(WORDS, len(words)) - len(kept), replace=False)]))
    chosen = np.asarray(matrix[rows], dtype=np.float32)
    sample = random.choice(len(chosen), min(SAMPLE, len(chosen)), replace=False)
    _, _, axes = np.linalg.svd(chosen[sample], full_matrices=False)
    np.save(reduced, (chosen @ axes[:DIMENSIONS].T).astype(np.float32))
    names = "".join(f"{words[row]}\n" for row in rows)
    reduced.with_suffix(".vocab.txt").write_text(names, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
