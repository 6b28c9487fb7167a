"""What every benchmark script shares: its scale, its rows of results, the table and the command line."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.processes import Side

_FLAGS = {"avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_tile", "amx_bf16", "amx_int8"}
"""Instructions that products of matrices use."""

_PACKAGES = ("numpy", "torch", "transformers", "tokenizers", "polars", "faiss-cpu", "entmax", "gensim", "typer")


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured.

    Attributes:
        full: the sizes of the claims, rather than smaller ones.
        repeats: alternating runs of each side; a median is taken.
        work: folder of generated data, shared by the scripts of one run.
        device: where `mapping` and `training` compute, both sides; the other scripts take the CPU.
    """

    full: bool
    repeats: int
    work: Path
    device: str = "cpu"

    def pick(self, small: int, full: int) -> int:
        """The size that applies."""
        return full if self.full else small


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        claim: what is measured, at which size.
        peer: what it is held against.
        ratio: what the target speaks of.
        target: limit of the ratio; None: shown without a target.
        at_least: whether the ratio must reach the limit (times faster) or must not exceed it (times the peer).
        seconds, peer_seconds: medians.
        peak_bytes, peer_peak_bytes: largest resident memory of each side as a process.
        note: what else was found.
    """

    claim: str
    peer: str
    ratio: float | None
    target: float | None
    at_least: bool
    seconds: float | None = None
    peer_seconds: float | None = None
    peak_bytes: int | None = None
    peer_peak_bytes: int | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


Claim = Callable[[Scale], Sequence[Row]]


def faster(claim: str, peer: str, own: Side, other: Side, target: float | None, note: str = "") -> Row:
    """The row of `at least TARGET times faster than the peer`."""
    return _timed(claim, peer, own, other, other.seconds / own.seconds, target, note, at_least=True)


def share(claim: str, peer: str, own: Side, other: Side, target: float | None, note: str = "") -> Row:
    """The row of `at most TARGET times the peer's time`."""
    return _timed(claim, peer, own, other, own.seconds / other.seconds, target, note, at_least=False)


def bounded(claim: str, against: str, used: float, allowed: float, target: float = 1.0, note: str = "") -> Row:
    """The row of `at most TARGET times so many bytes`."""
    return Row(claim, against, used / allowed, target, at_least=False, peak_bytes=int(used), note=note)


def _timed(
    claim: str, peer: str, own: Side, other: Side, ratio: float, target: float | None, note: str, *, at_least: bool
) -> Row:
    return Row(
        claim,
        peer,
        ratio,
        target,
        at_least,
        own.seconds,
        other.seconds,
        own.peak_bytes,
        other.peak_bytes,
        note,
    )


def synchronize(device: str) -> None:
    """Wait until the device has done all that it was told; the CPU always has."""
    if device != "cpu":
        import torch

        torch.cuda.synchronize(device)


def cache(work: Path) -> Path:
    """The cache of all that a run measures: never the user's."""
    return work / "cache"


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="mosecrot against its peers: medians of alternating runs, memory of each as a process")
    for heading in ("claim", "peer", "ratio", "target", "met", "seconds", "peer's", "peak MB", "peer's", "note"):
        table.add_column(heading, justify="left" if heading in ("claim", "peer", "note") else "right")
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        table.add_row(
            row.claim,
            row.peer,
            "–" if row.ratio is None else f"{row.ratio:.2f}",
            "–" if row.target is None else f"{sign} {row.target:g}",
            {True: "[green]yes[/]", False: "[red]no[/]", None: "–"}[row.met],
            *(_number(value) for value in (row.seconds, row.peer_seconds)),
            *(_megabytes(value) for value in (row.peak_bytes, row.peer_peak_bytes)),
            row.note,
        )
    console.print(table)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _megabytes(value: int | None) -> str:
    return f"{value / 1e6:,.0f}" if value else "–"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor("model name") or platform.processor() or platform.machine(),
        "flags": " ".join(flag for flag in _processor("flags").split() if flag in _FLAGS) or "none of these known",
        "cores": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _processor(about: str) -> str:
    """What the system says about the processor; empty where it says nothing (Linux only)."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(about)), "")


def run(claims: Sequence[Claim], description: str) -> None:
    """The command line of the benchmarks: measure, print the table, write JSON where that is asked for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--full", action="store_true", help="the sizes of the claims; takes an hour or more")
    parser.add_argument("--repeats", type=int, default=3, help="alternating runs of each side (default: 3)")
    parser.add_argument("--only", action="append", metavar="NAME", help="scripts to run, by name; all by default")
    parser.add_argument("--work", type=Path, help="folder for generated data, kept; default: a temporary one")
    parser.add_argument(
        "--device", default="cpu", help="of `mapping` and `training`: cpu (default), or cuda where one GPU is visible"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write machine and rows as JSON")
    given = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 200)
    about = machine() | ({} if given.device == "cpu" else {"device": given.device})
    work = given.work or Path(tempfile.mkdtemp(prefix="mosecrot-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    os.environ["MOSECROT_CACHE"] = str(cache(work.resolve()))
    os.environ.pop("MOSECROT_VECTOR_CACHE", None)
    scale = Scale(full=given.full, repeats=given.repeats, work=work.resolve(), device=given.device)
    rows: list[Row] = []
    failures = 0
    try:
        for claim in claims:
            name = claim.__module__.rpartition(".")[2]
            if given.only and name not in given.only:
                continue
            console.print(f"[bold]{name}[/] …")
            try:
                found = claim(scale)
            except RuntimeError as error:  # one side failed; the others still count
                console.print(f"[red]{name} failed[/]: {error}", markup=False)
                failures += 1
                continue
            rows += found
            show(found, console)
    finally:
        if given.work is None:
            shutil.rmtree(work, ignore_errors=True)
    if len(claims) > 1:
        show(rows, console)
    console.print(", ".join(f"{key} {value}" for key, value in about.items()), highlight=False)
    if given.output:
        written = [asdict(row) | {"met": row.met} for row in rows]
        content = {"full": given.full, "machine": about, "rows": written}
        given.output.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if failures:
        raise SystemExit(1)
