"""Natural mistakes: a step left out, a name mistyped, one thing given as another. Each answer names the way out."""

from pathlib import Path

import pytest

from commands import ANCHORS, failure_of
from mosecrot_cli.cli.app import run

FILES = "--lexicon en-xx.tsv --target-vectors xx.vec --source-model pico-bert"


@pytest.mark.parametrize(
    "line, code, advice",
    [
        ("map", 3, "run `mosecrot anchors` first"),
        ("map anchros.tsv", 3, "run `mosecrot anchors` first"),
        ("stitch", 3, "run `mosecrot finetune` first"),
        ("evaluate --data xx.test.tsv", 3, "run `mosecrot stitch` first"),
        ("adapt --texts xx.train.tsv", 3, "run `mosecrot stitch` first"),
        ("inspect", 3, "run `mosecrot map` first"),
        ("stitch pico-brt", 3, "did you mean pico-bert?"),
        ("finetune --train en.trian.tsv --embeddings none --source-model pico-bert", 3, "did you mean en.train.tsv?"),
        (f"anchors {FILES} --source-model=./pico-brt".replace("--source-model pico-bert ", ""), 3, "pico-bert?"),
        (f"anchors {FILES}".replace("pico-bert", "pico-brt"), 3, "did you mean pico-bert?"),
        (f"anchors {FILES}".replace("xx.vec", "xy.vec"), 3, "did you mean xx.vec?"),
        (f"anchors {FILES}".replace("en-xx.tsv", "en-xy.tsv"), 3, "did you mean en-xx.tsv?"),
        ("anchors --src tt --tgt en", 2, "did you swap --src and --tgt?"),
        ("anchors --tgt russain", 2, "ru (Russian)"),
        (f"anchors {FILES}".replace("en-xx.tsv", "align:"), 3, "no file of parallel text is named (align:FILE"),
        ("push xx.vec me/x", 3, "xx.vec: a file, but the folder of a checkpoint is wanted"),
        ("predict xx.test.tsv", 3, "xx.test.tsv: a file, but the folder of a checkpoint is wanted"),
        ("vectors train xx.vec -o new.vec", 3, "xx.vec: a file of word vectors, given as a text"),
    ],
)
def test_the_answer_names_the_way_out(line: str, code: int, advice: str, world: Path, capsys):
    assert advice in failure_of(line, code, capsys)


@pytest.mark.parametrize("more", ["", " --dry-run"])
@pytest.mark.parametrize(
    "lexicon, vectors, named",
    [
        ("xx.vec", "en-xx.tsv", "xx.vec: a file of word vectors, given as a lexicon (give it with --target-vectors)"),
        ("en-xx.tsv", "other.tsv", "other.tsv: a lexicon, given as word vectors (give it with --lexicon)"),
    ],
)
def test_swapped_files_are_named_as_such(lexicon: str, vectors: str, named: str, more: str, world: Path, capsys):
    Path("other.tsv").write_text(Path("en-xx.tsv").read_text())
    line = f"anchors --source-model pico-bert --lexicon {lexicon} --target-vectors {vectors}{more}"
    assert named in failure_of(line, 3, capsys)


@pytest.mark.parametrize(
    "line, warned",
    [
        ("--method lstsq --k 50", {"--k"}),
        ("--method lstsq --k 10 --weighting softmax", {"--k", "--weighting"}),
        ("--weighting standard --temperature 1", {"--temperature"}),
        ("--ridge 0.1", {"--ridge"}),
        ("--preset transfer --method lstsq", set()),
        ("--method residual --ridge 0.1 --k 5", set()),
    ],
)
def test_every_option_without_an_effect_is_named_in_a_dry_run_too(line: str, warned: set[str], chain: Path, capsys):
    assert run(f"map {line} --dry-run".split()) == 0
    shown = [text for text in capsys.readouterr().err.splitlines() if "has no effect" in text]
    assert {text.split()[1] for text in shown} == warned


def test_codes_and_scripts_are_looked_at_with_files_too(world: Path, capsys):
    assert run(ANCHORS.replace("--tgt xx", "--tgt rusian").removesuffix(" -q").split()) == 0
    assert "no language 'rusian' is known; near: ru (Russian)" in capsys.readouterr().err
    assert run([*ANCHORS.replace("--tgt xx", "--tgt ru").removesuffix(" -q").split(), "--overwrite"]) == 0
    assert "in Latin script, but Russian is usually written in Cyrillic" in capsys.readouterr().err


def test_exclude_without_parallel_text_is_named(world: Path, capsys):
    assert run([*ANCHORS.removesuffix(" -q").split(), "--exclude", "xx.test.tsv"]) == 0
    assert "--exclude has no effect without parallel text (--lexicon align:FILE)" in capsys.readouterr().err


def test_vectors_of_a_handful_of_words_are_warned_of(world: Path, capsys):
    line = "vectors train xx.test.tsv -o new.vec --dim 4 --epochs 1 --maxn 0 --min-count 1"
    assert run(line.split()) == 0
    assert "different words get a vector, which will mean next to nothing" in capsys.readouterr().err


def test_a_table_that_comes_as_lines_is_warned_of(chain: Path, capsys):
    Path("table.txt").write_text(Path("xx.test.tsv").read_text())
    assert run("adapt stitched --texts table.txt".split()) == 0
    assert "table.txt: 41 of 41 lines hold tabs and are read as they are, labels included" in capsys.readouterr().err
    assert run("adapt stitched --texts table.txt --text-column text --overwrite".split()) == 0
    assert "hold tabs" not in capsys.readouterr().err


def test_training_on_the_wrong_texts_is_warned_of(world: Path, capsys):
    line = "finetune --source-model pico-bert --embeddings none --epochs 1"
    assert run(f"{line} --train en.train.tsv --dev en.dev.tsv -o good".split()) == 0
    assert "warning" not in capsys.readouterr().err
    assert run(f"{line} --train en.train.tsv --dev en.train.tsv -o same".split()) == 0
    assert "en.train.tsv: 48 of 48 development texts are training texts, too" in capsys.readouterr().err
    assert run(f"{line} --train xx.train.tsv -o foreign".split()) == 0
    assert "xx.train.tsv: 100% of the words are not in the vocabulary" in capsys.readouterr().err
