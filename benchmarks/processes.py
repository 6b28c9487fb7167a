"""Measuring processes: wall time, peak of the resident memory, peak of its anonymous part.

Each side of a comparison is a process of its own, so that neither warms the other's caches nor counts in its memory.
Memory is read from Linux's /proc; elsewhere it is 0 and shown as unknown.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_SAMPLE_SECONDS = 0.01
_QUIET = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "TOKENIZERS_PARALLELISM": "true", "COLUMNS": "100"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one side.

    Attributes:
        seconds: what the side timed of itself; of a plain command, the wall time of the process.
        process_seconds: wall time of the process, imports included.
        peak_bytes: largest resident memory of the process, mapped files included (VmHWM).
        anonymous_bytes: largest anonymous part of it that was seen, every 10 ms (RssAnon).
        found: what else the side reports.
    """

    seconds: float
    process_seconds: float
    peak_bytes: int
    anonymous_bytes: int
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """Several runs of one side.

    Attributes:
        runs: in the order in which they ran.
    """

    runs: Sequence[Measured]

    @property
    def seconds(self) -> float:
        """Median of the timed seconds."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """Largest resident memory of any run."""
        return max(run.peak_bytes for run in self.runs)

    @property
    def anonymous_bytes(self) -> int:
        """Largest anonymous memory of any run."""
        return max(run.anonymous_bytes for run in self.runs)

    @property
    def found(self) -> Mapping[str, Any]:
        """What the last run reports."""
        return self.runs[-1].found


def memory_of(process: int | str) -> dict[str, int]:
    """The lines of /proc/PROCESS/status about memory, in bytes; empty where there is none."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    fields = [line.split() for line in lines]
    return {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields if len(field) == 3 and field[2] == "kB"}


def measure_command(command: Sequence[str], *, folder: Path | None = None) -> Measured:
    """Run a command to its end.

    Args:
        command: program and arguments.
        folder: where to run it; None: the root of the repository.

    Raises:
        RuntimeError: it failed; the message has the end of what it wrote.
    """
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder or ROOT, env=_environment(), stdout=output, stderr=subprocess.STDOUT, text=True
        )
        peak = anonymous = 0
        while process.poll() is None:
            memory = memory_of(process.pid)
            peak = max(peak, memory.get("VmHWM", 0))
            anonymous = max(anonymous, memory.get("RssAnon", 0))
            try:
                process.wait(_SAMPLE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - started
        output.seek(0)
        written = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}\n{written[-4000:]}")
    return Measured(seconds, seconds, peak, anonymous, {"output": written})


def measure_side(function: Callable[..., Any], **arguments: Any) -> Measured:
    """Run a function of a benchmark's module in a new process.

    Args:
        function: returns a dictionary of JSON values; its `seconds` is the time that counts.
        arguments: JSON values.
    """
    module = function.__module__
    if module == "__main__":
        module = sys.modules["__main__"].__spec__.name  # type: ignore[union-attr]
    command = [sys.executable, "-m", "benchmarks.child", module, function.__name__, json.dumps(arguments, default=str)]
    whole = measure_command(command)
    answer = json.loads(whole.found["output"].rstrip().rpartition("\n")[2])
    found = answer["found"]
    return Measured(
        seconds=found.get("seconds", whole.seconds),
        process_seconds=whole.seconds,
        peak_bytes=max(whole.peak_bytes, answer["peak_bytes"]),
        anonymous_bytes=whole.anonymous_bytes,
        found=found,
    )


def alternate(sides: Mapping[str, Callable[[], Measured]], repeats: int) -> dict[str, Side]:
    """Run the sides in turn, `repeats` times, so that a noisy minute hits all of them."""
    runs: dict[str, list[Measured]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            runs[name].append(side())
    return {name: Side(tuple(measured)) for name, measured in runs.items()}


def mosecrot(*arguments: str) -> list[str]:
    """The command line of `mosecrot` with this Python."""
    return [sys.executable, "-m", "mosecrot_cli", *arguments]


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    # Without compiled modules every start would compile the toolkit anew, which no installation does.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **_QUIET, "PYTHONPATH": path}
