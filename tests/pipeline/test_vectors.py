"""`mosecrot vectors`: trained vectors serve the chain; conversions keep every word and number; pruning keeps enough."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import failure_of, output_of
from mosecrot_cli.pipeline.vectors.rewrite import convert
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import OutputSettings, RewriteVectorsSettings
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors
from mosecrot_cli.vectors.writers import write_vectors

TRAIN = "vectors train xx.txt -o new.{} --dim 8 --min-count 1 --epochs 1 --buckets 1000 -q"


@pytest.fixture
def text(world: Path) -> Path:
    """The target texts of the pico world, as a plain text."""
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()[1:]]
    Path("xx.txt").write_text("\n".join(row[2].capitalize() for row in rows) + "\n")
    return world


@pytest.mark.parametrize("ending", ["vec", "bin", "npy"])
def test_train_then_info_anchors_and_map(text: Path, ending: str, capsys: pytest.CaptureFixture[str]):
    output_of(TRAIN.format(ending), capsys)
    found = json.loads(output_of(f"vectors info new.{ending} --json", capsys))
    expected = set(Path("xx.txt").read_text().lower().replace(".", " .").split())
    assert found["words"] == len(expected) + (ending == "bin")  # fastText keeps its mark of a line's end there
    assert (found["dimension"], found["lowercased"], found["subwords"]) == (8, True, ending == "bin")
    assert set(found["first_words"]) - {"</s>"} <= expected
    output_of(f"anchors --lexicon en-xx.tsv --source-model pico-bert --target-vectors new.{ending} -q", capsys)
    output_of("map --k 5 -q", capsys)
    assert len(Path("anchors.tsv").read_text().splitlines()) >= 10
    assert set(Path("mapped/target.vocab.txt").read_text().split()) - {"</s>"} == expected
    manifest = json.loads(Path(f"new.{ending}.manifest.json").read_text())
    assert manifest["settings"]["fasttext"]["dim"] == 8 and manifest["statistics"]["lowercased"]
    assert manifest["inputs"]["text_1"]["sha256"] and manifest["statistics"]["tokens"] > len(expected)
    assert not [path for path in Path().iterdir() if path.name.startswith(".")]


def test_train_reads_tables_and_can_keep_letter_case(text: Path, capsys: pytest.CaptureFixture[str]):
    Path("more.jsonl.gz").write_bytes(gzip.compress(json.dumps({"id": "Zz", "text": "Казан КАЗАН"}).encode()))
    output_of("vectors train xx.txt more.jsonl.gz -o new.vec --dim 4 --min-count 1 --maxn 0 --no-lower -q", capsys)
    words = read_vectors("new.vec", max_vocab=None).words
    assert {"Казан", "КАЗАН"} <= set(words) and "казан" not in words and "Zz" not in words
    plan = json.loads(output_of("vectors train more.jsonl.gz -o x.vec --min-count 1 --dry-run --json", capsys))["plan"]
    assert plan["text"].startswith("2 words") and plan["vectors"].startswith("1 x 300")
    assert not Path("x.vec").exists()


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", "", "no words in the text"),
        ("gut\ngut\nsch\u00f6n".encode("latin-1"), "", "bad.txt:3: not UTF-8"),
        (b"one two three", "", "too little text: no word occurs 5 times"),
        ("одно".encode("utf-16"), "", "bad.txt:1: the file is UTF-16"),
    ],
)
def test_bad_text_is_one_line(world: Path, content, options, message, capsys: pytest.CaptureFixture[str]):
    Path("bad.txt").write_bytes(content)
    assert message in failure_of("vectors train bad.txt -o new.vec -q", 3, capsys)


def test_wrong_usage(text: Path, capsys: pytest.CaptureFixture[str]):
    assert "endings" in failure_of("vectors train xx.txt -o new.csv", 2, capsys)
    assert "endings" in failure_of("vectors convert xx.vec new.csv", 2, capsys)
    assert "once" in failure_of("vectors convert xx.vec", 2, capsys)
    assert "once" in failure_of("vectors convert xx.vec a.vec -o b.vec", 2, capsys)
    assert "float16 numbers are for .npy" in failure_of("vectors convert xx.vec a.vec --dtype float16", 2, capsys)
    assert "which words to keep" in failure_of("vectors prune xx.vec a.vec", 2, capsys)
    assert "the output is the input" in failure_of("vectors convert xx.vec xx.vec --overwrite", 2, capsys)
    assert "no such file" in failure_of("vectors info none.vec", 3, capsys)
    Path("a.npy").write_bytes(b"mine")
    assert "the output exists" in failure_of("vectors convert xx.vec a.npy", 4, capsys)


@settings(max_examples=20, deadline=None)
@given(
    words=st.lists(st.text("aбé狗\u0301'3", min_size=1, max_size=4), min_size=1, max_size=6, unique=True),
    seed=st.integers(0, 100),
)
def test_there_and_back_keeps_every_word_and_number(tmp_path_factory, words, seed):
    import unicodedata

    folder = tmp_path_factory.mktemp("v")
    words = list(dict.fromkeys(unicodedata.normalize("NFC", word) for word in words))
    matrix = np.random.default_rng(seed).normal(size=(len(words), 3)).astype(np.float32)
    write_vectors(WordVectors(words, matrix), folder / "first.vec")
    previous = folder / "first.vec"
    for name in ("a.bin", "b.npy", "c.vec.gz", "d.npy", "e.vec"):
        convert(
            RewriteVectorsSettings(vectors=str(previous), out=OutputSettings(output=folder / name)), SilentReporter()
        )
        previous = folder / name
    assert previous.read_bytes() == (folder / "first.vec").read_bytes()
    for name, binary in (("a.bin", True), ("c.vec.gz", False)):
        theirs = KeyedVectors.load_word2vec_format(str(folder / name), binary=binary)
        assert theirs.index_to_key == words
        np.testing.assert_array_equal(theirs.vectors, matrix)


def test_convert_with_another_ending_a_limit_and_half_width(world: Path, capsys: pytest.CaptureFixture[str]):
    whole = read_vectors("xx.vec", max_vocab=None)
    output_of("vectors convert xx.vec w2v.dat --to word2vec -q", capsys)
    theirs = KeyedVectors.load_word2vec_format("w2v.dat", binary=True)
    assert theirs.index_to_key == list(whole.words)
    output_of("vectors convert xx.vec -o half.npy --dtype float16 --max-vocab 7 -q", capsys)
    stored = np.load("half.npy")
    assert stored.dtype == np.float16 and stored.shape == (7, whole.dimension)
    assert Path("half.vocab.txt").read_text().split("\n")[:-1] == list(whole.words[:7])
    np.testing.assert_allclose(stored, whole.matrix[:7], atol=2e-3)
    write_vectors(WordVectors(["big"], np.full((1, 2), 1e6, np.float32)), Path("big.vec"))
    assert "too large for float16" in failure_of("vectors convert big.vec b.npy --dtype float16", 3, capsys)


def test_prune_to_a_number_to_texts_and_to_a_lexicon(world: Path, capsys: pytest.CaptureFixture[str]):
    whole = read_vectors("xx.vec", max_vocab=None)
    Path("lexicon.tsv").write_text("team\tqmaet\n")
    Path("text.txt").write_text("QLAOG!\n")
    output_of("vectors prune xx.vec few.vec --max-vocab 5 -q", capsys)
    assert list(read_vectors("few.vec", max_vocab=None).words) == list(whole.words[:5])
    output_of("vectors prune xx.vec some.npy --vocab-from text.txt --lexicon lexicon.tsv -q", capsys)
    some = read_vectors("some.npy", max_vocab=None)
    assert set(some.words) == {"qlaog", "qmaet"}
    np.testing.assert_array_equal(some.matrix, whole.rows(some.words))
    report = json.loads(output_of("vectors prune xx.vec some.npy --vocab-from text.txt --lexicon lexicon.tsv "
                                  "--if-changed --json", capsys))  # fmt: skip
    assert report["state"] == "unchanged"
    assert report["inputs"]["lexicon_1"]["path"] == "lexicon.tsv"
    Path("text.txt").write_text("nothing\n")
    assert "none of its words is wanted" in failure_of("vectors prune xx.vec none.vec --vocab-from text.txt", 3, capsys)


def test_info_counts_what_is_odd(world: Path, capsys: pytest.CaptureFixture[str]):
    Path("odd.vec").write_text("6 2\nder 3 4\nder 1 1\nЭт 0 0\ncaf\u0065\u0301 0 1\n狗 0 2\nA 6 8\n")
    found = json.loads(output_of("vectors info odd.vec --json --first 2", capsys))
    assert {name: found[name] for name in ("rows", "words", "duplicates", "renormalised", "lowercased", "subwords")} == {
        "rows": 6, "words": 5, "duplicates": 1, "renormalised": 1, "lowercased": False, "subwords": False,
    }  # fmt: skip
    assert found["norms"] == {"least": 1.0, "median": 3.5, "greatest": 10.0, "zero": 1}
    assert found["scripts"] == {"Latn": 0.6, "Cyrl": 0.2, "Hani": 0.2}
    assert found["first_words"] == ["der", "Эт"] and found["format"] == "text"
    lines = output_of("vectors info odd.vec", capsys).splitlines()
    assert lines[0].startswith("file ") and any("1 duplicates" in line for line in lines)
    assert json.loads(output_of("vectors info odd.vec --max-vocab 1 --json", capsys))["words"] == 1
