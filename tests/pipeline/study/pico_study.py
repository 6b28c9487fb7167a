"""A study of the pico world."""

from __future__ import annotations

import textwrap
from pathlib import Path

STUDY = """
title = "Pico"
source_models = ["pico-bert"]
seeds = [1, 2]
baselines = ["source", "lr"]

[tasks.topics]
train = "en.train.tsv"
dev = "en.dev.tsv"
test = "en.test.tsv"
epochs = 2
learning_rate = 3e-3
batch_size = 8

[languages.xx]
lexicons = ["en-xx.tsv"]
target_vectors = "xx.vec"
test = "xx.test.tsv"
train = "xx.train.tsv"
texts = "xx.txt"

[anchors.few]
max_anchors = 8

[maps.k5]
k = 5

[maps.k1]
k = 1

[[grid]]
anchors = ["all"]
maps = ["k5", "k1"]
embeddings = ["kept"]

[[grid]]
anchors = ["few"]
maps = ["k5"]
embeddings = ["kept", "trained"]

[ensembles]
both = ["all/k5/kept", "all/k1/kept"]

[[published]]
row = "all/k5/kept"
language = "xx"
macro_f1 = 0.123
where = "Table 9"
"""

SMALL_STUDY = """\
source_models = ["pico-bert"]

[tasks.topics]
train = "en.train.tsv"
epochs = 1

[languages.xx]
lexicons = ["en-xx.tsv"]
target_vectors = "xx.vec"
test = "xx.test.tsv"
train = "xx.train.tsv"

[maps.k5]
k = 5

[[grid]]
anchors = ["all"]
maps = ["k5"]
embeddings = ["kept"]
"""
"""One model, language and map, of files that every pico world has."""


def write_study(folder: Path, text: str = STUDY) -> Path:
    """`study.toml` in a pico world, with the files that it names."""
    rows = (folder / "xx.train.tsv").read_text().splitlines()[1:]
    (folder / "xx.txt").write_text("".join(row.split("\t")[2] + "\n" for row in rows))
    # The dev texts, told apart from the test texts.
    lines = (folder / "en.dev.tsv").read_text().splitlines(keepends=True)
    (folder / "en.dev.tsv").write_text("".join(lines[:9]))
    (folder / "en.test.tsv").write_text("".join([lines[0], *lines[9:]]))
    path = folder / "study.toml"
    path.write_text(textwrap.dedent(text))
    return path


def marks(folder: Path) -> dict[str, int]:
    """Name of each mark -> its time."""
    found = sorted((folder / "study" / ".study" / "done").rglob("*"))
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in found if path.is_file()}
