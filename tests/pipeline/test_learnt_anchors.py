"""`anchors --source-vectors`: further anchors through static vectors of the source language."""

import json
from pathlib import Path

import numpy as np
import pytest
from make_pico import WORDS, backwards

from commands import failure_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.lexicon.types import LEARNT
from mosecrot_cli.pipeline.anchors import learnt
from mosecrot_cli.vectors.readers import read_vectors

SEEDS = 26
FEW = "anchors --source-model pico-bert --target-vectors xx.vec --lexicon few.tsv --source-vectors en.vec"


@pytest.fixture
def few(world: Path) -> Path:
    """A lexicon of some words, and English vectors: those of the translations, rotated, with noise."""
    vectors = read_vectors("xx.vec", max_vocab=None)
    random = np.random.default_rng(2)
    rotation = np.linalg.qr(random.normal(size=(vectors.dimension, vectors.dimension)))[0]
    noise = random.normal(scale=0.1 * vectors.matrix.std(), size=vectors.matrix.shape)
    english = {backwards(word): word for word in WORDS}
    rows = [
        " ".join([english[word], *map(str, row)])
        for word, row in zip(vectors.words, vectors.matrix @ rotation + noise, strict=True)
    ]
    Path("en.vec").write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path("few.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in WORDS[:SEEDS]), encoding="utf-8")
    return world


def scored(path: str) -> list[list[str]]:
    return [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()[1:]]


def test_learnt_anchors_follow_those_of_the_lexicon(few: Path, capsys: pytest.CaptureFixture[str]):
    assert run(f"{FEW} -o a.tsv".split()) == 0
    rows = scored("a.scores.tsv")
    given = [row for row in rows if row[3] == "few.tsv"]
    further = rows[len(given) :]
    assert len(given) == SEEDS and {row[3] for row in further} == {LEARNT}
    right = sum(backwards(source) == target for source, target, _, _ in further)
    assert right == len(further) > 0.8 * (len(WORDS) - SEEDS)
    scores = [float(row[2]) for row in further]
    assert scores == sorted(scores, reverse=True) and 0 < scores[-1] <= scores[0] <= 1
    assert not {row[1] for row in given} & {row[1] for row in further}
    manifest = json.loads(Path("a.manifest.json").read_text())
    statistics = manifest["statistics"]
    assert statistics["kept"] == {"few.tsv": SEEDS, LEARNT: len(further)}
    assert statistics["pairs"] == statistics["anchors"] + sum(statistics["dropped"].values())
    assert statistics["pivot"]["seeds"] == SEEDS
    assert statistics["pivot"]["rounds"][-1]["pairs"] >= len(further)
    assert statistics["pivot"]["compared"] == statistics["pivot"]["known"] == SEEDS
    assert "source_vectors" in manifest["inputs"]
    assert f"from {LEARNT}" in capsys.readouterr().err
    assert run("map a.tsv --source-model pico-bert --target-vectors xx.vec -o mapped".split()) == 0


def test_a_dictionary_that_knows_too_few_pairs_of_the_lexicon_is_a_warning(
    few: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(learnt, "COMPARED", SEEDS)
    # Four words of the lexicon get the translations of each other, so the dictionary contradicts them.
    words = [*WORDS[1:4], WORDS[0], *WORDS[4:]]
    lines = [f"{word}\t{backwards(other)}\n" for word, other in zip(WORDS, words, strict=True)][:SEEDS]
    Path("few.tsv").write_text("".join(lines), encoding="utf-8")
    right = (SEEDS - 4) / SEEDS
    for least, warned in [(right, False), (right + 0.01, True)]:
        monkeypatch.setattr(learnt, "LEAST_AGREEMENT", least)
        assert run(f"{FEW} -o a.tsv --overwrite".split()) == 0
        pivot = json.loads(Path("a.manifest.json").read_text())["statistics"]["pivot"]
        assert (pivot["compared"], pivot["known"]) == (SEEDS, SEEDS - 4)
        message = " ".join(capsys.readouterr().err.split())
        line = f"of {SEEDS} learnt pairs whose source word has an anchor, only {SEEDS - 4} agree with it"
        assert (line in message) == warned == ("--source-vectors" in message)


def test_they_are_learnt_from_the_sample_and_not_sampled(few: Path):
    Path("all.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in WORDS), encoding="utf-8")
    line = f"{FEW.replace('few.tsv', 'all.tsv')} --max-anchors {SEEDS} -o a.tsv"
    assert run(line.split()) == 0
    origins = [row[3] for row in scored("a.scores.tsv")]
    assert origins.count("all.tsv") == SEEDS < len(origins)


def test_stop_words_are_not_learnt_and_scores_are_no_matter_of_the_minimum(few: Path):
    assert run(f"{FEW} -o a.tsv".split()) == 0
    word = scored("a.scores.tsv")[-1][0]
    Path("stop.txt").write_text(word + "\n", encoding="utf-8")
    Path("few.tsv").write_text("".join(f"{word}\t{backwards(word)}\t5\n" for word in WORDS[:SEEDS]), encoding="utf-8")
    assert run(f"{FEW} --stopwords stop.txt --min-score 2 -o b.tsv".split()) == 0
    rows = scored("b.scores.tsv")
    assert word not in [row[0] for row in rows]
    assert len(rows) > SEEDS


def test_rounds_and_seed_of_the_result(few: Path):
    for name, rounds in [("a", 1), ("b", 20), ("c", 20)]:
        assert run(f"{FEW} --pivot-rounds {rounds} -o {name}.tsv".split()) == 0
    rounds = [json.loads(Path(f"{name}.manifest.json").read_text())["statistics"]["pivot"]["rounds"] for name in "ab"]
    assert rounds[1][:1] == rounds[0] != rounds[1]
    assert Path("b.tsv").read_bytes() == Path("c.tsv").read_bytes()


def test_they_go_to_stdout_and_are_explained(few: Path, capsys: pytest.CaptureFixture[str]):
    assert run(f"{FEW} -o a.tsv".split()) == 0
    capsys.readouterr()
    assert run(f"{FEW} -o -".split()) == 0
    assert capsys.readouterr().out == Path("a.tsv").read_text(encoding="utf-8")
    source, target, score, _ = scored("a.scores.tsv")[-1]
    assert run([*FEW.split(), "--explain", source, "--json"]) == 0
    fates = json.loads(capsys.readouterr().out)
    assert [(fate["target"], fate["score"], fate["origin"], fate["verdict"]) for fate in fates] == [
        (target, float(score), LEARNT, "anchor")
    ]


def test_a_dry_run_names_the_pivot_vectors(few: Path, capsys: pytest.CaptureFixture[str]):
    assert run(f"{FEW} --dry-run".split()) == 0
    assert "en.vec" in capsys.readouterr().err
    assert not Path("anchors.tsv").exists()


def test_wrong_pivot_vectors_are_one_line(few: Path, capsys: pytest.CaptureFixture[str]):
    message = failure_of(f"{FEW.replace('en.vec', 'xx.vec')} -o a.tsv", 3, capsys)
    assert "xx.vec" in message and "of the language of the model" in message
    assert "did you mean en.vec?" in failure_of(f"{FEW.replace('en.vec', 'none.vec')} -o a.tsv", 3, capsys)
    assert not Path("a.tsv").exists()
