"""`study run`: what is to be done, what it costs, and doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mosecrot_cli.errors import DataError, OutputExistsError
from mosecrot_cli.pipeline.study.estimate import Estimate, estimate
from mosecrot_cli.pipeline.study.file import read_study
from mosecrot_cli.pipeline.study.jobs import StudyJob
from mosecrot_cli.pipeline.study.plan import Plan, make_plan
from mosecrot_cli.pipeline.study.workflow import LOG, PROFILE, SNAKEFILE, failed, pending, run_workflow, tidy
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings.study import StudyRunSettings

_SHOWN = 10


@dataclass(frozen=True)
class StudyRun:
    """What a study needs, and what of it was done.

    Attributes:
        plan: the study's jobs.
        left: those that were left to do at the beginning.
        cost: what these take.
        done: how many of them are done now; None: a dry run.
    """

    plan: Plan
    left: tuple[StudyJob, ...]
    cost: Estimate
    done: int | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, with the command line of every job that was left."""
        return {
            "folder": str(self.plan.study.folder),
            "rows": self.plan.rows,
            "numbers": len(self.plan.runs),
            "jobs": len(self.plan.jobs),
            "left": len(self.left),
            "done": self.done,
            "kinds": dict(Counter(job.kind for job in self.left)),
            "disk_bytes": self.cost.disk,
            "seconds": self.cost.seconds,
            "commands": [job.command for job in self.left],
        }

    def summary(self) -> list[tuple[str, str]]:
        """For people: name and value."""
        kinds = Counter(job.kind for job in self.left)
        left = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        rows = [
            ("numbers", f"{len(self.plan.runs):,} ({len(self.plan.rows):,} rows)"),
            ("jobs", f"{len(self.plan.jobs):,}, of which {len(self.plan.jobs) - len(self.left):,} need not be run"),
            ("to run" if self.done is None else "run now", left or "nothing"),
        ]
        return [*rows, *self.cost.summary()] if self.left and self.done is None else rows


def run(settings: StudyRunSettings, reporter: Reporter) -> StudyRun:
    """Run what is left of a study.

    Raises:
        DataError: the study is faulty, or a job failed; names the failed jobs and their logs.
        OutputExistsError: the study's folder holds something else.
        UsageError, OutputError: see `errors`.
    """
    plan = make_plan(read_study(settings.file))
    _check_folder(plan.study.folder)
    left = tuple(pending(plan))
    cost = estimate(plan, left, jobs=settings.jobs or 1)
    if settings.dry_run or not left:
        return StudyRun(plan, left, cost, None if settings.dry_run else 0)
    code = run_workflow(plan, left, settings, reporter)
    folder = plan.study.folder
    still = pending(plan)
    if still:
        raise DataError(
            _complaint(failed(left, folder), len(still), code, folder),
            where=str(settings.file),
            hint="mend what they complain about and run the study again: it goes on where it was",
        )
    tidy(folder, [])
    return StudyRun(plan, left, cost, len(left))


def _check_folder(folder: Path) -> None:
    """Refuse to work in a folder that is not the study's own, such as one of data with the same name."""
    if (folder / SNAKEFILE.parent).is_dir() or not folder.exists():
        return
    # A profile for a cluster may have been put there before.
    if not folder.is_dir() or any(path.name != PROFILE.parts[0] for path in folder.iterdir()):
        raise OutputExistsError(
            "the study would work here, but this holds other files", where=str(folder), hint="rename the study file"
        )


def _complaint(jobs: Sequence[StudyJob], left: int, code: int, folder: Path) -> str:
    if not jobs:
        return f"Snakemake ended with code {code} and {left:,} jobs left; see {folder / LOG}"
    named = "; ".join(f"{job.key}: {_last_line(folder / job.log)} [{folder / job.log}]" for job in jobs[:_SHOWN])
    more = f"; and {len(jobs) - _SHOWN:,} more" if len(jobs) > _SHOWN else ""
    return f"{len(jobs):,} {'job' if len(jobs) == 1 else 'jobs'} failed, {left:,} left undone: {named}{more}"


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    told = [line for line in lines if line.startswith("error: ")] or [line for line in lines if line]
    return told[-1].removeprefix("error: ") if told else "no message"
