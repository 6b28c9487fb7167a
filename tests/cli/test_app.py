"""The application around the commands: help, version, exit codes, silence of stdout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mosecrot_cli import __version__
from mosecrot_cli.cli.app import run

HEAVY = ("torch", "transformers", "datasets", "scipy", "sklearn", "polars", "faiss", "numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["map", "--help"], ["map", "--k", "0"]])
def test_help_and_wrong_options_answer_without_the_heavy_libraries(arguments: list[str]):
    code = (
        "import sys; from mosecrot_cli.cli.app import run; run(sys.argv[1:]); "
        f"found = [name for name in {HEAVY!r} if name in sys.modules]; sys.exit(f'imported: {{found}}' if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("modules", "spared"),
    [
        ("anchors.run map.run inspect.run", "transformers.modeling_utils torch._dynamo datasets sklearn accelerate"),
        (
            "stitch evaluate predict finetune.run",
            "transformers.modeling_utils torch._dynamo datasets sklearn accelerate scipy",
        ),
        ("compare", "torch transformers datasets sklearn scipy"),
    ],
)
def test_what_takes_seconds_to_import_is_imported_where_it_is_used(modules: str, spared: str):
    code = "import importlib, sys\n"
    code += f"for name in {modules.split()}: importlib.import_module('mosecrot_cli.pipeline.' + name)\n"
    code += f"sys.exit(', '.join(name for name in {spared.split()} if name in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_version(capsys: pytest.CaptureFixture[str]):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mosecrot {__version__}\n"


def test_python_dash_m_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "mosecrot_cli", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"mosecrot {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["map", "--k", "0"],
        ["map", "--k", "some"],
        ["map", "--temperature", "0"],
        ["map", "--temperature", "-1"],
        ["map", "--weighting", "entmax99"],
        ["map", "--device", "abacus"],
        ["inspect", "--holdout", "1"],
        ["inspect", "--holdout", "nan"],
        ["inspect", "--k", "0"],
        ["map", "--no-such-option"],
        ["anchors", "--max-anchors", "0", "--tgt", "tt"],
        ["anchors", "--max-vocab", "0"],
        ["finetune"],
        ["finetune", "--train", "x.tsv", "--seeds", "1,1"],
        ["finetune", "--train", "x.tsv", "--lr", "nan"],
        ["finetune", "--train", "x.tsv", "--gpus", "a"],
        ["finetune", "--train", "x.tsv", "--gpus", "0,1", "--device", "cpu"],
        ["evaluate"],
        ["nonsense"],
    ],
)
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_missing_input_is_one_line_and_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert run(["stitch", "nowhere"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: nowhere: ") and captured.err.count("\n") == 1


def test_verbose_shows_where_an_error_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert run(["stitch", "nowhere", "-v"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_completion_completes():
    # As bash asks for it; `--show-completion` itself depends on the shell that the tests run under.
    asked = {"_MOSECROT_COMPLETE": "complete_bash", "COMP_WORDS": "mosecrot stit", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mosecrot_cli"], capture_output=True, text=True, check=False, env=os.environ | asked
    )
    assert done.returncode == 0
    assert done.stdout.split() == ["stitch"]


def test_a_closed_pipe_is_silent(tmp_path: Path):
    code = """
from mosecrot_cli.cli.app import app, main
from mosecrot_cli.cli.output import session

@app.command()
def count():
    with session() as sink:
        for number in range(100_000):
            sink.line(str(number))

main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "count"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "0\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0


def test_settings_registries_and_choices_agree():
    from mosecrot_cli.mapping.methods.registry import METHODS
    from mosecrot_cli.mapping.weighting import WEIGHTINGS
    from mosecrot_cli.settings import Method, Weighting

    assert [*METHODS] == [method.value for method in Method]
    assert [*WEIGHTINGS] == [weighting.value for weighting in Weighting]
