"""The Python functions: the same results as the commands, lazily imported, with objects that show what they hold."""

import gc
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mosecrot_cli as mosecrot
from commands import output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.errors import DataError, OutputExistsError, UsageError

TEXTS = ["qhctam qmaet qlaog", "qmota qygrene qyroeht", "qrats qni qeht qtibro"]


@pytest.fixture
def anchors(chain: Path) -> mosecrot.Anchors:
    return mosecrot.select_anchors("en-xx.tsv", source_model="pico-bert", target_vectors="xx.vec", tgt="xx")


def test_the_package_is_imported_without_anything_heavy():
    heavy = ["torch", "transformers", "numpy", "mosecrot_cli.api"]
    code = "import sys, time; start = time.process_time(); import mosecrot_cli; print(time.process_time() - start); "
    code += f"assert not set({heavy}) & set(sys.modules); assert 'stitch' in dir(mosecrot_cli)"
    seconds = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    assert min(seconds) < 0.05


def test_every_name_of_the_api_is_a_name_of_the_package():
    from mosecrot_cli import api

    assert {name for name in dir(mosecrot) if name in api.__all__} == set(api.__all__)
    assert all(getattr(mosecrot, name) is getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = mosecrot.nothing


def test_the_functions_give_the_probabilities_of_the_commands(chain: Path, anchors, capsys: pytest.CaptureFixture[str]):
    mapped = mosecrot.map_vectors(anchors, k=5)
    stitched = mosecrot.stitch("model", mapped)
    Path("texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    rows = [json.loads(row) for row in output_of("predict stitched texts.txt --format jsonl", capsys).splitlines()]
    expected = np.array([[row["probabilities"][label] for label in stitched.labels] for row in rows])
    assert np.allclose(stitched.probabilities(TEXTS), expected, atol=1e-6)
    found = stitched.pipeline()(TEXTS)
    assert [each["label"] for each in found] == [row["label"] for row in rows] == stitched.predict(TEXTS)
    assert np.allclose([each["score"] for each in found], expected.max(axis=1), atol=1e-5)
    for name in ("source.npy", "target.npy", "target.vocab.txt"):
        assert (mapped.path / name).read_bytes() == (Path("mapped") / name).read_bytes()
    score = json.loads(output_of("evaluate --data xx.test.tsv --json", capsys))["macro_f1"]
    assert stitched.evaluate("xx.test.tsv").to_dict()["macro_f1"] == score


def test_each_object_shows_what_it_holds(chain: Path, anchors):
    assert repr(anchors).startswith("Anchors(38 pairs, en -> xx: the = qeht, a = qa")
    assert anchors[0].target == "qeht" and len([*anchors]) == len(anchors)
    mapped = mosecrot.map_vectors(anchors, preset="transfer")
    assert repr(mapped) == "MappedVectors(38 words x 32, residual, 38 anchors, source kept)"
    assert mapped["qeht"].shape == (32,) and len(mapped) == 38 and mapped.source.shape[1] == 32
    assert mapped.inspect(holdout=0.2).to_dict()["anchors"] == 38
    stitched = mosecrot.stitch("model", mapped, output="new")
    assert repr(stitched) == "Checkpoint(stitch, reads xx, new)"
    assert stitched.save("copy") == Path("copy") and run("predict copy en.dev.tsv -q -o a.tsv".split()) == 0
    with pytest.raises(OutputExistsError):
        stitched.save("copy")


def test_a_class_bias_is_added_in_one_step_or_in_two(chain: Path):
    Path("texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    with pytest.warns(mosecrot.MosecrotWarning, match="only 3 texts"):
        adapted = mosecrot.adapt("stitched", "texts.txt", prior="uniform")
    with pytest.warns(mosecrot.MosecrotWarning, match="only 3 texts"):
        at_once = mosecrot.stitch("model", "mapped", texts="texts.txt", prior="uniform")
    assert adapted.manifest.command == "adapt" and adapted.manifest.statistics["labels"] == "none read"
    assert np.allclose(adapted.probabilities(TEXTS), at_once.probabilities(TEXTS), atol=1e-6)
    plain = mosecrot.stitch("model", "mapped").probabilities(TEXTS).mean(axis=0)
    assert np.abs(adapted.probabilities(TEXTS).mean(axis=0) - 0.5).max() < np.abs(plain - 0.5).max()


def test_a_temporary_result_goes_with_its_object(anchors):
    mapped = mosecrot.map_vectors(anchors)
    path = mapped.path
    assert path.is_dir()
    del mapped
    gc.collect()
    assert not path.exists()


def test_fine_tuning_and_a_warning(anchors):
    mapped = mosecrot.map_vectors(anchors)
    checkpoint = mosecrot.finetune("en.train.tsv", embeddings=mapped, epochs=1, batch_size=8)
    assert checkpoint.labels == ("science", "sports") and "finetune, reads en" in repr(checkpoint)
    with pytest.warns(mosecrot.MosecrotWarning, match="k = 500, but there are 38 anchors"):
        mosecrot.map_vectors(anchors, k=500)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weigthing": "softmax"}, "did you mean weighting?"),
        ({"weighting": "sparsmax"}, "one of standard, softmax, sparsemax, entmax15"),
        ({"preset": "papers"}, "one of paper, transfer"),
        ({"k": 0}, "k must be at least 1"),
    ],
)
def test_a_wrong_value_is_one_line(anchors, settings, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        mosecrot.map_vectors(anchors, **settings)
    with pytest.raises(DataError, match="no such file"):
        mosecrot.select_anchors("none.tsv", source_model="pico-bert", target_vectors="xx.vec")
