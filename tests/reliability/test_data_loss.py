"""Nothing of the user is lost, by any command that writes files: over folders and inputs, on a full disk, side by side."""

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import ANCHORS, failure_of

CAPSYS = pytest.CaptureFixture[str]
LINES = {  # {} is the output
    "anchors": f"{ANCHORS} -o {{}}",
    "map": "map --k 3 -q -o {}",
    "align": "align --parallel parallel.tsv --epochs 1 -q -o {}",
    "finetune": "finetune --train en.train.tsv --source-model pico-bert --embeddings none --epochs 1 -q -o {}",
    "stitch": "stitch -q -o {}",
    "adapt": "adapt stitched --method bias --texts xx.train.tsv -q -o {}",
    "predict": "predict stitched xx.test.tsv -o {}",
    "evaluate": "evaluate --data xx.test.tsv -q --predictions {}",
    "baseline lr": "baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec -q --predictions {}",
    "vectors convert": "vectors convert xx.vec -q -o {}",
    "vectors prune": "vectors prune xx.vec --max-vocab 9 -q -o {}",
}
FOLDERS = ("map", "align", "finetune", "stitch", "adapt")


def contents() -> dict[str, str]:
    files = (path for path in Path().rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def unchanged_failure(line: str, code: int, capsys: CAPSYS) -> str:
    before = contents()
    said = failure_of(line, code, capsys)
    assert contents() == before
    return said


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("overwrite", ["", " --overwrite"])
def test_a_folder_of_the_user_is_never_replaced(name: str, overwrite: str, chain: Path, capsys: CAPSYS):
    Path("mine.vec").mkdir()
    Path("mine.vec/letter.txt").write_text("dear")
    unchanged_failure(LINES[name].format("mine.vec") + overwrite, 4, capsys)


@pytest.mark.parametrize("name", ["anchors", "vectors convert"])
@pytest.mark.parametrize("overwrite", ["", " --overwrite"])
def test_a_manifest_of_the_user_is_never_replaced(name: str, overwrite: str, chain: Path, capsys: CAPSYS):
    for manifest in ("mine.manifest.json", "mine.vec.manifest.json"):
        Path(manifest).write_text("{}")
    unchanged_failure(LINES[name].format("mine.vec") + overwrite, 4, capsys)


@pytest.mark.parametrize(
    "line",
    [
        f"{ANCHORS} -o en-xx.tsv",
        f"{ANCHORS} -o xx.vec",
        f"{ANCHORS} -o pico-bert/a.tsv",
        "stitch -o mapped/new",
        "map anchors.tsv -o anchors.tsv",
        "map -o pico-bert",
        "finetune --train en.train.tsv --embeddings none --source-model pico-bert -o pico-bert",
        "align --parallel parallel.tsv -o mapped",
        "align --parallel parallel.tsv -o parallel.tsv",
        "stitch model -o model",
        "stitch model/seed-1 -o model",
        "stitch model --embeddings mapped -o mapped",
        "adapt stitched --method bias --texts xx.train.tsv -o stitched",
        "predict stitched xx.test.tsv -o xx.test.tsv",
        "predict stitched xx.test.tsv -o link.tsv",
        "predict stitched xx.test.tsv -o hard.tsv",
        "predict stitched xx.test.tsv -o stitched",
        "predict stitched xx.test.tsv -o stitched/p.tsv",
        "evaluate --data xx.test.tsv --predictions xx.test.tsv",
        "evaluate --data xx.test.tsv --predictions stitched/config.json",
        "baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec --predictions xx.train.tsv",
        "baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec --predictions xx.vec",
        "vectors convert xx.vec -o ../chain/./xx.vec",
        "vectors prune xx.vec --vocab-from xx.test.tsv -o xx.test.tsv --to vec",
    ],
)
def test_an_output_that_is_or_meets_an_input(line: str, chain: Path, capsys: CAPSYS):
    Path("link.tsv").symlink_to("xx.test.tsv")
    os.link("xx.test.tsv", "hard.tsv")
    if "seed-1" in line:
        Path("seed").mkdir()
        Path("model").rename("seed/seed-1")
        Path("seed").rename("model")
    unchanged_failure(f"{line} --overwrite", 2, capsys)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("output, code", [(".", 2), ("/", 2), ("x" * 300, 6), ("loop", 6)])
def test_names_that_are_no_names(name: str, output: str, code: int, chain: Path, capsys: CAPSYS):
    Path("loop").symlink_to("loop")
    line = LINES[name].format(output) + (" --to vec" if name.startswith("vectors") else "")
    unchanged_failure(f"{line} --overwrite", code, capsys)


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """No file can be made larger than `size`: what the system says then is treated as a full disk is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("size", [0, 300])
def test_a_full_disk(name: str, size: int, chain: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOSECROT_VECTOR_CACHE", "off")
    with disk_of(size):
        said = unchanged_failure(LINES[name].format("new.vec"), 6, capsys)
    assert "cannot write" in said
    assert not [path for path in Path().iterdir() if path.name.startswith((".mosecrot-", "new"))]


def test_several_processes_on_one_output(chain: Path):
    line = LINES["anchors"].format("new.tsv").split()
    processes = [
        subprocess.Popen([sys.executable, "-m", "mosecrot_cli", *line], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=240)[1] for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes[0] == 0 and set(codes[1:]) <= {4, 6}, said
    assert Path("new.tsv").read_bytes() == Path("anchors.tsv").read_bytes()
    assert sorted(path.name for path in Path().glob("new*")) == ["new.manifest.json", "new.scores.tsv", "new.tsv"]
    assert not list(Path().glob(".mosecrot-*"))
