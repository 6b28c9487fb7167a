"""The vectors of a spaCy model: the folder of the model, or its `vocab` folder.

`vectors` is an array in the `.npy` format, `key2row` (MessagePack) maps the hash of each word to its row, and
`strings.json` lists the strings from which the hashes are computed. Several words may share one row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mosecrot_cli.arrays import map_npy, require_finite
from mosecrot_cli.errors import DataError
from mosecrot_cli.files import regular_file, sha256
from mosecrot_cli.progress import Reporter
from mosecrot_cli.structured import read_json
from mosecrot_cli.vectors.formats.collector import Keep, WordCollector
from mosecrot_cli.vectors.formats.description import MAX_DIMENSION, Sample, VectorFormat
from mosecrot_cli.vectors.types import VectorPreview, WordVectors

_MASK = (1 << 64) - 1
_MULTIPLIER, _SHIFT, _SEED = 0xC6A4A7935BD1E995, 47, 1


def peek_spacy(path: Path) -> VectorPreview:
    """Read the sizes from the table of words and the header of the array.

    Raises:
        DataError: a file is missing or damaged.
    """
    folder = _folder(path)
    dimension = map_npy(folder / "vectors").shape[1]
    size = (folder / "vectors").stat().st_size
    return VectorPreview(str(path), FORMAT.name, len(_key_to_row(folder)), dimension, size)


def read_spacy(path: Path, *, max_vocab: int | None, reporter: Reporter, keep: Keep | None = None) -> WordVectors:
    """Read the vectors of the words whose strings the model contains, in the order of `key2row`.

    Raises:
        DataError: see `readers.read_vectors`; also raised for a floret table, which has no words.
    """
    folder = _folder(path)
    table = map_npy(folder / "vectors")
    if not table.size or table.shape[1] > MAX_DIMENSION:
        hint = "install a model with vectors: those whose name ends in _sm have none"
        raise DataError("the spaCy model has no vectors", where=str(path), hint=hint)
    rows = _key_to_row(folder)
    if not rows:
        hint = "export the vectors of your words with spaCy's `Vectors.get_batch`"
        raise DataError("a spaCy model with a floret table, which has no words", where=str(path), hint=hint)
    if min(rows.values()) < 0 or max(rows.values()) >= len(table):
        raise DataError(f"a row beyond the {len(table):,} of the table", where=str(folder / "key2row"))
    names = {hash_of(string): string for string in read_json(folder / "strings.json", list[str])}
    known = [(names[key], row) for key, row in rows.items() if key in names]
    collector = WordCollector(max_vocab, keep)
    with reporter.track(f"reading {path.name}", None):
        kept = collector.add([word for word, _ in known])
        matrix = np.ascontiguousarray(table[[known[position][1] for position in kept]], dtype=np.float32)
    require_finite(matrix, str(folder / "vectors"))
    others = tuple(str(folder / name) for name in ("key2row", "strings.json"))
    digest = sha256(folder / "vectors")
    return collector.vectors(
        matrix, source=str(path), digest=digest, companions=others, nameless=len(rows) - len(known)
    )


def hash_of(string: str) -> int:
    """Compute the hash that spaCy gives a string: MurmurHash64A of its UTF-8, seed 1; 0 for the empty string."""
    if not string:
        return 0
    data = string.encode("utf-8", "surrogatepass")
    whole = len(data) // 8 * 8
    value = _SEED ^ (len(data) * _MULTIPLIER & _MASK)
    for start in range(0, whole, 8):
        part = int.from_bytes(data[start : start + 8], "little") * _MULTIPLIER & _MASK
        part = (part ^ part >> _SHIFT) * _MULTIPLIER & _MASK
        value = (value ^ part) * _MULTIPLIER & _MASK
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> _SHIFT) * _MULTIPLIER & _MASK
    return value ^ value >> _SHIFT


def _folder(path: Path) -> Path:
    return path if (path / "key2row").exists() else path / "vocab"


def _key_to_row(folder: Path) -> dict[int, int]:
    import msgspec

    path = folder / "key2row"
    try:
        return msgspec.msgpack.decode(regular_file(path).read_bytes(), type=dict[int, int])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DataError(f"a damaged file of a spaCy model ({error})", where=str(path)) from error


def _matches(sample: Sample) -> bool:
    return sample.path.is_dir() and (_folder(sample.path) / "vectors").is_file()


# The array is memory-mapped from its file, so an entry in the cache would only be a copy.
FORMAT = VectorFormat("spaCy", _matches, peek_spacy, read_spacy, cached=False)
