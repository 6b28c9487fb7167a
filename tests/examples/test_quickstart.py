"""`examples/quickstart/run.sh` with stand-ins for its model, vectors and sentences; its model card is one for the hub."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData, constants

from documentation.fork_server import MosecrotOnPath
from documentation.stand_ins import make_files
from sources.hub_server import HubServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "quickstart"
FILES = ("minilm", "ru.npy", "ru.vocab.txt")
PREPARE = f"""\
import shutil, sys
from pathlib import Path
for name in {FILES}:
    there = Path(__file__).with_name("packages") / name
    (shutil.copytree if there.is_dir() else shutil.copyfile)(there, Path(sys.argv[1]) / name)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the quickstart after its script."""
    work = tmp_path_factory.mktemp("quickstart")
    files, example = work / "files", work / "examples"
    files.mkdir()
    make_files(files)
    (files / "minilm" / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: en\n---\n# A model\n")
    (example / "topics").mkdir(parents=True)
    for name in ("run.sh", "table.py"):
        shutil.copyfile(EXAMPLE / name, example / name)
    for name in ("en.train.tsv", "en.dev.tsv", "en.test.tsv", "ru.test.tsv"):
        shutil.copyfile(files / name, example / "topics" / name)
    shutil.copyfile(files / "lexicon.en-ru.tsv", example / "lexicon.en-ru.tsv")
    shutil.copytree(files, example / "packages")
    (example / "prepare.py").write_text(PREPARE)
    with MosecrotOnPath(tmp_path_factory.mktemp("bin")) as environment:
        done = subprocess.run(
            ["bash", str(example / "run.sh")], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    (work / "said.txt").write_text(done.stdout)
    return work


def card_of(finished: Path) -> ModelCard:
    return ModelCard.load(finished / "quickstart-run" / "stitched-kept-sparsemax" / "README.md")


@pytest.mark.slow
def test_it_ends_with_a_table_and_three_answers(finished: Path):
    said = (finished / "said.txt").read_text()
    assert said.count("│ Russian │") == 7 and said.count("│ English │") == 1
    assert len([line for line in said.splitlines() if line.endswith((".", "1")) and "\t" in line]) == 3


@pytest.mark.slow
def test_the_card_names_licence_language_base_and_scores(finished: Path):
    found = card_of(finished).data
    assert (found.license, found.language) == ("apache-2.0", ["ru"])
    assert (found.base_model, found.pipeline_tag) == ("sentence-transformers/all-MiniLM-L6-v2", "text-classification")
    scores = json.loads((finished / "quickstart-run/results/kept-sparsemax.json").read_text())
    assert {(each.dataset_name, each.metric_type): each.metric_value for each in found.eval_results} == {
        ("ru.test.tsv", "f1"): round(scores["macro_f1"], 4),
        ("ru.test.tsv", "accuracy"): round(scores["accuracy"], 4),
    }


@pytest.mark.slow
def test_the_library_of_the_hub_takes_the_card(finished: Path, monkeypatch: pytest.MonkeyPatch):
    card = card_of(finished)
    again = ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict() and again.text == card.text
    metadata = card.data.to_dict()
    assert ModelCardData(**json.loads(json.dumps(metadata))).eval_results == card.data.eval_results
    with HubServer() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        card.validate()
        assert [path for _, path, _ in server.seen] == ["/api/validate-yaml"]
