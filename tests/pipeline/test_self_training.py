"""`adapt`: a stitched model learns from its own answers, reads no label, and stays a checkpoint."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from make_pico import make_texts
from safetensors.torch import load_file, save_file

from commands import failure_of, output_of
from model.tiny import FILLERS, LABELS, QUICK, TOPICS, tiny_model, tiny_tokenizer
from mosecrot_cli.cli.app import run
from mosecrot_cli.model.training.run import LabelledTexts, train_classifier
from mosecrot_cli.pipeline.adapt import self_training
from pico import ENGLISH, write_pico_checkpoint

EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
ADAPT = "adapt --method self-training --texts unlabelled.txt --epochs 2 --lr 2e-3 --batch-size 8 -q"


def texts_of(path: str) -> list[str]:
    return [line.split("\t")[2] for line in Path(path).read_text().splitlines()[1:]]


def tensors(folder: str) -> dict[str, torch.Tensor]:
    return load_file(f"{folder}/model.safetensors")


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.fixture
def stitched(chain: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The finished chain, and 60 unlabelled texts, of which the stitched model gives either label to half, surely."""
    make_texts(Path("many.tsv"), 60, np.random.default_rng(3), invented=True)
    Path("unlabelled.txt").write_text("\n".join(texts_of("many.tsv")) + "\n\n")
    lean(6.0, 0.0)
    rows = output_of("predict stitched many.tsv", capsys).splitlines()[1:]
    odds = [float(row.split("\t")[2]) / float(row.split("\t")[3]) for row in rows]
    lean(1.0, -float(np.log(np.median(odds))))
    return chain


def lean(factor: float, by: float, folder: str = "stitched") -> None:
    """Make a model surer by a factor, and its first label likelier."""
    head = tensors(folder)
    head["classifier.weight"] *= factor
    head["classifier.bias"] = head["classifier.bias"] * factor + torch.tensor([by, 0.0])
    save_file(head, f"{folder}/model.safetensors", metadata={"format": "pt"})


def topic_texts(count: int, topic_words: int, seed: int) -> LabelledTexts:
    """Texts of so many words of a topic, and a few fillers; the labels take turns."""
    random = np.random.default_rng(seed)
    labels = [LABELS[number % len(LABELS)] for number in range(count)]
    texts = []
    for label in labels:
        words = [*random.choice(TOPICS[label], topic_words), *random.choice(FILLERS, random.integers(2, 6))]
        random.shuffle(words)
        texts.append(" ".join(words))
    return LabelledTexts(texts, labels)


def test_it_learns_words_from_their_company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """Two of five words of each topic are mapped to nowhere; among others of their topic the model makes them out."""
    monkeypatch.chdir(tmp_path)
    tokenizer, model = tiny_tokenizer(), tiny_model()
    settings = replace(QUICK, epochs=6, freeze_embeddings=True)
    train_classifier(model, tokenizer, topic_texts(240, 2, seed=1), work=Path("work"), settings=settings)
    random, weight = np.random.default_rng(0), model.get_input_embeddings().weight
    with torch.no_grad():
        for words in TOPICS.values():
            for word in random.permutation(words)[:2]:
                row = tokenizer.convert_tokens_to_ids(str(word))
                weight[row] = torch.tensor(random.normal(scale=0.2, size=weight.shape[1]), dtype=weight.dtype)
    model.save_pretrained("stitched")
    tokenizer.save_pretrained("stitched")
    test = topic_texts(300, 2, seed=2)
    rows = zip(test.texts, test.labels, strict=True)
    Path("test.tsv").write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
    Path("unlabelled.txt").write_text("\n".join(topic_texts(240, 8, seed=3).texts))
    assert run(f"{ADAPT} --rounds 2 --confidence 0".replace("--epochs 2", "--epochs 3").split()) == 0
    before, after = (
        json.loads(output_of(f"evaluate {name} --data test.tsv --json", capsys))["accuracy"]
        for name in ("stitched", "adapted")
    )
    assert 0.5 < before < after - 0.05


def test_the_result_is_an_ordinary_checkpoint(stitched: Path, capsys: pytest.CaptureFixture[str]):
    assert run(f"{ADAPT} --rounds 1".split()) == 0
    assert torch.equal(tensors("adapted")[EMBEDDINGS], tensors("stitched")[EMBEDDINGS])
    assert not same(tensors("adapted"), tensors("stitched"))
    assert Path("adapted/tokenizer_config.json").read_text() == Path("stitched/tokenizer_config.json").read_text()
    predicted = [line.split("\t")[0] for line in output_of("predict adapted unlabelled.txt", capsys).splitlines()[1:]]
    code = (
        "import sys, json; sys.modules['mosecrot_cli'] = None\n"
        "from transformers import pipeline\n"
        "print(json.dumps(pipeline('text-classification', model='adapted')(json.load(sys.stdin))))"
    )
    asked = json.dumps(texts_of("many.tsv"))
    done = subprocess.run([sys.executable, "-c", code], input=asked, capture_output=True, text=True, check=True)
    assert [each["label"] for each in json.loads(done.stdout)] == predicted[:60]


def test_the_manifest_tells_of_every_round_and_that_no_label_was_read(stitched: Path):
    assert run(f"{ADAPT} --rounds 2 --confidence .6".split()) == 0
    manifest = json.loads(Path("adapted/manifest.json").read_text())
    assert manifest["statistics"]["labels"] == "none read"
    assert manifest["statistics"]["texts"] == 60
    assert manifest["facts"] == {"src": "en", "tgt": "xx", "seeds": [1]}
    assert manifest["settings"]["confidence"] == 0.6 and manifest["settings"]["rounds"] == 2
    first, second = manifest["statistics"]["training"]["seed-1"]["rounds"]
    assert first["changed_share"] is None and 0 < second["changed_share"] < 1
    assert 0 < max(first["labels"].values()) <= -(-first["confident"] // 2)
    assert first["steps"] == 2 * -(-sum(first["labels"].values()) // 8)


def test_labels_in_the_file_change_nothing(stitched: Path):
    assert run(f"{ADAPT} --rounds 1".split()) == 0
    texts = texts_of("many.tsv")
    rows = [{"text": text, "label": ["no", {"label": "at all"}]} for text in texts]
    Path("nested.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("stars.tsv").write_text("stars\ttext\n" + "".join(f"many\t{text}\n" for text in texts))
    for name in ("many.tsv", "nested.jsonl", "stars.tsv"):
        line = ADAPT.replace("unlabelled.txt", name)
        assert run(f"{line} --rounds 1 --overwrite -o other".split()) == 0
        assert same(tensors("other"), tensors("adapted"))


def test_each_of_several_seeds_is_adapted_on_its_own(stitched: Path, capsys: pytest.CaptureFixture[str]):
    for seed in (1, 4):
        shutil.copytree("stitched", f"both/seed-{seed}")
    lean(1.0, 0.5, "both/seed-4")
    several, alone = (ADAPT.replace("adapt", f"adapt {folder}", 1) for folder in ("both", "both/seed-4"))
    assert run(f"{several} --rounds 1".split()) == 0
    assert run(f"{alone} --rounds 1 --seed 4 -o alone".split()) == 0
    assert same(tensors("adapted/seed-4"), tensors("alone"))
    assert not same(tensors("adapted/seed-4"), tensors("adapted/seed-1"))
    found = json.loads(output_of("evaluate adapted --data xx.test.tsv --json", capsys))
    assert found["seeds"] == [1, 4]


class Killed(Exception):
    pass


@pytest.mark.parametrize("during", [1, 2])
def test_a_resumed_run_ends_like_an_uninterrupted_one(during: int, stitched: Path, capsys, monkeypatch):
    line = f"{ADAPT} --rounds 2"
    assert run(f"{line} -o whole".split()) == 0
    calls = []
    original = self_training.train_classifier

    def train(*args, **options):
        calls.append(options["work"].name)
        result = original(*args, **options)
        if calls[-1] == f"round-{during}":
            raise Killed
        return result

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(self_training, "train_classifier", train)
        run(line.split())
    assert not Path("adapted").exists()
    assert "other settings" in failure_of(f"{line} --resume --confidence .9", 2, capsys)
    assert run(f"{line} --resume".split()) == 0
    assert same(tensors("adapted"), tensors("whole"))
    assert not Path("adapted.partial").exists() and not Path("adapted/work").exists()


def test_a_model_that_was_never_stitched_keeps_its_tokenizer(world: Path):
    write_pico_checkpoint(Path("classifier"))
    Path("english.txt").write_text("\n".join(ENGLISH))
    line = "adapt classifier --method self-training --texts english.txt --confidence 0 --epochs 1 --rounds 1 -q"
    assert run(line.split()) == 0
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (Path("adapted") / name).read_bytes() == (Path("classifier") / name).read_bytes()


def test_if_changed_and_dry_run(stitched: Path, capsys: pytest.CaptureFixture[str]):
    plan = json.loads(output_of(f"{ADAPT} --dry-run --json", capsys))["plan"]
    assert plan["texts"] == "60, no label read" and not Path("adapted").exists()
    assert run(f"{ADAPT} --rounds 1".split()) == 0
    for more, state in [("", "unchanged"), ("--no-balance", "written")]:
        line = f"{ADAPT} --rounds 1 {more} --if-changed --json"
        assert json.loads(output_of(line, capsys))["state"] == state


def test_few_texts_are_told_and_too_few_are_an_error(stitched: Path, capsys: pytest.CaptureFixture[str]):
    message = failure_of(f"{ADAPT} --confidence 1", 3, capsys)
    assert message.startswith("error: unlabelled.txt: stitched gives 0 of 60 texts") and "the highest is 0." in message
    Path("few.txt").write_text("\n".join(texts_of("many.tsv")[:16]))
    assert run(ADAPT.replace("unlabelled", "few").replace(" -q", " --rounds 1").split()) == 0
    assert "texts to learn 2 labels from" in capsys.readouterr().err
    Path("blank.txt").write_text("\n \n")
    assert "blank.txt: no texts" in failure_of(ADAPT.replace("unlabelled", "blank"), 3, capsys)
    assert "none.txt: no such file" in failure_of(ADAPT.replace("unlabelled", "none"), 3, capsys)


def test_a_model_that_comes_to_give_one_answer_only_stops(stitched: Path, capsys, monkeypatch):
    original, calls = self_training.predict_probabilities, []

    def predict(*args, **options):
        calls.append(original(*args, **options))
        return calls[0] if len(calls) == 1 else np.full_like(calls[0], [0.9, 0.1])

    assert run(f"{ADAPT} --rounds 1 -o once".split()) == 0
    monkeypatch.setattr(self_training, "predict_probabilities", predict)
    assert run(f"{ADAPT} --rounds 3".replace("-q", "").split()) == 0
    assert "after 1 rounds stitched gives 60 of 60 texts" in capsys.readouterr().err
    assert len(calls) == 2 and same(tensors("adapted"), tensors("once"))


@pytest.mark.parametrize(
    "more, named",
    [
        ("--train en.train.tsv", "--train"),
        ("--dev en.dev.tsv", "--dev"),
        ("--label-column label", "--label-column"),
        ("--embeddings none", "--embeddings"),
        ("--augment mapped", "--augment"),
        ("--seeds 1,2", "--seeds"),
    ],
)
def test_labels_and_other_embeddings_have_no_place_in_it(more: str, named: str, stitched: Path, capsys):
    assert failure_of(f"{ADAPT} {more}", 2, capsys).startswith(f"error: {named}: ")


def test_the_texts_of_a_named_data_set_in_the_checkpoints_language(stitched: Path, capsys: pytest.CaptureFixture[str]):
    manifest = json.loads(Path("stitched/manifest.json").read_text())
    manifest["facts"]["tgt"] = "ru"
    Path("stitched/manifest.json").write_text(json.dumps(manifest))
    folder = Path("data/sib200/rus_Cyrl")
    folder.mkdir(parents=True)
    (folder / "train.tsv").write_text("index_id\tcategory\ttext\n1\ttravel\tqhctam\n2\tpolitics\tqmota\n")
    plan = json.loads(output_of("adapt --texts sib200 --data-dir data --dry-run --json", capsys))["plan"]
    assert plan["texts"] == "2, no label read"


@pytest.mark.parametrize("more", ["--confidence 1.1", "--confidence nan", "--confidence -1", "--rounds 0"])
def test_numbers_out_of_range(more: str, stitched: Path):
    assert run(f"{ADAPT} {more}".split()) == 2


@pytest.mark.parametrize("option", ["--self-train x.txt", "--confidence 0", "--no-balance", "--rounds 2"])
def test_finetune_names_the_command_that_took_its_options(option: str, world: Path, capsys: pytest.CaptureFixture[str]):
    assert "mosecrot adapt" in failure_of(f"finetune --train en.train.tsv {option}", 2, capsys)
