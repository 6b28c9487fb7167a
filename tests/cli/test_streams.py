"""Closed, full and foreign standard streams, as a shell makes them, under light commands that write to each of them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import ANCHORS

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a shell and /dev/full")

DATA = {  # commands that write data to stdout
    "help": "--help",
    "pairs": f"{ANCHORS} -o -",
    "json": f"{ANCHORS} -o new.tsv --json",
}
SILENT = f"{ANCHORS.replace(' -q', '')} -o new.tsv"  # writes a summary to stderr and nothing to stdout


def shell(line: str, redirection: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = f'{{ "$PYTHON" -m mosecrot_cli {line} {redirection}; }}'
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHON": sys.executable, **environment},
    )


def check_quiet(done: subprocess.CompletedProcess[bytes]) -> None:
    assert b"Traceback" not in done.stderr and b"Exception ignored" not in done.stderr, done.stderr.decode()


@pytest.mark.parametrize("redirection", ["2>/dev/full", "2> >(exec true)", "<&- 2>&-"])
@pytest.mark.parametrize("line", [DATA["pairs"], SILENT], ids=["pairs", "file"])
def test_a_command_does_not_need_stderr_or_stdin(world: Path, line: str, redirection: str):
    done = shell(line, redirection)
    check_quiet(done)
    assert done.returncode == 0
    assert bool(done.stdout) == (line != SILENT) and Path("new.tsv").exists() == (line == SILENT)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("line", [DATA["help"], DATA["json"]], ids=["help", "json"])
def test_data_that_cannot_be_written_are_an_error(world: Path, line: str, redirection: str):
    done = shell(line, redirection)
    check_quiet(done)
    assert done.returncode == 6, done.stderr.decode()
    assert done.stderr.decode().count("error: standard output: cannot write") == 1


def test_a_command_without_data_needs_no_stream_at_all(world: Path):
    done = shell(SILENT, ">&- 2>&- <&-")
    assert done.returncode == 0 and Path("new.tsv").exists()


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">/dev/full 2>/dev/full"])
def test_an_error_keeps_its_code(world: Path, redirection: str):
    done = shell("stitch nowhere", redirection)
    check_quiet(done)
    assert done.returncode == 3


@pytest.mark.parametrize("line", DATA.values(), ids=DATA)
def test_a_closed_pipe_is_silent(world: Path, line: str):
    done = shell(line, "| true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, b"")


def test_reading_a_closed_stdin_is_one_line(world: Path):
    done = shell("map - --source-model pico-bert --target-vectors xx.vec -o new", "<&-")
    check_quiet(done)
    assert done.returncode == 3 and b"standard input is closed" in done.stderr


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}], ids=["cp1252", "C"]
)
def test_data_leave_as_utf8_whatever_the_locale(world: Path, environment: dict[str, str]):
    shutil.copy("xx.vec", "世界.vec")
    done = shell(f"{ANCHORS.replace('xx.vec', '世界.vec')} -o new.tsv --json", **environment)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout.decode("utf-8"))["settings"]["target_vectors"] == "世界.vec"


def test_file_names_that_are_not_utf8(world: Path):
    Path("xx.vec").rename(os.fsdecode(b"xx\xe9.vec"))
    vectors, anchors, mapped = (f"\"$(printf '{name}')\"" for name in (r"xx\351.vec", r"a\351.tsv", r"m\351"))
    done = shell(f"{ANCHORS.replace('xx.vec', vectors)} -o {anchors} --json")
    check_quiet(done)
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout.decode("utf-8"))["settings"]["target_vectors"] == r"xx\udce9.vec"
    assert Path(os.fsdecode(b"a\xe9.manifest.json")).exists()
    done = shell(f"map {anchors} -o {mapped}")
    check_quiet(done)
    assert done.returncode == 0, done.stderr.decode()
    assert Path(os.fsdecode(b"m\xe9/manifest.json")).exists()
