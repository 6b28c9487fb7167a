"""What a study will cost: disk and time, from what its jobs took before and from rules of thumb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from mosecrot_cli.pipeline.study.jobs import StudyJob
from mosecrot_cli.pipeline.study.plan import Plan

_SECONDS: Mapping[str, float] = {
    "anchors": 20, "spoil": 1, "map": 25, "align": 120, "finetune": 600, "stitch": 15, "adapt": 300, "evaluate": 25,
    "baseline": 30, "inspect": 40,
}  # fmt: skip
"""Seconds of a job on a few processors, where none of its kind was run: BERT base on a few hundred texts."""
_MODEL = 440 << 20  # bytes: BERT base
_MAPPED = 650 << 20  # bytes: 200,000 words of 768 numbers, and the source side


@dataclass(frozen=True)
class Estimate:
    """A rough idea.

    Attributes:
        disk: bytes at the fullest.
        seconds: of wall time.
        measured: kinds of jobs whose time was measured in this study; the others are rules of thumb.
    """

    disk: int
    seconds: float
    measured: tuple[str, ...]

    def summary(self) -> list[tuple[str, str]]:
        """For people: name and value."""
        basis = f"from earlier jobs of this study: {', '.join(self.measured)}" if self.measured else "rules of thumb"
        hours = self.seconds / 3600
        time = f"{hours:,.1f} hours" if hours >= 1 else f"{self.seconds / 60:,.0f} minutes"
        return [
            ("disk", f"about {self.disk / 1e9:,.1f} GB at the fullest"),
            ("time", f"about {time} on few processors ({basis})"),
        ]


def estimate(plan: Plan, left: Sequence[StudyJob], *, jobs: int) -> Estimate:
    """What the jobs that are left will take.

    Args:
        plan: the study.
        left: its jobs that are not done.
        jobs: how many run at once.
    """
    took: dict[str, list[float]] = {}
    sizes: dict[str, list[int]] = {}
    for job in plan.jobs.values():
        output, time = plan.study.folder / str(job.output), plan.study.folder / job.time
        if time.is_file() and (text := time.read_text(encoding="utf-8").strip()).isdecimal():
            took.setdefault(job.kind, []).append(float(text))
        if job not in left and output.is_dir():
            sizes.setdefault(job.kind, []).append(_size(output))
    seconds = sum(fmean(took.get(job.kind, [_SECONDS[job.kind]])) for job in left)
    model = int(fmean(sizes.get("finetune", [_MODEL])))
    models = sum(job.kind == "finetune" for job in left) * model
    kept = sum(not job.temporary and job.kind in ("map", "align", "stitch", "adapt") for job in left)
    at_once = max(1, jobs) * 2 if any(job.temporary for job in left) else 0
    return Estimate(models + (kept + at_once) * _MAPPED, seconds / max(1, jobs), tuple(took))


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
