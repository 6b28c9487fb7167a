"""Scores that `evaluate --update-card` enters in a card, read back by the hub's own library."""

import json
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.pipeline.publish.scores import CardScores

CAPSYS = pytest.CaptureFixture[str]
CARD = Path("stitched/README.md")


def results() -> dict[tuple[str, str], float]:
    found = ModelCard.load(CARD).data.eval_results
    assert all(each.task_type == "text-classification" for each in found)
    return {(each.dataset_name, each.metric_type): each.metric_value for each in found}


def test_the_scores_are_those_of_evaluate(chain: Path, capsys: CAPSYS):
    before = ModelCard.load(CARD)
    line = "evaluate --data xx.test.tsv --data xx.train.tsv --update-card --json"
    scores = json.loads(output_of(line, capsys))["results"]
    expected = {
        (Path(each["data"]).name, kind): round(each[name], 4)
        for each in scores
        for kind, name in (("f1", "macro_f1"), ("accuracy", "accuracy"))
    }
    assert results() == expected
    card = ModelCard.load(CARD)
    assert card.data["metrics"] == ["accuracy", "f1"]
    assert card.data.model_name == "A text classifier for xx"
    assert f"| xx.test.tsv |  | {scores[0]['n']} | {scores[0]['macro_f1']:.3f} (95% interval" in card.text
    # Everything else is as it was.
    unchanged = before.data.to_dict()
    assert {name: card.data.to_dict()[name] for name in unchanged} == unchanged
    outside = [line for line in before.text.splitlines() if "scores have been entered" not in line]
    assert [line for line in outside if line not in card.text.splitlines()] == []


def test_a_second_time_replaces_the_scores_on_the_same_data_only(chain: Path, capsys: CAPSYS):
    output_of("evaluate --data xx.test.tsv --data xx.train.tsv --update-card -q", capsys)
    first = results()
    text = CARD.read_text().replace("## Limits", "A sentence of mine.\n\n## Limits")
    CARD.write_text(text.replace("value: ", "value: 0.00001 # "))
    output_of("evaluate --data xx.test.tsv --update-card -q", capsys)
    again = results()
    assert again["xx.test.tsv", "f1"] == first["xx.test.tsv", "f1"]
    assert again["xx.train.tsv", "f1"] == 0.00001
    text = CARD.read_text()
    assert text.count("| xx.test.tsv |") == text.count("| xx.train.tsv |") == 1 and "A sentence of mine." in text
    # The checkpoint counts as unchanged: a card is not what it computes with.
    assert run("stitch --if-changed -q".split()) == 0
    assert CARD.read_text() == text


def test_a_card_without_the_place_for_a_table(chain: Path, capsys: CAPSYS):
    CARD.write_text("---\nlicense: mit\n---\n# Mine\n\nText.\n")
    assert run("evaluate --data xx.test.tsv --update-card".split()) == 0
    assert "no place for a table" in capsys.readouterr().err
    card = ModelCard.load(CARD)
    assert card.data.model_name == "Mine" and card.data.license == "mit" and card.text.strip() == "# Mine\n\nText."


def test_what_cannot_be_updated_is_refused_first(chain: Path, capsys: CAPSYS):
    said = failure_of("evaluate model --data xx.test.tsv --update-card", 3, capsys)
    assert "model/README.md: there is no model card" in said
    shutil.copytree("stitched", "second")
    said = failure_of("evaluate stitched second --ensemble --data xx.test.tsv --update-card", 2, capsys)
    assert "--update-card" in said
    CARD.write_text("---\nlicense: [\n---\n# Mine\n")
    assert "metadata" in failure_of("evaluate --data xx.test.tsv --update-card", 3, capsys)


def test_named_data_have_the_id_of_the_hub():
    from mosecrot_cli.evaluation.metrics import score
    from mosecrot_cli.evaluation.runs import Run, summarise

    summary = summarise([Run(1, score(["a", "b"], ["a", "b"], ["a", "b"]))])
    found = CardScores("sib200", "test", "tt", summary).results()[0]
    assert (found.dataset_type, found.dataset_config, found.dataset_split) == ("Davlan/sib200", "tt", "test")
    assert found.dataset_name == "Davlan/sib200 (tt)" and found.metric_value == 1.0
    own = CardScores("hf:me/mine:fo", "dev", None, summary).results()[1]
    assert (own.dataset_type, own.dataset_name, own.metric_type) == ("me/mine", "me/mine", "accuracy")
