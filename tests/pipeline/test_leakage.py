"""`mosecrot leakage`: every text behind a checkpoint is found, and a scored one among them is named."""

import json
from pathlib import Path

import pytest

from commands import failure_of, output_of
from mosecrot_cli.cli.app import run

TRAIN = "finetune --train en.train.tsv --dev en.dev.tsv --source-model pico-bert --embeddings none --epochs 1 -q"
VECTORS = "vectors train xx.verses.tsv -o xx.bin --dim 8 --min-count 1 --epochs 1 --maxn 0 -q"


@pytest.fixture
def scored(world: Path) -> Path:
    """Verses, of which the test texts are the first ones, and counts of aligned words from elsewhere."""
    rows = [line.split("\t") for line in Path("xx.test.tsv").read_text().splitlines()[1:]]
    more = [line.split("\t") for line in Path("xx.train.tsv").read_text().splitlines()[1:]]
    verses = [f"40{number:06}\t{row[2]}\n" for number, row in enumerate([*rows, *more])]
    Path("xx.verses.tsv").write_text("".join(verses))
    test = [f"40{number:06}\t{row[1]}\t{row[2]}\n" for number, row in enumerate(rows)]
    Path("test.tsv").write_text("".join(test))
    return world


def chain(exclude: str) -> None:
    Path("pairs.tsv").write_bytes(Path("en-xx.tsv").read_bytes())
    for line in (
        f"{VECTORS} {exclude}",
        "anchors --lexicon pairs.tsv --source-model pico-bert --target-vectors xx.bin -q",
        "map --k 5 --keep-source -q",
        TRAIN,
        "stitch --texts xx.verses.tsv -q",
    ):
        assert run(line.split()) == 0, line


def readings(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[int, int]]:
    found = json.loads(output_of("leakage stitched --data test.tsv --json", capsys))
    assert found["texts"] == 40 and any("pico-bert" in path for path in found["foreign"])
    return {each["use"]: (each["texts"], each["overlap"]) for each in found["readings"]}


def test_nothing_is_scored_that_was_learnt_from(scored: Path, capsys: pytest.CaptureFixture[str]):
    chain("--exclude test.tsv")
    assert readings(capsys) == {
        "word vectors": (40, 0),
        "training": (48, 0),
        "choice of the epoch": (16, 0),
        "class bias (no label)": (80, 40),
    }
    Path("xx.verses.tsv").write_text("40000999\tqeht\n")
    answer = failure_of("leakage stitched --data test.tsv", 3, capsys)
    assert "has changed since it was read" in answer
    Path("xx.verses.tsv").unlink()
    assert "is gone" in failure_of("leakage stitched --data test.tsv", 3, capsys)


def test_a_scored_text_in_the_vectors_is_named(scored: Path, capsys: pytest.CaptureFixture[str]):
    chain("")
    assert run("leakage stitched --data test.tsv".split()) == 3
    answer = capsys.readouterr().err
    assert "xx.verses.tsv" in answer and "40 of its texts are scored ones (word vectors)" in answer
    assert "no manifest" in failure_of("leakage pico-bert --data test.tsv", 3, capsys)


def test_parallel_text_is_read_without_what_was_excluded(scored: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("eflomal")
    verses = [line.split("\t") for line in Path("xx.verses.tsv").read_text().splitlines()]
    english = [f"{i}\t{' '.join(word[:0:-1] for word in text.rstrip('.').split())}.\n" for i, text in verses]
    Path("en.verses.tsv").write_text("".join(english))
    line = "anchors --lexicon align:en.verses.tsv,xx.verses.tsv --source-model pico-bert --target-vectors xx.vec -q"
    for exclude, overlap in (("--exclude test.tsv", 0), ("", 40)):
        assert run(f"{line} --overwrite {exclude}".split()) == 0
        assert run("map --method aligned --overwrite -q".split()) == 0
        assert run("leakage mapped --data test.tsv --json".split()) == (3 if overlap else 0)
        (reading,) = json.loads(capsys.readouterr().out)["readings"]
        assert (reading["use"], reading["texts"], reading["overlap"]) == ("word alignment", 40 + overlap, overlap)


@pytest.mark.parametrize("first", [0, 1])
def test_numbers_that_count_the_rows_name_no_text(first: int, world: Path, capsys: pytest.CaptureFixture[str]):
    for name in ("en.train", "xx.test"):
        header, *rows = Path(f"{name}.tsv").read_text().splitlines()
        numbered = (f"{number}\t{row.partition(chr(9))[2]}" for number, row in enumerate(rows, first))
        Path(f"{name}.tsv").write_text("\n".join([header, *numbered]) + "\n")
    assert run(TRAIN.split()) == 0
    assert run("leakage model --data xx.test.tsv".split()) == 0
    assert "made elsewhere, of texts that are not known: pico-bert" in capsys.readouterr().err


def test_the_remedy_suits_the_use(world: Path, capsys: pytest.CaptureFixture[str]):
    assert run(TRAIN.split()) == 0
    assert run("leakage model --data en.train.tsv".split()) == 3
    assert (
        "48 of its texts are scored ones (training) (train on other texts, or score others)" in capsys.readouterr().err
    )


def test_what_cannot_be_read_again_is_told(world: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    import io
    import sys

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("en.train.tsv").read_bytes())))
    assert run(TRAIN.replace("en.train.tsv", "-").split()) == 0
    assert run("leakage model --data xx.test.tsv".split()) == 0
    assert "(training) could not be read again" in capsys.readouterr().err
    assert "noflder: no such file or folder" in failure_of("leakage noflder --data xx.test.tsv", 3, capsys)


def test_a_checkpoint_whose_training_is_not_known_proves_nothing(chain: Path, capsys: pytest.CaptureFixture[str]):
    Path("model/manifest.json").unlink()
    answer = failure_of("leakage stitched --data xx.test.tsv", 3, capsys)
    assert "a checkpoint without a manifest, so what it was made of is not known" in answer
