"""`adapt --method bias`: unlabelled texts have the expected class shares, and the checkpoint stays an ordinary one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from make_pico import make_texts
from safetensors.torch import load_file, save_file

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.model.class_bias import SHRINKAGE
from pico import write_pico_checkpoint

BIAS = "classifier.bias"
ADAPT = "adapt stitched --texts unlabelled.txt -q"


def tensors(folder: str) -> dict[str, torch.Tensor]:
    return load_file(f"{folder}/model.safetensors")


def probabilities_of(folder: str, texts: str, capsys: pytest.CaptureFixture[str]) -> np.ndarray:
    rows = output_of(f"predict {folder} {texts} -q", capsys).splitlines()[1:61]  # without the blank line
    return np.array([[float(cell) for cell in row.split("\t")[2:4]] for row in rows])


def expected_shares(capsys: pytest.CaptureFixture[str]) -> np.ndarray:
    """What the mean probabilities would be without the pull of the bias towards 0."""
    means = probabilities_of("adapted", "unlabelled.txt", capsys).mean(axis=0)
    return means + SHRINKAGE / 60 * bias_of("adapted")


def bias_of(folder: str) -> np.ndarray:
    found = json.loads(Path(folder, "manifest.json").read_text())["statistics"]["class_bias"][""]
    return np.array(list(found["bias"].values()))


@pytest.fixture
def stitched(chain: Path) -> Path:
    """The finished chain whose model prefers its first class for every text, and 60 unlabelled texts."""
    make_texts(Path("many.tsv"), 60, np.random.default_rng(3), invented=True)
    lines = [line.split("\t")[2] for line in Path("many.tsv").read_text().splitlines()[1:]]
    Path("unlabelled.txt").write_text("\n".join(lines) + "\n\n")
    head = tensors("stitched")
    head[BIAS] = head[BIAS] + torch.tensor([3.0, 0.0])
    save_file(head, "stitched/model.safetensors", metadata={"format": "pt"})
    return chain


def test_the_mean_probabilities_are_the_class_shares_of_the_training_data(stitched: Path, capsys):
    assert run(ADAPT.split()) == 0
    labels = [line.split("\t")[1] for line in Path("en.train.tsv").read_text().splitlines()[1:]]
    expected = [labels.count(label) / len(labels) for label in sorted(set(labels))]
    assert expected_shares(capsys) == pytest.approx(expected, abs=1e-4)


def test_only_the_bias_of_the_output_layer_changes(stitched: Path):
    assert run(ADAPT.split()) == 0
    before, after = tensors("stitched"), tensors("adapted")
    assert [name for name in before if not torch.equal(before[name], after[name])] == [BIAS]
    assert before.keys() == after.keys()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (Path("adapted") / name).read_bytes() == (Path("stitched") / name).read_bytes()


def test_an_offset_of_the_logits_costs_nothing_any_more(stitched: Path, capsys):
    scores = []
    for folder in ("stitched", "adapted"):
        if folder == "adapted":
            assert run(ADAPT.split()) == 0
        scores.append(json.loads(output_of(f"evaluate {folder} --data xx.test.tsv --json -q", capsys))["macro_f1"])
    assert scores[1] > scores[0]


def test_the_manifest_and_the_configuration_tell_what_was_done(stitched: Path):
    assert run(ADAPT.split()) == 0
    manifest = json.loads(Path("adapted/manifest.json").read_text())
    found = manifest["statistics"]["class_bias"][""]
    assert manifest["command"] == "adapt" and manifest["statistics"]["labels"] == "none read"
    assert manifest["statistics"]["texts"] == 60 and manifest["settings"]["method"] == "bias"
    assert manifest["facts"] == {"src": "en", "tgt": "xx", "seeds": [1]}
    first, second = found["bias"]
    moved = tensors("adapted")[BIAS] - tensors("stitched")[BIAS]
    assert moved.tolist() == pytest.approx([found["bias"][first], found["bias"][second]], abs=1e-5)
    assert found["answers_before"][first] > found["answers_after"][first]
    record = json.loads(Path("adapted/config.json").read_text())["mosecrot"]
    assert record["class_bias"] == pytest.approx(found["bias"]) and record["kept"] is True
    # A second time there is little left to add, and the configuration holds the sum.
    assert run("adapt adapted --texts unlabelled.txt -q -o again".split()) == 0
    assert np.abs(bias_of("again")).max() < 0.3 * np.abs(bias_of("adapted")).max()
    record = json.loads(Path("again/config.json").read_text())["mosecrot"]
    assert list(record["class_bias"].values()) == pytest.approx(bias_of("adapted") + bias_of("again"))


@pytest.mark.parametrize(("prior", "expected"), [("uniform", [0.5, 0.5]), ("prior.tsv", [0.9, 0.1])])
def test_the_prior_is_what_the_user_expects(prior: str, expected: list[float], stitched: Path, capsys):
    labels = json.loads(Path("stitched/config.json").read_text())["id2label"]
    Path("prior.tsv").write_text(f"{labels['1']}\t10\n{labels['0']}\t90\n")
    assert run(f"{ADAPT} --prior {prior}".split()) == 0
    assert expected_shares(capsys) == pytest.approx(expected, abs=1e-4)


def test_each_seed_has_a_bias_of_its_own(stitched: Path):
    for seed in (1, 4):
        shutil.copytree("stitched", f"both/seed-{seed}")
    head = tensors("both/seed-4")
    head[BIAS] = head[BIAS] + torch.tensor([1.0, -1.0])
    save_file(head, "both/seed-4/model.safetensors", metadata={"format": "pt"})
    assert run(ADAPT.replace("stitched", "both").split()) == 0
    assert run(ADAPT.replace("stitched", "both/seed-4 -o alone").split()) == 0
    assert torch.equal(tensors("adapted/seed-4")[BIAS], tensors("alone")[BIAS])
    first, second = json.loads(Path("adapted/manifest.json").read_text())["statistics"]["class_bias"].values()
    preferred = next(iter(first["bias"]))  # by the model, and by that of the second seed still more
    assert second["bias"][preferred] < first["bias"][preferred]


def test_labels_in_the_file_change_nothing(stitched: Path):
    assert run(ADAPT.split()) == 0
    for name in ("many.tsv", "relabelled.tsv"):
        if name == "relabelled.tsv":
            rows = [line.split("\t") for line in Path("many.tsv").read_text().splitlines()]
            Path(name).write_text(
                "".join(f"{row[0]}\tnonsense\t{row[2]}\n" for row in rows).replace("nonsense", rows[0][1], 1)
            )
        assert run(f"adapt stitched --texts {name} -q --overwrite -o other".split()) == 0
        assert torch.equal(tensors("other")[BIAS], tensors("adapted")[BIAS])


def test_a_checkpoint_from_elsewhere_needs_a_prior(world: Path, capsys: pytest.CaptureFixture[str]):
    write_pico_checkpoint(Path("classifier"))
    Path("english.txt").write_text("the dog eats bread\na bird sees rice\n" * 3 + "my cow\n")
    line = "adapt classifier --texts english.txt -q"
    message = failure_of(line, 2, capsys)
    assert "does not record the class shares" in message and "--prior" in message
    assert run(f"{line} --prior uniform".split()) == 0


def test_a_single_class_takes_no_bias(world: Path, capsys: pytest.CaptureFixture[str]):
    write_pico_checkpoint(Path("classifier"), labels=("only",))
    Path("english.txt").write_text("the dog eats bread\n")
    assert "a single class" in failure_of("adapt classifier --texts english.txt --prior uniform -q", 3, capsys)


def test_a_model_that_answers_all_texts_alike_is_told(stitched: Path, capsys: pytest.CaptureFixture[str]):
    head = tensors("stitched")
    head["classifier.weight"] *= 1e-3
    save_file(head, "stitched/model.safetensors", metadata={"format": "pt"})
    assert run("adapt stitched --texts unlabelled.txt".split()) == 0
    assert "answers all texts nearly alike" in capsys.readouterr().err


def test_few_texts_are_told(stitched: Path, capsys: pytest.CaptureFixture[str]):
    Path("few.txt").write_text("\n".join(Path("unlabelled.txt").read_text().splitlines()[:12]))
    assert run("adapt stitched --texts few.txt".split()) == 0
    assert "12 texts" in capsys.readouterr().err
    Path("blank.txt").write_text("\n \n")
    assert "blank.txt: no texts" in failure_of("adapt stitched --texts blank.txt --overwrite -q", 3, capsys)


@pytest.mark.parametrize("more", ["--rounds 2", "--confidence .5", "--no-balance", "--epochs 1", "--lr 1e-4"])
def test_options_of_self_training_do_not_go_with_it(more: str, stitched: Path, capsys):
    assert "self-training" in failure_of(f"{ADAPT} {more}", 2, capsys)


def test_stitch_adds_it_at_once(stitched: Path, capsys: pytest.CaptureFixture[str]):
    assert run("stitch model --embeddings mapped --texts unlabelled.txt -o at-once -q".split()) == 0
    assert run("stitch model --embeddings mapped -o plain -q".split()) == 0
    assert run("adapt plain --texts unlabelled.txt -o later -q".split()) == 0
    at_once, later = tensors("at-once"), tensors("later")
    assert at_once.keys() == later.keys()
    assert all(torch.equal(at_once[name], later[name]) for name in later)
    assert probabilities_of("at-once", "unlabelled.txt", capsys) == pytest.approx(
        probabilities_of("later", "unlabelled.txt", capsys), abs=1e-6
    )
    recorded = json.loads(Path("at-once/manifest.json").read_text())
    assert (
        recorded["statistics"]["class_bias"]
        == json.loads(Path("later/manifest.json").read_text())["statistics"]["class_bias"]
    )
    assert "unlabelled.txt" in recorded["inputs"]["texts"]["path"]


def test_stitch_chooses_the_map_whose_answers_carry_the_most_information(stitched: Path, capsys):
    """Of a sound map and two in which all words are the same, the sound one is used, wherever it stands."""
    for name in ("flat", "level"):
        shutil.copytree("mapped", name)
        rows = np.load(f"{name}/target.npy")
        np.save(f"{name}/target.npy", np.tile(rows.mean(axis=0), (len(rows), 1)))
    line = "stitch model --texts unlabelled.txt -q"
    assert run(f"{line} --embeddings flat --alternative mapped --alternative level -o chosen".split()) == 0
    assert run(f"{line} --embeddings mapped -o sound".split()) == 0
    chosen, sound = tensors("chosen"), tensors("sound")
    assert chosen.keys() == sound.keys() and all(torch.equal(chosen[name], sound[name]) for name in sound)
    assert sorted(path.name for path in Path("chosen").iterdir()) == sorted(
        path.name for path in Path("sound").iterdir()
    )
    found = json.loads(Path("chosen/manifest.json").read_text())
    assert found["statistics"]["map_choice"]["chosen"] == "mapped"
    information = found["statistics"]["map_choice"]["information"]
    assert max(information["flat"], information["level"]) < information["mapped"] / 2
    assert {"embeddings", "alternative_1", "alternative_2", "texts"} <= found["inputs"].keys()


def test_a_dry_run_of_stitch_names_all_maps_and_counts_the_texts(stitched: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree("mapped", "same")
    line = "stitch model --texts unlabelled.txt --alternative same -q -o chosen --dry-run --json"
    plan = json.loads(output_of(line, capsys))["plan"]
    assert plan["texts for the class bias"] == "60, no label read" and not Path("chosen").exists()
    assert {"target embeddings of mapped", "target embeddings of same"} <= plan.keys()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("mapped", "--alternative: mapped is the map of --embeddings (mapped)"),
        ("linked", "--alternative: linked is the map of --embeddings (mapped)"),
        ("same --alternative ../WORK/same", "is named twice (same)"),
    ],
)
def test_a_map_is_no_alternative_to_itself(more: str, why: str, stitched: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree("mapped", "same")
    Path("linked").symlink_to("mapped")
    more = more.replace("WORK", Path.cwd().name)
    assert why in failure_of(f"stitch model --texts unlabelled.txt --alternative {more} -q -o chosen", 2, capsys)


def test_seeds_use_the_same_map(stitched: Path):
    for seed in (1, 4):
        shutil.copytree("model", f"models/seed-{seed}")
    shutil.copytree("mapped", "same")
    line = "stitch models --texts unlabelled.txt --alternative same -q -o chosen"
    assert run(line.split()) == 0
    assert sorted(path.name for path in Path("chosen").iterdir()) == ["README.md", "manifest.json", "seed-1", "seed-4"]
    assert json.loads(Path("chosen/manifest.json").read_text())["statistics"]["map_choice"]["chosen"] == "mapped"


@pytest.mark.parametrize("more", ["--alternative mapped", "--prior uniform"])
def test_what_needs_texts_is_refused_without(more: str, stitched: Path, capsys: pytest.CaptureFixture[str]):
    assert "--texts" in failure_of(f"stitch model {more} -o chosen -q", 2, capsys)
