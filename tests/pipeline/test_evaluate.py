"""evaluate and predict beyond one checkpoint on one data set, and the warnings about likely mistakes."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.evaluation.ensembles import average_log_probabilities
from mosecrot_cli.evaluation.predictions import read_predictions

CAPSYS = pytest.CaptureFixture[str]
TRAIN = "finetune --train en.train.tsv --dev en.dev.tsv --embeddings none --epochs 1 --lr 3e-3 --batch-size 8 -q"


def warnings_of(line: str, capsys: CAPSYS) -> str:
    capsys.readouterr()
    assert run(line.split()) == 0
    return capsys.readouterr().err


def write_foreign(path: Path) -> None:
    """Labelled texts of which no model here knows a word."""
    rows = [f"{n}\t{label}\tжук ёж щука" for n, label in enumerate(["sports", "science"] * 4)]
    path.write_text("id\tlabel\ttext\n" + "\n".join(rows) + "\n", encoding="utf-8")


def permute_labels(folder: Path) -> None:
    """The same classifier with its labels in reverse order."""
    config = json.loads((folder / "config.json").read_text())
    labels = [config["id2label"][key] for key in sorted(config["id2label"], key=int)][::-1]
    config["id2label"] = dict(enumerate(labels))
    config["label2id"] = {label: index for index, label in enumerate(labels)}
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = weights[name].flip(0).contiguous()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_several_data_sets_and_checkpoints_are_one_table(chain: Path, capsys: CAPSYS):
    single = [
        json.loads(output_of(f"evaluate --data {name} --json", capsys)) for name in ("xx.test.tsv", "xx.train.tsv")
    ]
    found = json.loads(output_of("evaluate --data xx.test.tsv --data xx.train.tsv --json --predictions p.tsv", capsys))
    assert found["results"] == single
    assert sorted(path.name for path in Path().glob("p.*")) == ["p.xx.test.tsv", "p.xx.train.tsv"]
    table = output_of("evaluate --data xx.test.tsv --data xx.train.tsv", capsys)
    assert "results of stitched" in table and "xx.train.tsv" in table and "confusion" not in table
    table = output_of("evaluate stitched model --data xx.test.tsv", capsys)
    assert "results on xx.test.tsv" in table and "model" in table
    shutil.copytree("stitched", "other/stitched")
    assert "the same file" in failure_of(
        "evaluate stitched other/stitched --data xx.test.tsv --predictions q.tsv", 2, capsys
    )


def test_an_ensemble_averages_log_probabilities(chain: Path, capsys: CAPSYS):
    assert run(f"{TRAIN} --seed 7 -o second".split()) == 0
    assert run("stitch second -o stitched2 -q".split()) == 0
    members = []
    for name in ("stitched", "stitched2"):
        output_of(f"evaluate {name} --data xx.test.tsv --predictions {name}.tsv", capsys)
        members.append(read_predictions(Path(f"{name}.tsv")).probabilities)
    permute_labels(Path("stitched2"))
    found = json.loads(
        output_of("evaluate stitched stitched2 --ensemble --data xx.test.tsv --predictions e.tsv --json", capsys)
    )
    ensemble = read_predictions(Path("e.tsv"))
    np.testing.assert_allclose(ensemble.probabilities, average_log_probabilities(members), atol=1e-5)
    assert found["checkpoint"] == "stitched + stitched2"
    assert found["members"] == ["stitched", "stitched2"] and found["seeds"] == [] and len(found["runs"]) == 1
    rows = output_of("predict stitched stitched2 xx.test.tsv --ensemble", capsys).splitlines()
    assert [row.split("\t")[0] for row in rows[1:]] == list(ensemble.predicted)


def test_predict_with_an_ensemble_reads_stdin(chain: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree("stitched", "same")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"qhctam qmaet\n")))
    rows = output_of("predict stitched same --ensemble", capsys).splitlines()
    assert len(rows) == 2
    assert "two checkpoints or more" in failure_of("predict stitched --ensemble", 2, capsys)
    assert "two checkpoints or more" in failure_of("evaluate --ensemble --data xx.test.tsv", 2, capsys)
    assert "one argument too many: c.txt" in failure_of("predict stitched a.txt c.txt", 2, capsys)
    assert "several files of texts" in failure_of("predict stitched same a.txt b.txt --ensemble", 2, capsys)


def test_a_member_that_does_not_know_the_words_is_named(chain: Path, capsys: CAPSYS):
    unknown = "100% of the words are not in the vocabulary"
    said = warnings_of("evaluate stitched model --ensemble --data xx.test.tsv", capsys)
    assert f"xx.test.tsv, read by model: {unknown}" in said
    assert f"read by model: {unknown}" in warnings_of("predict stitched model xx.test.tsv --ensemble", capsys)


def test_a_checkpoint_that_is_named_twice(chain: Path, capsys: CAPSYS):
    for more in ("", " --ensemble"):
        assert "stitched: this checkpoint is named twice" in failure_of(
            f"evaluate stitched stitched --data xx.test.tsv{more}", 2, capsys
        )


def test_an_ensemble_needs_the_same_labels(chain: Path, capsys: CAPSYS):
    shutil.copytree("stitched", "other")
    config = Path("other/config.json")
    config.write_text(config.read_text().replace("sports", "games"))
    assert "are not those of stitched" in failure_of("evaluate stitched other --ensemble --data xx.test.tsv", 3, capsys)


def test_seeds_are_the_training_seeds(chain: Path, capsys: CAPSYS):
    assert json.loads(output_of("evaluate --data xx.test.tsv --json", capsys))["seeds"] == [1]
    assert run(f"{TRAIN} --seed 5 -o five".split()) == 0
    assert run("stitch five -o five-stitched -q".split()) == 0
    assert json.loads(output_of("evaluate five-stitched --data xx.test.tsv --json", capsys))["seeds"] == [5]
    Path("five-stitched/manifest.json").unlink()
    found = json.loads(output_of("evaluate five-stitched --data xx.test.tsv --json", capsys))
    assert found["seeds"] == []
    assert "interval" not in found and len(found["macro_f1_interval"]) == 2
    assert found["bootstrap"] == {"level": 0.95, "resamples": 2000, "seed": 1}


def test_the_seeds_of_a_folder_can_be_averaged(chain: Path, capsys: CAPSYS):
    for seed in (3, 4):
        shutil.copytree("stitched", f"all/seed-{seed}")
    assert json.loads(output_of("evaluate all --data xx.test.tsv --json", capsys))["seeds"] == [3, 4]
    found = json.loads(output_of("evaluate all --ensemble --data xx.test.tsv --json", capsys))
    assert found["members"] == ["all/seed-3", "all/seed-4"]
    assert json.loads(output_of("evaluate all/seed-3 --data xx.test.tsv --json", capsys))["seeds"] == [3]
    assert "average them with" in failure_of("predict all xx.test.tsv", 2, capsys)


def test_likely_mistakes_are_warned_of(chain: Path, capsys: CAPSYS):
    assert warnings_of("evaluate --data xx.test.tsv", capsys) == ""
    assert warnings_of("predict stitched xx.test.tsv", capsys) == ""
    write_foreign(Path("foreign.tsv"))
    unknown = "foreign.tsv: 100% of the words are not in the vocabulary: are they in the language xx"
    assert unknown in warnings_of("evaluate --data foreign.tsv", capsys)
    assert unknown in warnings_of("predict stitched foreign.tsv", capsys)
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()]
    kept = [row for row in rows[1:] if row[1] == "sports"]
    Path("one.tsv").write_text("".join("\t".join(row) + "\n" for row in [rows[0], *kept]))
    assert "one.tsv has no text with the label" in warnings_of("evaluate --data one.tsv", capsys)
    output_of("evaluate --data xx.test.tsv --predictions p.tsv", capsys)
    found = read_predictions(Path("p.tsv"))
    wrong = [found.labels[found.labels.index(label) - 1] for label in found.predicted]
    turned = [[row[0], label, row[2]] for row, label in zip(rows[1:], wrong, strict=True)]
    Path("turned.tsv").write_text("".join("\t".join(row) + "\n" for row in [rows[0], *turned]))
    assert "is below that of always" in warnings_of("evaluate --data turned.tsv", capsys)


def test_another_language_than_the_checkpoint_is_warned_of(chain: Path, capsys: CAPSYS):
    home = Path("data/sib200/fra_Latn")
    home.mkdir(parents=True)
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()]
    home.joinpath("test.tsv").write_text(
        "index_id\tcategory\ttext\n" + "".join("\t".join(row) + "\n" for row in rows[1:])
    )
    assert "stitched reads the language xx, and" in warnings_of("evaluate --data sib200:fr --data-dir data", capsys)


def test_the_linear_baseline_warns_as_well(chain: Path, capsys: CAPSYS):
    line = "baseline lr --train xx.train.tsv --data xx.test.tsv --target-vectors xx.vec"
    assert warnings_of(line, capsys) == ""
    write_foreign(Path("foreign.tsv"))
    assert "foreign.tsv: 100% of the words" in warnings_of(line.replace("xx.test.tsv", "foreign.tsv"), capsys)


def test_a_missing_file_of_texts_prints_no_header(chain: Path, capsys: CAPSYS):
    assert "nofile" in failure_of("predict stitched nofile", 3, capsys)
    Path("bad.txt").write_bytes(b"\xff\xfe\n")
    assert "bad.txt" in failure_of("predict stitched bad.txt", 3, capsys)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_model_that_computes_nan_is_an_error(value: float, chain: Path, capsys: CAPSYS):
    weights = load_file("stitched/model.safetensors")
    weights["classifier.bias"][0] = value
    save_file(weights, "stitched/model.safetensors", metadata={"format": "pt"})
    for line in ("evaluate --data xx.test.tsv", "predict stitched xx.test.tsv -o out.tsv"):
        assert "NaN or infin" in failure_of(line, 3, capsys)


def test_pictures(chain: Path, capsys: CAPSYS):
    line = "evaluate --data xx.test.tsv --plot p.svg --predictions p.tsv"
    assert "macro-F1" in output_of(line, capsys)
    assert Path("p.svg").read_text().startswith("<?xml")
    assert "p.svg: the output exists" in failure_of(line, 4, capsys).replace("p.tsv", "p.svg")
    output_of("evaluate stitched model --data xx.test.tsv --plot both.png -q", capsys)
    assert sorted(path.name for path in Path().glob("both*")) == ["both.model.png", "both.stitched.png"]
    assert "cannot be written as .jpg" in failure_of("evaluate --data xx.test.tsv --plot p.jpg", 2, capsys)
    found = json.loads(output_of("compare p.tsv p.tsv --data xx.test.tsv --plot c.pdf --json", capsys))
    assert Path("c.pdf").read_bytes().startswith(b"%PDF")
    assert {item["difference"] for item in found["per_class"]} == {0}
    assert "F1 per class" in output_of("compare p.tsv p.tsv --data xx.test.tsv", capsys)
    assert "the output exists" in failure_of("compare p.tsv p.tsv --data xx.test.tsv --plot c.pdf", 4, capsys)


def test_predict_says_that_it_waits_for_a_terminal(chain: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    for stream, expected in ((Terminal, True), (io.TextIOWrapper, False)):
        monkeypatch.setattr(sys, "stdin", stream(io.BytesIO(b"a text\n"), encoding="utf-8"))
        assert run(["predict", "stitched"]) == 0
        assert ("reading texts from the terminal" in capsys.readouterr().err) == expected
