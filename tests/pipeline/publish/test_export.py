"""ONNX graphs, run by ONNX Runtime and compared with the checkpoint that they come from."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from commands import failure_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.model.inference import predict_probabilities
from mosecrot_cli.model.loading import load_classifier
from mosecrot_cli.pipeline.publish import export
from pico import write_pico_checkpoint

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")


def probabilities(folder: Path, texts: list[str]) -> np.ndarray:
    """As a user of the exported folder would compute them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    session = onnxruntime.InferenceSession(str(folder / "onnx/model.onnx"), providers=["CPUExecutionProvider"])
    batch = tokenizer(texts, padding=True, return_tensors="np")
    (logits,) = session.run(["logits"], {each.name: batch[each.name] for each in session.get_inputs()})
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.slow
def test_a_stitched_checkpoint_gives_the_same_answers(chain: Path, capfd: pytest.CaptureFixture[str]):
    capfd.readouterr()
    assert run("export stitched --onnx -q".split()) == 0
    # The exporter's own talk goes nowhere.
    assert capfd.readouterr() == ("", "")
    texts = [row.split("\t")[2] for row in Path("xx.test.tsv").read_text().splitlines()[1:]]
    classifier = load_classifier("stitched")
    expected = predict_probabilities(classifier.model, classifier.tokenizer, texts)
    np.testing.assert_allclose(probabilities(Path("exported"), texts), expected, atol=1e-5)
    # Batches of other sizes and lengths than those of the export.
    np.testing.assert_allclose(probabilities(Path("exported"), texts[:1]), expected[:1], atol=1e-5)
    found = {path.relative_to("exported").as_posix() for path in Path("exported").rglob("*") if path.is_file()}
    assert {"README.md", "config.json", "manifest.json", "onnx/model.onnx", "tokenizer.json"} <= found
    for name in ("tokenizer.json", "config.json", "README.md"):
        assert Path("exported", name).read_bytes() == Path("stitched", name).read_bytes()


@pytest.mark.slow
def test_positions_that_are_counted_from_the_padding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """RoBERTa computes them from the ids: a graph that was traced with constants would be wrong."""
    monkeypatch.chdir(tmp_path)
    write_pico_checkpoint(tmp_path / "roberta", "roberta")
    assert run("export roberta --onnx -q".split()) == 0
    texts = ["the dog eats the bread", "one cat", "that old wolf likes the red apple and the rain"]
    classifier = load_classifier("roberta")
    expected = predict_probabilities(classifier.model, classifier.tokenizer, texts)
    np.testing.assert_allclose(probabilities(tmp_path / "exported", texts), expected, atol=1e-5)


def test_a_graph_with_other_answers_is_refused(chain: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(export, "_write_graph", lambda classifier, graph, *, where: graph.write_bytes(b""))
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda *_, **__: type("Session", (), {"run": _wrong, "get_inputs": list})()
    )
    assert "gives other probabilities" in failure_of("export stitched --onnx", 3, capsys)


def _wrong(session: object, names: object, inputs: object) -> list[np.ndarray]:
    return [np.array([[9.0, 0.0]] * 4)]


def test_what_is_asked_for_wrongly(chain: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    assert "name it with --onnx" in failure_of("export stitched", 2, capsys)
    for seed in ("seed-1", "seed-2"):
        shutil.copytree("model", f"seeds/{seed}")
    assert "several checkpoints" in failure_of("export seeds --onnx", 2, capsys)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert "pip install 'mosecrot[onnx]'" in failure_of("export stitched --onnx", 2, capsys)
