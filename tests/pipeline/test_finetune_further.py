"""`finetune --continue`: a stitched checkpoint learns from a few labelled texts of its own language."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import mosecrot_cli as mosecrot
from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.errors import UsageError
from mosecrot_cli.files import sha256
from mosecrot_cli.pipeline.finetune import further
from mosecrot_cli.settings import CONTINUED_EPOCHS, CONTINUED_LEARNING_RATE

EMBEDDINGS = "bert.embeddings.word_embeddings.weight"
FURTHER = "finetune --continue stitched --train few.tsv --epochs 3 --lr 1e-3 --batch-size 4 -q"


@pytest.fixture
def few(chain: Path) -> Path:
    """The finished chain, and six labelled texts of its target language."""
    rows = Path("xx.train.tsv").read_text().splitlines()
    Path("few.tsv").write_text("\n".join(rows[:7]) + "\n")
    Path("more.tsv").write_text("\n".join([rows[0], *rows[7:17]]) + "\n")
    return chain


def tensors(folder: str) -> dict[str, torch.Tensor]:
    return load_file(f"{folder}/model.safetensors")


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def manifest(folder: str) -> dict:
    return json.loads(Path(folder, "manifest.json").read_text())


def accuracy(folder: str, capsys: pytest.CaptureFixture[str]) -> float:
    return json.loads(output_of(f"evaluate {folder} --data few.tsv --json", capsys))["accuracy"]


def test_it_learns_and_its_embeddings_and_tokenizer_stay(few: Path, capsys: pytest.CaptureFixture[str]):
    before = accuracy("stitched", capsys)
    assert run(FURTHER.replace("--epochs 3 --lr 1e-3", "--epochs 24 --lr 3e-3").split()) == 0
    assert before < 1 == accuracy("continued", capsys)
    assert torch.equal(tensors("continued")[EMBEDDINGS], tensors("stitched")[EMBEDDINGS])
    changed = [
        name for name, value in tensors("stitched").items() if not torch.equal(value, tensors("continued")[name])
    ]
    assert "classifier.weight" in changed and "bert.encoder.layer.0.attention.self.query.weight" in changed
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert Path("continued", name).read_bytes() == Path("stitched", name).read_bytes()


def test_it_is_plain_gradient_descent(few: Path):
    """Oracle: torch's AdamW with a rate that falls to 0 in a straight line, one batch of all texts, no dropout."""
    path = Path("stitched/config.json")
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    path.write_text(json.dumps(json.loads(path.read_text()) | still))
    line = FURTHER.replace("--batch-size 4", "--batch-size 8 --precision fp32")
    assert run(line.split()) == 0
    model = AutoModelForSequenceClassification.from_pretrained("stitched").train()
    model.get_input_embeddings().requires_grad_(False)
    rows = [line.split("\t") for line in Path("few.tsv").read_text().splitlines()[1:]]
    batch = AutoTokenizer.from_pretrained("stitched")([row[2] for row in rows], padding=True, return_tensors="pt")
    labels = torch.tensor([model.config.label2id[row[1]] for row in rows])
    optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], weight_decay=0)
    for step in range(3):
        optimizer.param_groups[0]["lr"] = 1e-3 * (1 - step / 3)
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(**batch).logits, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    found = tensors("continued")
    for name, value in model.state_dict().items():
        if name.endswith("key.bias"):  # shifts all scores of a word alike: its gradient is 0, and Adam scales the noise
            continue
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=1e-4)


def test_the_manifest_names_the_parent_and_the_defaults(few: Path):
    assert run("finetune --continue stitched --train few.tsv --dev xx.test.tsv -q".split()) == 0
    found = manifest("continued")
    assert found["facts"] == {"src": "en", "tgt": "xx", "embeddings_frozen": True, "seeds": [1]}
    assert found["inputs"]["continue_from"]["path"] == "stitched"
    assert found["inputs"]["continue_from"]["sha256"] == sha256(Path("stitched"))
    assert set(found["inputs"]) == {"continue_from", "train", "dev"}
    settings = found["settings"]
    assert (settings["epochs"], settings["learning_rate"]) == (CONTINUED_EPOCHS, CONTINUED_LEARNING_RATE)
    history = found["statistics"]["training"]["seed-1"]["history"]
    assert len(history) == CONTINUED_EPOCHS and history[0]["macro_f1"] is not None


def test_the_commands_that_follow(few: Path, capsys: pytest.CaptureFixture[str]):
    assert run(FURTHER.split()) == 0
    assert output_of("predict continued xx.test.tsv", capsys).startswith("label\t")
    assert run("finetune --continue continued --train more.tsv --epochs 1 -o again -q".split()) == 0
    texts = [line.split("\t")[2] for line in Path("xx.train.tsv").read_text().splitlines()[1:]]
    Path("texts.txt").write_text("\n".join(texts))
    assert run("adapt again --texts texts.txt -q".split()) == 0
    assert manifest("adapted")["facts"] == {"src": "en", "tgt": "xx", "seeds": [1]}
    for folder in ("stitched", "continued", "adapted"):
        message = failure_of(f"stitch {folder} -o other", 3, capsys)
        assert message.startswith(f"error: {folder}: ") and "nothing to stitch" in message
    Path("new.tsv").write_text("text\tlabel\nqhctam qlaog qmaet.\tsports\n")
    found = json.loads(output_of("leakage adapted --data new.tsv --json", capsys))
    read = {(each["use"], Path(each["path"]).name, each["texts"]) for each in found["readings"]}
    assert {("training", "few.tsv", 6), ("training", "more.tsv", 10), ("training", "en.train.tsv", 48)} <= read
    assert run("leakage adapted --data few.tsv -q".split()) == 3


def test_the_card_says_that_labels_were_used(few: Path):
    assert run(f"{FURTHER} --license mit --license-of few.tsv=cc0-1.0".split()) == 0
    assert run("finetune --continue continued --train more.tsv --epochs 1 -o again -q".split()) == 0
    card = ModelCard.load("again/README.md")
    assert card.data.license == "mit" and "zero-shot-transfer" not in card.data.tags
    assert "trained further on 16 labelled texts" in card.text and "No labelled text" not in card.text
    assert card.text.count("- Further training: ") == 2 and "(few.tsv, 2 classes)" in card.text
    assert "| lexicon | en-xx.tsv |" in card.text and "| training data | few.tsv | cc0-1.0" in card.text
    assert "No labelled text" in ModelCard.load("stitched/README.md").text


def test_the_embeddings_can_be_trained_too(few: Path):
    assert run(f"{FURTHER} --no-freeze-embeddings".split()) == 0
    assert not torch.equal(tensors("continued")[EMBEDDINGS], tensors("stitched")[EMBEDDINGS])
    assert json.loads(Path("continued/config.json").read_text())["mosecrot"]["trained"] is True
    assert manifest("continued")["facts"]["embeddings_frozen"] is False


def test_each_of_a_folder_of_seeds_goes_on(few: Path, capsys: pytest.CaptureFixture[str]):
    for seed in (2, 11):
        shutil.copytree("stitched", f"both/seed-{seed}")
    again = load_file("both/seed-11/model.safetensors")
    again["classifier.weight"] *= 2
    save_file(again, "both/seed-11/model.safetensors", metadata={"format": "pt"})
    assert run(FURTHER.replace("stitched", "both").split()) == 0
    assert run(f"{FURTHER.replace('stitched', 'both/seed-11')} --seed 11 -o alone".split()) == 0
    assert same(tensors("continued/seed-11"), tensors("alone"))
    assert not same(tensors("continued/seed-2"), tensors("alone"))
    assert manifest("continued")["facts"]["seeds"] == [2, 11]
    assert json.loads(output_of("evaluate continued --data xx.test.tsv --json", capsys))["seeds"] == [2, 11]
    for more in ("--seeds 1,2", "--seed 3"):
        message = failure_of(f"{FURTHER.replace('stitched', 'both')} {more} -o other", 2, capsys)
        assert "each of seed-2, seed-11 goes on with its own number" in message


def test_one_checkpoint_with_several_seeds(few: Path):
    assert run(f"{FURTHER} --seeds 1,2".split()) == 0
    assert run(f"{FURTHER} --seed 2 -o alone".split()) == 0
    assert same(tensors("continued/seed-2"), tensors("alone"))
    assert not same(tensors("continued/seed-1"), tensors("alone"))


class Killed(Exception):
    pass


def test_a_resumed_run_ends_like_an_uninterrupted_one(few: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    line = f"{FURTHER} --seeds 1,2"
    assert run(f"{line} -o whole".split()) == 0
    original = further.train_classifier

    def train(*args, **options):
        result = original(*args, **options)
        if options["settings"].seed == 2:
            raise Killed
        return result

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(further, "train_classifier", train)
        run(line.split())
    assert not Path("continued").exists()
    assert "other settings" in failure_of(f"{line} --resume --epochs 4".replace("--epochs 3 ", ""), 2, capsys)
    monkeypatch.setattr(further, "load_classifier", _only_once(further.load_classifier))
    assert run(f"{line} --resume".split()) == 0
    for seed in ("seed-1", "seed-2"):
        assert same(tensors(f"continued/{seed}"), tensors(f"whole/{seed}"))
    assert not Path("continued/work").exists()


def _only_once(original):
    calls = []

    def load(*args):
        calls.append(args)
        assert len(calls) == 1, "the finished seed is not trained again"
        return original(*args)

    return load


def test_dry_run_if_changed_and_overwrite(few: Path, capsys: pytest.CaptureFixture[str]):
    plan = json.loads(output_of(f"{FURTHER} --dry-run --json", capsys))["plan"]
    assert plan["checkpoints"] == "stitched" and plan["embeddings"] == "frozen"
    assert plan["steps"] == "6 for each of 1 seed(s): 3 epochs, batches of 4"
    assert not Path("continued").exists()
    for more, state in [("", "written"), ("", "unchanged"), ("--warmup .1", "written")]:
        assert json.loads(output_of(f"{FURTHER} {more} --if-changed --json", capsys))["state"] == state
    Path("stitched/config.json").write_text(Path("stitched/config.json").read_text() + "\n")
    assert json.loads(output_of(f"{FURTHER} --if-changed --json", capsys))["state"] == "written"
    assert "--overwrite replaces it" in failure_of(FURTHER, 4, capsys)
    card = Path("continued/README.md")
    card.write_text(card.read_text() + "My own words.\n")
    assert "the model card was edited" in failure_of(f"{FURTHER} --overwrite", 4, capsys)


def test_a_model_that_was_not_stitched_goes_on_and_can_be_stitched(few: Path, capsys: pytest.CaptureFixture[str]):
    line = "finetune --continue model --train en.dev.tsv --epochs 1 -q"
    assert "only a stitched checkpoint has" in failure_of(f"{line} --license mit", 2, capsys)
    assert run(line.split()) == 0
    assert not Path("continued/README.md").exists()
    assert manifest("continued")["facts"]["source_model"] == "./../pico-bert"
    assert run("stitch continued -o other -q".split()) == 0
    card = ModelCard.load("other/README.md").text
    assert "- Fine-tuning: " in card and "- Further training" in card and "No labelled text" in card


@pytest.mark.parametrize(
    "labels, line",
    [("id\tlabel\ttext\n1\tsports\tqhctam.\n2\tsport\tqlaog.\n", 3), ("label,text\nSports,qhctam\n", 2)],
)
def test_an_unknown_label_is_named_with_its_line(labels: str, line: int, few: Path, capsys):
    name = "odd.csv" if "," in labels else "odd.tsv"
    Path(name).write_text(labels)
    label = "sport" if line == 3 else "Sports"
    for option in (f"--train {name}", f"--train few.tsv --dev {name}"):
        message = failure_of(f"finetune --continue stitched {option}", 3, capsys)
        assert message == (
            f"error: {name}:{line}: the label {label!r} is unknown to stitched (its labels are science, sports)"
        )


def test_likely_mistakes_are_told(few: Path, capsys: pytest.CaptureFixture[str]):
    rows = Path("few.tsv").read_text().splitlines()
    Path("one.tsv").write_text("\n".join([rows[0], *(row for row in rows if "sports" in row)]) + "\n")
    capsys.readouterr()
    assert run("finetune --continue stitched --train one.tsv --epochs 1".split()) == 0
    said = capsys.readouterr().err
    assert "one.tsv has no text with the label science, which stitched knows" in said
    assert "next: mosecrot evaluate continued --data ..." in said
    Path("other.tsv").write_text("text\tlabel\nnaqaba nukura\tsports\ntiruma\tscience\n")
    assert run("finetune --continue stitched --train other.tsv --epochs 1 -o wrong".split()) == 0
    assert "are they in the language xx" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more", ["--source-model pico-bert", "--embeddings none", "--embeddings mapped", "--augment mapped", "--src en"]
)
def test_what_the_checkpoint_decides(more: str, few: Path, capsys: pytest.CaptureFixture[str]):
    message = failure_of(f"{FURTHER} {more}", 2, capsys)
    assert f"{more.split()[0]} has no effect with --continue" in message


def test_checkpoints_that_are_not_there_and_outputs_that_are_inputs(few: Path, capsys: pytest.CaptureFixture[str]):
    assert "did you mean stitched?" in failure_of(FURTHER.replace("stitched", "stiched"), 3, capsys)
    assert "the output is the input --continue" in failure_of(f"{FURTHER} -o stitched --overwrite", 2, capsys)
    assert "for a model card" in failure_of("finetune --train few.tsv --license mit --embeddings none", 2, capsys)
    assert "is no licence" in failure_of(f"{FURTHER} --license mitt", 2, capsys)
    assert "run `mosecrot finetune` first" in failure_of("evaluate continued --data few.tsv", 3, capsys)


def test_in_python(few: Path):
    stitched = mosecrot.stitch("model", "mapped")
    continued = mosecrot.finetune("few.tsv", continue_from=stitched, epochs=2)
    assert continued.path.name == "continued" and "reads xx" in repr(continued)
    assert not torch.equal(continued.classifier.model.classifier.weight, stitched.classifier.model.classifier.weight)
    with pytest.raises(UsageError, match="`embeddings` has no effect with `continue_from`"):
        mosecrot.finetune("few.tsv", continue_from=stitched, embeddings="mapped")
