"""The command line on fetched material: the chain from an empty folder, `--explain`, dry runs, offline."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import fasttext
import numpy as np
import pytest

from documentation.fork_server import MosecrotOnPath
from mosecrot_cli.cli.app import run
from mosecrot_cli.pipeline.study import workflow
from pico import write_pico_checkpoint
from sources.loopback import KEY

ANIMALS = ("dog", "cat", "horse", "cow", "bird", "fish", "mouse", "sheep", "wolf", "bear", "bread", "cheese", "rain")
FOREIGN = {
    "tt": ("эт", "мәче", "ат", "сыер", "кош", "балык", "тычкан", "сарык", "бүре", "аю", "икмәк", "сыр", "яңгыр"),
    "de": ("hund", "katze", "pferd", "kuh", "vogel", "fisch", "maus", "schaf", "wolf", "bär", "brot", "käse", "regen"),
    "nds": (
        "hunn",
        "katt",
        "peerd",
        "koh",
        "vagel",
        "fisch",
        "muus",
        "schaap",
        "wulf",
        "boor",
        "broot",
        "kees",
        "regen",
    ),
}


def vec(language: str) -> bytes:
    words = FOREIGN[language]
    matrix = np.random.default_rng(0).normal(size=(len(words), 8))
    rows = [f"{word} {' '.join(f'{x:.4f}' for x in row)}" for word, row in zip(words, matrix, strict=True)]
    return ("\n".join([f"{len(words)} 8", *rows]) + "\n").encode()


@pytest.fixture
def place(hub, tmp_path: Path, monkeypatch):
    """An empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(write_pico_checkpoint(tmp_path_factory.mktemp("models") / "pico", head=False))


@pytest.fixture(scope="module")
def low_german(tmp_path_factory) -> bytes:
    """A fastText model of the words."""
    folder = tmp_path_factory.mktemp("nds")
    (folder / "text").write_text("\n".join([" ".join(FOREIGN["nds"])] * 5))
    trained = fasttext.train_unsupervised(str(folder / "text"), dim=8, epoch=1, bucket=50, thread=12, verbose=0)
    trained.save_model(str(folder / "model.bin"))
    return (folder / "model.bin").read_bytes()


@pytest.fixture
def sources(server, model, low_german):
    """All that the chain needs, at every source: lexica, vectors, a tiny `bert-base-cased`, Taxi1500."""
    for language, uid in (("tt", "tat-000"), ("nds", "nds-000")):
        translations = zip(ANIMALS, FOREIGN[language], strict=True)
        server.panlex |= {f"eng-000 {uid} {word}": [(target, 9)] for word, target in translations}
    pairs = zip(ANIMALS, FOREIGN["de"], strict=True)
    server.files["/muse/en-de.txt"] = "".join(f"{word} {target}\n" for word, target in pairs).encode()
    server.files["/wiki.tt.vec"], server.files["/wiki.de.vec"] = vec("tt"), vec("de")
    server.files["/facebook/fasttext-nds-vectors/resolve/main/model.bin"] = low_german
    for file in Path(model).iterdir():
        server.files[f"/bert-base-cased/resolve/main/{file.name}"] = file.read_bytes()
    for split, count in (("train", 12), ("dev", 6), ("test", 6)):
        rows = [f"{10_000_000 + n:08}\t{'Sin' if n % 2 else 'Faith'}\tthe {ANIMALS[n]} eats" for n in range(count)]
        server.files[f"/taxi1500/eng_{split}.tsv"] = "\n".join(rows).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for code, language in (("tat", "tt"), ("deu", "de"), ("nds", "nds")):
            verses = "".join(f"{10_000_000 + n:08}\t{FOREIGN[language][n]}\n" for n in range(12))
            archive.writestr(f"Taxi1500-c_v3.0/{code}-x-bible.txt", verses)
    server.files["/Taxi1500-c_v3.0.zip"] = packed.getvalue()
    return server


def manifest() -> dict:
    return json.loads(Path("anchors.manifest.json").read_text())


@pytest.mark.parametrize(("language", "lexicon"), [("tt", "panlex"), ("de", "muse")])
def test_bare_anchors(place, sources, model, language, lexicon):
    assert run(["anchors", "--src", "en", "--tgt", language, "--source-model", model]) == 0
    lines = Path("anchors.tsv").read_text().splitlines()
    assert {tuple(line.split("\t")) for line in lines} <= set(zip(ANIMALS, FOREIGN[language], strict=True))
    assert len(lines) >= 10
    found = manifest()
    assert found["statistics"]["kept"] == {lexicon: len(lines)}
    assert [source["name"] for source in found["statistics"]["sources"]][1] == "fastText vectors of Wikipedia"
    assert all(source["licence"] and source["citation"] for source in found["statistics"]["sources"])
    assert Path(found["inputs"]["lexicon_1"]["path"]).is_file() and len(found["inputs"]["lexicon_1"]["sha256"]) == 64
    assert found["facts"]["target_vectors"].endswith(f"wiki.{language}.vec")
    # All of it again without a network, and nothing to do.
    count = len(sources.seen)
    again = ["anchors", "--tgt", language, "--source-model", model, "--if-changed"]
    assert run(again) == 0
    assert len(sources.seen) == count


def test_a_name_for_the_language(place, sources, model):
    assert run(["anchors", "--src", "English", "--tgt", "Tatar", "--source-model", model]) == 0
    assert (manifest()["facts"]["src"], manifest()["facts"]["tgt"]) == ("en", "tt")


def test_an_unknown_language(place, server, model, capsys):
    assert run(["anchors", "--tgt", "tatr", "--source-model", model]) == 2
    assert "near: tt (Tatar)" in capsys.readouterr().err
    assert not server.seen


def test_several_lexica_merge_in_order_and_are_explained(place, sources, model, capsys):
    Path("own.tsv").write_text("wolf\tаю\nbear\tбүре\nsheep\tbad\n", encoding="utf-8")
    command = ["anchors", "--tgt", "tt", "--source-model", model, "--lexicon", "own.tsv", "--lexicon", "panlex"]
    assert run(command) == 0
    assert manifest()["statistics"]["kept"]["own.tsv"] == 2
    capsys.readouterr()
    assert run([*command, "--explain", "bear", "--json"]) == 0
    fates = {(f["source"], f["target"], f["origin"]): f["verdict"] for f in json.loads(capsys.readouterr().out)}
    assert fates == {
        ("bear", "бүре", "own.tsv"): "anchor",
        ("wolf", "бүре", "panlex"): "lost to bear (own.tsv)",
        ("bear", "аю", "panlex"): "lost to wolf (own.tsv)",
        ("wolf", "аю", "own.tsv"): "anchor",
    }
    assert run([*command, "--explain", "sheep", "--json"]) == 0
    fates = {f["target"]: f["verdict"] for f in json.loads(capsys.readouterr().out)}
    assert fates == {"bad": "target word in another script", "сарык": "anchor"}
    assert run([*command, "--explain", "unheard"]) == 0
    assert "in no lexicon" in capsys.readouterr().out


def test_noise_of_wiktionary_in_another_script_is_left_out(place, sources, model):
    noise = "dog\tdog\ncat\tmäçe\nwolf\t狼\n"
    right = "".join(f"{word}\t{target}\n" for word, target in zip(ANIMALS, FOREIGN["tt"], strict=True))
    sources.files["/wiktionary/tatar.txt"] = (noise + right).encode()
    # The vectors know the noise, as those of the web do.
    sources.files["/wiki.tt.vec"] = (
        vec("tt").replace(b"13 8", b"15 8") + b"dog 1 2 3 4 5 6 7 8\n\xe7\x8b\xbc 8 7 6 5 4 3 2 1\n"
    )
    command = ["anchors", "--tgt", "tt", "--source-model", model, "--lexicon", "wiktionary", "--overwrite"]
    assert run(command) == 0
    lines = {tuple(line.split("\t")) for line in Path("anchors.tsv").read_text().splitlines()}
    assert lines <= set(zip(ANIMALS, FOREIGN["tt"], strict=True)) and len(lines) >= 10
    assert manifest()["statistics"]["dropped"]["target word in another script"] >= 2
    assert run([*command, "--script", "off"]) == 0
    assert "dog\tdog\n" in Path("anchors.tsv").read_text()


def test_vectors_from_an_address_and_from_a_repository(place, sources, model, capsys):
    sources.files["/somewhere/my%20tt.vec"] = vec("tt")
    assert run(["vectors", "convert", f"{sources.url}/somewhere/my%20tt.vec", "tt.npy"]) == 0
    assert Path("tt.vocab.txt").read_text().split() == list(FOREIGN["tt"])
    command = ["anchors", "--tgt", "tt", "--source-model", model, "--target-vectors"]
    assert run([*command, f"{sources.url}/somewhere/my%20tt.vec", "-o", "a.tsv"]) == 0
    assert len(sources.asked("/somewhere/my%20tt.vec")) == 1
    assert run(["vectors", "info", "facebook/fasttext-nds-vectors", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["subwords"]


def test_dry_run_fetches_nothing_and_counts_characters(place, sources, model, monkeypatch, capsys):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    command = ["anchors", "--tgt", "tt", "--source-model", model, "--lexicon", "google", "--dry-run", "--json"]
    assert run(command) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert "characters to send" in plan["lexicon"]
    assert plan["target vectors"].endswith("wiki.tt.vec (to be fetched)")
    assert not sources.seen


def test_a_planted_key_appears_in_no_output(place, sources, model, monkeypatch, capsys, caplog):
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    sources.dictionary = dict(zip(ANIMALS, FOREIGN["tt"], strict=True))
    command = ["anchors", "--tgt", "tt", "--source-model", model, "--lexicon", "google", "-v"]
    with caplog.at_level("DEBUG"):
        sources.faults["/translate"] = ["403"]
        assert run(command) == 5
        assert run([*command, "--json"]) == 0
    texts = [*capsys.readouterr(), caplog.text]
    texts += [path.read_text(errors="ignore") for path in place.parent.rglob("*") if path.is_file()]
    assert sources.seen and not any(KEY in text for text in texts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--tgt", "tt"], ("offline", "panlex-dump", "lexicon")),
        (["--tgt", "de"], ("offline", "/muse/en-de.txt by hand", "lexicon")),
        (["--tgt", "tt", "--lexicon", "own.tsv"], ("offline", "wiki.tt.vec by hand", "target-vectors")),
    ],
)
def test_offline_says_what_to_fetch(place, server, model, monkeypatch, capsys, arguments, parts):
    # The option sets these for the process; monkeypatch takes them back.
    monkeypatch.setenv("MOSECROT_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    Path("own.tsv").write_text("dog\tэт\n", encoding="utf-8")
    assert run(["anchors", "--source-model", model, "--offline", *arguments]) == 5
    error = capsys.readouterr().err.strip()
    assert all(part in error.replace("_", "-") for part in parts) and "\n" not in error
    assert not server.seen
    assert [path.name for path in place.iterdir()] == ["own.tsv"]


LINES = """
mosecrot anchors --src en --tgt {}
mosecrot map --weighting sparsemax --k 50
mosecrot finetune --train taxi1500
mosecrot stitch
mosecrot evaluate --data taxi1500
"""
CAME_FROM = {"tt": ("panlex", "wiki.tt.vec"), "de": ("muse", "wiki.de.vec"), "nds": ("panlex", "model.bin")}


@pytest.mark.slow
@pytest.mark.parametrize("language", CAME_FROM)
def test_the_five_lines_from_an_empty_folder(place, sources, language, capsys):
    """DESIGN, section 2, to the letter, with nothing prepared; afterwards once more without a network."""
    shown: list[str] = []
    for line in LINES.format(language).strip().splitlines():
        assert run(line.split()[1:]) == 0, capsys.readouterr().err
        captured = capsys.readouterr()
        shown.append(captured.err)
    assert "macro-F1" in captured.out
    lexicon, vectors = CAME_FROM[language]
    found = manifest()
    assert list(found["statistics"]["kept"]) == [lexicon]
    assert Path(found["facts"]["target_vectors"]).name == vectors
    names = [source["name"] for source in found["statistics"]["sources"]]
    assert len(names) == 3 and names[2] == "BERT (bert-base-cased)"
    # Each licence was shown once, and is in the manifest of what was made with it.
    everything = "".join(shown)
    for name in [*names, "Taxi1500"]:
        assert everything.count(f"warning: {name} (") == 1
    trained = json.loads(Path("model/manifest.json").read_text())
    assert trained["statistics"]["data"]["train"]["licence"].startswith("labels: Apache")
    assert trained["statistics"]["sources"][0]["licence"] == "Apache 2.0"
    assert len(trained["inputs"]["train"]["sha256"]) == 64
    count = len([seen for seen in sources.seen if seen.method == "GET"])
    assert run(["evaluate", "--data", "taxi1500", "--json", "--predictions", "p.tsv"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 6 and result["data_notes"]["edition"].endswith("-x-bible.txt")
    gold = [line.split("\t")[1] for line in Path("p.tsv").read_text().splitlines()[1:]]
    assert gold == ["Faith", "Sin"] * 3
    assert len([seen for seen in sources.seen if seen.method == "GET"]) == count


@pytest.mark.slow
def test_a_new_process_needs_only_the_file_of_addresses(place, sources, tmp_path):
    """Also the model comes from the server that MOSECROT_ENDPOINTS names."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "mosecrot_cli", "anchors", "--src", "en", "--tgt", "tt"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(Path("anchors.tsv").read_text().splitlines()) >= 10
    assert any(seen.path.startswith("/bert-base-cased/resolve/main/") for seen in sources.seen)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("anchors --tgt tt --lexicon own.tsv --target-vectors own.vec", ("model.safetensors", "--source-model DIR")),
        ("anchors --tgt nds --lexicon own.tsv", ("model.bin of", "target-vectors")),
        ("finetune --train taxi1500", ("eng-{train,dev,test}.tsv", "name DIR with")),
        ("finetune --train amazon", ("en/train.jsonl of", "name DIR with")),
        ("vectors info facebook/fasttext-tt-vectors", ("model.bin of", "give it with")),
    ],
)
def test_offline_names_the_file_and_the_option_for_all_that_is_fetched(place, server, monkeypatch, capsys, line, parts):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    Path("own.tsv").write_text("dog\tэт\n", encoding="utf-8")
    Path("own.vec").write_bytes(vec("tt"))
    assert run([*line.split(), "--offline"]) == 5
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and all(part in error.replace("_", "-") for part in parts), error
    assert not server.seen


@pytest.mark.slow
def test_a_study_of_the_paper_from_an_empty_folder(place, sources, tmp_path, monkeypatch, capsys):
    """`paper-table1` as it is written, but for one language, one weighting and one seed: all of it is fetched."""
    assert run(["study", "init", "paper-table1"]) == 0
    text = Path("paper-table1.toml").read_text()
    for language in ("de", "es", "zh", "fo", "mt", "nds", "sah"):
        text = text.replace(f"[languages.{language}]\n", "")
    text = text.replace("seeds = [1, 2, 3, 4, 5]", "seeds = [1]").replace('baselines = ["source", "lr", "mbert"]\n', "")
    text = text.replace('maps = ["standard-50", "softmax-50", "sparsemax-50"]', 'maps = ["sparsemax-50"]')
    Path("paper-table1.toml").write_text(text)
    (tmp_path / "bin").mkdir()
    hub = {"HF_ENDPOINT": sources.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
    with MosecrotOnPath(tmp_path / "bin", **hub) as environment, monkeypatch.context() as patch:
        patch.setattr(workflow, "PROGRAM", ("mosecrot",))
        for name in ("PATH", "OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM", *hub):
            patch.setenv(name, environment[name])
        assert run(["study", "run", "paper-table1.toml"]) == 0, capsys.readouterr().err
    assert run("study report paper-table1.toml --resamples 100 -q".split()) == 0
    told = Path("paper-table1/report/report.md").read_text()
    assert "| all/sparsemax-50/trained |" in told and "| all/lstsq/kept |" in told
    # Whose work it was: the lexicon, the vectors, the model and the data.
    assert all(f"- {name}" in told for name in ("PanLex", "fastText vectors of Wikipedia", "BERT (bert-base-cased)"))
    assert "share no text" in told
    count = len(sources.seen)
    assert run("study run paper-table1.toml -q".split()) == 0
    assert len(sources.seen) == count
