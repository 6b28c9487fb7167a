"""The results of study.sh: WORK/results.tsv, and Markdown tables of them on stdout.

Reads `results/LANGUAGE/ANCHORS/SETTING.SPLIT.json` of `mosecrot evaluate --json`, and
`compared/LANGUAGE/ANCHORS/SETTING.seed-N.json` of `mosecrot compare --json`. Samples of anchors (`500-1`,
`500-2`, ...) are one row: its mean and deviation are over all samples and seeds.

Usage: python study_table.py MAPS WORK     (MAPS: the file of maps, whose order the rows follow)
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

ANCHORS = tuple(name for kind in ("none", "full", "identical", "500", "shuffled") for name in (kind, f"{kind}-learnt"))
HEADER = "| anchors | setting | dev | test | runs | against paper-sparsemax, test | p |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """One setting on one split: macro-F1 over runs, and on the test split what the paper's sparsemax is behind by.

    Attributes:
        language: of the texts.
        anchors: full, 500, shuffled, ..., each also with learnt ones; none, where no anchors are used.
        setting: map and training.
        split: of the texts.
        macro_f1: mean over the runs.
        std: sample standard deviation over the runs; None of a single one.
        runs: seeds, times samples of anchors.
        n: texts.
        difference: mean over the runs; None without a comparison, as are the next three.
        low: lower end of the 95 % bootstrap interval of a run's difference, mean over the runs.
        high: upper end.
        p: two-sided.
    """

    language: str
    anchors: str
    setting: str
    split: str
    macro_f1: float
    std: float | None
    runs: int
    n: int
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


def combined_p(values: Sequence[float]) -> float:
    """One p-value of several that depend on each other in an unknown way (the runs share their test sentences).

    Twice their mean is valid (Rüschendorf 1982; Vovk and Wang 2020, Biometrika 107).
    """
    return values[0] if len(values) == 1 else min(1.0, 2 * fmean(values))


def make_row(name: tuple[str, str, str, str], found: Sequence[Any], compared: Sequence[Any]) -> Row:
    """A row from the JSON of its evaluations, one for each sample of anchors, and of its comparisons, one a run."""
    scores = [run["macro_f1"] for evaluation in found for run in evaluation["runs"]]
    row = Row(*name, fmean(scores), stdev(scores) if len(scores) > 1 else None, len(scores), found[0]["n"])
    if not compared:
        return row
    return Row(
        *astuple(row)[:8],
        difference=fmean(item["difference"] for item in compared),
        low=fmean(item["interval"]["low"] for item in compared),
        high=fmean(item["interval"]["high"] for item in compared),
        p=combined_p([item["p_value"] for item in compared]),
    )


def collect(work: Path, order: Sequence[str]) -> list[Row]:
    """All rows: languages by name, anchors as in ANCHORS, settings as in `order`, then those that it lacks by name."""
    found = grouped(work / "results", r"\.(dev|test)")
    compared = grouped(work / "compared", r"\.seed-(\d+)")
    rows = []
    for (language, anchors, setting, split), evaluations in found.items():
        name = (language, anchors, setting)
        seeds = [item for key, items in compared.items() if key[:3] == name for item in items]
        rows.append(make_row((*name, split), evaluations, seeds if split == "test" else []))

    def place(row: Row) -> tuple[Any, ...]:
        known = order.index(row.setting) if row.setting in order else len(order)
        return row.language, ANCHORS.index(row.anchors), known, row.setting, row.split

    return sorted(rows, key=place)


def grouped(folder: Path, ending: str) -> dict[tuple[str, ...], list[Any]]:
    """(language, anchors, setting, what the ending says) -> contents, one of each sample of anchors."""
    contents = defaultdict(list)
    for file in sorted(folder.glob("*/*/*.json")):
        match = re.fullmatch(rf"(.+){ending}", file.stem)
        if match:
            language, anchors = file.parent.parts[-2:]
            key = (language, re.sub(r"-\d+$", "", anchors), *match.groups())
            contents[key].append(json.loads(file.read_text(encoding="utf-8")))
    return contents


def tsv(rows: Iterable[Row]) -> str:
    """All that is known, with a header; an empty cell where there is nothing."""
    lines = [[field.name for field in fields(Row)]]
    lines += [[cell(value) for value in astuple(row)] for row in rows]
    return "".join("\t".join(line) + "\n" for line in lines)


def cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def short(value: float, sign: str = "") -> str:
    """A figure between -1 and 1 in the style of the documentation: `.812`, `−.043`."""
    rounded = round(value, 3) + 0.0  # no minus before a zero
    return re.sub(r"\b0\.", ".", f"{rounded:{sign}.3f}").replace("-", "−")


def spread(row: Row | None) -> str:
    if row is None:
        return "–"
    return short(row.macro_f1) + ("" if row.std is None else f" ± {short(row.std)}")


def markdown(rows: Sequence[Row]) -> str:
    """A table for each language; a setting's dev and test splits share a line."""
    by_name = {(row.language, row.anchors, row.setting, row.split): row for row in rows}
    parts = []
    for language in dict.fromkeys(row.language for row in rows):
        lines = [f"## {language.capitalize()}\n", HEADER]
        names = dict.fromkeys((row.anchors, row.setting) for row in rows if row.language == language)
        for anchors, setting in names:
            dev, test = (by_name.get((language, anchors, setting, split)) for split in ("dev", "test"))
            difference, p = against(test)
            runs = (test or dev or rows[0]).runs
            lines.append(f"| {anchors} | {setting} | {spread(dev)} | {spread(test)} | {runs} | {difference} | {p} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def against(row: Row | None) -> tuple[str, str]:
    if row is None or row.difference is None or row.low is None or row.high is None or row.p is None:
        return "–", "–"
    return f"{short(row.difference, '+')} [{short(row.low, '+')}, {short(row.high, '+')}]", short(row.p)


def main() -> None:
    maps, work = (Path(argument) for argument in sys.argv[1:])
    order = [line.split("\t")[0] for line in maps.read_text(encoding="utf-8").splitlines()]
    rows = collect(work, ["unstitched", *order])
    (work / "results.tsv").write_text(tsv(rows), encoding="utf-8")
    print(markdown(rows), end="")


if __name__ == "__main__":
    main()
