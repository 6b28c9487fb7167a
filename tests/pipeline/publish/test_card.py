"""The model cards that `stitch` and `adapt` write: read back by the hub's own library."""

import json
import re
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.pipeline.publish.origin import Origin, of_checkpoint
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.vectors import provenance_of_file


def card(folder: str) -> ModelCard:
    return ModelCard.load(Path(folder) / "README.md")


def test_a_stitched_checkpoint_has_a_card(chain: Path):
    found = card("stitched")
    assert found.data.to_dict() == {
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": ["mosecrot", "model-stitching", "cross-lingual", "zero-shot-transfer"],
    }
    for said in ("science, sports", "160 labelled texts in English", "38 pairs", "relative, sparsemax, k = 5"):
        assert said.replace("160", _texts()) in found.text
    assert "README.md" in json.loads(Path("stitched/manifest.json").read_text())["files"]


def _texts() -> str:
    return str(json.loads(Path("model/manifest.json").read_text())["statistics"]["texts"])


def test_what_is_not_known_is_no_licence(chain: Path):
    found = card("stitched")
    assert found.data.license is None
    assert "names no licence yet" in found.text
    for name in ("pico-bert", "en.train.tsv", "en-xx.tsv", "xx.vec"):
        assert f"{name} (unknown licence)" in found.text


def test_a_card_names_no_folder_of_this_machine(chain: Path):
    """A card is made to be published: names of folders are nobody's business."""
    assert run(f"stitch {chain}/model --embeddings {chain}/mapped -o again -q".split()) == 0
    assert str(chain) not in Path("again/README.md").read_text()


def test_a_licence_that_the_user_names(chain: Path, capsys: pytest.CaptureFixture[str]):
    assert run("stitch --license cc-by-sa-4.0 --overwrite -q".split()) == 0
    assert card("stitched").data.license == "cc-by-sa-4.0"
    # What is made of it inherits the choice.
    Path("texts.txt").write_text("\n".join(line.split("\t")[2] for line in _rows("xx.test.tsv")))
    assert run("adapt --texts texts.txt -q".split()) == 0
    adapted = card("adapted")
    assert adapted.data.license == "cc-by-sa-4.0" and "Class bias" in adapted.text
    said = failure_of("stitch --license cc-by-sa-5.0 -o other", 2, capsys)
    assert "--license: 'cc-by-sa-5.0' is no licence" in said and "did you mean cc-by-sa-" in said


def test_licences_that_the_user_states_decide(chain: Path, capsys: pytest.CaptureFixture[str]):
    known = "pico-bert=apache-2.0 en.train.tsv=cc0-1.0 en-xx.tsv=cc-by-sa-4.0 xx.vec=mit".split()
    line = "stitch --overwrite -q " + " ".join(f"--license-of {each}" for each in known)
    assert run(f"{line} --base-model me/pico-bert".split()) == 0
    found = card("stitched")
    assert found.data.license == "cc-by-sa-4.0" and found.data.base_model == "me/pico-bert"
    assert "ShareAlike decides: lexicon en-xx.tsv (cc-by-sa-4.0)." in found.text
    assert "| source model | me/pico-bert | apache-2.0 (stated by the makers of this model) |" in found.text
    # What is made of it inherits them.
    Path("texts.txt").write_text("\n".join(line.split("\t")[2] for line in _rows("xx.test.tsv")))
    assert run("adapt --texts texts.txt -q".split()) == 0
    assert card("adapted").data.to_dict() == found.data.to_dict()
    # One licence more, and they contradict each other.
    assert run(f"{line.replace('xx.vec=mit', 'xx.vec=cc-by-nc-4.0')}".split()) == 0
    assert card("stitched").data.license is None and "contradict each other" in card("stitched").text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            "--license-of xx.vek=mit",
            "--license-of: nothing that is called xx.vek went into the model (did you mean xx.vec",
        ),
        ("--license-of zz=mit", "these did: pico-bert, en.train.tsv, en-xx.tsv, xx.vec"),
        ("--license-of xx.vec", "--license-of: 'xx.vec' is not NAME=ID"),
        ("--license-of xx.vec=cc-by-5.0", "--license-of: 'cc-by-5.0' is no licence that the hub knows (did you mean"),
        ("--license-of xx.vec=mit --license-of xx.vec=isc", "--license-of: xx.vec has two licences"),
        ("--base-model a/b/c", "a/b/c: not the id of a repository"),
    ],
)
def test_statements_that_cannot_be_are_refused_first(options: str, said: str, chain: Path, capsys):
    for line in (f"stitch -o other {options}", f"stitch -o other --dry-run {options}", f"adapt --texts x {options}"):
        if "went into" in said or "these did" in said:
            line = line.replace("--texts x", "--texts xx.train.tsv")
        assert said.split(": pico")[0] in failure_of(line, 2, capsys)
    assert not Path("other").exists() and not Path("adapted").exists()


def test_a_model_from_the_cache_of_the_hub_keeps_its_id(chain: Path, tmp_path: Path):
    snapshot = tmp_path / "hub" / "models--me--pico-bert" / "snapshots" / "0123abc"
    shutil.copytree("pico-bert", snapshot)
    (snapshot / "README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    _change("model/manifest.json", facts={"source_model": str(snapshot)})
    assert run("stitch --overwrite -q".split()) == 0
    assert card("stitched").data.base_model == "me/pico-bert"
    assert "| source model | me/pico-bert | mit |" in card("stitched").text


def _rows(name: str) -> list[str]:
    return Path(name).read_text().splitlines()[1:]


def test_known_sources_give_language_licence_base_and_data_sets(chain: Path):
    """The manifests of a run with sources by name: Tatar, PanLex, fastText, SIB-200, BERT."""
    cached = Path(_cache()) / "vectors" / "wiki.tt.vec"
    _change("anchors.manifest.json", lexicons=["panlex"])
    _change("mapped/manifest.json", inputs={"target_vectors": {"path": str(cached)}}, facts={"tgt": "tt"})
    notes = {"train": provenance.SIB200.notes, "dev": None}
    _change(
        "model/manifest.json", train="sib200", statistics={"data": notes}, facts={"source_model": "bert-base-cased"}
    )
    assert run("stitch --overwrite -q".split()) == 0
    found = card("stitched").data.to_dict()
    assert found["language"] == ["tt"]
    assert found["license"] == "cc-by-sa-4.0"
    assert found["base_model"] == "bert-base-cased" and found["base_model_relation"] == "finetune"
    assert found["datasets"] == ["Davlan/sib200"]
    text = card("stitched").text
    assert "A text classifier for Tatar" in text and "Kamholz" in text and "Bojanowski" in text
    # MUSE is for non-commercial use, and fastText's vectors must stay free for it.
    _change("anchors.manifest.json", lexicons=["muse"])
    assert run("stitch --overwrite -q".split()) == 0
    assert card("stitched").data.license is None
    assert "contradict each other" in card("stitched").text


def _cache() -> str:
    import os

    return os.environ["MOSECROT_CACHE"]


def _change(path: str, *, inputs=None, facts=None, statistics=None, **settings) -> None:
    manifest = json.loads(Path(path).read_text())
    for part, values in (("inputs", inputs), ("facts", facts), ("statistics", statistics), ("settings", settings)):
        manifest[part] |= values or {}
    Path(path).write_text(json.dumps(manifest))


def test_anchors_that_have_changed_since_say_nothing(chain: Path):
    """The manifest of another file of anchors is no witness for what was mapped."""
    _change("anchors.manifest.json", lexicons=["panlex"])
    Path("anchors.tsv").write_text("dog\tgod\n")
    assert run("stitch --overwrite -q".split()) == 0
    text = card("stitched").text
    assert "PanLex" not in text and "lexicon (anchors) | anchors.tsv | not known" in text


@pytest.mark.parametrize("gone", ["lexicon", "folder"])
def test_a_lexicon_that_is_gone_is_named_all_the_same(gone: str, chain: Path, monkeypatch: pytest.MonkeyPatch):
    """The manifest of the anchors names it as it was typed, and `stitch` does not read it."""
    if gone == "lexicon":
        Path("en-xx.tsv").unlink()
    else:
        (chain / "elsewhere").mkdir()
        monkeypatch.chdir("elsewhere")
    assert run(f"stitch {chain}/model --embeddings {chain}/mapped -o again -q".split()) == 0
    assert "en-xx.tsv (unknown licence)" in card("again").text


def test_the_licence_of_a_local_model_is_that_of_its_card(chain: Path):
    shutil.copytree("model", "trained")
    Path("pico-bert/README.md").write_text("---\nlicense: mit\n---\n# A model\n")
    assert run("stitch trained -o again -q".split()) == 0
    assert "| source model | pico-bert | mit |" in card("again").text
    Path("pico-bert/README.md").write_text("---\nlicense: [\n---\n")
    assert run("stitch trained -o again --overwrite -q".split()) == 0
    assert "| source model | pico-bert | not known |" in card("again").text


def test_every_seed_has_a_card_and_the_folder_of_seeds_too(chain: Path):
    Path("seeds").mkdir()
    for seed in ("seed-1", "seed-2"):
        shutil.copytree("model", f"seeds/{seed}")
    shutil.move("seeds/seed-1/manifest.json", "seeds/manifest.json")
    assert run("stitch seeds -o stitched-seeds -q".split()) == 0
    assert '"subfolder": "seed-1"' in card("stitched-seeds").text
    assert "subfolder" not in card("stitched-seeds/seed-2").text


def test_a_checkpoint_from_elsewhere_has_a_short_card(chain: Path):
    Path("model/manifest.json").unlink()
    assert run("stitch --overwrite -q".split()) == 0
    text = card("stitched").text
    assert "It is pico-bert, fine-tuned" in text and "Fine-tuning:" not in text


def test_a_card_does_not_change_the_digest_of_its_folder(chain: Path):
    from mosecrot_cli.files import sha256

    before = sha256(Path("stitched"))
    Path("stitched/README.md").write_text("other")
    assert sha256(Path("stitched")) == before


def test_a_damaged_origin_is_passed_over(chain: Path):
    _change("stitched/manifest.json", statistics={"origin": {"steps": 3}})
    assert of_checkpoint(Path("stitched")) == Origin()


def test_vectors_that_were_downloaded_by_name():
    vectors = Path(_cache()) / "vectors"
    hub = vectors / "models--facebook--fasttext-nds-vectors" / "snapshots" / "0" / "model.bin"
    assert provenance_of_file(vectors / "wiki.tt.vec") == provenance.FASTTEXT_WIKI
    assert provenance_of_file(vectors / "cc.tt.300.vec.gz") == provenance.FASTTEXT_CRAWL
    assert provenance_of_file(hub) == provenance.FASTTEXT_HUB
    assert provenance_of_file(Path("wiki.tt.vec")) is None


def test_the_citation_is_that_of_the_project(chain: Path):
    entry = re.search(r"```bibtex\n(.*?)```", card("stitched").text, re.DOTALL)
    documented = Path(__file__).parents[3].joinpath("docs/citing.md").read_text()
    assert entry and set(entry[1].splitlines()) <= set(documented.splitlines())


def test_a_transfer_names_its_licence(chain: Path, capsys: pytest.CaptureFixture[str]):
    line = "transfer model --tgt xx --lexicon en-xx.tsv --target-vectors xx.vec --license mit --overwrite -q"
    output_of(line, capsys)
    assert card("stitched").data.license == "mit"


@pytest.mark.parametrize(
    "line", ["stitch --overwrite -q", "adapt other --texts xx.train.tsv -o stitched --overwrite -q"]
)
def test_a_card_with_words_of_the_user_is_not_replaced(line: str, chain: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree("stitched", "other")
    assert run("evaluate --data xx.test.tsv --update-card -q".split()) == 0
    assert run(line.split()) == 0  # scores are the program's own
    card = Path("stitched/README.md")
    card.write_text(card.read_text() + "\nAsk Aynur.\n")
    assert run("evaluate --data xx.test.tsv --update-card -q".split()) == 0
    assert "stitched/README.md: the model card was edited" in failure_of(line, 4, capsys)
    assert "Ask Aynur." in card.read_text()
    card.unlink()
    assert run(line.split()) == 0
