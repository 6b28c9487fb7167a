"""Running the command line in a test."""

from pathlib import Path

import pytest

from mosecrot_cli.cli.app import run

_ROOT = Path(__file__).parents[1]
ANCHORS = "anchors --src en --tgt xx --lexicon en-xx.tsv --source-model pico-bert --target-vectors xx.vec -q"


def output_of(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert run(line.split()) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def failure_of(line: str, code: int, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr; nothing on stdout, nothing new in the folder."""
    assert Path.cwd() != _ROOT, "other tests write there at the same time"
    before = _files()
    capsys.readouterr()
    assert run(line.split()) == code, capsys.readouterr().err
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [text for text in captured.err.splitlines() if not text.startswith("warning:")]
    assert len(lines) == 1 and lines[0].startswith("error: "), captured.err
    assert _files() == before
    return lines[0]


def _files() -> list[Path]:
    """What is in the folder, without what killed runs have left there: the next run tidies that."""
    return sorted(path for path in Path().rglob("*") if not any(part.startswith(".mosecrot-") for part in path.parts))
