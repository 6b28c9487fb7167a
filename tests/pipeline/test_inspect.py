"""`inspect` against scikit-learn, numpy and counts by hand; what it says of a lexicon that is no lexicon."""

import io
import json
import shutil
import sys
from pathlib import Path

import make_pico
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file
from sklearn.metrics import top_k_accuracy_score
from sklearn.metrics.pairwise import cosine_similarity
from transformers import AutoTokenizer

from commands import ANCHORS, failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.evaluation.map_plots import MOST_PAIRS
from mosecrot_cli.evaluation.reference_ranges import BY_METHOD, HUBNESS, PRECISION, SPREAD, Reference, Verdict
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.mapping.methods.registry import METHODS
from mosecrot_cli.model.coverage import vocabulary_coverage
from mosecrot_cli.pipeline.inspect.translation import split_anchors
from mosecrot_cli.pipeline.inspect.view import _pairs_to_draw
from mosecrot_cli.pipeline.map.fit import AnchorRows
from mosecrot_cli.pipeline.mapped import Mapped

CAPSYS = pytest.CaptureFixture[str]
WORDS = 600


def inspection(line: str, capsys: CAPSYS) -> dict:
    return json.loads(output_of(f"inspect {line} --json", capsys))


def judgement(found: dict, statistic: str) -> dict:
    return next(each for each in found["judgements"] if each["statistic"] == statistic)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pico world of 600 words, with its anchors, mapped by ridge."""
    folder = tmp_path_factory.mktemp("larger")
    random = np.random.default_rng(5)
    words = sorted({"".join(random.choice(list("abcdefghijkl"), 6)) for _ in range(WORDS)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(make_pico, "WORDS", words)
        patch.chdir(folder)
        patch.setenv("HF_HUB_OFFLINE", "1")
        make_pico.make_vectors(folder / "xx.vec", make_pico.make_model(folder / "pico-bert"), random)
        make_pico.write_lexicon(folder / "en-xx.tsv")
        assert run(ANCHORS.split()) == run("map --method ridge -q".split()) == 0
    return folder


@pytest.fixture
def here(larger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    folder = tmp_path / "larger"
    shutil.copytree(larger, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


def test_precision_is_that_of_a_refit_by_hand(here: Path, capsys: CAPSYS):
    assert run("map --method lstsq -q -o linear".split()) == 0
    found = inspection("linear --holdout 0.2 --seed 4", capsys)["translation"]
    embeddings = load_file("pico-bert/model.safetensors")["embeddings.word_embeddings.weight"].astype(np.float64)
    lines = Path("xx.vec").read_text().splitlines()[1:]
    vectors = np.array([line.split()[1:] for line in lines], dtype=np.float64)
    # The words of the world are in the same order in model, lexicon and vectors; the full stop comes first.
    base = embeddings[-len(vectors) - 1 :]
    held = np.random.default_rng(4).permutation(len(vectors))[: found["words"]]
    rest = np.setdiff1d(np.arange(len(vectors)), held)
    assert found["fitted_on"] == len(rest) and found["words"] == round(0.2 * len(vectors))
    matrix = np.linalg.lstsq(vectors[rest], base[rest + 1], rcond=None)[0]
    scores = cosine_similarity(vectors[held] @ matrix, base)
    means = np.sort(cosine_similarity(base, vectors @ matrix), axis=1)[:, -10:].mean(axis=1)
    for name, table in (("cosine", scores), ("csls", 2 * scores - means)):
        for k in (1, 5, 10):
            expected = top_k_accuracy_score(held + 1, table, k=k, labels=range(len(base)))
            assert found["precision"][name][str(k)] == pytest.approx(expected, abs=1e-9), (name, k)
    assert found["precision"]["cosine"]["1"] > 0.5


@pytest.mark.parametrize("method", ["ridge", "residual", "relative --keep-source", "relative"])
def test_a_shuffled_lexicon_is_called_low(method: str, here: Path, capsys: CAPSYS):
    sources, targets = zip(*(line.split("\t") for line in Path("anchors.tsv").read_text().splitlines()), strict=True)
    mixed = np.random.default_rng(0).permutation(sources)
    pairs = zip(mixed, targets, strict=True)
    Path("mixed.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    where = "--source-model pico-bert --target-vectors xx.vec -q"
    assert run(f"map mixed.tsv --method {method} {where} -o mixed".split()) == 0
    assert run(f"map --method {method} -q -o good".split()) == 0
    bad, right = (judgement(inspection(f"{name} --holdout 0.4", capsys), PRECISION) for name in ("mixed", "good"))
    assert bad["value"] < 0.02 and bad["verdict"] == "low" and "lexicon" in bad["advice"]
    assert right["value"] > 0.1 and right["verdict"] != "low"
    text = output_of("inspect mixed --holdout 0.4", capsys)
    # The verdict comes first, below what was inspected.
    assert text.splitlines()[1].startswith("verdict: low (") and PRECISION in text.splitlines()[1]


def test_neighbours_are_those_of_a_brute_force(here: Path, capsys: CAPSYS):
    words = Path("mapped/target.vocab.txt").read_text().splitlines()
    found = inspection(f"--word {words[7]} --word {words[8].upper()} --word nothing --k 3 --holdout 0", capsys)
    own = tokens_of_the_model()
    cosines = cosine_similarity(np.load("mapped/target.npy")[7:8], np.load("mapped/source.npy")[[*own.values()]])[0]
    order = np.argsort(-cosines)[:3]
    first = found["words"][0]
    assert [token for token, _ in first["tokens"]] == [[*own][place] for place in order]
    assert [cosine for _, cosine in first["tokens"]] == pytest.approx(cosines[order].tolist(), abs=1e-5)
    assert first["anchor_of"] == [words[7][:0:-1]]
    assert found["words"][1]["found"] == words[8]
    assert found["words"][2]["found"] is None and found["translation"] is None
    assert "nothing: not in the target vocabulary" in output_of("inspect --word nothing --holdout 0", capsys)


def tokens_of_the_model() -> dict[str, int]:
    """Token -> id of the model in this folder, without the special ones."""
    vocabulary = json.loads(Path("pico-bert/tokenizer.json").read_text())["model"]["vocab"]
    return {word: index for word, index in vocabulary.items() if word[0] != "["}


def test_coverage_is_counted_by_hand(world: Path, capsys: CAPSYS):
    pairs = Path("en-xx.tsv").read_text().splitlines()
    Path("half.tsv").write_text("\n".join(line for line in pairs if not line.endswith(("qhctam", "qmaet"))) + "\n")
    assert run("map half.tsv --source-model pico-bert --target-vectors xx.vec -q".split()) == 0
    Path("texts.txt").write_text("Qeht qhctam, qmaet. 1999!\nunheard qeht unheard of qehtqhctam.\n")
    found = inspection("--texts texts.txt", capsys)["coverage"]
    # qeht twice, qhctam and qmaet, which are no anchors here; unheard twice and three; the number does not count.
    assert (found["texts"], found["words"], found["known"], found["anchors"]) == (2, 8, 4, 2)
    assert found["unknown"] == [["unheard", 2], ["qehtqhctam", 1]]
    assert found["known_share"] == pytest.approx(4 / 8) and found["anchor_share"] == pytest.approx(2 / 8)
    ways = {"written": 3, "spelling": 1, "subwords": 0, "number": 0, "shared": 1, "pieces": 1, "unknown": 3}
    assert found["ways"] == ways  # of is a token of the model, 1999 is not
    assert found["punctuation"] == 2  # its only mark is the full stop
    assert "other whole words of the source model" in output_of("inspect --texts texts.txt", capsys)
    Path("other.txt").write_text("none of these\n")
    assert inspection("--texts other.txt", capsys)["coverage"]["known"] == 0


def test_what_is_not_whole_is_what_the_stitched_tokenizer_cuts(chain: Path, capsys: CAPSYS):
    texts = ["Qeht qhctam: 1999. the match QMAET, qmaetqeht-qeht", "unheard of; the qorangeq qeht's"]
    Path("texts.txt").write_text("\n".join(texts))
    found = inspection("--texts texts.txt --holdout 0", capsys)["coverage"]
    stitched = AutoTokenizer.from_pretrained("stitched")
    expected = vocabulary_coverage(stitched, texts)
    assert sum(found["ways"].values()) == expected.words
    assert found["ways"]["pieces"] + found["ways"]["unknown"] == expected.unknown_words > 0
    assert found["ways"]["shared"] == 4 and found["punctuation"] == stitched(texts[0]).tokens().count(".") == 1


def test_coverage_of_a_table_and_of_an_empty_file(chain: Path, capsys: CAPSYS):
    found = inspection("--texts xx.test.tsv --holdout 0", capsys)
    assert found["coverage"]["texts"] == 40 and found["coverage"]["known_share"] == 1
    Path("empty.txt").write_text("")
    assert inspection("--texts empty.txt --holdout 0", capsys)["coverage"]["known_share"] == 0
    assert "nowhere.txt" in failure_of("inspect --texts nowhere.txt", 3, capsys)


def test_norms_and_hubs_are_those_of_the_folder(here: Path, capsys: CAPSYS):
    found = inspection("--holdout 0 --sample all", capsys)
    target, source = np.load("mapped/target.npy"), np.load("mapped/source.npy")[[*tokens_of_the_model().values()]]
    assert found["norms"]["target"]["mean"] == pytest.approx(np.linalg.norm(target, axis=1).mean(), rel=1e-5)
    assert found["norms"]["source"]["spread"] == pytest.approx(
        np.linalg.norm(source - source.mean(axis=0), axis=1).mean(), rel=1e-5
    )
    nearest = np.argsort(-cosine_similarity(target.astype(float), source.astype(float)), axis=1)[:, :10]
    counts = np.bincount(nearest.ravel(), minlength=len(source))
    assert found["hubs"]["sample"] == len(target)
    assert [count for _, count in found["hubs"]["top"]] == sorted(counts, reverse=True)[:10]
    assert found["hubs"]["never"] == pytest.approx((counts == 0).mean())


def test_the_paper_s_map_is_tested_among_f_s(here: Path, capsys: CAPSYS):
    assert run("map --k 5 -q -o paper".split()) == run("map --k 5 --keep-source -q -o kept".split()) == 0
    paper, kept = (inspection(name, capsys) for name in ("paper", "kept"))
    assert "source mapped" in paper["method"] and "source kept" in kept["method"]
    assert paper["translation"]["precision"] != kept["translation"]["precision"]
    assert paper["norms"]["source"]["mean"] < kept["norms"]["source"]["mean"]


def test_it_says_what_it_cannot_know(chain: Path, capsys: CAPSYS, monkeypatch: pytest.MonkeyPatch):
    assert "no such folder" in failure_of("inspect nowhere", 3, capsys)
    pairs = Path("anchors.tsv").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pairs)))
    assert run("map - --source-model pico-bert --target-vectors xx.vec -q -o piped".split()) == 0
    assert "--anchors" in failure_of("inspect piped", 2, capsys)
    assert inspection("piped --anchors anchors.tsv", capsys)["translation"]["words"] == 4
    found = inspection("piped --holdout 0 --texts xx.test.tsv", capsys)
    assert found["translation"] is None and found["coverage"]["anchors"] is None
    Path("one.tsv").write_text("match\tqhctam\n")
    assert inspection("piped --anchors one.tsv", capsys)["translation"] is None


def test_a_file_that_has_changed_since_is_a_warning(chain: Path, capsys: CAPSYS):
    capsys.readouterr()
    assert run(["inspect"]) == 0
    assert "has changed" not in capsys.readouterr().err
    lines = Path("anchors.tsv").read_text().splitlines()
    Path("anchors.tsv").write_text("\n".join(lines[:20]) + "\n")
    content = Path("xx.vec").read_text().splitlines()
    Path("xx.vec").write_text("\n".join(["37 24", *content[1:-1]]) + "\n")
    assert run(["inspect"]) == 0
    told = capsys.readouterr().err
    assert "anchors.tsv has changed since" in told and "xx.vec has changed since" in told
    assert "1 of 38 mapped words are not in these vectors" in told


def test_few_held_out_words_get_no_verdict(chain: Path, capsys: CAPSYS):
    found = judgement(inspection("", capsys), PRECISION)
    assert found["verdict"] == "no verdict" and "held-out words: raise" in found["advice"]


def test_words_kept_for_texts_are_enough(here: Path, capsys: CAPSYS):
    Path("few.txt").write_text(" ".join(Path("mapped/target.vocab.txt").read_text().splitlines()[:50]))
    assert run("map --vocab-from few.txt --max-vocab all --method ridge -q -o few".split()) == 0
    Path("few.txt").unlink()
    assert inspection("few", capsys)["translation"]["precision"]["cosine"]["1"] > 0.5


def test_it_works_from_elsewhere_and_writes_nothing(chain: Path, tmp_path: Path, capsys: CAPSYS, monkeypatch):
    expected = output_of("inspect --json", capsys)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = output_of(f"inspect {chain / 'mapped'} --json", capsys)
    assert {**json.loads(found), "mapped": ""} == {**json.loads(expected), "mapped": ""}
    assert not list(Path().iterdir())


def test_a_manifest_of_another_version(chain: Path, capsys: CAPSYS):
    path = Path("mapped/manifest.json")
    content = json.loads(path.read_text())
    old = content | {"settings": {k: v for k, v in content["settings"].items() if k not in ("ridge", "vocab_from")}}
    old["facts"].pop("anchors")
    path.write_text(json.dumps(old))
    assert inspection("", capsys)["translation"]["words"] == 4
    content["settings"]["method"] = "telepathy"
    path.write_text(json.dumps(content))
    assert "telepathy" in failure_of("inspect", 3, capsys)


def test_the_refit_has_the_ridge_that_all_anchors_chose(chain: Path, capsys: CAPSYS):
    assert run("map --preset transfer -q -o auto".split()) == 0
    chosen = json.loads(Path("auto/manifest.json").read_text())["statistics"]["target"]["ridge"]
    assert run(f"map --preset transfer --ridge {chosen} -q -o given".split()) == 0
    assert inspection("auto", capsys)["translation"] == inspection("given", capsys)["translation"]


@pytest.mark.parametrize(
    "statistics", [{}, {"target": None}, {"target": {"ridge": "strong"}}, {"target": {"ridge": -1}}]
)
def test_statistics_that_tell_no_ridge_are_passed_over(statistics: dict, chain: Path, capsys: CAPSYS):
    path = Path("mapped/manifest.json")
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"statistics": {**content["statistics"], "target": None, **statistics}}))
    assert inspection("", capsys)["translation"]["words"] == 4


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.integers(0, 6), min_size=1, max_size=2)), min_size=2, max_size=30
    ),
    st.floats(0.01, 0.99),
    st.integers(0, 5),
)
def test_no_held_out_word_is_in_what_the_map_is_fitted_on(pairs, share: float, seed: int):
    rows = np.array([row for row, _ in pairs])
    anchors = AnchorRows(np.zeros((len(pairs), 2), np.float32), tuple(tuple(ids) for _, ids in pairs), rows, 0, 0)
    candidates = np.array([1, 3, 4, 6])
    if len(set(rows.tolist())) < 2:
        with pytest.raises(ValueError):
            split_anchors(anchors, candidates, share=share, seed=seed)
        return
    split = split_anchors(anchors, candidates, share=share, seed=seed)
    assert split.fit.any() and not set(rows[split.fit].tolist()) & set(split.tested.tolist())
    held = set(rows[~split.fit].tolist())
    assert 1 <= len(held) == len(split.tested) + split.left_out
    for row, right in zip(split.tested.tolist(), split.right, strict=True):
        expected = {ids[0] for other, ids in pairs if other == row and len(ids) == 1 and ids[0] in candidates}
        assert {int(candidates[place]) for place in right} == expected != set()


def test_a_reference_has_an_outside():
    reference = Reference(0.2, 0.4, low="more", high="less")
    verdicts = [reference.judge(value)[0] for value in (0.09, 0.11, 0.79, 0.81)]
    assert verdicts == [Verdict.low, Verdict.normal, Verdict.normal, Verdict.high]
    assert reference.judge(0)[1] == "more" and reference.judge(1)[1] == "less" and reference.judge(0.3)[1] == ""


def test_the_documented_ranges_are_those_of_the_module():
    text = (Path(__file__).parents[2] / "docs" / "inspect.md").read_text(encoding="utf-8")
    for statistic, digits in ((PRECISION, 3), (SPREAD, 3), (HUBNESS, 1)):
        for kind, ends in BY_METHOD[statistic].items():
            assert "–".join(f"{end:.{digits}f}".removeprefix("0") for end in ends) in text, (statistic, kind)
    assert {kind.split()[0] for kind in BY_METHOD[PRECISION]} <= {*METHODS}


def test_a_picture_of_the_map(here: Path, capsys: CAPSYS):
    output_of("inspect --holdout 0 --plot map.svg -q", capsys)
    assert Path("map.svg").read_text().startswith("<?xml")
    assert "--overwrite" in failure_of("inspect --holdout 0 --plot map.svg", 4, capsys)
    assert "end the name" in failure_of("inspect --holdout 0 --plot map.doc", 2, capsys)


def test_the_pairs_of_the_picture_are_spread_and_single(here: Path):
    vectors = Mapped.open(Path("mapped")).target()
    pairs = [Pair(f"token{number % 50}", word) for number, word in enumerate(vectors.words)]
    found = _pairs_to_draw(pairs, [f"token{number}" for number in range(60)], vectors)
    assert len(found) == min(MOST_PAIRS, len(pairs))
    assert len({token for token, _ in found}) == len({row for _, row in found}) == len(found)
    assert all(vectors.words[row] == pairs[token].target for token, row in found)
