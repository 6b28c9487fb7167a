"""Whatever is wrong with an input: one line that says what, where and how to mend; exit code; nothing half-written."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from commands import ANCHORS, failure_of
from mosecrot_cli.cli.app import run

CAPSYS = pytest.CaptureFixture[str]


def edit(path: str, line: int, text: str) -> None:
    """Replace line `line` (from 1) of a file."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    lines[line - 1] = text
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "line, text, where",
    [
        (5, "qword 0.1 0.2", "xx.vec:5"),
        (5, "qword " + " ".join(["0.1"] * 23 + ["nan"]), "xx.vec:5"),
        (5, "qword " + " ".join(["0.1"] * 23 + ["x"]), "xx.vec:5"),
        (1, "99 24", "xx.vec"),
        (1, "38 23", "xx.vec"),
    ],
)
def test_vectors(line: int, text: str, where: str, world: Path, capsys: CAPSYS):
    edit("xx.vec", line, text)
    assert where in failure_of(ANCHORS, 3, capsys)


def test_truncated_vectors(world: Path, capsys: CAPSYS):
    content = Path("xx.vec").read_bytes()
    Path("xx.vec").write_bytes(content[: len(content) - 40])
    assert "xx.vec:39" in failure_of(ANCHORS, 3, capsys)


def test_wrong_encoding(world: Path, capsys: CAPSYS):
    Path("en-xx.tsv").write_bytes("the\tqeht\nmatch\tqhctäm\n".encode("latin-1"))
    assert "en-xx.tsv:2" in failure_of(ANCHORS, 3, capsys)
    Path("en.train.tsv").write_bytes("id\tlabel\ttext\n1\tsports\tmätch\n".encode("latin-1"))
    assert "en.train.tsv:2" in failure_of(
        "finetune --train en.train.tsv --source-model pico-bert --embeddings none", 3, capsys
    )


def test_a_lexicon_without_a_pair_in_both_vocabularies(world: Path, capsys: CAPSYS):
    Path("en-xx.tsv").write_text("match\tnever\nnothing\tqhctam\n")
    assert "none of 2 pairs is in both vocabularies" in failure_of(ANCHORS, 3, capsys)
    Path("anchors.tsv").write_text("match\tnever\n")
    message = failure_of("map --source-model pico-bert --target-vectors xx.vec", 3, capsys)
    assert message.startswith("error: anchors.tsv: none of 1 anchors")


def test_one_column_in_a_lexicon(world: Path, capsys: CAPSYS):
    edit("en-xx.tsv", 3, "lonely")
    assert "en-xx.tsv:3" in failure_of(ANCHORS, 3, capsys)


def test_pickled_arrays_are_never_loaded(chain: Path, capsys: CAPSYS):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, ("sprung",))

    np.save("evil.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    Path("evil.vocab.txt").write_text("a\n")
    assert "evil.npy" in failure_of("map --target-vectors evil.npy -o other", 3, capsys)
    shutil.copy("evil.npy", "mapped/target.npy")
    assert "target.npy" in failure_of("stitch -o other", 3, capsys)
    assert not Path("sprung").exists()


def test_rows_and_words_of_an_npy_disagree(world: Path, capsys: CAPSYS):
    np.save("xx.npy", np.ones((3, 4), dtype=np.float32))
    Path("xx.vocab.txt").write_text("a\nb\n")
    assert "xx.vocab.txt" in failure_of(ANCHORS.replace("xx.vec", "xx.npy"), 3, capsys)


def test_data_sets(chain: Path, capsys: CAPSYS):
    Path("empty.tsv").write_text("")
    assert "empty.tsv" in failure_of("evaluate --data empty.tsv", 3, capsys)
    Path("header.tsv").write_text("id\tlabel\ttext\n")
    assert "header.tsv" in failure_of("evaluate --data header.tsv", 3, capsys)
    Path("other.tsv").write_text("id\tlabel\ttext\n1\tsports\ta b\n2\tcooking\tc d\n")
    assert "other.tsv:3: the label 'cooking' is unknown" in failure_of("evaluate --data other.tsv", 3, capsys)
    Path("ragged.tsv").write_text("id\tlabel\ttext\n1\tsports\ta b\n2\tsports\n")
    assert "ragged.tsv:3" in failure_of("evaluate --data ragged.tsv", 3, capsys)
    train = "finetune --embeddings none --train en.train.tsv --dev other.tsv -o other"
    assert "other.tsv:3" in failure_of(train, 3, capsys)


def test_checkpoints(chain: Path, capsys: CAPSYS):
    weights = load_file("model/model.safetensors")
    del weights["bert.embeddings.word_embeddings.weight"]
    save_file(weights, "model/model.safetensors", metadata={"format": "pt"})
    assert "word_embeddings" in failure_of("stitch -o other", 3, capsys)
    Path("model/model.safetensors").write_bytes(b"\x00" * 64)
    assert "model" in failure_of("evaluate model --data en.dev.tsv", 3, capsys)
    config = json.loads(Path("stitched/config.json").read_text())
    Path("stitched/config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.Model"}}))
    assert "code of its own" in failure_of("evaluate --data xx.test.tsv", 3, capsys)
    Path("stitched/config.json").write_text("{")
    assert "stitched" in failure_of("evaluate --data xx.test.tsv", 3, capsys)


def test_a_pickled_checkpoint_is_not_unpickled(chain: Path, capsys: CAPSYS):
    import torch

    class Trap:
        def __reduce__(self):
            return (os.mkdir, ("sprung",))

    Path("model/model.safetensors").unlink()
    torch.save({"weight": Trap()}, "model/pytorch_model.bin")
    failure_of("evaluate model --data en.dev.tsv", 3, capsys)
    assert not Path("sprung").exists()


def test_other_heads_are_refused(chain: Path, capsys: CAPSYS):
    config = json.loads(Path("model/config.json").read_text())
    Path("model/config.json").write_text(json.dumps(config | {"architectures": ["BertForTokenClassification"]}))
    assert "BertForTokenClassification" in failure_of("stitch -o other", 3, capsys)


def test_dimensions_that_do_not_fit(chain: Path, capsys: CAPSYS):
    np.save("mapped/target.npy", np.ones((38, 16), dtype=np.float32))
    assert "16 dimensions" in failure_of("stitch -o other", 3, capsys)
    np.save("mapped/source.npy", np.ones((7, 32), dtype=np.float32))
    assert "(7, 32)" in failure_of("finetune --train en.train.tsv -o other", 3, capsys)


def test_an_incomplete_mapped_folder(chain: Path, capsys: CAPSYS):
    Path("mapped/target.vocab.txt").unlink()
    assert "target.vocab.txt is missing" in failure_of("stitch -o other", 3, capsys)


def test_a_folder_that_cannot_be_written(world: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    # Not by chmod: root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode == os.R_OK)
    assert "permission denied" in failure_of(ANCHORS, 6, capsys)


def test_interrupted_while_writing(chain: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    from mosecrot_cli.manifest import Manifest

    def interrupt(self: Manifest, path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Manifest, "write", interrupt)
    before = sorted(chain.rglob("*"))
    assert run("map --k 3 -q --overwrite".split()) == 130
    assert sorted(chain.rglob("*")) == before


TRAIN = "finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --source-model pico-bert --epochs 12 --batch-size 2 -q"


def _start(*more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "mosecrot_cli", *TRAIN.split(), *more])


def _wait_for_checkpoints(count: int) -> None:
    deadline = time.monotonic() + 120
    while len(list(Path("model.partial").glob("work/seed-1/checkpoint-*/trainer_state.json"))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_killed_and_resumed(world: Path, capsys: CAPSYS):
    process = _start()
    _wait_for_checkpoints(1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not Path("model").exists()
    assert "other settings" in failure_of(f"{TRAIN} --resume --lr 1e-3", 2, capsys)
    resumed = json.loads(
        subprocess.run(
            [sys.executable, "-m", "mosecrot_cli", *TRAIN.split(), "--resume", "--json"],
            capture_output=True,
            check=True,
        ).stdout
    )
    report = resumed["statistics"]["training"]["seed-1"]
    assert report["steps"] == 12 * 24
    assert len(report["history"]) == 12
    assert not Path("model.partial").exists()
    # An uninterrupted run gives the same weights.
    assert run([*TRAIN.split(), "-o", "whole"]) == 0
    whole, again = load_file("whole/model.safetensors"), load_file("model/model.safetensors")
    assert all(bool((whole[name] == again[name]).all()) for name in whole)


@pytest.mark.slow
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_training_leaves_no_model(number: signal.Signals, code: int, world: Path):
    process = _start()
    _wait_for_checkpoints(1)
    process.send_signal(number)
    assert process.wait(timeout=60) == code
    assert not Path("model").exists()
