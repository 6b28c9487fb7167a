"""Small files under the names that README and docs give to large ones, so that their commands run in seconds.

`minilm/` is a BERT of a few kilobytes; "Russian" is English in Cyrillic letters, "Faroese" is English backwards, and
their vectors are rotations of the model's embeddings.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from make_pico import backwards, make_model, make_texts, make_vectors, write_lexicon, write_parallel

from mosecrot_cli.cli.app import run


def cyrillic(word: str) -> str:
    return "".join(chr(ord("а") + ord(letter) - ord("a")) for letter in word)


LANGUAGES: dict[str, Callable[[str], str]] = {"ru": cyrillic, "fo": backwards}

# What is there after the steps of the README, for the pages that go on from them.
_MAPPED = [
    "anchors --src en --tgt ru --lexicon lexicon.en-ru.tsv --source-model minilm --target-vectors ru.npy -q",
    "map --preset transfer -q",
]
_STITCHED = [
    "finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --epochs 6 --lr 3e-3 --batch-size 8 -q",
    "stitch -q",
]
STATES = {"files": [], "mapped": _MAPPED, "stitched": [*_MAPPED, *_STITCHED]}


def make_files(folder: Path) -> None:
    """Write the stand-ins for all named files."""
    random = np.random.default_rng(0)
    embeddings = make_model(folder / "minilm")
    make_vectors(folder / "en.vec", embeddings, random, str)
    for name, count in [("en.train", 48), ("en.dev", 16), ("en.test", 16)]:
        make_texts(folder / f"{name}.tsv", count, random, invented=False)
    for code, translate in LANGUAGES.items():
        make_vectors(folder / f"{code}.vec", embeddings, random, translate)
        write_lexicon(folder / f"lexicon.en-{code}.tsv", translate)
        write_parallel(folder / f"parallel.en-{code}.tsv", 60, random, translate)
        for name, count in [("train", 24), ("test", 24)]:
            make_texts(folder / f"{code}.{name}.tsv", count, random, invented=True, translate=translate)
        rows = (folder / f"{code}.train.tsv").read_text(encoding="utf-8").splitlines()[1:]
        (folder / f"{code}.few.tsv").write_text("\n".join(["id\tlabel\ttext", *rows[:6]]) + "\n", encoding="utf-8")
        texts = "".join(row.split("\t")[2] + "\n" for row in rows)
        (folder / f"{code}.txt").write_text(texts, encoding="utf-8")
        (folder / f"corpus.{code}.txt").write_text(texts * 20, encoding="utf-8")
    _add_words(folder / "ru.vec", ["фонарик", "собаками"], random)
    _as_arrays(folder / "ru.vec")


def make_state(folder: Path, files: Path, state: str) -> None:
    """Lay out `files` in `folder`, and run the commands of a state there."""
    shutil.copytree(files, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in STATES[state]:
            assert run(line.split()) == 0, line


def _add_words(path: Path, words: list[str], random: np.random.Generator) -> None:
    """Words that the examples look up."""
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    width = int(header.split()[1])
    rows += [" ".join([word, *(f"{value:.5f}" for value in random.normal(size=width))]) for word in words]
    path.write_text("\n".join([f"{len(rows)} {width}", *rows]) + "\n", encoding="utf-8")


def _as_arrays(path: Path) -> None:
    rows = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    np.save(path.with_suffix(".npy"), np.array([row[1:] for row in rows], dtype=np.float32))
    path.with_suffix(".vocab.txt").write_text("".join(f"{row[0]}\n" for row in rows), encoding="utf-8")
