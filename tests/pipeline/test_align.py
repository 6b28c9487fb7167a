"""`mosecrot align`: rows of a map are moved by parallel text, and everything else stays as it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from make_pico import WORDS, backwards
from safetensors.numpy import load_file
from scipy.special import log_softmax
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer

import mosecrot_cli as mosecrot
from commands import ANCHORS, failure_of, output_of
from mosecrot_cli.cli.app import run
from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import SentencePair
from mosecrot_cli.pipeline.align import run as aligning
from mosecrot_cli.pipeline.align.pairs import split
from mosecrot_cli.pipeline.mapped import Mapped

ALIGN = "align --parallel par.tsv --lr 1e-2 -q"
UNSEEN = "orbit"
"""A word that the parallel text lacks."""


def sentences(count: int) -> list[tuple[str, str]]:
    random = np.random.default_rng(5)
    words = [word for word in WORDS if word != UNSEEN]
    drawn = [list(random.choice(words, number % 5 + 4)) for number in range(count)]
    return [(" ".join(words) + ".", " ".join(map(backwards, words)) + ".") for words in drawn]


def write(name: str, pairs: list[tuple[str, str]]) -> None:
    Path(name).write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")


@pytest.fixture(scope="module")
def ill_mapped(pico_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map with wrong translations for every other word, and 200 pairs of sentences that know better."""
    import shutil

    folder = tmp_path_factory.mktemp("ill") / "work"
    shutil.copytree(pico_world, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HF_HUB_OFFLINE", "1")
        wrong = [WORDS[(row + 2) % len(WORDS)] if row % 2 else word for row, word in enumerate(WORDS)]
        write("en-xx.tsv", [(word, backwards(other)) for word, other in zip(WORDS, wrong, strict=True)])
        for line in (ANCHORS, "map --k 1 --keep-source -q"):
            assert run(line.split()) == 0, line
        write("par.tsv", sentences(200))
        classifier = AutoModelForSequenceClassification.from_pretrained("pico-bert", num_labels=2)
        classifier.save_pretrained("plain")
        AutoTokenizer.from_pretrained("pico-bert").save_pretrained("plain")
    return folder


@pytest.fixture
def ill(ill_mapped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import shutil

    folder = tmp_path / "work"
    shutil.copytree(ill_mapped, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return folder


def manifest(folder: str = "mapped-aligned") -> dict:
    return json.loads((Path(folder) / "manifest.json").read_text())


def pooled(folder: str, texts: list[str]) -> np.ndarray:
    """The mean of the last layer over all tokens, by plain transformers."""
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        states = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0] for text in texts]
    return np.stack([state.mean(dim=0).numpy() for state in states]).astype(np.float64)


@pytest.mark.parametrize(("option", "still"), [("", ""), ("--no-linear", UNSEEN)])
def test_held_out_sentences_come_closer_and_plain_transformers_agrees(
    ill: Path, option: str, still: str, capsys: pytest.CaptureFixture[str]
):
    pairs = [SentencePair(*pair) for pair in sentences(200)]
    assert run(f"{ALIGN} {option}".split()) == 0
    found = manifest()["statistics"]
    assert (found["pairs"], found["trained_pairs"], found["held_out_pairs"]) == (200, 180, 20)
    before, after = found["held_out"][0], found["held_out"][found["best_epoch"]]
    assert after["precision"] > before["precision"] + 0.3
    assert after["cosine"] > before["cosine"] and after["squared_error"] < before["squared_error"] / 2
    # The oracle: the stitched model as a user would load it.
    held_out = [pairs[row] for row in split(pairs, seed=1).held_out]
    everything = pooled("pico-bert", [pair.source for pair in pairs])
    variance = ((everything - everything.mean(axis=0)) ** 2).mean()
    wanted = pooled("pico-bert", [pair.source for pair in held_out])
    for folder, expected in (("mapped", before), ("mapped-aligned", after)):
        output_of(f"stitch plain --embeddings {folder} -o {folder}-stitched -q", capsys)
        vectors = pooled(f"{folder}-stitched", [pair.target for pair in held_out])
        units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (vectors, wanted)]
        cosines = units[0] @ units[1].T
        assert expected["precision"] == pytest.approx((cosines.argmax(axis=1) == np.arange(20)).mean())
        assert expected["cosine"] == pytest.approx(np.diag(cosines).mean(), abs=1e-5)
        assert expected["squared_error"] == pytest.approx(((vectors - wanted) ** 2).mean() / variance, rel=1e-4)
        both = [np.diag(log_softmax(cosines / 0.05, axis=axis)).mean() for axis in (0, 1)]
        assert expected["contrastive"] == pytest.approx(-np.mean(both), rel=1e-3)
    # Only rows of words have moved: specials, punctuation and names have the source model's.
    stitched = [
        load_file(f"{folder}-stitched/model.safetensors")["bert.embeddings.word_embeddings.weight"]
        for folder in ("mapped", "mapped-aligned")
    ]
    vocabulary = AutoTokenizer.from_pretrained("mapped-stitched").get_vocab()
    moved = (stitched[0] != stitched[1]).any(axis=1)
    assert {word for word, row in vocabulary.items() if moved[row]} == {backwards(w) for w in WORDS if w != still}


def test_the_folder_is_like_any_other(ill: Path, capsys: pytest.CaptureFixture[str]):
    assert run(f"{ALIGN} --no-linear".split()) == 0
    before, after = Mapped.open(Path("mapped")), Mapped.open(Path("mapped-aligned"))
    assert before.facts == after.facts and before.manifest == after.manifest and before.settings() == after.settings()
    for name in ("source.npy", "target.vocab.txt", "out_of_fold.npz"):
        assert (Path("mapped") / name).read_bytes() == (Path("mapped-aligned") / name).read_bytes()
    changed = (before.target().matrix != after.target().matrix).any(axis=1)
    words = dict(zip(after.target().words, changed, strict=True))
    assert words.pop(backwards(UNSEEN)) == False and all(words.values())  # noqa: E712  a numpy value
    assert manifest()["statistics"]["moved_rows"] == len(words)
    assert f"{len(words)} rows aligned afterwards" in output_of("inspect mapped-aligned", capsys)
    line = "finetune --train en.train.tsv --embeddings none --augment mapped-aligned --epochs 1 -q"
    assert json.loads(output_of(f"{line} --json", capsys))["facts"]["source_model"] == "./../pico-bert"
    output_of("stitch -q --embeddings mapped-aligned", capsys)
    card = Path("stitched/README.md").read_text()
    assert f"Alignment: {len(words)} mapped words were moved" in card and "par.tsv" in card
    assert json.loads(output_of("evaluate --data xx.test.tsv --json", capsys))["n"] == 40
    # Aligned again, it still knows the map, and both alignments.
    output_of(f"{ALIGN} mapped-aligned -o again", capsys)
    again = Mapped.open(Path("again"))
    assert again.manifest == before.manifest and len(again.alignments) == 2
    # The map of a checkpoint that was stitched with it is found.
    assert "rows aligned" in output_of("inspect stitched", capsys)


def test_bare_stitch_takes_the_aligned_folder_of_the_map(ill: Path, capsys: pytest.CaptureFixture[str]):
    def chosen() -> tuple[str, str]:
        assert run("stitch plain --overwrite".split()) == 0
        inputs = manifest("stitched")["inputs"]
        return inputs["embeddings"]["path"], capsys.readouterr().err

    assert chosen()[0] == "mapped"
    assert run(ALIGN.split()) == 0
    path, told = chosen()
    assert path == "mapped-aligned" and "those of mapped-aligned/ (--embeddings mapped takes" in told
    assert run("map --k 3 --keep-source -q --overwrite".split()) == 0
    path, told = chosen()
    assert path == "mapped" and "mapped-aligned/ was made of another map" in told


def test_seeds_decide(ill: Path, capsys: pytest.CaptureFixture[str]):
    for output, seed in (("a", 1), ("b", 1), ("c", 2)):
        output_of(f"{ALIGN} --epochs 1 --seed {seed} -o {output}", capsys)
    rows = [(Path(output) / "target.npy").read_bytes() for output in "abc"]
    assert rows[0] == rows[1] != rows[2]


def test_where_nothing_gets_better_nothing_changes(ill: Path, capsys: pytest.CaptureFixture[str]):
    assert run("align --parallel par.tsv --lr 1e4 --epochs 1".split()) == 0
    assert "so every row stays as it was" in capsys.readouterr().err
    assert manifest()["statistics"]["moved_rows"] == 0
    assert Path("mapped/target.npy").read_bytes() == Path("mapped-aligned/target.npy").read_bytes()


def test_sentences_of_unknown_words_are_left_out(ill: Path, capsys: pytest.CaptureFixture[str]):
    pairs = sentences(60)
    strange = [(f"{source} {number}", "зуб дуб куб") for number, (source, _) in enumerate(pairs)]
    half = [(f"the ball {number}", f"{backwards('the')} зуб") for number in range(3)]
    write("more.tsv", [*pairs, *strange, *half])
    assert run("align --parallel more.tsv --epochs 1".split()) == 0
    told = capsys.readouterr().err
    assert "60 of 123 pairs are left out: most words of the target sentence are not in mapped/target.vocab.txt" in told
    assert "only 63 pairs" in told and manifest()["statistics"]["pairs"] == 63
    # The sides swapped: English words may be names, but not all words of every sentence.
    write("swapped.tsv", [(target, source) for source, target in pairs])
    assert run("align --parallel swapped.tsv -o other".split()) == 3
    assert "60 of 60 pairs are left out" in capsys.readouterr().err
    assert not Path("other").exists()


def test_too_few_pairs_are_refused(ill: Path, capsys: pytest.CaptureFixture[str]):
    write("few.tsv", sentences(49))
    assert "49 pairs of sentences are left" in failure_of("align --parallel few.tsv", 3, capsys)
    write("same.tsv", sentences(1) * 80)
    assert "one pair of sentences is left" in failure_of("align --parallel same.tsv", 3, capsys)
    failure_of("align --parallel nothing.tsv", 3, capsys)
    failure_of("align", 2, capsys)
    failure_of("align --parallel par.tsv --batch-size 1", 2, capsys)
    failure_of("align --parallel par.tsv --exclude par.tsv", 3, capsys)


def test_no_held_out_sentence_is_learnt_from():
    random = np.random.default_rng(1)
    pairs = list({SentencePair(f"s {a}", f"T {b}.") for a, b in random.integers(0, 30, (200, 2))})
    parts = split(pairs, seed=3)
    judged = [pairs[row] for row in parts.held_out]
    learnt = [pairs[row] for row in parts.trained]
    assert len(judged) == len(pairs) // 10 and learnt
    for side in ("source", "target"):
        seen = {getattr(pair, side) for pair in judged}
        assert len(seen) == len(judged)
        assert seen.isdisjoint(getattr(pair, side) for pair in learnt)
    many = split([SentencePair(f"s{number}", f"t{number}") for number in range(5_000)], seed=3)
    assert len(many.held_out) == 300 and len(many.trained) == 4_700


def test_another_model_than_that_of_the_map_is_refused(ill: Path, capsys: pytest.CaptureFixture[str]):
    import shutil

    shutil.copytree("pico-bert", "moved")
    output_of(f"{ALIGN} --source-model moved --epochs 1", capsys)
    model = AutoModel.from_pretrained("pico-bert")
    model.embeddings.word_embeddings.weight.data.add_(0.01)
    model.save_pretrained("moved")
    assert "other embeddings than those of moved" in failure_of(f"{ALIGN} --source-model moved -o o", 3, capsys)


def test_the_usual_options(ill: Path, capsys: pytest.CaptureFixture[str]):
    plan = json.loads(output_of(f"{ALIGN} --dry-run --json", capsys))
    assert plan["state"] == "planned" and "par.tsv" in plan["plan"]["parallel text"]
    assert not Path("mapped-aligned").exists()
    assert json.loads(output_of(f"{ALIGN} --epochs 1 --json", capsys))["state"] == "written"
    assert json.loads(output_of(f"{ALIGN} --epochs 1 --if-changed --json", capsys))["state"] == "unchanged"
    failure_of(f"{ALIGN} --epochs 1", 4, capsys)
    failure_of(f"{ALIGN} -o mapped", 2, capsys)
    failure_of(f"{ALIGN} --device abacus -o other", 2, capsys)
    content = manifest()
    content["statistics"]["map"].pop("settings")
    Path("mapped-aligned/manifest.json").write_text(json.dumps(content))
    assert "what it says of its map is damaged" in failure_of("stitch plain -o other -q", 3, capsys)


def test_half_precision_and_mapped_sources(ill: Path, capsys: pytest.CaptureFixture[str]):
    output_of("map --k 1 --dtype float16 -q -o half", capsys)
    assert run(f"{ALIGN} half --epochs 2".replace(" -q", "").split()) == 0
    assert "half maps the source side too" in capsys.readouterr().err
    assert np.load("mapped-aligned/target.npy").dtype == np.float16
    assert manifest()["statistics"]["best_epoch"] and not Path("mapped-aligned/out_of_fold.npz").exists()


@pytest.mark.parametrize("moment", ["train_rows", "NewArray"])
def test_an_interrupted_run_leaves_nothing(ill: Path, moment: str, monkeypatch: pytest.MonkeyPatch):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = sorted(Path().rglob("*"))
    monkeypatch.setattr(aligning, moment, interrupt)
    assert run(f"{ALIGN} --epochs 1".split()) == 130
    assert sorted(Path().rglob("*")) == before


def test_leakage_follows_an_aligned_folder_to_its_parallel_text(ill: Path, capsys: pytest.CaptureFixture[str]):
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()[1:]]
    pairs = [*sentences(100), *((" ".join(word[:0:-1] for word in row[2][:-1].split()), row[2]) for row in rows)]
    for side, name in enumerate(("en.verses.tsv", "xx.verses.tsv")):
        Path(name).write_text("".join(f"40{number:06}\t{pair[side]}\n" for number, pair in enumerate(pairs)))
    output_of("finetune --train en.train.tsv --source-model pico-bert --embeddings none --epochs 1 -q", capsys)
    for exclude, overlap in (("--exclude xx.test.tsv", 0), ("", 40)):
        output_of(f"align --parallel en.verses.tsv,xx.verses.tsv --epochs 1 -q --overwrite {exclude}", capsys)
        output_of("stitch --overwrite -q --embeddings mapped-aligned", capsys)
        assert run("leakage stitched --data xx.test.tsv --json".split()) == (3 if overlap else 0)
        told = capsys.readouterr()
        readings = {each["use"]: (each["texts"], each["overlap"]) for each in json.loads(told.out)["readings"]}
        assert readings["alignment of sentences"] == (100 + overlap, overlap)
    assert "--exclude of mosecrot align" in told.err or "align --exclude" in told.err
    Path("mapped").rename("elsewhere")
    answer = failure_of("leakage mapped-aligned --data xx.test.tsv", 3, capsys)
    assert "a folder of mapped vectors without a manifest" in answer


def test_the_python_function(ill: Path):
    with pytest.warns(mosecrot.MosecrotWarning, match="only 200 pairs"):
        aligned = mosecrot.align("mapped", "par.tsv", learning_rate=1e-2, epochs=2)
    assert repr(aligned) == "MappedVectors(38 words x 32, relative, 38 anchors, source kept, 38 rows aligned)"
    assert not np.array_equal(aligned[backwards("the")], Mapped.open(Path("mapped")).target().matrix[0])
    with pytest.raises(DataError, match="no such file"):
        mosecrot.align(aligned, "nothing.tsv")
