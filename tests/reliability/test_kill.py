"""A short run of the killer; `make kill` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_killed_commands_lose_nothing_and_give_the_right_result_when_run_again():
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-m", "reliability.kill", "--kills", "30", "--seed", "3", "--jobs", "1", "--no-study"]
    path = os.pathsep.join([str(tests), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, cwd=tests
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 kills, 0 faults" in done.stdout
