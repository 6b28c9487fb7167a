"""The whole chain on the pico world: defaults through files, oracles at the end, refusals on the way."""

import errno
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import f1_score

from commands import ANCHORS, failure_of, output_of
from mosecrot_cli import manifest
from mosecrot_cli.cli.app import run
from mosecrot_cli.files import sha256


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_evaluate_agrees_with_plain_transformers_and_scikit_learn(chain: Path, capsys: pytest.CaptureFixture[str]):
    found = json.loads(output_of("evaluate --data xx.test.tsv --predictions p.tsv --json", capsys))
    rows = [line.split("\t") for line in Path("p.tsv").read_text().splitlines()[1:]]
    gold, predicted = [row[1] for row in rows], [row[2] for row in rows]
    assert found["macro_f1"] == pytest.approx(f1_score(gold, predicted, average="macro"))
    assert found["n"] == len(rows) == 40
    assert found["macro_f1_interval"][0] <= found["macro_f1"] <= found["macro_f1_interval"][1]
    # In a process of its own that cannot import this package.
    texts = [line.split("\t")[2] for line in Path("xx.test.tsv").read_text().splitlines()[1:]]
    code = (
        "import sys, json; sys.modules['mosecrot_cli'] = None\n"
        "from transformers import pipeline\n"
        "classify = pipeline('text-classification', model='stitched')\n"
        "print(json.dumps(classify(json.load(sys.stdin))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    plain = json.loads(done.stdout)
    assert [each["label"] for each in plain] == predicted
    shares = [max(float(cell) for cell in row[3:]) for row in rows]
    assert [each["score"] for each in plain] == pytest.approx(shares, abs=1e-4)


def test_predict_writes_what_evaluate_predicts(chain: Path, capsys: pytest.CaptureFixture[str]):
    output_of("evaluate --data xx.test.tsv --predictions p.tsv --json", capsys)
    evaluated = [line.split("\t")[2] for line in Path("p.tsv").read_text().splitlines()[1:]]
    tsv = output_of("predict stitched xx.test.tsv --text-column text", capsys).splitlines()
    assert tsv[0].split("\t")[:2] == ["label", "probability"]
    assert [line.split("\t")[0] for line in tsv[1:]] == evaluated
    assert run("predict stitched xx.test.tsv --format jsonl -o out.jsonl".split()) == 0
    rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    assert [row["label"] for row in rows] == evaluated
    assert all(sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4) for row in rows)


def test_predict_reads_stdin(chain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    text = "qhctam qmaet\n\nqmota qygrene\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    rows = output_of("predict stitched", capsys).splitlines()
    assert [row.split("\t")[-1] for row in rows[1:]] == ["qhctam qmaet", "", "qmota qygrene"]


def test_body_is_untouched_and_rows_are_the_mapped_ones(chain: Path):
    before, after = load_file("model/model.safetensors"), load_file("stitched/model.safetensors")
    embeddings = "bert.embeddings.word_embeddings.weight"
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before if name != embeddings)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("stitched")
    words = Path("mapped/target.vocab.txt").read_text().splitlines()
    matrix = np.load("mapped/target.npy")
    for row, word in enumerate(words):
        (token,) = tokenizer(word, add_special_tokens=False)["input_ids"]
        assert np.array_equal(after[embeddings][token].numpy(), matrix[row])


def test_the_same_seed_gives_the_same_bytes(world: Path):
    for name in ("a", "b"):
        assert run([*ANCHORS.split(), "--max-anchors", "20", "--seed", "7", "-o", f"{name}.tsv"]) == 0
        assert run(f"map {name}.tsv --k 3 -q -o mapped-{name}".split()) == 0
    assert digest(Path("a.tsv")) == digest(Path("b.tsv"))
    for file in ("source.npy", "target.npy", "target.vocab.txt"):
        assert digest(Path("mapped-a") / file) == digest(Path("mapped-b") / file)
    assert run([*ANCHORS.split(), "--max-anchors", "20", "--seed", "8", "-o", "c.tsv"]) == 0
    assert digest(Path("a.tsv")) != digest(Path("c.tsv"))


def test_anchors_pipe_into_map(world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    pairs = output_of(f"{ANCHORS} -o -", capsys)
    assert not Path("anchors.tsv").exists()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pairs.encode())))
    assert run("map - --source-model pico-bert --target-vectors xx.vec -q -o piped".split()) == 0
    assert run(ANCHORS.split()) == run("map -q".split()) == 0
    assert digest(Path("piped/target.npy")) == digest(Path("mapped/target.npy"))


def test_manifests_name_hashes_and_settings(chain: Path):
    manifest = json.loads(Path("mapped/manifest.json").read_text())
    assert manifest["inputs"]["anchors"]["sha256"] == digest(Path("anchors.tsv"))
    assert manifest["inputs"]["target_vectors"]["sha256"] == digest(Path("xx.vec"))
    assert manifest["settings"]["k"] == 5 and manifest["settings"]["temperature"] == 1.0
    assert manifest["facts"]["tgt"] == "xx"
    report = json.loads(Path("model/manifest.json").read_text())["statistics"]["training"]["seed-1"]
    assert (report["steps"], report["device"]) == (18, "cpu, fp32")  # auto: a model this small stays in float32


def test_checkpoints_record_the_class_shares_of_their_training_data(chain: Path):
    labels = [line.split("\t")[1] for line in Path("en.train.tsv").read_text().splitlines()[1:]]
    expected = {label: labels.count(label) / len(labels) for label in set(labels)}
    for folder in ("model", "stitched"):
        record = json.loads(Path(folder, "config.json").read_text())["mosecrot"]
        assert record["label_shares"] == pytest.approx(expected)


def test_a_moved_folder_goes_on_working(chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    moved = chain.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(moved)
    assert run("map --weighting softmax --k 4 -q -o again".split()) == 0


def test_paper_way_with_seeds(world: Path, capsys: pytest.CaptureFixture[str]):
    assert run(ANCHORS.split()) == run("map --k 5 -q".split()) == 0
    train = "finetune --train en.train.tsv --epochs 1 --lr 3e-3 --seeds 3,1 -q"
    assert run(train.split()) == 0
    record = json.loads(Path("model/seed-1/config.json").read_text())["mosecrot"]
    assert record["kept"] is False and record["trained"] is True
    # Special tokens keep the model's vectors as their start; with frozen embeddings they stay so.
    assert run(f"{train} --freeze-embeddings -o frozen".split()) == 0
    name = "bert.embeddings.word_embeddings.weight"
    frozen = load_file("frozen/seed-1/model.safetensors")[name].numpy()
    own = load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"].numpy()
    assert np.array_equal(frozen[:5], own[:5])
    assert np.array_equal(frozen[5:], np.load("mapped/source.npy")[5:])
    assert run(["stitch", "-q"]) == 0
    found = json.loads(output_of("evaluate --data xx.test.tsv --json", capsys))
    assert found["seeds"] == [1, 3] and len(found["runs"]) == 2
    assert found["macro_f1"] == pytest.approx(np.mean([each["macro_f1"] for each in found["runs"]]))
    assert "choose one" in failure_of("predict stitched en.dev.tsv", 2, capsys)


def test_stitch_refuses_another_input_space(chain: Path, capsys: pytest.CaptureFixture[str]):
    assert run("finetune --train en.train.tsv --embeddings mapped --epochs 1 -q -o paper".split()) == 0
    assert run("stitch paper -q -o fits".split()) == 0
    assert run("map --weighting softmax --k 2 -q -o other".split()) == 0
    assert "another F^s" in failure_of("stitch paper --embeddings other -o no", 3, capsys)
    # Target rows live in the space of the model's own embeddings: a kept checkpoint takes any of them.
    assert run("stitch model --embeddings other -q -o kept".split()) == 0


def test_half_precision_halves_the_target_side_and_hardly_changes_it(chain: Path):
    assert run("map --k 3 -q -o full".split()) == 0
    assert run("map --k 3 -q --dtype float16 -o half".split()) == 0
    full, half = np.load("full/target.npy"), np.load("half/target.npy")
    assert (full.dtype, half.dtype) == (np.float32, np.float16)
    np.testing.assert_allclose(half, full, rtol=1e-3, atol=1e-6)
    assert digest(Path("full/source.npy")) == digest(Path("half/source.npy"))
    shutil.rmtree("model")
    assert run("finetune --train en.train.tsv --embeddings half --epochs 1 -q".split()) == 0
    assert run("stitch --embeddings half -q -o halved".split()) == 0


def test_a_full_disk_is_met_before_the_mapping_starts(chain: Path, capsys, monkeypatch):
    def full(file: int, start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert "no space left" in failure_of("map --k 3 -o new", 6, capsys)


def test_stitch_warns_when_kept_embeddings_were_trained(chain: Path, capsys: pytest.CaptureFixture[str]):
    train = "finetune --train en.train.tsv --embeddings none --no-freeze-embeddings --epochs 1 -q -o trained"
    assert run(train.split()) == 0
    capsys.readouterr()
    assert run("stitch trained -o warned".split()) == 0
    assert "were trained" in capsys.readouterr().err


def test_outputs_are_kept_unless_told_otherwise(
    chain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    before = digest(Path("mapped/target.npy"))
    assert "overwrite" in failure_of("map --k 3", 4, capsys)
    assert run("map --k 3 -q --overwrite".split()) == 0
    assert digest(Path("mapped/target.npy")) != before
    stamp = Path("mapped/manifest.json").read_text()
    hashed: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "sha256", lambda path: hashed.append(path) or sha256(path))
        state = json.loads(output_of("map --k 3 --if-changed --json", capsys))["state"]
    assert state == "unchanged" and Path("mapped/manifest.json").read_text() == stamp
    assert [path.name for path in hashed] == [
        "anchors.tsv",
        "pico-bert",
    ]  # what the cache of vectors knows is not read again
    state = json.loads(output_of("map --k 4 --if-changed --json", capsys))["state"]
    assert state == "written"


@pytest.mark.parametrize("line", [ANCHORS, "map --k 3", "finetune --train en.train.tsv --embeddings none", "stitch"])
def test_a_dry_run_writes_nothing(line: str, chain: Path, capsys: pytest.CaptureFixture[str]):
    shutil.rmtree("stitched")
    before = sorted(path for path in chain.rglob("*"))
    plan = json.loads(output_of(f"{line} --dry-run --json", capsys))
    assert plan["state"] == "planned" and plan["plan"]
    assert sorted(path for path in chain.rglob("*")) == before


def test_compare_is_a_paired_bootstrap(chain: Path, capsys: pytest.CaptureFixture[str]):
    output_of("evaluate --data xx.test.tsv --predictions a.tsv", capsys)
    lines = Path("a.tsv").read_text().splitlines()
    flipped = [lines[0]] + [
        "\t".join([cells[0], cells[1], {"sports": "science", "science": "sports"}[cells[1]], *cells[3:]])
        for cells in (line.split("\t") for line in lines[1:])
    ]
    Path("wrong.tsv").write_text("\n".join(flipped) + "\n")
    found = json.loads(output_of("compare a.tsv wrong.tsv --data xx.test.tsv --json", capsys))
    assert found["second"] == 0 and found["difference"] == found["first"] > 0.3
    assert found["p_value"] < 0.01
    assert "40 predictions for the 16 texts" in failure_of("compare a.tsv wrong.tsv --data en.dev.tsv", 3, capsys)


def test_baselines(chain: Path, capsys: pytest.CaptureFixture[str]):
    linear = json.loads(output_of("baseline lr --train xx.train.tsv --data xx.test.tsv --json", capsys))
    assert linear["macro_f1"] > 0.8
    train = "--train en.train.tsv --dev en.dev.tsv --epochs 3 --lr 3e-3 --batch-size 8 --json -q"
    squares = json.loads(output_of(f"baseline lstsq {train} --data xx.test.tsv", capsys))
    # It calls the same functions as the commands: the same numbers.
    assert (
        run("map --method lstsq -q -o linear".split()) == run("stitch --embeddings linear -q -o by-hand".split()) == 0
    )
    by_hand = json.loads(output_of("evaluate by-hand --data xx.test.tsv --json", capsys))
    assert squares["macro_f1"] == by_hand["macro_f1"]
    assert squares["confusion"] == by_hand["confusion"]
    multilingual = f"baseline mbert --source-model pico-bert {train} --data en.dev.tsv"
    assert json.loads(output_of(multilingual, capsys))["n"] == 16
