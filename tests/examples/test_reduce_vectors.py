"""examples/transfer/reduce_vectors.py: vectors as a small language has them."""

from pathlib import Path

import numpy as np
import pytest
import reduce_vectors


def test_words_and_dimensions_are_fewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reduce_vectors, "WORDS", 40)
    monkeypatch.setattr(reduce_vectors, "DIMENSIONS", 3)
    words = [f"word{number}" for number in range(100)]
    rank_three = np.random.default_rng(0).normal(size=(100, 3)) @ np.random.default_rng(1).normal(size=(3, 8))
    np.save(tmp_path / "v.npy", rank_three.astype(np.float32))
    (tmp_path / "v.vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    text = tmp_path / "text.tsv"
    text.write_text("\n".join(words[:20]).title(), encoding="utf-8")
    reduce_vectors.main(tmp_path / "v.npy", tmp_path / "small.npy", [text])
    kept = (tmp_path / "small.vocab.txt").read_text(encoding="utf-8").split()
    small = np.load(tmp_path / "small.npy")
    assert len(kept) == len(small) == 40 and small.shape[1] == 3
    assert sum(word in words[:20] for word in kept) == 18
    # Three dimensions hold all that there is: the angles stay.
    before = rank_three[[words.index(word) for word in kept]]
    assert small @ small.T == pytest.approx(before @ before.T, abs=1e-4)
