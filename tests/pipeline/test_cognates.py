"""`anchors --cognates`: words of another script that are spelt like words of the model."""

import json
from pathlib import Path

import numpy as np
import pytest
from make_pico import WORDS, backwards

from mosecrot_cli.cli.app import run
from mosecrot_cli.lexicon.types import COGNATE
from mosecrot_cli.model.source_model import SourceModel

CYRILLIC = {
    "energy": "энерги",
    "planet": "планет",
    "laser": "ласер",
    "orbit": "орбит",
    "season": "сеасон",
    "score": "скоре",
    "player": "плайер",
}
FALSE_FRIENDS = ("season", "score", "player")
SEEDS = [word for word in WORDS if word not in CYRILLIC]
LINE = "anchors --source-model pico-bert --target-vectors ru.vec --lexicon seeds.tsv --script off --cognates"


@pytest.fixture
def spelt(world: Path) -> Path:
    """Vectors `[38, 24]` of words spelt backwards and of Cyrillic ones: the model's, rotated; false friends have others."""
    model = SourceModel("pico-bert")
    tokens, random = model.words.whole_word_tokens(), np.random.default_rng(3)
    rotation = np.linalg.qr(random.normal(size=(model.embeddings.shape[1],) * 2))[0]
    rows = {backwards(word): model.embeddings[tokens[word]] for word in SEEDS}
    for word, spelt in CYRILLIC.items():
        rows[spelt] = -model.embeddings[tokens[word]] if word in FALSE_FRIENDS else model.embeddings[tokens[word]]
    lines = [" ".join([word, *map(str, row @ rotation)]) for word, row in rows.items()]
    Path("ru.vec").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("seeds.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in SEEDS), encoding="utf-8")
    return world


def cognates() -> set[tuple[str, str]]:
    lines = Path("anchors.scores.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {(row[0], row[1]) for row in (line.split("\t") for line in lines) if row[3] == COGNATE}


def test_words_spelt_alike_are_added_where_the_vectors_confirm_them(spelt: Path, capsys: pytest.CaptureFixture[str]):
    assert run(LINE.split()) == 0
    expected = {(word, spelt) for word, spelt in CYRILLIC.items() if word not in FALSE_FRIENDS}
    assert cognates() == expected
    assert f"from {COGNATE}" in capsys.readouterr().err
    statistics = json.loads(Path("anchors.manifest.json").read_text())["statistics"]
    assert statistics["kept"] == {"seeds.tsv": len(SEEDS), COGNATE: len(expected)}
    assert statistics["pairs"] == statistics["anchors"] + sum(statistics["dropped"].values())
    assert statistics["cognates"]["candidates"] == len(CYRILLIC)
    assert statistics["cognates"]["confirmed"] == len(expected)


def test_a_word_of_the_lexicon_keeps_its_translation(spelt: Path):
    with Path("seeds.tsv").open("a", encoding="utf-8") as file:
        file.write("star\tорбит\n")
    assert run(LINE.split()) == 0
    assert "орбит" not in {target for _, target in cognates()}


def test_the_script_and_stop_words_hold_for_them_too(spelt: Path):
    Path("stop.txt").write_text("laser\n", encoding="utf-8")
    assert run(f"{LINE} --stopwords stop.txt".split()) == 0
    assert {source for source, _ in cognates()} == {"energy", "planet", "orbit"}
    assert run(f"{LINE.replace('--script off', '--script Latn')} --overwrite".split()) == 0
    assert not cognates()


@pytest.mark.parametrize(
    ("lexicon", "vectors", "why"),
    [
        ("one.tsv", "ru.vec", "one anchor cannot confirm words that are spelt alike"),
        ("seeds.tsv", "seeds.vec", "no word of the vectors is spelt like a word of the model"),
    ],
)
def test_where_there_are_none_a_warning_says_why(
    lexicon: str, vectors: str, why: str, spelt: Path, capsys: pytest.CaptureFixture[str]
):
    Path("one.tsv").write_text(f"match\t{backwards('match')}\n", encoding="utf-8")
    rows = Path("ru.vec").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("seeds.vec").write_text("".join(rows[: len(SEEDS)]), encoding="utf-8")
    assert run(LINE.replace("seeds.tsv", lexicon).replace("ru.vec", vectors).split()) == 0
    assert f"--cognates adds no anchors: {why}" in " ".join(capsys.readouterr().err.split())


def test_explain_tells_where_they_come_from(spelt: Path, capsys: pytest.CaptureFixture[str]):
    assert run([*LINE.split(), "--explain", "планет"]) == 0
    told = capsys.readouterr().out
    assert "planet" in told and COGNATE in told
