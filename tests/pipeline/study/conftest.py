"""A study that was run, and a `mosecrot` that starts at once (`documentation.fork_server`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from documentation.fork_server import MosecrotOnPath
from pipeline.study.pico_study import marks, write_study


@pytest.fixture(scope="session")
def quick_mosecrot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which jobs find a quick `mosecrot`."""
    with MosecrotOnPath(tmp_path_factory.mktemp("bin")) as environment:
        yield environment | {"PYTHONPATH": os.pathsep.join(sys.path)}


StudyProcess = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def start(quick_mosecrot: dict[str, str]) -> StudyProcess:
    """Starts `mosecrot study run FILE ...`, whose jobs are quick, in a folder."""
    program = (
        "import sys\nfrom mosecrot_cli.pipeline.study import workflow\nworkflow.PROGRAM = ('mosecrot',)\n"
        "from mosecrot_cli.cli.app import run\nsys.exit(run(sys.argv[1:]))\n"
    )

    def started(folder: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, "study", "run", *words]
        return subprocess.Popen(
            command,
            cwd=folder,
            env=quick_mosecrot | environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return started


@pytest.fixture(scope="session")
def finished_study(pico_world: Path, start: StudyProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pico world whose study was killed once in the middle and then run to its end. Change nothing.

    `killed.txt` has the marks that were there when it was killed, with their times.
    """
    import psutil

    folder = tmp_path_factory.mktemp("study") / "work"
    shutil.copytree(pico_world, folder)
    write_study(folder)
    process = start(folder, "study.toml", "--jobs", "2")
    assert process.stderr is not None
    enough = 8
    while process.poll() is None and len(marks(folder)) < enough:
        # Wakes up now and then: what is waited for is work, not time.
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
    assert process.poll() is None, process.stderr.read()
    family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    for number in family:
        try:
            psutil.Process(number).kill()
        except psutil.NoSuchProcess:
            continue
    process.wait()
    before = marks(folder)
    (folder / "killed.txt").write_text("".join(f"{name} {time}\n" for name, time in before.items()))
    again = start(folder, "study.toml", "--jobs", "2")
    _, told = again.communicate(timeout=300)
    assert again.returncode == 0, told
    return folder
