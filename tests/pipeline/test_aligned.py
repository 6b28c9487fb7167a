"""`anchors --lexicon align:…`, `map --method aligned` and `--exclude`, through the commands."""

import json
from pathlib import Path

import numpy as np
import pytest
from make_pico import WORDS, backwards
from safetensors.torch import load_file

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.model.loading import load_tokenizer
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion, text_key

ALIGN = "anchors --src en --tgt xx --lexicon align:en.verses.tsv,xx.verses.tsv --source-model pico-bert"


def write_verses(name: str, texts: list[str]) -> None:
    Path(name).write_text("".join(f"40{n:06}\t{text}\n" for n, text in enumerate(texts)), encoding="utf-8")


@pytest.fixture
def verses(world: Path) -> Path:
    """Verses of both languages, and labelled data that are some of them."""
    random = np.random.default_rng(3)
    english = [" ".join(random.choice(WORDS, 6)) + "." for _ in range(250)]
    write_verses("en.verses.tsv", english)
    write_verses("xx.verses.tsv", [" ".join(map(backwards, text[:-1].split())) + "." for text in english])
    rows = [line.split("\t") for line in Path("xx.verses.tsv").read_text().splitlines()[:20]]
    Path("held.tsv").write_text(
        "".join(f"{i}\t{'sports' if n % 2 else 'science'}\t{text}\n" for n, (i, text) in enumerate(rows))
    )
    return world


def target_rows(folder: str) -> dict[str, np.ndarray]:
    words = (Path(folder) / "target.vocab.txt").read_text(encoding="utf-8").split()
    return dict(zip(words, np.load(Path(folder) / "target.npy"), strict=True))


def token_rows() -> dict[str, np.ndarray]:
    own = load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"].numpy()
    return {word: own[row] for word, row in SourceWords(load_tokenizer("pico-bert")).whole_word_tokens().items()}


def scored(path: str) -> list[list[str]]:
    return [line.split("\t") for line in Path(path).read_text(encoding="utf-8").splitlines()[1:]]


def test_from_two_verse_files_to_a_stitched_model(verses: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("eflomal")
    output_of(f"{ALIGN} --target-vectors xx.vec --exclude held.tsv", capsys)
    anchors = dict(line.split("\t")[::-1] for line in Path("anchors.tsv").read_text().splitlines())
    right = [target for target, source in anchors.items() if backwards(source) == target]
    assert len(right) > 0.9 * len(WORDS)
    aligned = scored("anchors.aligned.tsv")
    assert len(aligned) >= len(anchors) and {row[3] for row in aligned} == {"align"}
    manifest = json.loads(Path("anchors.manifest.json").read_text())
    assert set(manifest["inputs"]) == {
        "source_model",
        "target_vectors",
        "parallel_1_source",
        "parallel_1_target",
        "exclude_1",
    }
    output_of("map --method aligned -q", capsys)
    mapped, own = target_rows("mapped"), token_rows()
    nearest = {word: max(own, key=lambda each: row @ own[each]) for word, row in mapped.items()}
    assert sum(backwards(word) == target for target, word in nearest.items()) > 0.9 * len(WORDS)
    output_of("finetune --train en.train.tsv --embeddings none --epochs 1 -q", capsys)
    output_of("stitch -q", capsys)
    assert json.loads(output_of("evaluate --data xx.test.tsv --json", capsys))["n"] == 40


def test_a_word_is_the_weighted_mean_of_what_it_is_aligned_to(world: Path, capsys: pytest.CaptureFixture[str]):
    """Words without an alignment are what the method `relative` makes of them; a word without a vector has a row."""
    known = [f"{word}\t{backwards(word)}\t2" for word in WORDS[:20]]
    Path("counts.tsv").write_text("\n".join([*known, f"team\t{backwards('the')}\t6", "ball\tqqq\t1", "goal\tqqq\t3"]))
    line = "map counts.tsv --method aligned --source-model pico-bert --target-vectors xx.vec --k 5 -q"
    output_of(line, capsys)
    own = load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"].numpy()
    token, rows = token_rows(), target_rows("mapped")
    assert np.array_equal(np.load("mapped/source.npy"), own)
    assert np.allclose(rows[backwards("the")], 0.25 * token["the"] + 0.75 * token["team"], atol=1e-6)
    assert np.allclose(rows["qqq"], 0.25 * token["ball"] + 0.75 * token["goal"], atol=1e-6)
    for word in WORDS[1:20]:
        assert np.allclose(rows[backwards(word)], token[word], atol=1e-6)
    Path("one.tsv").write_text("\n".join(f"{word}\t{backwards(word)}" for word in WORDS[:20]))
    options = "--source-model pico-bert --target-vectors xx.vec --k 5 -q"
    assert run(f"map one.tsv --method aligned {options} -o a".split()) == 0
    assert run(f"map one.tsv --keep-source {options} -o r".split()) == 0
    aligned, relative = target_rows("a"), target_rows("r")
    assert set(rows) == {*aligned, "qqq"} and set(aligned) == set(relative)
    others = [backwards(word) for word in WORDS[20:]]
    assert all(np.array_equal(aligned[word], relative[word]) for word in others)
    failure_of(f"{line} --max-rank 0.5 -o other", 2, capsys)
    Path("counts.tsv").write_text(f"the\t{backwards('the')}\t1\nteam\t{backwards('team')}\t-1\n")
    assert "counts.tsv:2" in failure_of(f"{line} -o other", 3, capsys)


def test_excluded_verses_are_not_read(verses: Path, capsys: pytest.CaptureFixture[str]):
    train = "vectors train xx.verses.tsv -o {} --dim 8 --min-count 1 --epochs 1 --buckets 1000 --maxn 0 -q"
    output_of(train.format("all.vec"), capsys)
    output_of(train.format("some.vec") + " --exclude held.tsv", capsys)
    tokens = [
        json.loads(Path(f"{name}.manifest.json").read_text())["statistics"]["tokens"]
        for name in ("all.vec", "some.vec")
    ]
    assert tokens[0] - tokens[1] == 20 * 7  # six words and a full stop each
    failure_of(train.format("none.vec") + " --exclude xx.verses.tsv", 3, capsys)


def test_a_text_is_known_by_its_id_or_by_its_words(tmp_path: Path):
    path = tmp_path / "held.tsv"
    path.write_text("id\tlabel\ttext\n40001001\tx\tIn the beginning, it was!\n")
    exclusion = Exclusion.of([path])
    assert exclusion.holds("anything", "40001001")
    assert exclusion.holds("in the BEGINNING it was") and exclusion.holds("In the beginning - it was.", "7")
    assert not exclusion.holds("in the beginning it is", "40001002") and not exclusion.holds("anything")
    assert text_key("Ein  Wort, noch eins.") == text_key("ein wort noch eins") != text_key("ein wort")
