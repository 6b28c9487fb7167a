"""The pico world of the smoke run, once for all tests: a tiny model, vectors of an invented language, a lexicon, texts."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from make_pico import make_model, make_texts, make_vectors, write_lexicon, write_parallel

from commands import ANCHORS
from mosecrot_cli.cli.app import run

# How fast a machine is at the moment decides no test.
# In continuous integration the examples are the same each time; elsewhere every run looks for new ones.
settings.register_profile(
    "any machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOSECROT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("MOSECROT_VECTOR_CACHE", raising=False)
        yield


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """What a command run in this process sets for itself (`--offline`) does not last beyond its test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def pico_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pico-bert/, xx.vec, en-xx.tsv, en.train.tsv, en.dev.tsv, xx.train.tsv, xx.test.tsv and parallel.tsv."""
    folder = tmp_path_factory.mktemp("world")
    random = np.random.default_rng(0)
    make_vectors(folder / "xx.vec", make_model(folder / "pico-bert"), random)
    write_lexicon(folder / "en-xx.tsv")
    for name, count, invented in [("en.train", 48, False), ("en.dev", 16, False), ("xx.train", 40, True)]:
        make_texts(folder / f"{name}.tsv", count, random, invented=invented)
    make_texts(folder / "xx.test.tsv", 40, random, invented=True)
    write_parallel(folder / "parallel.tsv", 60, random)
    return folder


@pytest.fixture
def world(pico_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pico world, which is the current folder."""
    folder = tmp_path / "work"
    shutil.copytree(pico_world, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


@pytest.fixture(scope="session")
def pico_chain(pico_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pico world after anchors, map, finetune (source kept) and stitch. Read it, change nothing."""
    folder = tmp_path_factory.mktemp("chain") / "work"
    shutil.copytree(pico_world, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HF_HUB_OFFLINE", "1")
        for line in CHAIN:
            assert run(line.split()) == 0, line
    return folder


CHAIN = [
    ANCHORS,
    "map --k 5 -q",
    "finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --epochs 3 --lr 3e-3 --batch-size 8 -q",
    "stitch -q",
]


@pytest.fixture
def chain(pico_chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished chain, which is the current folder."""
    folder = tmp_path / "chain"
    shutil.copytree(pico_chain, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder
