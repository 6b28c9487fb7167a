"""Normalised sides, the vocabulary as basis, CSLS, pivots and identical seeds, through the commands."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from make_pico import WORDS, backwards
from safetensors.torch import load_file

from commands import failure_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.mapping.methods.registry import METHODS
from mosecrot_cli.model.loading import load_tokenizer
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.settings import Basis, Method, Neighbours, Normalize
from mosecrot_cli.vectors.readers import read_vectors


def manifest_of(folder: str) -> dict:
    return json.loads((Path(folder) / "manifest.json").read_text())


def own_embeddings() -> np.ndarray:
    return load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"].numpy()


def target_rows(folder: str) -> dict[str, np.ndarray]:
    words = (Path(folder) / "target.vocab.txt").read_text(encoding="utf-8").split()
    return dict(zip(words, np.load(Path(folder) / "target.npy"), strict=True))


def token_rows() -> dict[str, np.ndarray]:
    own = own_embeddings()
    return {word: own[row] for word, row in SourceWords(load_tokenizer("pico-bert")).whole_word_tokens().items()}


@pytest.fixture
def pivot_world(chain: Path) -> Path:
    """English vectors, those of the translations rotated, and a lexicon of some of them."""
    vectors = read_vectors("xx.vec", max_vocab=None)
    random = np.random.default_rng(2)
    rotation = np.linalg.qr(random.normal(size=(vectors.dimension, vectors.dimension)))[0]
    words = {backwards(word): word for word in WORDS}
    rows = [
        " ".join([words[word], *(f"{value:.6f}" for value in vector @ rotation)])
        for word, vector in zip(vectors.words, vectors.matrix, strict=True)
    ]
    Path("en.vec").write_text("\n".join(rows) + "\n", encoding="utf-8")
    Path("wide.tsv").write_text("".join(f"{word}\t{backwards(word)}\n" for word in WORDS[:30]), encoding="utf-8")
    return chain


@pytest.mark.parametrize(
    ("method", "own"), [("relative", None), ("lstsq", "none"), ("procrustes", "none"), ("residual", "both")]
)
def test_the_manifest_says_how_the_sides_are_normalised(chain: Path, method: str, own: str | None):
    assert run(["map", "--method", method, "-o", "a"]) == 0
    assert manifest_of("a")["settings"]["normalize"] == own
    if own:
        assert run(["map", "--method", method, "--normalize", own, "-o", "b"]) == 0
        assert run(["map", "--method", method, "--normalize", "unit", "-o", "c"]) == 0
        first, second, other = ((Path(name) / "target.npy").read_bytes() for name in "abc")
        assert first == second != other


def test_with_the_vocabulary_as_basis_words_become_tokens(chain: Path, capsys: pytest.CaptureFixture[str]):
    options = "map --method procrustes --normalize both --basis vocabulary --k 1 --neighbours csls"
    assert run(f"{options} --dry-run".split()) == 0
    told = "procrustes, then nearest tokens of the vocabulary, sparsemax, k = 1, temperature 1, neighbours under CSLS"
    assert f"{told}, normalized both" in " ".join(capsys.readouterr().err.split())
    assert run([*options.split(), "-o", "a"]) == 0
    tokens, own = token_rows(), own_embeddings()
    assert len(tokens) < len(own)  # special tokens are no basis
    mean = np.mean([tokens[word] for word in WORDS], axis=0)
    directions = {word: (row - mean) / np.linalg.norm(row - mean) for word, row in tokens.items()}
    right = 0
    for word in WORDS:
        found = target_rows("a")[backwards(word)] - mean
        nearest = max(directions, key=lambda token: float(directions[token] @ found))
        assert directions[nearest] @ found == pytest.approx(np.linalg.norm(found), rel=1e-4)
        right += nearest == word
    assert right > 0.8 * len(WORDS)
    statistics = manifest_of("a")["statistics"]["target"]
    assert statistics["mean_tokens_used"] == 1 and statistics["rank"] > 0
    assert run("map --method lstsq --basis vocabulary --k 999 -o b".split()) == 0
    assert f"but there are {len(tokens)} tokens" in capsys.readouterr().err


@pytest.mark.parametrize("options", ["", "--preset transfer", "--method ridge --basis vocabulary"])
def test_csls_changes_both_sides(chain: Path, options: str):
    for name, neighbours in [("a", "cosine"), ("b", "csls")]:
        assert run(f"map {options} --k 5 --neighbours {neighbours} -o {name}".split()) == 0
        assert manifest_of(name)["settings"]["neighbours"] == neighbours
    assert (Path("a") / "target.npy").read_bytes() != (Path("b") / "target.npy").read_bytes()
    mapped = not options
    assert ((Path("a") / "source.npy").read_bytes() != (Path("b") / "source.npy").read_bytes()) == mapped


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--normalize unit", "relative (it is for lstsq, ridge, procrustes, residual)"),
        ("--normalize none --preset paper", "lstsq, ridge, procrustes, residual"),
        ("--basis vocabulary", "relative (it is for lstsq, ridge, procrustes)"),
        ("--basis vocabulary --preset transfer", "lstsq, ridge, procrustes"),
        ("--neighbours csls --method ridge", "it is for relative, residual, aligned, any with"),
        ("--neighbours csls --weighting standard", "can be softmax, sparsemax, entmax15"),
        ("--pivot-lexicon en-xx.tsv", "is used only together with"),
    ],
)
def test_an_option_without_use_is_wrong_usage(
    chain: Path, options: str, message: str, capsys: pytest.CaptureFixture[str]
):
    assert message in failure_of(f"map {options} -o a", 2, capsys)


@pytest.mark.parametrize(
    ("options", "unused"),
    [
        ("--method lstsq --k 10 --weighting softmax", {"weighting", "k"}),
        ("--method procrustes --temperature 0.5 --ridge 2", {"temperature", "ridge"}),
        ("--weighting standard --temperature 0.5", {"temperature"}),
        ("--method ridge --ridge 2", set()),
        ("--method ridge --self-learning 1", set()),
        ("--preset transfer --method lstsq", set()),
        ("", set()),
    ],
)
@pytest.mark.parametrize("dry", ["", " --dry-run"])
def test_an_option_that_the_method_does_not_use_is_named(
    chain: Path, options: str, unused: set[str], dry: str, capsys: pytest.CaptureFixture[str]
):
    assert run(f"map {options} -o new{dry}".split()) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "has no effect" in line]
    names = {re.match(r"warning: \W*([a-z_]+)", line)[1].replace("-", "_") for line in warnings}
    assert names == unused


@pytest.mark.parametrize("lexicon", ["--pivot-lexicon wide.tsv", ""])
def test_by_a_pivot_every_word_finds_its_translation(
    pivot_world: Path, lexicon: str, capsys: pytest.CaptureFixture[str]
):
    line = f"map --k 1 --keep-source --pivot-vectors en.vec {lexicon}"
    assert run(f"{line} --dry-run".split()) == 0
    assert "en.vec (" in capsys.readouterr().err
    assert run(f"{line} -o a".split()) == 0
    tokens, found = token_rows(), target_rows("a")
    for word in WORDS:  # those outside the lexicon, too
        assert found[backwards(word)] == pytest.approx(tokens[word], abs=1e-6)
    manifest = manifest_of("a")
    pivot = manifest["statistics"]["pivot"]
    assert pivot["pairs_used"] == (30 if lexicon else len(WORDS))
    assert pivot["relative_residual"] < 1e-4
    assert manifest["statistics"]["anchors"] == len(WORDS)
    assert {"pivot_vectors", *(["pivot_lexicon_1"] if lexicon else [])} <= {*manifest["inputs"]}
    assert run("map --preset transfer --pivot-vectors en.vec -o b".split()) == 0
    assert manifest_of("b")["statistics"]["target"]["relative_residual"] > 0
    assert run("stitch model --embeddings b -o other".split()) == 0


def test_pairs_of_words_that_the_model_lacks_serve_a_pivot(pivot_world: Path):
    text = Path("en.vec").read_text(encoding="utf-8")
    Path("en.vec").write_text(text.replace("\nteam ", "\nsquad "), encoding="utf-8")
    Path("one.tsv").write_text("squad\tqmaet\n", encoding="utf-8")
    assert run("map --k 1 --pivot-vectors en.vec --pivot-lexicon wide.tsv --pivot-lexicon one.tsv -o a".split()) == 0
    statistics = manifest_of("a")["statistics"]
    assert statistics["pivot"] | {"pairs_used": 30, "pairs_without_source": 1, "pairs": 31} == statistics["pivot"]
    assert statistics["anchors"] == len(WORDS) - 1


def test_a_pivot_of_another_language_is_refused(pivot_world: Path, capsys: pytest.CaptureFixture[str]):
    assert "of another language" in failure_of("map --pivot-vectors xx.vec -o a", 3, capsys)
    text = Path("xx.vec").read_text(encoding="utf-8")
    Path("yy.vec").write_text(text.split("\n", 1)[1] + "zzz" + " 0.5" * 24 + "\n", encoding="utf-8")
    Path("zzz.tsv").write_text("zzz\tqeht\n", encoding="utf-8")
    line = "map --pivot-vectors yy.vec --pivot-lexicon zzz.tsv -o a"
    assert "of the language of the model" in failure_of(line, 3, capsys)
    assert "none of 1 pairs is in both" in failure_of(f"{line} --target-vectors en.vec", 3, capsys)
    assert "did you mean en.vec?" in failure_of("map --pivot-vectors none.vec -o a", 3, capsys)


def test_identical_words_alone_are_anchors(chain: Path, capsys: pytest.CaptureFixture[str]):
    vectors = read_vectors("xx.vec", max_vocab=None)
    # The same language, spelled alike: every third word is a loan.
    words = [word[:0:-1] if number % 3 == 0 else word for number, word in enumerate(vectors.words)]
    rows = [" ".join([word, *map(str, row)]) for word, row in zip(words, vectors.matrix, strict=True)]
    Path("loans.vec").write_text("\n".join(rows) + "\n", encoding="utf-8")
    line = "anchors --source-model pico-bert --target-vectors loans.vec --lexicon identical"
    assert run(f"{line} --dry-run".split()) == 0
    assert "words that both vocabularies share" in capsys.readouterr().err
    assert run(f"{line} -o seeds.tsv".split()) == 0
    pairs = [line.split("\t") for line in Path("seeds.tsv").read_text(encoding="utf-8").splitlines()]
    assert pairs == [[word, word] for word in words if word in WORDS and len(word) > 3]
    assert run("map seeds.tsv --k 3 -o a".split()) == 0
    loan = pairs[0][0]
    capsys.readouterr()
    assert run([*line.split(), "--explain", loan, "--json"]) == 0
    assert [fate["origin"] for fate in json.loads(capsys.readouterr().out)] == ["identical"]
    assert "dictionary" in failure_of(
        "anchors --source-model pico-bert --target-vectors xx.vec --lexicon identical -o b.tsv", 3, capsys
    )


def test_self_learning_adds_anchors_and_says_which_round_was_best(chain: Path, capsys: pytest.CaptureFixture[str]):
    pairs = Path("anchors.tsv").read_text().splitlines()
    Path("few.tsv").write_text("\n".join(pairs[: 2 * len(pairs) // 3]) + "\n")
    options = ["few.tsv", "--source-model", "pico-bert", "--target-vectors", "xx.vec", "--method", "ridge"]
    assert run(["map", *options, "-o", "a"]) == 0
    assert run(["map", *options, "--self-learning", "3", "-o", "b"]) == 0
    found = manifest_of("b")["statistics"]
    learning = found["self_learning"]
    agreements = [step["agreement"] for step in learning["rounds"]]
    assert learning["best_round"] == int(np.argmax(agreements))
    assert found["learnt_anchors"] == learning["rounds"][learning["best_round"]]["learnt"] > 0
    assert f"{found['learnt_anchors']} of them learnt" in capsys.readouterr().err
    assert manifest_of("a")["statistics"]["anchors"] == found["anchors"]
    assert agreements[learning["best_round"]] > agreements[0]
    assert (Path("a") / "target.npy").read_bytes() != (Path("b") / "target.npy").read_bytes()


def test_self_learning_that_translates_no_held_out_anchor_rightly_is_left_out(
    chain: Path, capsys: pytest.CaptureFixture[str]
):
    pairs = Path("anchors.tsv").read_text().splitlines()
    Path("few.tsv").write_text("\n".join(pairs[: len(pairs) // 3]) + "\n")
    options = ["few.tsv", "--source-model", "pico-bert", "--target-vectors", "xx.vec", "--method", "ridge"]
    assert run(["map", *options, "--self-learning", "3", "-o", "a"]) == 0
    assert "self-learning is left out, since nothing shows that its anchors are right" in capsys.readouterr().err
    found = manifest_of("a")["statistics"]
    assert found["learnt_anchors"] == found["self_learning"]["best_round"] == 0
    assert run(["map", *options, "-o", "b"]) == 0
    assert (Path("a") / "target.npy").read_bytes() == (Path("b") / "target.npy").read_bytes()


def test_self_learning_is_not_for_pivots(pivot_world: Path, capsys: pytest.CaptureFixture[str]):
    message = failure_of("map --self-learning 2 --pivot-vectors en.vec --method ridge", 2, capsys)
    assert "leave one of them out" in message


def test_the_automatic_ridge_is_named(chain: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["map", "--method", "ridge", "--ridge", "auto", "-o", "a"]) == 0
    chosen = manifest_of("a")["statistics"]["target"]["ridge"]
    assert f"ridge {chosen:g} (auto)" in capsys.readouterr().err
    assert manifest_of("a")["settings"]["ridge"] == "auto"
    assert run(["map", "--method", "ridge", "--ridge", str(chosen), "-o", "b"]) == 0
    assert (Path("a") / "target.npy").read_bytes() == (Path("b") / "target.npy").read_bytes()
    assert run("map --ridge 0 -o c".split()) == 2
    assert "above 0" in capsys.readouterr().err


def test_the_page_names_every_option_and_value():
    page = (Path(__file__).parents[2] / "docs" / "mapping-options.md").read_text(encoding="utf-8")
    values = [value for choice in (Basis, Method, Neighbours, Normalize) for value in choice]
    assert [value for value in values if value not in page] == []
    table = dict(re.findall(r"^\| `(--\w+)` \| (.*?) \|", page, re.MULTILINE))
    for option, takes in [("--normalize", "normalize"), ("--basis", "takes_basis")]:
        named = re.findall(r"`(\w+)`", table[option])
        assert named == [name for name, method in METHODS.items() if getattr(method, takes)]


def test_anchors_that_the_others_contradict_are_left_out(chain: Path, capsys: pytest.CaptureFixture[str]):
    pairs = [line.split("\t") for line in Path("anchors.tsv").read_text().splitlines()]
    wrong = [[pairs[0][0], pairs[1][1]], [pairs[1][0], pairs[0][1]], *pairs[2:]]
    Path("wrong.tsv").write_text("".join("\t".join(pair) + "\n" for pair in wrong))
    options = "wrong.tsv --source-model pico-bert --target-vectors xx.vec --method ridge"
    assert run(f"map {options} --max-rank .1 -o a".split()) == 0
    left_out = manifest_of("a")["statistics"]["implausible_anchors"]
    assert left_out >= 2
    assert f"{left_out} implausible ones left out" in capsys.readouterr().err
    assert run(f"map {options} --max-rank 1 -o b".split()) == run(f"map {options} -o c".split()) == 0
    assert (Path("b") / "target.npy").read_bytes() == (Path("c") / "target.npy").read_bytes()
    # The words with a wrong anchor are nearer to their translation without it.
    own = token_rows()
    error = {
        folder: sum(np.linalg.norm(target_rows(folder)[word] - own[source]) for source, word in pairs[:2])
        for folder in ("a", "b")
    }
    assert error["a"] < error["b"]


def test_anchors_that_all_contradict_each_other_are_bad_input(chain: Path, capsys: pytest.CaptureFixture[str]):
    pairs = [line.split("\t") for line in Path("anchors.tsv").read_text().splitlines()][:12]
    wrong = zip(pairs, [*pairs[5:], *pairs[:5]], strict=True)
    Path("wrong.tsv").write_text("".join(f"{source}\t{target}\n" for (source, _), (_, target) in wrong))
    options = "wrong.tsv --source-model pico-bert --target-vectors xx.vec --method ridge"
    message = failure_of(f"map {options} --max-rank .01 -o a", 3, capsys)
    assert "wrong.tsv" in message
    assert "none of 12 anchors" in message
