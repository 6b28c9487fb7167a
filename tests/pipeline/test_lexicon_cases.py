"""Lexica and spellings through the commands: small inputs that went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import make_pico
import numpy as np
import pytest

from mosecrot_cli.cli.app import run

CASES = Path(__file__).parents[1] / "cases"
CAPSYS = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    random = np.random.default_rng(0)
    make_pico.make_vectors(tmp_path / "xx.vec", make_pico.make_model(tmp_path / "pico-bert"), random)
    return tmp_path


def write_vec(path: Path, words: list[str]) -> None:
    rows = np.random.default_rng(0).normal(size=(len(words), 8))
    lines = [f"{word} {' '.join(f'{value:.4f}' for value in row)}" for word, row in zip(words, rows, strict=True)]
    path.write_text("\n".join([f"{len(words)} 8", *lines]) + "\n", encoding="utf-8")


def anchors(lexicon: Path, vectors: str, *options: str) -> list[str]:
    command = ["anchors", "--lexicon", str(lexicon), "--source-model", "pico-bert", "--target-vectors", vectors]
    assert run([*command, *options, "--overwrite", "-q"]) == 0
    return Path("anchors.tsv").read_text(encoding="utf-8").splitlines()


def test_apostrophes_and_case_of_a_lexicon(place: Path):
    case = CASES / "19-lexicon-apostrophes"
    assert len(anchors(case / "lex.tsv", str(case / "xx.vec"))) == 6


@pytest.mark.parametrize(
    "case",
    [
        "01-uzbek-turned-comma",
        "02-invisible-characters",
        "03-arabic-hebrew-vocalised",
        "04-russian-stress-mark",
        "06-compatibility-forms",
    ],
)
def test_other_spellings_of_a_lexicon_are_anchors(place: Path, case: str):
    write_vec(Path("v.vec"), (CASES / case / "words.txt").read_text(encoding="utf-8").splitlines())
    lexicon = CASES / case / "lex.tsv"
    assert len(anchors(lexicon, "v.vec")) == len(lexicon.read_text(encoding="utf-8").splitlines())


def test_odd_lines_are_counted(place: Path, capsys: CAPSYS):
    lexicon = CASES / "12-muse-mixed-delimiters" / "en-xx3.txt"
    command = f"anchors --lexicon {lexicon} --source-model pico-bert --target-vectors xx.vec"
    assert run(command.split()) == 3
    assert "--skip-bad-lines" in capsys.readouterr().err
    assert run([*command.split(), "--skip-bad-lines"]) == 0
    assert "lexicon lines that were skipped: 1;" in " ".join(capsys.readouterr().err.split())
    assert json.loads(Path("anchors.manifest.json").read_text())["statistics"]["skipped_lines"] == 1


def test_one_anchor_is_a_warning(place: Path, capsys: CAPSYS):
    lexicon = CASES / "24-one-anchor" / "one.tsv"
    assert run(f"anchors --lexicon {lexicon} --source-model pico-bert --target-vectors xx.vec".split()) == 0
    assert capsys.readouterr().err.count("warning: ") == 1
    assert run(["map"]) == 0
    shown = " ".join(capsys.readouterr().err.split())
    assert shown.count("only one anchor is left: all words get the same embedding") == 1
    assert run(["inspect"]) == 0
    assert capsys.readouterr().err.count("too few to hold some out: the translation test is left out") == 1
