"""A short run of the fuzzer; `make fuzz` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_damaged_inputs_are_answered_in_one_line():
    tests = Path(__file__).parents[1]
    command = [
        sys.executable,
        "-m",
        "reliability.fuzz",
        "--mutations",
        "90",
        "--seed",
        "7",
        "--jobs",
        "1",
        "--no-study",
    ]
    path = os.pathsep.join([str(tests), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=tests
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "90 mutations, 0 faults" in done.stdout
