"""`map --subwords`: words that a fastText model lacks. Oracles: the fasttext library, least squares by numpy."""

import json
from pathlib import Path

import fasttext
import numpy as np
import pytest
from make_pico import WORDS, backwards
from safetensors.numpy import load_file
from transformers import AutoTokenizer

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.pipeline.map.target_words import words_to_compose
from mosecrot_cli.vectors.types import WordVectors

CAPSYS = pytest.CaptureFixture[str]
MAP = "map pairs.tsv --source-model pico-bert --target-vectors xx.bin --method lstsq"
LACKED = "qlaog"
# qhctamers thrice; what the model knows, holds other characters than letters, or has no spaces is not composed.
TEXTS = "qhctams, Qhctamers QHCTAMERS\nqhctamers the match. Qhctam 1999 b2b !? 我们喜欢 x-qlairt\n"
COMPOSED = ["qhctamers", "qhctams", "x", "qlairt"]


def train(path: str, **settings: int) -> None:
    lines = [" ".join(backwards(word) for word in WORDS if backwards(word) != LACKED)] * 30
    Path("corpus.txt").write_text("\n".join(lines) + "\n")
    common = {"dim": 12, "minCount": 1, "epoch": 2, "bucket": 200, "thread": 11, "verbose": 0}
    fasttext.train_unsupervised("corpus.txt", **{**common, **settings}).save_model(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fasttext"))
        train("xx.bin")
        return Path("xx.bin").absolute()


@pytest.fixture
def here(chain: Path, model: Path) -> Path:
    """The finished chain with xx.bin, which lacks one target word of pairs.tsv, and texts.txt."""
    Path("xx.bin").write_bytes(model.read_bytes())
    Path("texts.txt").write_text(TEXTS)
    Path("pairs.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in WORDS))
    return chain


def words_of(folder: str) -> list[str]:
    return (Path(folder) / "target.vocab.txt").read_text().split("\n")[:-1]


def test_words_and_anchors_that_the_vectors_lack_are_composed(here: Path, capsys: CAPSYS):
    found = json.loads(output_of(f"{MAP} --vocab-from texts.txt -o some --json", capsys))
    assert found["settings"]["subwords"] is True
    assert found["statistics"]["subword_words"] == 5
    assert found["statistics"]["anchors"] == len(WORDS)
    words = words_of("some")
    assert words[-5:] == [*COMPOSED, LACKED]
    theirs = fasttext.load_model("xx.bin")
    assert words[:-5] == [word for word in theirs.get_words() if word != "</s>"]
    vocabulary = json.loads(Path("pico-bert/tokenizer.json").read_text())["model"]["vocab"]
    own = load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"]
    static = np.array([theirs.get_word_vector(backwards(word)) for word in WORDS], dtype=np.float64)
    matrix = np.linalg.lstsq(static, own[[vocabulary[word] for word in WORDS]].astype(np.float64), rcond=None)[0]
    expected = np.array([theirs.get_word_vector(word) for word in words]) @ matrix
    np.testing.assert_allclose(np.load("some/target.npy"), expected, rtol=1e-3, atol=1e-4)


def test_they_are_said_counted_and_stitched(here: Path, capsys: CAPSYS):
    capsys.readouterr()
    assert run(f"{MAP} --vocab-from texts.txt -o some".split()) == 0
    assert "5, from subwords" in " ".join(capsys.readouterr().err.split())
    assert run("stitch --embeddings some -q -o read".split()) == 0
    tokenizer = AutoTokenizer.from_pretrained("read")
    ids = tokenizer("Qhctamers", add_special_tokens=False)["input_ids"]
    assert len(ids) == 1
    weights = load_file("read/model.safetensors")
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    np.testing.assert_array_equal(
        weights[name][ids[0]], np.load("some/target.npy")[words_of("some").index("qhctamers")]
    )
    capsys.readouterr()
    assert run("inspect some --texts texts.txt --json".split()) == 0
    told = capsys.readouterr()
    assert "not in these vectors" not in told.err
    ways = json.loads(told.out)["coverage"]["ways"]
    # This model has no hyphen: x-qlairt is unknown in part; so are 1999, b2b and the Chinese.
    expected = {"written": 0, "spelling": 1, "subwords": 4, "number": 0, "shared": 2, "pieces": 0, "unknown": 4}
    assert ways == expected


def test_off_and_without_texts(here: Path, capsys: CAPSYS):
    output_of(f"{MAP} --vocab-from texts.txt --no-subwords -q -o without", capsys)
    assert LACKED not in words_of("without") and len(words_of("without")) == len(WORDS) - 1
    found = json.loads(output_of(f"{MAP} -o plain --json", capsys))
    assert found["settings"]["subwords"] is False and "subword_words" not in found["statistics"]
    output_of(f"{MAP} --subwords -q -o anchors-only", capsys)
    assert words_of("anchors-only") == [*words_of("plain"), LACKED]
    plan = json.loads(output_of(f"{MAP} --vocab-from texts.txt --dry-run --json", capsys))["plan"]
    assert "from subwords" in plan["words composed"]


def test_vectors_without_n_grams(here: Path, capsys: CAPSYS):
    train("whole.bin", maxn=0)
    for vectors in ("whole.bin", "xx.vec"):
        options = f"map pairs.tsv --source-model pico-bert --target-vectors {vectors} --vocab-from texts.txt"
        assert "no character n-grams" in failure_of(f"{options} --subwords", 2, capsys)
        found = json.loads(output_of(f"{options} -o {vectors}.mapped --json", capsys))
        assert found["settings"]["subwords"] is False
        assert "qhctamers" not in words_of(f"{vectors}.mapped")


def test_words_without_any_n_gram_are_left_out(here: Path, capsys: CAPSYS):
    train("long.bin", minn=5, maxn=6)
    output_of(f"{MAP.replace('xx.bin', 'long.bin')} --vocab-from texts.txt -q -o some", capsys)
    assert words_of("some")[-4:] == ["qhctamers", "qhctams", "qlairt", LACKED]


def test_the_limit_counts_them(here: Path, capsys: CAPSYS):
    limit = len(WORDS) + 1
    capsys.readouterr()
    assert run(f"{MAP} --vocab-from texts.txt --max-vocab {limit} -o some".split()) == 0
    assert "leaves no room for 3 words that could be composed" in " ".join(capsys.readouterr().err.split())
    assert words_of("some")[-2:] == COMPOSED[:2] and len(words_of("some")) == limit


@pytest.mark.parametrize(
    ("known", "text", "expected"),
    [
        (["kluge", "l", "homme"], "l'homme l’homme", []),  # two known words
        (["комп"], "комп'ютер комп’ютер", ["комп'ютер"]),  # one word, however it is spelled
        (["комп’ютер"], "комп'ютер", []),  # stitching adds the other apostrophes
        (["Haus", "haus"], "HAUS Häuser", ["Häuser"]),  # as WordVectors.find finds it
        (["haus"], "Häuser HÄUSER häuser", ["häuser"]),  # lower-cased vectors
        (["haus"], "a1 1999 3. 我们喜欢狗 ภาษาไทย Kennedy", []),
        (["haus"], "b c b d c b", ["b", "c", "d"]),  # the most frequent first
    ],
)
def test_which_words_are_lacking(known: list[str], text: str, expected: list[str]):
    vectors = WordVectors(known, np.ones((len(known), 2), np.float32))
    lowercase = known == ["haus"]
    shared = {"kennedy"} if lowercase else set()
    assert words_to_compose([text], vectors, shared, lowercase=lowercase) == expected
