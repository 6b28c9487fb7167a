"""What the fuzzer and the killer run in: a small finished chain, a study, a hub, and commands that start at once."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import numpy as np

import mosecrot_cli
from documentation.fork_server import MosecrotOnPath
from pipeline.study.pico_study import SMALL_STUDY
from sources.hub_server import TOKEN, HubServer

SECONDS = 60
"""A command on these inputs takes about a second; one that takes this long hangs."""
_PATIENCE = 600
"""Seconds for a step of the chain on a busy machine."""
MEMORY = 6 * 2**30
PRELOADED = (
    "accelerate",
    "datasets",
    "faiss",
    "polars",
    "safetensors.numpy",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.metrics",
    "transformers.models.bert.modeling_bert",
    "transformers.trainer",
)
"""Imported once, before the forks: most of the time of a command."""

HUB = "RELIABILITY_HUB"
"""Variable with the address of the hub, for commands that upload."""
STUDY = f'baselines = ["lr"]\n{SMALL_STUDY}'


def build_world(folder: Path, *, study: bool) -> None:
    """The pico world after the whole chain, with further formats of its files and, if wanted, a finished study."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "smoke"))
    from make_pico import make_model, make_texts, make_vectors, write_lexicon, write_parallel

    folder.mkdir()
    os.chdir(folder)
    chance = np.random.default_rng(0)
    make_vectors(Path("xx.vec"), make_model(Path("pico-bert")), chance)
    write_lexicon(Path("en-xx.tsv"))
    _make_further_language()
    for name, count, invented in [("en.train", 24, False), ("xx.train", 24, True), ("xx.test", 24, True)]:
        make_texts(Path(f"{name}.tsv"), count, chance, invented=invented)
    write_parallel(Path("parallel.tsv"), 60, chance)
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()]
    header, rows = rows[0], rows[1:]
    Path("xx.test.csv").write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in [header, *rows]) + "\n")
    lines = (json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows)
    Path("xx.test.jsonl").write_text("\n".join(lines) + "\n")
    Path("texts.txt").write_text("\n".join(row[-1] for row in rows) + "\n")
    steps = [
        "anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec",
        "map --k 5",
        "map --preset transfer -o kept",
        "align kept --parallel parallel.tsv --epochs 1 -o aligned",
        "finetune --train en.train.tsv --embeddings none --epochs 1",
        "stitch",
        "stitch --texts texts.txt -o biased",
        "evaluate --data xx.test.tsv --predictions p.tsv",
        "evaluate --data xx.test.tsv --predictions q.tsv",
        "vectors convert xx.vec -o xx.npy",
        "vectors convert xx.vec -o xx.vec.gz",
        "vectors convert xx.vec -o xx.bin --to word2vec",
    ]
    Path("study.toml").write_text(STUDY)
    for step in [*steps, *(["study run study.toml"] if study else [])]:
        code = forked(f"{step} -q", Path("stdout"), Path("stderr"), seconds=_PATIENCE)
        if code:
            raise SystemExit(f"the undamaged chain failed ({code}): {step}: {Path('stderr').read_text()}")
    for file in ("stdout", "stderr"):
        Path(file).unlink()
    Path("further").mkdir()
    # A checkpoint of mosecrot without a manifest is one from elsewhere.
    shutil.copytree("stitched", "other")
    Path("other/manifest.json").unlink()


def _make_further_language() -> None:
    """For `transfer`: few pairs, vectors of both languages, and words that are spelt alike in them."""
    from make_pico import WORDS, backwards

    known, others = WORDS[:22], {backwards(word): word for word in WORDS[22:] if len(word) >= 5}
    Path("few.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in known))
    rows = [line.partition(" ") for line in Path("xx.vec").read_text().splitlines()[1:]]
    alike = [(others[word], *rest) for word, *rest in rows if word in others]
    english = [(word, *rest) for word, (_, *rest) in zip(WORDS, rows, strict=True)]
    for name, lines in (("spelt.vec", [*rows, *alike]), ("en.vec", english)):
        Path(name).write_text("".join("".join(line) + "\n" for line in lines))


def forked(line: str, out: Path, err: Path, *, seconds: int = SECONDS) -> int:
    """Run a command line in a forked process, which may take so long; returns its exit code, or minus its signal."""
    line, _, stdin = (part.strip() for part in line.partition("<"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(seconds)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            os.dup2(_standard_input(stdin), 0)
            for number, path in ((1, out), (2, err)):
                os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
            if line.startswith("push"):
                connect_to_hub()
            from mosecrot_cli.cli.app import run

            code = run(line.split())
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001  whatever it is, it is the answer
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _standard_input(path: str) -> int:
    """The file opened for reading; an empty input where the damage has left none, with which no shell would start."""
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    return os.open(os.devnull, os.O_RDONLY)


def preload() -> None:
    """Import everything, so that forked commands start at once; nothing else, so that a fork inherits no thread."""
    import torch

    for name in PRELOADED:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(mosecrot_cli.__path__, "mosecrot_cli."):
        if not module.name.endswith(("__main__", "training_process", "worker")):
            importlib.import_module(module.name)
    os.environ |= {
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "MOSECROT_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    torch.set_num_threads(1)


@contextlib.contextmanager
def quick_jobs(folder: Path) -> Iterator[None]:
    """Jobs of studies that start at once, while the context lasts."""
    from mosecrot_cli.pipeline.study import workflow

    folder.mkdir()
    with MosecrotOnPath(folder) as environment:
        os.environ["PATH"] = environment["PATH"]
        workflow.PROGRAM = ("mosecrot",)
        yield


@contextlib.contextmanager
def hub() -> Iterator[None]:
    """A hub in a process of its own, because no thread may be there when commands are forked."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with HubServer() as server:
            os.write(tell, server.url.encode())
            os.close(tell)
            signal.pause()
        os._exit(0)
    os.close(tell)
    os.environ[HUB] = os.read(told, 100).decode()
    os.close(told)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def stored(repository: str) -> dict[str, str]:
    """Name -> SHA-256 of the files that a repository of the hub holds."""
    with urlopen(f"{os.environ[HUB]}/stored/{repository}") as answer:
        return dict(json.load(answer))


def connect_to_hub() -> None:
    """In a forked command: its hub is the one on this machine, and a user is logged in."""
    from huggingface_hub import constants

    for name in ("HF_HUB_OFFLINE", "MOSECROT_OFFLINE"):
        os.environ.pop(name, None)
    os.environ |= {"HF_ENDPOINT": os.environ[HUB], "HF_TOKEN": TOKEN}
    constants.HF_HUB_OFFLINE = False
    constants.ENDPOINT = os.environ[HUB]
    # The other protocol for large files needs the hub's own servers.
    constants.HF_HUB_DISABLE_XET = True
