"""Running: failures, GPUs, Slurm."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mosecrot_cli.pipeline.study import on_gpu
from pipeline.study.pico_study import SMALL_STUDY, write_study

pytestmark = pytest.mark.slow


def test_a_failure_leaves_the_others_going_and_is_named(world: Path, start):
    further = """
    [languages.yy]
    lexicons = ["bad.tsv"]
    target_vectors = "xx.vec"
    test = "xx.test.tsv"
    """
    Path("bad.tsv").write_text("never\tseen\n")
    write_study(world, SMALL_STUDY + textwrap.dedent(further))
    process = start(world, "study.toml")
    _, told = process.communicate(timeout=200)
    assert process.returncode == 3
    (line,) = [line for line in told.splitlines() if line.startswith("error: ")]
    assert "1 job failed" in line and "anchors/pico-bert/yy/all" in line and "logs/anchors/pico-bert/yy" in line
    assert list(Path("study/scores/topics/pico-bert/xx").rglob("*.json"))
    assert not Path("study/scores/topics/pico-bert/yy").exists()


def test_two_jobs_take_two_gpus(tmp_path: Path):
    first, held = on_gpu.take(["4", "7"], tmp_path)
    second, other = on_gpu.take(["4", "7"], tmp_path)
    assert (first, second) == ("4", "7")
    held.close()
    again, third = on_gpu.take(["4", "7"], tmp_path)
    assert again == "4"
    other.close()
    third.close()


def test_a_gpu_is_all_that_a_job_sees(tmp_path: Path):
    (tmp_path / ".study").mkdir()
    (tmp_path / "told.py").write_text("import os, sys\nprint(os.environ['CUDA_VISIBLE_DEVICES'], sys.argv[1:])\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])}
    command = [sys.executable, "-m", "mosecrot_cli.pipeline.study.on_gpu", "3", "told", "a", "b"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "3 ['a', 'b']\n"


_SBATCH = """#!/bin/bash
# A Slurm that runs each job at once, on this machine.
printf '%s\\n' "$*" >> "$FAKE_SLURM/calls"
for word in "$@"; do case $word in --wrap=*) script=${word#--wrap=} ;; esac; done
number=$(( $(wc -l < "$FAKE_SLURM/calls") + 1000 ))
if bash -c "$script" > "$FAKE_SLURM/$number.out" 2>&1; then state=COMPLETED; else state=FAILED; fi
echo "$number|$state" >> "$FAKE_SLURM/states"
echo "$number"
"""
_OTHERS = {
    "sacct": 'cat "$FAKE_SLURM/states"',
    "sinfo": "printf 'PARTITION\\nmain*\\n'",
    "squeue": "true",
    "scancel": "true",
    "scontrol": "true",
    "sacctmgr": "true",
    "sshare": "true",
    "srun": 'while [ $# -gt 0 ]; do case $1 in -*) shift ;; *) break ;; esac; done; exec "$@"',
}


def test_slurm_runs_every_job_through_sbatch(world: Path, start, tmp_path: Path, quick_mosecrot):
    fake = tmp_path / "slurm"
    fake.mkdir()
    (fake / "states").touch()
    for name, text in {"sbatch": _SBATCH, **{name: f"#!/bin/bash\n{text}\n" for name, text in _OTHERS.items()}}.items():
        (fake / name).write_text(text)
        (fake / name).chmod(stat.S_IRWXU)
    text = """
    source_models = ["pico-bert"]
    baselines = ["unstitched"]
    [tasks.topics]
    train = "en.train.tsv"
    epochs = 1
    [languages.xx]
    target_vectors = "xx.vec"
    test = "xx.test.tsv"
    """
    write_study(world, text)
    environment = {"PATH": f"{fake}{os.pathsep}{quick_mosecrot['PATH']}", "FAKE_SLURM": str(fake)}
    profile = world / "study" / "profiles" / "slurm" / "config.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(
        "executor: slurm\njobs: 2\nslurm-init-seconds-before-status-checks: 1\n"
        'default-resources:\n  - slurm_account=""\n  - slurm_partition="main"\n'
    )
    process = start(world, "study.toml", "--profile", "slurm", **environment)
    told = process.communicate(timeout=200)
    assert process.returncode == 0, (told, (world / "study/logs/snakemake.log").read_text())
    calls = (fake / "calls").read_text()
    assert "--partition" in calls or "-p main" in calls
    assert len(calls.splitlines()) == 2 == calls.count("--gpus=1")
    assert "--mem 12000" in calls and "-t 240" in calls and "--mem 8000" in calls and "-t 60" in calls
    assert (world / "study/scores/topics/pico-bert/xx/unstitched/seed-1.json").is_file()
