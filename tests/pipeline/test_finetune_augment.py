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
from mosecrot_cli.pipeline.finetune.augment import MappedWords, build_augmentation, covered_share

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
    return build_augmentation([MappedWords.open(Path(folder)) for folder in folders], rate, 0, pico())


def own() -> np.ndarray:
    return load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"]


def test_where_the_source_is_kept_anchored_target_words_stand_in_as_they_are_and_as_others_map_them(mapped: Path):
    found = built("kept")
    words, matrix = Path("kept/target.vocab.txt").read_text().splitlines(), np.load("kept/target.npy")
    vocabulary = pico().tokenizer.get_vocab()
    expected = defaultdict(set)
    for line in Path("two.tsv").read_text().splitlines():
        source, target = line.split("\t")
        if target in words:
            expected[vocabulary[source]].add(matrix[words.index(target)].tobytes())
    assert len(expected[vocabulary["match"]]) == 2
    own, held_out = (defaultdict(set) for _ in range(2))
    half = sum(map(len, expected.values()))  # a repeated pair counts once
    for place, (token, vector) in enumerate(zip(found.tokens.tolist(), found.vectors, strict=True)):
        (own if place < half else held_out)[token].add(vector.tobytes())
    assert own == expected
    assert {token: len(rows) for token, rows in held_out.items()} == {token: len(rows) for token, rows in own.items()}
    assert not any(own[token] & held_out[token] for token in own)


def test_a_held_out_row_knows_nothing_of_the_words_own_translation(mapped: Path):
    def rows(anchors: str) -> tuple[np.ndarray, np.ndarray]:
        line = f"map {anchors} --source-model pico-bert --target-vectors xx.vec --preset transfer --ridge .1 -q -o one"
        assert run([*line.split(), "--overwrite"]) == 0
        with np.load("one/out_of_fold.npz") as found:
            chosen = np.flatnonzero(found["rows"] == row)
            return np.load("one/target.npy")[row], found["vectors"][chosen]

    lines = Path("anchors.tsv").read_text().splitlines()
    target = lines[3].split("\t")[1]
    row = Path("kept/target.vocab.txt").read_text().splitlines().index(target)
    Path("other.tsv").write_text("\n".join([*lines[:3], f"{lines[5].split()[0]}\t{target}", *lines[4:]]) + "\n")
    (own, held_out), (other_own, other_held_out) = rows("anchors.tsv"), rows("other.tsv")
    assert not np.allclose(own, other_own)
    assert held_out.shape == (1, 32) and np.array_equal(held_out, other_held_out)


def test_the_anchors_that_the_map_used_stand_in(mapped: Path):
    pairs = [line.split("\t") for line in Path("anchors.tsv").read_text().splitlines()]
    few = pairs[: 2 * len(pairs) // 3]
    swapped = [[pairs[0][0], pairs[1][1]], [pairs[1][0], pairs[0][1]], *pairs[2:]]
    for name, anchors, option, change in [
        ("learnt", few, "--self-learning=3", "learnt_anchors"),
        ("chosen", swapped, "--max-rank=.1", "implausible_anchors"),
    ]:
        Path(f"{name}.tsv").write_text("".join("\t".join(pair) + "\n" for pair in anchors))
        line = f"map {name}.tsv --source-model pico-bert --target-vectors xx.vec --method ridge {option} -q -o {name}"
        assert run(line.split()) == 0
        statistics = json.loads(Path(name, "manifest.json").read_text())["statistics"]
        assert statistics[change] > 0
        used = len(anchors) + statistics.get("learnt_anchors", 0) - statistics.get("implausible_anchors", 0)
        assert len(built(name).tokens) == 2 * used


def test_with_a_pivot_the_file_of_anchors_tells_which_rows_stand_in(mapped: Path):
    line = "map anchors.tsv --source-model pico-bert --target-vectors xx.vec --method ridge --pivot-vectors en.vec -q"
    tokens = [token for token in pico().tokenizer.get_vocab() if token.isalpha()]
    random = np.random.default_rng(1).normal(size=(len(tokens), 8))
    rows = (f"{token} {' '.join(map(str, row))}" for token, row in zip(tokens, random, strict=True))
    Path("en.vec").write_text(f"{len(tokens)} 8\n" + "\n".join(rows) + "\n")
    assert run([*line.split(), "-o", "pivoted"]) == 0
    assert not Path("pivoted/out_of_fold.npz").exists()
    found = built("pivoted")
    anchors = [line.split("\t") for line in Path("anchors.tsv").read_text().splitlines()]
    assert len(found.tokens) == len(anchors)
    Path("anchors.tsv").write_text("never\tqmaet\n")
    with pytest.raises(DataError, match="none of 1 anchors joins"):
        built("pivoted")
    Path("anchors.tsv").unlink()
    with pytest.raises(DataError, match="where its anchors are is not known"):
        built("pivoted")


DAMAGES = {
    "names": lambda arrays: {"tokens": None},
    "lengths": lambda arrays: {"tokens": arrays["tokens"][1:]},
    "width": lambda arrays: {"vectors": arrays["vectors"][:, 1:]},
    "rows beyond the vocabulary": lambda arrays: {"rows": arrays["rows"] + 10**6},
    "tokens beyond the embeddings": lambda arrays: {"tokens": arrays["tokens"] + 10**6},
    "no dimension": lambda arrays: {"rows": np.array(1)},
    "two dimensions": lambda arrays: {"tokens": arrays["tokens"][None]},
    "fractions": lambda arrays: {"rows": arrays["rows"] + 0.5},
    "negative rows": lambda arrays: {"rows": arrays["rows"] - 10**6},
    "strings": lambda arrays: {"vectors": arrays["vectors"].astype(str)},
    "NaN": lambda arrays: {"vectors": np.full_like(arrays["vectors"], np.nan)},
    "infinity": lambda arrays: {"vectors": np.full_like(arrays["vectors"], np.inf)},
    "no rows": lambda arrays: {name: array[:0] for name, array in arrays.items()},
}


@pytest.mark.parametrize("damage", ["text", "cut", "encrypted", *DAMAGES])
def test_damaged_out_of_fold_rows(damage: str, mapped: Path, capsys: pytest.CaptureFixture[str]):
    path = Path("kept/out_of_fold.npz")
    with np.load(path) as content:
        arrays = dict(content)
    if damage == "text":
        path.write_text("text")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "encrypted":  # the flag of each member's headers
        path.write_bytes(path.read_bytes().replace(b"PK\x03\x04\x2d\x00\x00", b"PK\x03\x04\x2d\x00\x01"))
        content = path.read_bytes().replace(b"PK\x01\x02\x2d\x03\x2d\x00\x00", b"PK\x01\x02\x2d\x03\x2d\x00\x01")
        path.write_bytes(content)
    else:
        changes = DAMAGES[damage](arrays)
        np.savez(path, **{name: array for name, array in (arrays | changes).items() if array is not None})
    assert "kept/out_of_fold.npz: " in failure_of(f"{TRAIN} --augment kept -o new", 3, capsys)


def test_the_name_that_the_file_had_in_earlier_runs_is_still_read(mapped: Path):
    found = built("kept")
    Path("kept/out_of_fold.npz").rename("kept/held_out.npz")
    assert built("kept").digest == found.digest


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
        "augment_1_out_of_fold": "kept/out_of_fold.npz",
        "augment_2": "mapped/source.npy",
    }
    found = manifest["statistics"]["training"]["seed-1"]["augmentation"]
    assert found["rate"] == 0.25 and found["tokens"] == 38 and found["vectors"] == 2 * (38 + 1) + 38
    assert found["covered_share"] == pytest.approx(0.9)  # nine words and a full stop
    assert json.loads(output_of(f"{line} --if-changed", capsys))["state"] == "unchanged"
    assert json.loads(output_of(f"{line.replace('.25', '.3')} --if-changed", capsys))["state"] == "written"
    plan = json.loads(output_of(f"{TRAIN} --augment kept --dry-run -o new --json", capsys))["plan"]
    assert plan["augmentation"] == "kept, rate 0.8"


def test_the_source_model_is_that_of_the_map(mapped: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("anchors.tsv", "anchors.manifest.json"):
        Path(name).unlink()
    assert json.loads(output_of(f"{TRAIN} --augment kept -o new --json", capsys))["facts"]["source_model"].endswith(
        "pico-bert"
    )


def test_a_folder_needs_no_file_of_anchors(mapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Path("two.tsv").unlink()
    before = built("kept")
    monkeypatch.chdir(mapped.rename(tmp_path / "elsewhere"))
    assert built("kept").digest == before.digest


def test_what_cannot_be_mixed_is_refused(mapped: Path, capsys: pytest.CaptureFixture[str]):
    assert "F^s replaces those" in failure_of(f"{TRAIN} --embeddings mapped --augment kept -o new", 2, capsys)
    for option in ("--augment-rate .5", "--move-tokens 0"):
        assert option.split()[0] in failure_of(f"{TRAIN} {option} -o new", 2, capsys)
    for option in ("--move-tokens -1", "--move-tokens .5"):
        assert run(f"{TRAIN} --augment kept {option} -o new".split()) == 2
    for rate in ("0", "1.5", "nan", "x"):
        assert run(f"{TRAIN} --augment kept --augment-rate {rate} -o new".split()) == 2
    assert "no such folder" in failure_of(f"{TRAIN} --augment nowhere -o new", 3, capsys)


def test_a_map_of_another_model_is_refused(mapped: Path):
    manifest = json.loads(Path("kept/manifest.json").read_text())
    manifest["facts"]["source_embeddings_sha256"] = "0" * 64
    Path("kept/manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="another source model"):
        built("kept")
