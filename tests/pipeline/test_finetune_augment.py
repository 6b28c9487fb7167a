"""`finetune --augment`: which vectors stand in for which words, what the checkpoint keeps, and what is refused."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.errors import DataError
from mosecrot_cli.model.loading import Classifier, load_for_finetuning
from mosecrot_cli.pipeline.augmentation import MappedWords, build_augmentation, covered_share

EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
TRAIN = "finetune --train en.train.tsv --dev en.dev.tsv --epochs 2 --lr 3e-3 --batch-size 8 -q"


@pytest.fixture
def mapped(chain: Path) -> Path:
    """The finished chain (`mapped/` holds F^s), and `kept/`: E^s, and two translations of one word."""
    Path("two.tsv").write_text(Path("anchors.tsv").read_text() + "match\tqmaet\nmatch\tqmaet\nmatch\tnever\n")
    line = "map two.tsv --source-model pico-bert --target-vectors xx.vec --preset transfer -q -o kept"
    assert run(line.split()) == 0
    return chain


def pico() -> Classifier:
    return load_for_finetuning("pico-bert", ["science", "sports"], seed=1)


def built(*folders: str, rate: float = 0.5):
    return build_augmentation([MappedWords.open(Path(folder)) for folder in folders], rate, pico())


def own() -> np.ndarray:
    return load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"]


def test_where_the_source_is_kept_anchored_target_words_stand_in(mapped: Path):
    found = built("kept")
    words, matrix = Path("kept/target.vocab.txt").read_text().splitlines(), np.load("kept/target.npy")
    vocabulary = pico().tokenizer.get_vocab()
    expected = defaultdict(set)
    for line in Path("two.tsv").read_text().splitlines():
        source, target = line.split("\t")
        if target in words:
            expected[vocabulary[source]].add(matrix[words.index(target)].tobytes())
    assert len(expected[vocabulary["match"]]) == 2
    stand_ins = defaultdict(list)
    for token, vector in zip(found.tokens.tolist(), found.vectors, strict=True):
        stand_ins[token].append(vector.tobytes())
    assert {token: set(rows) for token, rows in stand_ins.items()} == expected
    assert all(len(rows) == len(set(rows)) for rows in stand_ins.values())  # a repeated pair counts once


def test_where_the_source_is_mapped_every_whole_word_has_its_row(mapped: Path):
    found = built("mapped")
    tokenizer = pico().tokenizer
    assert sorted(found.tokens.tolist()) == sorted(
        index for token, index in tokenizer.get_vocab().items() if token.isalpha()
    )
    assert np.array_equal(found.vectors, np.load("mapped/source.npy")[found.tokens])


def test_several_languages_add_up(mapped: Path):
    both, one, other = built("kept", "mapped"), built("kept"), built("mapped")
    assert len(both.tokens) == len(one.tokens) + len(other.tokens)
    assert covered_share(both, pico(), ["the match match unheard"]) == 0.75


def test_the_checkpoint_keeps_the_models_own_embeddings_and_can_be_stitched(mapped: Path, capsys):
    assert run(f"{TRAIN} --embeddings none --augment kept --augment-rate 1 -o augmented".split()) == 0
    assert run(f"{TRAIN} --embeddings none -o plain".split()) == 0
    augmented, plain = load_file("augmented/model.safetensors"), load_file("plain/model.safetensors")
    assert np.array_equal(augmented[EMBEDDINGS], own())
    assert augmented.keys() == plain.keys()
    assert any(not np.array_equal(augmented[name], plain[name]) for name in plain)
    record = json.loads(Path("augmented/config.json").read_text())["mosecrot"]
    assert record["kept"] is True and record["trained"] is False
    assert run("stitch augmented --embeddings kept -q -o read".split()) == 0
    assert json.loads(output_of("evaluate read --data xx.test.tsv --json", capsys))["n"] == 40


def test_the_manifest_names_what_was_read(mapped: Path, capsys: pytest.CaptureFixture[str]):
    # Without --embeddings it is the model's own that are mixed, though mapped/ is there.
    line = f"{TRAIN} --augment kept --augment mapped --augment-rate .25 -o both --json"
    manifest = json.loads(output_of(line, capsys))
    assert manifest["settings"]["augment"] == ["kept", "mapped"] and manifest["settings"]["embeddings"] == "none"
    inputs = {name: value["path"] for name, value in manifest["inputs"].items() if name.startswith("augment")}
    assert inputs == {
        "augment_1": "kept/target.npy",
        "augment_1_anchors": "two.tsv",
        "augment_2": "mapped/source.npy",
    }
    found = manifest["statistics"]["training"]["seed-1"]["augmentation"]
    assert found["rate"] == 0.25 and found["tokens"] == 38 and found["vectors"] == 38 + 1 + 38
    assert found["covered_share"] == pytest.approx(0.9)  # nine words and a full stop
    assert json.loads(output_of(f"{line} --if-changed", capsys))["state"] == "unchanged"
    assert json.loads(output_of(f"{line} --augment-rate .3 --if-changed", capsys))["state"] == "written"
    plan = json.loads(output_of(f"{TRAIN} --augment kept --dry-run -o new --json", capsys))["plan"]
    assert plan["augmentation"] == "kept, rate 0.5"


def test_the_source_model_is_that_of_the_map(mapped: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("anchors.tsv", "anchors.manifest.json"):
        Path(name).unlink()
    assert json.loads(output_of(f"{TRAIN} --augment kept -o new --json", capsys))["facts"]["source_model"].endswith(
        "pico-bert"
    )


def test_a_moved_folder_still_finds_its_anchors(mapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = built("kept")
    monkeypatch.chdir(mapped.rename(tmp_path / "elsewhere"))
    assert built("kept").digest == before.digest


def test_what_cannot_be_mixed_is_refused(mapped: Path, capsys: pytest.CaptureFixture[str]):
    assert "F^s replaces those" in failure_of(f"{TRAIN} --embeddings mapped --augment kept -o new", 2, capsys)
    assert "--augment-rate" in failure_of(f"{TRAIN} --augment-rate .5 -o new", 2, capsys)
    for rate in ("0", "1.5", "nan", "x"):
        assert run(f"{TRAIN} --augment kept --augment-rate {rate} -o new".split()) == 2
    assert "no such folder" in failure_of(f"{TRAIN} --augment nowhere -o new", 3, capsys)
    Path("two.tsv").write_text("never\tqmaet\n")
    assert "two.tsv: none of 1 anchors joins" in failure_of(f"{TRAIN} --augment kept -o new", 3, capsys)
    Path("two.tsv").unlink()
    assert "kept: where its anchors are is not known" in failure_of(f"{TRAIN} --augment kept -o new", 3, capsys)


def test_a_map_of_another_model_is_refused(mapped: Path):
    manifest = json.loads(Path("kept/manifest.json").read_text())
    manifest["facts"]["source_embeddings_sha256"] = "0" * 64
    Path("kept/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="another source model"):
        built("kept")
