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
