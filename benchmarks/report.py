"""Figures for people: `python -m benchmarks.report FILE [README]` renders the JSON of `--output` as a Markdown table.

With a README the table replaces what stands there between the two marks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_HEADINGS = ("claim", "against", "ratio", "target", "met", "seconds", "peer's", "peak MB", "peer's", "note")


def render(content: Mapping[str, Any]) -> str:
    """The table of a run, and the machine that it ran on."""
    about = dict(content["machine"])
    machine = f"{about.pop('cores')} cores of {about.pop('processor')} ({about.pop('flags')})"
    where = f"{about.pop('date')[:10]}, {machine}, load {about.pop('load')}"
    versions = ", ".join(f"{name} {version}" for name, version in about.items())
    size = "the sizes of the claims" if content["full"] else "smaller sizes (`make bench`)"
    lines = [f"{where}; {size}.", f"{versions}.", "", _line(_HEADINGS), _line(["---"] * len(_HEADINGS))]
    return "\n".join([*lines, *(_line(_cells(row)) for row in content["rows"])])


def _cells(row: Mapping[str, Any]) -> list[str]:
    sign = "≥" if row["at_least"] else "≤"
    return [
        row["claim"],
        row["peer"],
        _number(row["ratio"], ".2f"),
        "–" if row["target"] is None else f"{sign} {row['target']:g}",
        {True: "yes", False: "**no**", None: "–"}[row["met"]],
        *(_number(row[name], ".3g") for name in ("seconds", "peer_seconds")),
        *(_number(row[name] and row[name] / 1e6, ",.0f") for name in ("peak_bytes", "peer_peak_bytes")),
        row["note"],
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    figures, *readme = map(Path, sys.argv[1:])
    table = render(json.loads(figures.read_text(encoding="utf-8")))
    if not readme:
        print(table)
        return
    text = readme[0].read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{readme[0]}: the marks {BEGIN} and {END} are missing")
    readme[0].write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
