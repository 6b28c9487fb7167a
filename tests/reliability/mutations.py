"""Seeded damage to the files that the commands read: bytes, lines, JSON values, arrays, and the file as a whole."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Mutation = Callable[[Path, random.Random], None]

_ODD_BYTES = [
    b"\0",
    b"\x1b[31m",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\r",
    b"\n\n",
    b"\t\t\t",
    b'"',
    b"\xc3",
]
_ODD_TEXT = [
    "\u202e",
    "\u200b",
    "\ufeff",
    "\x1b]0;title\x07",
    "\x85",
    "[red]",
    "{x.y}",
    "%00",
    "e\u0301" * 40,
    "\U0010ffff",
]
_ODD_VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "../../x",
    "\ud800",
    [],
    {},
    [[]],
]
_STREAMED = (".tsv", ".csv", ".txt", ".jsonl")
_ODD_NUMBERS = ["nan", "inf", "-inf", "1e400", "-1", "0", "99999999999", "1_0", "\u0661", "0x10", ""]


def flip_bytes(path: Path, chance: random.Random) -> None:
    """Change a few bytes at random."""
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 3, 20])):
        if content:
            content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)


def cut(path: Path, chance: random.Random) -> None:
    """Leave only the beginning of the file."""
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content) + 1)])


def delete_part(path: Path, chance: random.Random) -> None:
    """Take a part out of the middle."""
    content = path.read_bytes()
    start = chance.randrange(len(content) + 1)
    path.write_bytes(content[:start] + content[start + chance.choice([1, 7, 100, 5_000]) :])


def repeat_part(path: Path, chance: random.Random) -> None:
    """Write a part of the file a second time."""
    content = path.read_bytes()
    start = chance.randrange(len(content) + 1)
    path.write_bytes(content[:start] + content[start : start + chance.choice([1, 30, 400])] * 2 + content[start:])


def insert_bytes(path: Path, chance: random.Random) -> None:
    """Insert bytes that readers of text do not expect."""
    content = path.read_bytes()
    start = chance.randrange(len(content) + 1)
    path.write_bytes(content[:start] + chance.choice(_ODD_BYTES) + content[start:])


def empty(path: Path, chance: random.Random) -> None:
    """Leave nothing, or white space."""
    path.write_bytes(chance.choice([b"", b"\n", b" \t \n", b"\xef\xbb\xbf"]))


def replace_whole(path: Path, chance: random.Random) -> None:
    """Put something else in the place of the file: a folder, a pipe, a broken link, a link to itself, an archive."""
    content = path.read_bytes()
    path.unlink()
    kinds = ["folder", "broken link", "loop", "gzip", "half a gzip", "random"]
    # Texts may come through a pipe (`<(...)` of the shell), and whoever reads one waits for its writer.
    kind = chance.choice(kinds if path.suffix in _STREAMED else [*kinds, "pipe"])
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "broken link":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "random":
        path.write_bytes(chance.randbytes(chance.choice([3, 100, 3_000])))
    else:
        packed = gzip.compress(content)
        path.write_bytes(packed if kind == "gzip" else packed[: len(packed) // 2])


def swap_lines(path: Path, chance: random.Random) -> None:
    """Delete, repeat or exchange lines."""
    lines = path.read_bytes().splitlines(keepends=True)
    if len(lines) > 1:
        first, second = chance.sample(range(len(lines)), 2)
        lines[first], lines[second] = lines[second], lines[first] * chance.choice([0, 1, 2])
    path.write_bytes(b"".join(lines))


def change_cell(path: Path, chance: random.Random) -> None:
    """Replace, double or drop a cell of a line of text."""
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    number = chance.randrange(len(lines))
    mark = "\t" if "\t" in lines[number] else " "
    cells = lines[number].split(mark)
    place = chance.randrange(len(cells))
    cells[place : place + 1] = chance.choice(
        [[], [cells[place]] * 2, [chance.choice(_ODD_TEXT)], [chance.choice(_ODD_NUMBERS)], [cells[place] * 2_000]]
    )
    lines[number] = mark.join(cells)
    path.write_text("\n".join(lines), encoding="utf-8")


def change_json(path: Path, chance: random.Random) -> None:
    """Replace, add or delete a value somewhere in a JSON document (of JSON lines: in one of them)."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".jsonl":
        path.write_text(_changed_json(text, chance), encoding="utf-8", errors="surrogatepass")
        return
    lines = text.splitlines()
    number = chance.randrange(len(lines))
    lines[number] = _changed_json(lines[number], chance)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")


def _changed_json(text: str, chance: random.Random) -> str:
    content = json.loads(text)
    places = list(_places(content))
    odd = chance.choice([*_ODD_VALUES, "deep", "text"])
    if odd == "text":
        odd = chance.choice(_ODD_TEXT)
    if not places or chance.random() < 0.03:
        content = odd
    else:
        holder, key = chance.choice(places)
        if isinstance(holder, dict) and chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = odd
    written = json.dumps(content, ensure_ascii=chance.random() < 0.5)
    return written.replace('"deep"', "[" * 20_000 + "]" * 20_000)


def _places(content: Any) -> Any:
    """Each value below the top of a document, as its holder and its key; long lists by their first values."""
    items = (
        content.items() if isinstance(content, dict) else enumerate(content[:20]) if isinstance(content, list) else ()
    )
    for key, value in list(items):
        yield content, key
        yield from _places(value)


def change_array(path: Path, chance: random.Random) -> None:
    """Change the type, the shape, a number or the header of an `.npy` (or of one member of an `.npz`)."""
    if path.suffix == ".npy":
        path.write_bytes(_changed_array(np.load(path), chance))
        return
    with zipfile.ZipFile(path) as stored:
        members = {name: stored.read(name) for name in stored.namelist()}
    name = chance.choice(sorted(members))
    content = members.pop(name)
    if chance.random() >= 0.2:
        members[name] = _changed_array(np.load(io.BytesIO(content)), chance)
    with zipfile.ZipFile(path, "w") as changed:
        for name, content in members.items():
            changed.writestr(name, content)


def _changed_array(array: np.ndarray, chance: random.Random) -> bytes:
    changed = array.copy()
    kind = chance.choice(["nan", "inf", "negative", "type", "shape", "rows", "objects", "huge", "header"])
    if kind in ("nan", "inf", "negative") and changed.size:
        if kind != "negative" and changed.dtype.kind != "f":
            changed = changed.astype(np.float64)
        changed.flat[chance.randrange(changed.size)] = {"nan": np.nan, "inf": -np.inf, "negative": -7}[kind]
    elif kind == "type":
        changed = changed.astype(chance.choice(["<i4", ">f8", "<f2", "<c8", "S3", "?"]))
    elif kind == "shape":
        changed = chance.choice([changed.ravel(), changed[None], changed.T, changed.ravel()[:1].reshape(())])
    elif kind == "rows":
        changed = chance.choice([changed[:-1], np.concatenate([changed, changed[:1]]), changed[:0], changed[..., :-1]])
    elif kind == "objects":
        changed = changed.astype(object)
    out = io.BytesIO()
    np.save(out, changed, allow_pickle=True)
    content = out.getvalue()
    if kind == "huge":
        content = content.replace(b"'shape': (", b"'shape': (99999999999, ", 1)
    if kind == "header":
        place = 10 + chance.randrange(60)
        content = content[:place] + chance.choice([b"(", b"'", b"\n", b"{" * 50, b"\0"]) + content[place + 1 :]
    return content


def change_tensors(path: Path, chance: random.Random) -> None:
    """Put NaN, another shape or another name into a safetensors file."""
    from safetensors.numpy import load_file, save_file

    tensors = load_file(path)
    name = chance.choice(sorted(tensors))
    kind = chance.choice(["nan", "shape", "name", "missing", "zero", "type"])
    tensor = tensors.pop(name).copy()
    if kind == "nan":
        tensor.flat[chance.randrange(tensor.size)] = chance.choice([np.nan, np.inf])
    elif kind == "shape":
        tensor = tensor[:-1].copy()
    elif kind == "zero":
        tensor[:] = 0
    elif kind == "type":
        tensor = tensor.astype(np.float16)
    if kind != "missing":
        tensors["x" if kind == "name" else name] = tensor
    save_file(tensors, path, metadata={"format": "pt"})


def remove(path: Path, chance: random.Random) -> None:
    """Remove the file."""
    path.unlink()


BYTES: tuple[Mutation, ...] = (flip_bytes, cut, delete_part, repeat_part, insert_bytes, empty, replace_whole, remove)
TEXT: tuple[Mutation, ...] = (*BYTES, swap_lines, change_cell, change_cell, change_cell)
OF_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".json": (change_json,) * 8 + BYTES,
    ".jsonl": (change_json,) * 8 + BYTES,
    ".npy": (change_array,) * 6 + BYTES,
    ".npz": (change_array,) * 6 + BYTES,
    ".safetensors": (change_tensors,) * 6 + BYTES,
    ".bin": BYTES,
}


def mutate(path: Path, chance: random.Random) -> str:
    """Damage a file in one of the ways that suit its kind; returns the name of the way."""
    chosen = chance.choice(OF_SUFFIX.get(path.suffix, TEXT))
    copy = path.with_name(path.name + ".copy")
    shutil.copyfile(path, copy)  # the file may be a hard link to the undamaged one
    path.unlink()
    copy.rename(path)
    chosen(path, chance)
    return chosen.__name__
