"""Learnt anchors or those of the lexicon: unlabelled texts decide, in `transfer` as in `stitch --alternative`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from make_pico import WORDS, backwards, make_texts

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.lexicon.types import COGNATE
from mosecrot_cli.mapping.methods.residual import ResidualMap
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.pipeline.resources import Opened
from mosecrot_cli.pipeline.transfer.judge import judge
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import MapPreset, MapSettings, Weighting, with_preset
from mosecrot_cli.vectors.readers import read_vectors

PLAIN = "transfer model --tgt xx --lexicon few.tsv --target-vectors xx.vec -q"
TRANSFER = f"{PLAIN} --source-vectors en.vec"
JUDGED = f"{TRANSFER} --texts unlabelled.txt"
TRAIN = "finetune --source-model pico-bert --train more.tsv --embeddings none --epochs 10 --lr 3e-3 --batch-size 16 -q"
OUTPUTS = ("anchors.tsv", "anchors-learnt.tsv", "mapped", "mapped-learnt", "stitched")


@pytest.fixture(scope="module")
def trained(pico_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pico world with a model that is sure of its answers, and 60 texts without labels. Read it, change nothing."""
    folder = tmp_path_factory.mktemp("trained") / "work"
    shutil.copytree(pico_world, folder)
    make_texts(folder / "more.tsv", 160, np.random.default_rng(9), invented=False)
    make_texts(folder / "many.tsv", 60, np.random.default_rng(3), invented=True)
    lines = [line.split("\t")[2] for line in (folder / "many.tsv").read_text().splitlines()[1:]]
    (folder / "unlabelled.txt").write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HF_HUB_OFFLINE", "1")
        assert run(TRAIN.split()) == 0
    return folder


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    folder = tmp_path / "work"
    shutil.copytree(trained, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


def material(pairs: int, *, garbage: bool = False) -> None:
    """A lexicon of the first words, and English vectors: rotated ones of the translations; as garbage, of any words."""
    Path("few.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in WORDS[:pairs]), encoding="utf-8")
    vectors = read_vectors("xx.vec", max_vocab=None)
    random = np.random.default_rng(2)
    rotation = np.linalg.qr(random.normal(size=(vectors.dimension, vectors.dimension)))[0]
    rows = vectors.matrix @ rotation + random.normal(scale=0.1 * vectors.matrix.std(), size=vectors.matrix.shape)
    english = {backwards(word): word for word in WORDS}
    ordered = random.permutation(rows) if garbage else rows
    lines = [" ".join([english[word], *map(str, row)]) for word, row in zip(vectors.words, ordered, strict=True)]
    Path("en.vec").write_text("\n".join(lines) + "\n", encoding="utf-8")


def manifest(output: str) -> dict:
    return json.loads(Path(output, "manifest.json").read_text())


def choice_of(output: str = "stitched") -> dict:
    return manifest(output)["statistics"]["map_choice"]


def score(folder: str, capsys: pytest.CaptureFixture[str]) -> float:
    return json.loads(output_of(f"evaluate {folder} --data many.tsv --json -q", capsys))["macro_f1"]


def information_of(folder: str, capsys: pytest.CaptureFixture[str]) -> float:
    """By the textbook, H(class) - H(class | text), of what `predict` says."""
    rows = output_of(f"predict {folder} unlabelled.txt --precision fp32 -q", capsys).splitlines()[1:]
    answers = np.array([[float(cell) for cell in row.split("\t")[2:4]] for row in rows])
    mean = answers.mean(axis=0)
    return float(-(mean * np.log(mean)).sum() + (answers * np.log(answers)).sum(axis=1).mean())


def test_good_learnt_anchors_win(here: Path, capsys: pytest.CaptureFixture[str]):
    material(26)
    assert "why this map: " in output_of(JUDGED, capsys)
    choice = choice_of()
    assert choice["chosen"] == "mapped-learnt" and choice["texts"] == 60
    assert 0 < choice["low"] <= choice["difference"] <= choice["high"]
    assert run("stitch --embeddings mapped --texts unlabelled.txt -o plain -q".split()) == 0
    assert score("stitched", capsys) > score("plain", capsys)


def test_learnt_anchors_that_are_garbage_lose(here: Path, capsys: pytest.CaptureFixture[str]):
    material(22, garbage=True)
    assert run(JUDGED.split()) == 0
    choice = choice_of()
    assert choice["chosen"] == "mapped" and choice["high"] < 0
    assert manifest("mapped-learnt")["statistics"]["anchors"] > manifest("mapped")["statistics"]["anchors"]
    Path("always").mkdir()
    assert run(f"{JUDGED} --learnt-anchors always -o always/stitched".split()) == 0
    assert "map_choice" not in manifest("always/stitched")["statistics"]
    assert score("stitched", capsys) > score("always/stitched", capsys)


def test_learnt_anchors_that_contradict_the_lexicon_are_not_tried(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mosecrot_cli.pipeline.anchors.learnt.COMPARED", 1)
    monkeypatch.setattr("mosecrot_cli.pipeline.anchors.learnt._agreement", lambda *_: (50, 1))
    material(26)
    assert run(JUDGED.split()) == 0
    choice = choice_of()
    assert choice == {"chosen": "mapped", "reason": choice["reason"], "texts": 0}
    assert "of 50 pairs to compare, 1 agree" in choice["reason"]
    assert Path("anchors-learnt.tsv").exists() and not Path("mapped-learnt").exists()
    assert "class_bias" in manifest("stitched")["statistics"]
    monkeypatch.setattr("mosecrot_cli.pipeline.anchors.learnt._agreement", lambda *_: (50, 2))
    assert run(f"{JUDGED} --overwrite".split()) == 0
    assert [*choice_of()["information"]] == ["mapped", "mapped-learnt"]


def test_of_equal_maps_that_of_the_lexicon_stays(here: Path):
    material(len(WORDS))  # nothing is left to learn
    assert run(JUDGED.split()) == 0
    choice = choice_of()
    assert choice["chosen"] == "mapped" and choice["difference"] == choice["low"] == choice["high"] == 0
    assert "within the noise" in choice["reason"]
    written = manifest("stitched")
    assert run(f"{JUDGED} --if-changed".split()) == 0
    assert manifest("stitched") == written


def test_the_information_is_that_of_the_answers(here: Path, capsys: pytest.CaptureFixture[str]):
    material(26)
    assert run(JUDGED.split()) == 0
    choice = choice_of()
    assert [*choice["information"]] == ["mapped", "mapped-learnt"]
    for folder, information in choice["information"].items():
        assert run(f"stitch --embeddings {folder} --texts unlabelled.txt -o alone-{folder} -q".split()) == 0
        assert information == pytest.approx(information_of(f"alone-{folder}", capsys), abs=1e-4)
    plain, learnt = choice["information"].values()
    assert choice["difference"] == pytest.approx(learnt - plain, abs=1e-9)


def contents() -> dict[str, object]:
    """Of all outputs; of manifests what does not depend on the time."""
    found: dict[str, object] = {}
    for path in sorted(path for output in OUTPUTS for path in [Path(output), *Path(output).rglob("*")]):
        if path.name == "manifest.json":
            values = json.loads(path.read_text())
            found[str(path)] = {name: values[name] for name in values if name not in ("seconds", "created")}
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found


def test_it_leaves_the_files_of_the_single_commands(here: Path):
    material(26)
    assert run(JUDGED.split()) == 0
    judged = contents()
    for output in OUTPUTS:
        Path(output).rename(f"before-{output}")
    for suffix, more in (("", ""), ("-learnt", " --source-vectors en.vec")):
        line = "anchors --src en --tgt xx --lexicon few.tsv --source-model pico-bert --target-vectors xx.vec"
        assert run(f"{line}{more} -o anchors{suffix}.tsv --overwrite -q".split()) == 0
        assert run(f"map anchors{suffix}.tsv --preset transfer -o mapped{suffix} -q".split()) == 0
    assert run("stitch --alternative mapped-learnt --texts unlabelled.txt -q".split()) == 0
    single = contents()
    assert judged.keys() == single.keys()
    assert [name for name in judged if judged[name] != single[name]] == []


def test_seeds_are_judged_together(here: Path):
    material(26)
    for seed in (1, 2):
        shutil.copytree("model", f"models/seed-{seed}")
    assert run(JUDGED.replace(" model ", " models ").split()) == 0
    seeds = manifest("stitched")["statistics"]["class_bias"].values()
    choice = choice_of()
    mean = np.mean([seed["information"] for seed in seeds])
    assert len(seeds) == 2 and choice["information"][choice["chosen"]] == pytest.approx(mean)


def test_inspect_shows_why_a_checkpoint_has_its_map(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    material(26)
    assert run(JUDGED.split()) == 0
    found = json.loads(output_of("inspect stitched --json -q", capsys))
    assert found["mapped"] == "mapped-learnt" and found["map_choice"] == choice_of()
    assert f"why this map: {choice_of()['reason']}" in output_of("inspect stitched -q", capsys).splitlines()
    of_map = json.loads(output_of("inspect mapped-learnt --json -q", capsys))
    assert of_map == {name: value for name, value in found.items() if name != "map_choice"}
    # The working folder may move, and the command may run elsewhere.
    here.rename(here.parent / "moved")
    monkeypatch.chdir(here.parent)
    moved = json.loads(output_of("inspect moved/stitched --json -q", capsys))
    assert moved == {**found, "mapped": "moved/mapped-learnt"}


def test_without_texts_held_out_pairs_speak_for_good_learnt_anchors(here: Path):
    material(26)
    assert run(TRANSFER.split()) == 0
    choice = choice_of()
    assert choice.keys() == {"chosen", "reason", "texts"} and choice["chosen"] == "mapped-learnt"
    assert "the learnt anchors help: 26 held-out pairs" in choice["reason"]
    assert manifest("mapped-learnt")["statistics"]["anchors"] > 26 and not Path("mapped").exists()
    again = "anchors --src en --tgt xx --lexicon few.tsv --source-model pico-bert --target-vectors xx.vec"
    assert run(f"{again} --source-vectors en.vec -o alone.tsv -q".split()) == 0
    assert run("map alone.tsv --preset transfer -o alone -q".split()) == 0
    assert Path("alone/target.npy").read_bytes() == Path("mapped-learnt/target.npy").read_bytes()


def test_without_texts_held_out_pairs_refuse_garbage(here: Path, capsys: pytest.CaptureFixture[str]):
    material(22, garbage=True)
    capsys.readouterr()
    assert run(TRANSFER.replace(" -q", "").split()) == 0
    warned = capsys.readouterr().err
    assert "they do not help: 22 held-out pairs" in " ".join(warned.split()) and "--learnt-anchors always" in warned
    assert choice_of()["chosen"] == "mapped" and not Path("mapped-learnt").exists()
    assert manifest("mapped")["statistics"]["anchors"] == 22


def test_a_map_of_an_earlier_run_is_told(here: Path, capsys: pytest.CaptureFixture[str]):
    material(26)
    assert run(PLAIN.split()) == 0
    capsys.readouterr()
    material(24)
    loud = f"{TRANSFER} --overwrite".replace(" -q", "")
    assert run(loud.split()) == 0 and choice_of()["chosen"] == "mapped-learnt"
    told = " ".join(capsys.readouterr().err.split())
    assert "mapped is left from an earlier run, but this model was stitched with mapped-learnt" in told
    assert run("stitch -o other".split()) == 0
    assert "anchors.tsv has changed since mapped was mapped" in " ".join(capsys.readouterr().err.split())
    shutil.rmtree("mapped")
    assert run(loud.split()) == 0 and run("stitch --embeddings mapped-learnt -o another".split()) == 0
    told = capsys.readouterr().err
    assert "earlier run" not in told and "has changed" not in told


def test_cognates_are_not_held_out(here: Path):
    material(26)
    _, *rows = Path("xx.vec").read_text(encoding="utf-8").splitlines()
    spelt = {backwards(word): word for word in WORDS[26:] if len(word) >= 5}
    alike = [f"{spelt[word]} {vector}" for word, _, vector in (row.partition(" ") for row in rows) if word in spelt]
    Path("xx.vec").write_text("\n".join([*rows, *alike]) + "\n", encoding="utf-8")
    assert run(f"{TRANSFER} --cognates".split()) == 0
    kept = json.loads(Path("anchors.manifest.json").read_text())["statistics"]["kept"]
    assert kept["few.tsv"] == 26 and kept[COGNATE] > 0
    assert "the learnt anchors help: 26 held-out pairs" in choice_of()["reason"]


def test_a_lexicon_of_one_pair_has_none_to_hold_out(here: Path):
    material(1)
    assert run(TRANSFER.split()) == 0
    assert choice_of()["chosen"] == "mapped" and "no pairs of the lexicon can be held out" in choice_of()["reason"]


def test_the_cosines_are_those_of_held_out_pairs(here: Path, monkeypatch: pytest.MonkeyPatch):
    """By hand: each fold of target words is mapped by a map of all others."""
    material(26)
    line = "anchors --src en --tgt xx --lexicon few.tsv --source-model pico-bert --target-vectors xx.vec -q"
    assert run(line.split()) == 0 and run(f"{line} --source-vectors en.vec -o anchors-learnt.tsv".split()) == 0
    told = [
        with_preset(MapSettings(anchors=name), MapPreset.transfer, set())
        for name in ("anchors.tsv", "anchors-learnt.tsv")
    ]
    found = judge(*told, Opened(), SilentReporter())
    assert found.pairs == 26 and found.helps
    vectors, model = read_vectors("xx.vec", max_vocab=None), SourceModel.open("pico-bert")
    pairs = [line.split("\t")[:2] for line in Path("anchors.tsv").read_text().splitlines() if not line.startswith("#")]
    ids = [model.words.token_ids([source])[0][0] for source, _ in pairs]
    rows = np.array([vectors.find(target) for _, target in pairs])
    values = np.asarray(model.embeddings[ids], dtype=np.float64)
    fold = np.random.default_rng(0).permutation(26) % 5
    fold = fold[np.argsort(np.argsort(rows))]
    cosines = np.empty(26)
    for number in range(5):
        held = fold == number
        fitted = ResidualMap(50, Weighting.softmax, 0.15, 0.1).fit(vectors.matrix[rows[~held]], values[~held])
        mapped = fitted.transform(vectors.matrix[rows[held]]) - values.mean(axis=0)
        own = values[held] - values.mean(axis=0)
        cosines[held] = (mapped * own).sum(axis=1) / np.linalg.norm(mapped, axis=1) / np.linalg.norm(own, axis=1)
    assert found.without == pytest.approx(np.mean(cosines), abs=1e-5)
    with monkeypatch.context() as patch:
        patch.setattr("mosecrot_cli.pipeline.transfer.judge.JUDGED", 7)
        assert judge(*told, Opened(), SilentReporter()).pairs == 7
    # Cognates map as before, but the mean is of the others.
    header, *table = Path("anchors.scores.tsv").read_text(encoding="utf-8").splitlines()
    table[:6] = [row.rpartition("\t")[0] + f"\t{COGNATE}" for row in table[:6]]
    Path("anchors.scores.tsv").write_text("\n".join([header, *table]) + "\n", encoding="utf-8")
    found = judge(*told, Opened(), SilentReporter())
    assert found.pairs == 20 and found.without == pytest.approx(np.mean(cosines[6:]), abs=1e-5)


def test_what_would_do_nothing_is_refused(here: Path, capsys: pytest.CaptureFixture[str]):
    material(26)
    assert "--source-vectors" in failure_of(f"{PLAIN} --learnt-anchors always", 2, capsys)
    assert run(f"{JUDGED} --dry-run".split()) == 0 and run(f"{TRANSFER} --dry-run".split()) == 0
    assert not any(Path(output).exists() for output in OUTPUTS)
