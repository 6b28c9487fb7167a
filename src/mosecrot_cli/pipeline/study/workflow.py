"""The Snakemake workflow of a study: what is left to do, written down and run.

Snakemake is a program of its own here, not a library: it gets a Snakefile that is the same for every study, and a list
of jobs. A job is done if its mark is there, whatever happened to clocks; the name of the mark holds a digest of
everything that the result depends on.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import remove, replacing
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.pipeline.study.jobs import WORK, StudyJob
from mosecrot_cli.pipeline.study.plan import Plan
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import ComputeSettings
from mosecrot_cli.settings.study import StudyRunSettings
from mosecrot_cli.staging import PARTIAL

SNAKEFILE = Path(".study/Snakefile")
JOBS = Path(".study/jobs.json")
LOG = Path("logs/snakemake.log")
PROGRAM: Sequence[str] = (sys.executable, "-m", "mosecrot_cli")
SLURM = "slurm"
PROFILE = Path("profiles/slurm")
_LOCK = Path(".study/lock")
_PROGRESS = re.compile(r"(\d+) of (\d+) steps \(")
_ON_A_CLUSTER = 100
_WORKFLOW = '''\
"""The jobs of jobs.json, which `mosecrot study run` writes; run it with that command."""

import json
from pathlib import Path

JOBS = json.loads(Path(".study/jobs.json").read_text(encoding="utf-8"))
KINDS = {(job["kind"], job["temporary"]): None for job in JOBS.values()}


rule all:
    input:
        [target for target, job in JOBS.items() if not job["temporary"]],


for kind, temporary in KINDS:
    base = f"work/{kind}/" if temporary else f".study/done/{kind}/"

    rule:
        name: f"{kind}_once" if temporary and (kind, False) in KINDS else kind
        input: lambda wildcards, base=base: JOBS[base + wildcards.job]["after"]
        output: temp(directory(base + "{job}")) if temporary else touch(base + "{job}")
        log: f"logs/{kind}/{{job}}.log"
        params: command=lambda wildcards, base=base: JOBS[base + wildcards.job]["command"]
        resources:
            gpu=lambda wildcards, base=base: JOBS[base + wildcards.job]["gpu"],
            mem_mb=lambda wildcards, base=base: JOBS[base + wildcards.job]["mem_mb"],
            runtime=lambda wildcards, base=base: JOBS[base + wildcards.job]["runtime"],
        shell: "{params.command}"
'''
_SLURM_PROFILE = """\
# How the jobs of this study run on Slurm. `mosecrot study run` wrote this file and will not change it: edit it.
executor: slurm
jobs: 100
latency-wait: 60
# Each job asks for memory (mem_mb), minutes (runtime) and, if it trains or evaluates, one GPU (gpu). What else your
# cluster wants:
default-resources:
  - slurm_account=""        # as in `sbatch --account`; empty: your default
  - slurm_partition=""      # as in `sbatch --partition`; empty: the default
# Something else for one kind of job (finetune_once trains on one F^s):
# set-resources:
#   finetune:
#     mem_mb: 32000
#     runtime: 480
#     slurm_partition: gpu
#   evaluate:
#     gpu: 0
"""


def pending(plan: Plan) -> list[StudyJob]:
    """The jobs that are left to do: those without a mark, and the temporary ones that they read."""
    folder, wanted = plan.study.folder, dict[str, StudyJob]()

    def want(job: StudyJob) -> None:
        if job.key in wanted or (folder / job.target).exists():
            return
        wanted[job.key] = job
        for before in job.after:
            want(before)

    for job in plan.jobs.values():
        if not job.temporary:
            want(job)
    return [job for key, job in plan.jobs.items() if key in wanted]


def failed(jobs: Sequence[StudyJob], folder: Path) -> list[StudyJob]:
    """The jobs that could run and are not done, and not those that waited for them."""
    done = {job.key for job in jobs if (folder / job.target).exists()}
    left = {job.key: job for job in jobs if job.key not in done and not job.temporary}
    # A temporary result may be gone because all who read it are done; it is missing if somebody still waits for it.
    for job in list(left.values()):
        for before in job.after:
            if before.temporary and before.key not in done:
                left[before.key] = before
                left.update({each.key: each for each in before.after if each.temporary and each.key not in done})
    found = [job for job in left.values() if not any(before.key in left for before in job.after)]
    return [job for job in found if (folder / job.log).is_file()]


def run_workflow(plan: Plan, jobs: Sequence[StudyJob], settings: StudyRunSettings, reporter: Reporter) -> int:
    """Run jobs to the end, whatever fails on the way; return Snakemake's exit code.

    Raises:
        UsageError: Snakemake is not installed, or the profile is no folder.
        DataError: the same study is being run by another process.
    """
    folder = plan.study.folder
    check_engine(settings)
    with _locked(folder) as lock:  # makes the folder the study's own, before anything else is in it
        (folder / LOG).parent.mkdir(exist_ok=True)
        _write(folder, jobs, settings)
        tidy(folder, jobs)
        command = _command(folder, settings)
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock],
            text=True,
            errors="replace",
        )
        try:
            _follow(process, folder / LOG, len(jobs), reporter)
            return process.wait()
        except BaseException:
            _stop(process)
            raise


def check_engine(settings: StudyRunSettings) -> None:
    """Find out that Snakemake, and what the profile needs, is there.

    Raises:
        UsageError: it is not.
    """
    hint = "install it with `pip install 'mosecrot[study]'`"
    if find_spec("snakemake") is None:
        raise UsageError("studies need Snakemake", hint=hint)
    if settings.profile == SLURM:
        if find_spec("snakemake_executor_plugin_slurm") is None:
            raise UsageError("the profile slurm needs Snakemake's plugin for Slurm", hint=hint)
        if shutil.which("sbatch") is None:
            raise UsageError("there is no `sbatch` here", hint="run it on a machine that submits to Slurm")
    elif settings.profile is not None and not Path(settings.profile).is_dir():
        raise UsageError("no such folder", where=settings.profile, hint="`profile` is slurm, or a Snakemake profile")
    if settings.profile is not None and settings.gpus:
        raise UsageError("`gpus` are those of this machine", hint="leave it out with a `profile`")
    if settings.gpus:
        resolve_device(ComputeSettings(gpus=settings.gpus))


def _write(folder: Path, jobs: Sequence[StudyJob], settings: StudyRunSettings) -> None:
    gpus = bool(settings.gpus or settings.profile)
    # Temporary results of a run that was killed are there, and are to be removed after their use like the others.
    left_over = {before.key: before for job in jobs for before in job.after if before.temporary}
    every = [*jobs, *(job for key, job in left_over.items() if key not in {job.key for job in jobs})]
    known = {job.target for job in every}
    listed = {
        job.target: {
            "kind": job.kind,
            "temporary": job.temporary,
            # What is done already is no job, so the others need not wait for it.
            "after": [before.target for before in job.after if before.target in known],
            "command": _shell(job, settings.gpus),
            "gpu": int(gpus and job.need.accelerated),
            "mem_mb": job.need.memory,
            "runtime": job.need.minutes,
        }
        for job in every
    }
    for name, text in ((JOBS, json.dumps(listed, indent=1)), (SNAKEFILE, _WORKFLOW)):
        with replacing(folder / name) as work:
            work.write_text(text, encoding="utf-8")
    profile = folder / PROFILE / "config.yaml"
    if settings.profile == SLURM and not profile.exists():
        profile.parent.mkdir(parents=True, exist_ok=True)
        with replacing(profile) as work:
            work.write_text(_SLURM_PROFILE, encoding="utf-8")


def _shell(job: StudyJob, gpus: Sequence[int]) -> str:
    """The command for the shell: the folders of its files, the program of this environment, its log."""
    program = list(PROGRAM)
    if job.inside:
        program = [sys.executable, "-m", "mosecrot_cli.pipeline.study.spoil"]
    elif gpus and job.need.accelerated:
        program = [sys.executable, "-m", "mosecrot_cli.pipeline.study.on_gpu", ",".join(map(str, gpus)), "mosecrot_cli"]
    files = [job.log, job.output, job.stdout, job.predictions, job.time]
    parents = sorted({str(Path(name).parent) for name in files if name})
    made = shlex.join(["mkdir", "-p", *parents])
    line = shlex.join([*program, *job.words])
    log = shlex.quote(job.log)
    into = f"> {shlex.quote(job.stdout)} 2> {log}" if job.stdout else f"> {log} 2>&1"
    # bash counts the seconds, for later estimates
    return f"SECONDS=0; {made} && {line} {into} && echo $SECONDS > {shlex.quote(job.time)}"


def tidy(folder: Path, jobs: Sequence[StudyJob]) -> None:
    """Remove what no job will read or go on with: results of an older version of the study."""
    needed = {job.target for job in jobs if job.temporary}
    needed |= {before.target for job in jobs for before in job.after if before.temporary}
    for kind in (folder / WORK).glob("*"):
        _remove_others(kind, {folder / name for name in needed})
    for job in jobs:
        partial = folder / f"{job.output}{PARTIAL}"
        # A training that was interrupted goes on only with the same settings, and then it has a log of this name.
        if job.kind == "finetune" and not job.temporary and not (folder / job.log).exists():
            remove(partial)


def _remove_others(path: Path, needed: set[Path]) -> None:
    # A training that was interrupted goes on in a folder next to its output.
    if path in needed or path.with_name(path.name.removesuffix(PARTIAL)) in needed or not path.is_dir():
        return
    if any(each.is_relative_to(path) for each in needed):
        for inner in list(path.iterdir()):
            _remove_others(inner, needed)
    else:
        remove(path)


def _command(folder: Path, settings: StudyRunSettings) -> list[str]:
    jobs = settings.jobs or (_ON_A_CLUSTER if settings.profile else 1)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--directory", "."]
    # Marks say what is done: no clock, and no change of the program's text, makes a job new. Outputs are whole or
    # not there, so nothing is incomplete; the study has a lock of its own.
    command += ["--keep-going", "--ignore-incomplete", "--nolock", "--rerun-triggers", "software-env"]
    if settings.profile is None:
        command += ["--cores", str(jobs)]
    else:
        profile = PROFILE if settings.profile == SLURM else Path(os.path.relpath(settings.profile, folder))
        command += ["--workflow-profile", str(profile), *(["--jobs", str(jobs)] if settings.jobs else [])]
    if settings.gpus:
        command += ["--resources", f"gpu={len(settings.gpus)}"]
    return command


def _environment(settings: StudyRunSettings) -> dict[str, str]:
    found = dict(os.environ)
    if settings.profile is None:  # several jobs share the processors
        threads = max(1, (os.cpu_count() or 1) // (settings.jobs or 1))
        found.setdefault("OMP_NUM_THREADS", str(threads))
    return found


def _follow(process: subprocess.Popen[str], log: Path, total: int, reporter: Reporter) -> None:
    """Keep what Snakemake says, and draw how far it is."""
    assert process.stdout is not None
    done = 0
    with log.open("w", encoding="utf-8") as stream, reporter.track("study", total) as advance:
        for line in process.stdout:
            stream.write(line)
            stream.flush()
            if found := _PROGRESS.search(line):
                now = min(int(found[1]), total)
                advance(now - done)
                done = now


def _stop(process: subprocess.Popen[Any]) -> None:
    """End Snakemake and its jobs; what they were writing is completed by the next run."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=20)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold the study's lock, which Snakemake inherits: it is free once both are gone.

    Raises:
        DataError: another process holds it.
    """
    import fcntl

    path = folder / _LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            hint = "wait for it, or end that run"
            raise DataError("this study is being run already", where=str(folder), hint=hint) from None
        yield stream.fileno()
