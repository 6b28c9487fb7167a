"""One command for a further language: the files of the single commands, and the verdict."""

import json
from pathlib import Path

import numpy as np
import pytest
from make_pico import write_parallel

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.model import source_model
from mosecrot_cli.pipeline import resources

TRANSFER = "transfer model --tgt xx --lexicon en-xx.tsv --target-vectors xx.vec"

ANCHORS = ("anchors.tsv", "anchors.scores.tsv", "anchors.manifest.json")


def timeless(content: object) -> object:
    """Values of a manifest without those that depend on the time."""
    if isinstance(content, list):
        return [timeless(each) for each in content]
    if not isinstance(content, dict):
        return content
    return {name: timeless(value) for name, value in content.items() if name not in ("seconds", "created")}


def files_of(folder: Path) -> dict[str, bytes]:
    """Content by name; of manifests what does not depend on the time."""
    found = {}
    for path in sorted(
        path
        for place in (*ANCHORS, "mapped", "mapped-aligned", "stitched")
        for path in [folder / place, *(folder / place).rglob("*")]
        if path.is_file()
    ):
        content = path.read_bytes()
        if path.name.endswith("manifest.json"):
            manifest = timeless(json.loads(content))
            content = json.dumps(manifest, sort_keys=True).encode()
        found[str(path.relative_to(folder))] = content
    return found


@pytest.fixture
def trained(chain: Path) -> Path:
    """The chain after fine-tuning alone."""
    for name in ANCHORS:
        Path(name).unlink()
    for name in ("mapped", "stitched"):
        Path(name).rename(f"{name}-before")
    return chain


@pytest.mark.parametrize("more", ["", " --cognates"])
def test_it_leaves_the_files_of_the_single_commands(more: str, trained: Path, capsys: pytest.CaptureFixture[str]):
    assert output_of(f"{TRANSFER}{more} -q", capsys).startswith("verdict: ")
    found = files_of(trained)
    for name in ANCHORS:
        Path(name).unlink()
    for name in ("mapped", "stitched"):
        Path(name).rename(f"{name}-transfer")
    for line in (
        f"anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec{more} -q",
        "map --preset transfer -q",
        "stitch -q",
    ):
        assert run(line.split()) == 0
    expected = files_of(trained)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []


def test_with_parallel_text_it_aligns_as_the_single_command_does(trained: Path, capsys: pytest.CaptureFixture[str]):
    write_parallel(Path("par.tsv"), 120, np.random.default_rng(3))
    more = "--parallel par.tsv --exclude xx.test.tsv"
    told = json.loads(output_of(f"{TRANSFER} {more} --license-of par.tsv=cc0-1.0 --json -q", capsys))
    assert [*told] == ["anchors", "map", "align", "stitch", "inspect"]
    found = files_of(trained)
    for name in ANCHORS:
        Path(name).unlink()
    for name in ("mapped", "mapped-aligned", "stitched"):
        Path(name).rename(f"{name}-transfer")
    for line in (
        "anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -q",
        "map --preset transfer -q",
        f"align {more} -q",
        "stitch --embeddings mapped-aligned --license-of par.tsv=cc0-1.0 -q",
    ):
        assert run(line.split()) == 0
    expected = files_of(trained)
    assert found.keys() == expected.keys()
    assert [name for name in found if found[name] != expected[name]] == []
    answer = failure_of(f"{TRANSFER} --exclude xx.test.tsv --overwrite", 2, capsys)
    assert "--exclude has no effect without --parallel" in answer
    assert "no such file" in failure_of(f"{TRANSFER} --parallel nothing.tsv --overwrite", 3, capsys)
    write_parallel(Path("few.tsv"), 40, np.random.default_rng(3))
    told = failure_of(f"{TRANSFER} --parallel few.tsv --overwrite", 3, capsys)
    assert "pairs of sentences are left, too few to learn from" in told
    Path("broken.tsv").write_text("one column\n", encoding="utf-8")
    failure_of(f"{TRANSFER} --parallel broken.tsv --overwrite", 3, capsys)
    assert expected == files_of(trained)
    for name in ("mapped-aligned", "stitched", "mapped"):
        Path(name).rename(f"{name}-away")
    Path("mapped-aligned").mkdir()
    Path("mapped-aligned/notes.txt").write_text("mine")
    before = files_of(trained)
    failure_of(f"{TRANSFER} --parallel par.tsv --overwrite", 4, capsys)
    assert before == files_of(trained)


def test_each_model_and_each_file_of_vectors_is_read_once(trained: Path, monkeypatch: pytest.MonkeyPatch):
    counts: dict[str, int] = {}

    def counted(module, name):
        original = getattr(module, name)

        def call(*arguments, **named):
            key = f"{name} {arguments[0]}"
            counts[key] = counts.get(key, 0) + 1
            return original(*arguments, **named)

        monkeypatch.setattr(module, name, call)

    counted(source_model, "load_input_embeddings")
    counted(source_model, "load_word_tokenizer")
    counted(resources, "read_vectors")
    assert run(f"{TRANSFER} -q".split()) == 0
    assert len(counts) == 3 and set(counts.values()) == {1}


def test_texts_give_a_share_of_words_and_another_folder_takes_the_files(trained: Path, capsys):
    Path("new").mkdir()
    found = json.loads(output_of(f"{TRANSFER} --texts xx.test.tsv -o new/stitched --json -q", capsys))
    assert [*found] == ["anchors", "map", "stitch", "inspect"]
    assert found["inspect"]["coverage"]["words"] > 0 and (Path("new") / "mapped").is_dir()
    assert {path.name for path in Path("new").iterdir()} >= {"anchors.tsv", "mapped", "stitched"}
    assert run("predict new/stitched xx.test.tsv -q -o a.tsv".split()) == 0


def test_what_is_missing_is_one_line(trained: Path, capsys: pytest.CaptureFixture[str]):
    assert "no such folder" in failure_of(f"{TRANSFER.replace(' model', ' none')} -q", 3, capsys)
    assert run(f"{TRANSFER} --dry-run".split()) == 0 and not Path("mapped").exists()


@pytest.mark.parametrize(
    ("more", "code", "answer"),
    [
        ("--texts nofile.txt", 3, "nofile.txt: no such file"),
        ("--texts en-xx.tsv", 3, "neither a header that names the text"),
        ("--texts -", 2, "they cannot come from standard input"),
        ("-o model --overwrite", 2, "the output is the input CHECKPOINT"),
        ("-o model/xx", 2, "lies in the input CHECKPOINT"),
        ("--license-of xx.vecs=mit", 2, "nothing that is called xx.vecs went into the model (did you mean xx.vec?)"),
        ("--license-of xx.vec=mitt", 2, "no licence that the hub knows"),
    ],
)
def test_what_the_last_step_would_refuse_is_refused_before_the_first(more, code, answer, trained: Path, capsys):
    assert answer in failure_of(f"{TRANSFER} {more} -q", code, capsys)


@pytest.mark.parametrize(
    ("vectors", "name", "answer"),
    [
        ("wiki", "wiki", "fastText vectors of Wikipedia"),
        ("https://example.org/vectors/ru.vec.gz", "ru.vec", "did you mean ru.vec.gz?"),
        ("someone/vectors", "model.bim", "did you mean model.bin?"),
    ],
)
def test_a_misspelt_name_of_vectors_is_found_before_they_are_fetched(
    vectors: str, name: str, answer: str, trained: Path, capsys: pytest.CaptureFixture[str]
):
    line = TRANSFER.replace("xx.vec", vectors).replace("--tgt xx", "--tgt ru")
    said = failure_of(f"{line} --license-of {name}=mit -q", 2, capsys)
    assert f"nothing that is called {name} went into the model" in said and answer in said
    assert "offline" in failure_of(f"{line} --license-of en-xx.tsv=mit -q", 5, capsys)


def test_an_earlier_output_is_not_replaced_in_vain(trained: Path, capsys: pytest.CaptureFixture[str]):
    Path("mapped").mkdir()
    Path("mapped/notes.txt").write_text("mine")
    assert "mapped: the folder was not written by mosecrot" in failure_of(f"{TRANSFER} -q --overwrite", 4, capsys)
    Path("mapped/notes.txt").unlink()
    Path("mapped").rmdir()
    assert run(f"{TRANSFER} -q".split()) == 0
    before = files_of(trained)
    card = Path("stitched/README.md")
    card.write_text(card.read_text() + "mine")
    assert "the model card was edited" in failure_of(f"{TRANSFER} -q --overwrite --max-vocab 20", 4, capsys)
    assert {**files_of(trained), "stitched/README.md": b""} == {**before, "stitched/README.md": b""}


def test_a_licence_of_vectors_that_are_not_used_after_all_is_no_mistake(trained: Path):
    Path("en.vec").write_text(Path("xx.vec").read_text().replace("\nq", "\n"))
    line = f"{TRANSFER} --source-vectors en.vec --license-of en.vec=mit -q"
    assert run(line.split()) == 0  # they are small, so none are learnt
    assert "en.vec" not in Path("stitched/README.md").read_text()


def test_advice_names_options_and_is_not_what_was_done(trained: Path, capsys: pytest.CaptureFixture[str]):
    said = output_of(f"{TRANSFER} -q", capsys)
    assert "raise `mosecrot inspect --holdout`" in said and "more pairs help" in said
    assert "--preset transfer" not in said  # which it has used
    found = json.loads(output_of(f"{TRANSFER} -q --overwrite --json", capsys))
    advice = [each["advice"] for each in found["inspect"]["judgements"]]
    assert any("mosecrot inspect --holdout" in each for each in advice)


def test_its_verdict_and_warnings_are_those_of_inspect(trained: Path, capsys: pytest.CaptureFixture[str]):
    found = json.loads(output_of(f"{TRANSFER} --json -q", capsys))["inspect"]
    expected = json.loads(output_of("inspect stitched --json -q", capsys))
    for judged in (*found["judgements"], *expected["judgements"]):
        del judged["advice"]  # `inspect` names its own options in it
    assert json.dumps(found) == json.dumps(expected)  # as text, because NaN is not NaN


def test_a_fault_of_the_stitching_is_told_as_before(trained: Path, capsys: pytest.CaptureFixture[str]):
    weights = next(Path("model").rglob("model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-100])
    assert run(f"{TRANSFER} -q".split()) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1 and captured.out == ""
    assert Path("mapped").is_dir() and not Path("stitched").exists()
