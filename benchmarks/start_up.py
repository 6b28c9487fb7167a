"""Claim: `mosecrot --help`, and the answer to a wrong option, against an empty Typer application's `--help`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from benchmarks.common import Row, Scale, run, share
from benchmarks.processes import ROOT, Measured, alternate, measure_command, mosecrot

_EMPTY = """
import typer
app = typer.Typer()
@app.command()
def nothing() -> None:
    "An empty application."
app()
"""
_HEAVY = ("torch", "transformers", "datasets", "scipy", "sklearn", "faiss", "polars", "numpy")
_IMPORTED = f"""
import json, sys
from mosecrot_cli.cli.app import run
code = run(sys.argv[1:])
print()
print(json.dumps([code, [name for name in {_HEAVY!r} if name in sys.modules]]))
"""


def claim(scale: Scale) -> Sequence[Row]:
    empty = scale.work / "empty_app.py"
    empty.write_text(_EMPTY, encoding="utf-8")
    sides = alternate(
        {
            "own": lambda: measure_command(mosecrot("--help")),
            "wrong": _wrong_option,
            "empty": lambda: measure_command([sys.executable, str(empty), "--help"]),
        },
        5 * scale.repeats,
    )
    peer = "an empty Typer app's --help"
    return [
        share("mosecrot --help", peer, sides["own"], sides["empty"], 1.3, _imported("--help")),
        share("mosecrot map --nonsense", peer, sides["wrong"], sides["empty"], None, _imported("map", "--nonsense")),
    ]


def _wrong_option() -> Measured:
    # The right answer is exit code 2, which `measure_command` would take for a failure.
    script = "import sys; from mosecrot_cli.cli.app import run; sys.exit(0 if run(['map', '--nonsense']) == 2 else 1)"
    return measure_command([sys.executable, "-c", script])


def _imported(*arguments: str) -> str:
    """Which heavy libraries the command imports."""
    command = [sys.executable, "-c", _IMPORTED, *arguments]
    output = subprocess.run(
        command, cwd=ROOT / "src", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout
    _, heavy = json.loads(output.rstrip().rpartition("\n")[2])
    return f"imports {', '.join(heavy)}" if heavy else "imports no heavy library"


if __name__ == "__main__":
    run([claim], __doc__ or "")
