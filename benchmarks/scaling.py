"""How time, memory and disk grow with words, anchors, languages and texts, and what 1,500 languages would take.

Each command is measured at three sizes of what it depends on, as a process; straight lines are fitted to its CPU time,
its peak memory and what it leaves on the disk, and followed to 2,000,000 words. CPU time hardly depends on what else
the machine does; on an idle machine a command's wall time is its CPU time divided by the cores that it uses.
"""

from __future__ import annotations

import resource
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import Row, Scale, cache, run
from benchmarks.data import ANCHORS, labelled_file, lexicon_file, prepare
from benchmarks.processes import measure_command, measure_side, mosecrot

LANGUAGES, WORDS = 1_500, 2_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took.

    Attributes:
        size: of what was varied.
        seconds: CPU time of the process.
        memory: largest anonymous memory, in bytes.
        disk: bytes that it left behind.
    """

    size: int
    seconds: float
    memory: int
    disk: int


@dataclass(frozen=True, slots=True)
class Line:
    """`a + b size`, by least squares, and the largest deviation of a measured value from it as a share of the value."""

    constant: float
    slope: float
    deviation: float

    def at(self, size: float) -> float:
        """The value for a size."""
        return self.constant + self.slope * size


def fitted(costs: Sequence[Cost], what: str) -> Line:
    """The line through one attribute of the costs."""
    sizes = np.array([cost.size for cost in costs], dtype=float)
    values = np.array([getattr(cost, what) for cost in costs], dtype=float)
    slope, constant = np.polyfit(sizes, values, 1)
    deviation = np.abs(constant + slope * sizes - values) / np.maximum(values, 1e-9)
    return Line(float(constant), float(slope), float(deviation.max()))


def measured(size: int, output: Path, command: Sequence[str], folder: Path) -> Cost:
    """Run a command and see what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = measure_command(command, folder=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    files = output.rglob("*") if output.is_dir() else output.parent.glob(output.stem + "*")
    return Cost(size, seconds, found.anonymous_bytes, sum(file.stat().st_size for file in files if file.is_file()))


def chain(scale: Scale, words: int, anchors: int, size: int) -> dict[str, Cost]:
    """`anchors`, `map` and `stitch` of a language that was never read."""
    made = measure_side(prepare, work=scale.work, vector_rows=[words], models=True).found
    folder = scale.work / "scaling" / f"{words}-{anchors}-{size}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    lexicon = folder / "lexicon.tsv"
    lines = lexicon_file(scale.work, words).read_text(encoding="utf-8").splitlines(keepends=True)
    lexicon.write_text("".join(lines[:anchors]), encoding="utf-8")
    shutil.rmtree(cache(scale.work), ignore_errors=True)
    vectors = ["--target-vectors", made[f"vectors-{words}"], "--max-vocab", "all"]
    commands = {
        "anchors": (
            folder / "anchors.tsv",
            ["--lexicon", str(lexicon), "--source-model", made["model"], "--tgt", "xx"],
        ),
        "map": (folder / "mapped", ["--keep-source"]),
        "stitch": (folder / "stitched", [made["classifier"]]),
    }
    commands["anchors"][1].extend(vectors)
    return {name: measured(size, output, mosecrot(name, *given), folder) for name, (output, given) in commands.items()}


def evaluated(scale: Scale, texts: int, checkpoint: Path) -> Cost:
    """`evaluate` on so many texts of about a sentence."""
    data = checkpoint.parent / f"texts-{texts}.tsv"
    text = labelled_file(scale.work, texts).read_text(encoding="utf-8")
    data.write_text(text.replace("\tclass", "\tLABEL_"), encoding="utf-8")  # the labels of the classifier
    output = checkpoint.parent / f"predictions-{texts}.tsv"
    command = mosecrot("evaluate", str(checkpoint), "--data", str(data), "--predictions", str(output))
    return measured(texts, output, command, checkpoint.parent)


def _languages(chains: Sequence[dict[str, Cost]]) -> list[Cost]:
    """What one, two, three languages took, which share nothing but the model: one chain after the other."""
    return [
        Cost(
            number,
            sum(cost.seconds for some in chains[:number] for cost in some.values()),
            max(cost.memory for some in chains[:number] for cost in some.values()),
            sum(cost.disk for some in chains[:number] for cost in some.values()),
        )
        for number in range(1, len(chains) + 1)
    ]


def _row(name: str, costs: Sequence[Cost], unit: str, aim: int) -> Row:
    time, memory, disk = (fitted(costs, what) for what in ("seconds", "memory", "disk"))
    sizes = ", ".join(f"{cost.size:,}" for cost in costs)
    per = 1_000 if aim < 100_000 else 1_000_000
    note = (
        f"CPU {time.constant:.1f} s + {time.slope * per:.3g} s per {per:,} (off by {time.deviation:.0%} at most); "
        f"anonymous memory {memory.constant / 1e6:,.0f} MB + {memory.slope * per / 1e6:,.0f} MB; "
        f"disk {disk.constant / 1e6:,.0f} MB + {disk.slope * per / 1e6:,.0f} MB"
    )
    return Row(
        f"{name}: {aim:,} {unit} (extrapolated)",
        f"measured at {sizes}",
        None,
        None,
        at_least=False,
        seconds=time.at(aim),
        peak_bytes=int(max(memory.at(aim), *(cost.memory for cost in costs))),  # noise can tilt a level line
        note=note,
    )


def claim(scale: Scale) -> Sequence[Row]:
    base = scale.pick(20_000, 100_000)
    by_words = [chain(scale, base * times, ANCHORS, base * times) for times in (1, 2, 4)]
    by_anchors = [chain(scale, base, ANCHORS // parts, ANCHORS // parts) for parts in (4, 2)]
    by_anchors.append({name: Cost(ANCHORS, cost.seconds, cost.memory, cost.disk) for name, cost in by_words[0].items()})
    by_languages = _languages([chain(scale, base // 2, ANCHORS // 4, number) for number in (1, 2, 3)])
    stitched = scale.work / "scaling" / f"{base}-{ANCHORS}-{base}" / "stitched"
    texts = scale.pick(250, 1_250)
    by_texts = [evaluated(scale, texts * times, stitched) for times in (1, 2, 4)]
    rows = [_row(name, [costs[name] for costs in by_words], "words", WORDS) for name in by_words[0]]
    rows.append(_row("map", [costs["map"] for costs in by_anchors], "anchors", ANCHORS))
    rows.append(_row(f"{base // 2:,} words", by_languages, "languages", LANGUAGES))
    rows.append(_row("evaluate", by_texts, "texts", 10_000))
    lines = {what: [fitted([costs[name] for costs in by_words], what) for name in by_words[0]] for what in _WHAT}
    seconds, memory, disk = ([line.at(WORDS) for line in lines[what]] for what in _WHAT)
    whole = f"{LANGUAGES:,} languages x {WORDS:,} words: anchors, map, stitch (extrapolated)"
    note = f"{LANGUAGES:,} jobs, {LANGUAGES * sum(seconds) / 3600:,.0f} core hours, "
    note += (
        f"{LANGUAGES * sum(disk) / 1e12:.1f} TB; a job: {sum(seconds):,.0f} s of CPU, {sum(disk) / 1e9:.1f} GB of disk"
    )
    return [*rows, Row(whole, "", None, None, at_least=False, peak_bytes=int(max(memory)), note=note)]


_WHAT = ("seconds", "memory", "disk")

if __name__ == "__main__":
    run([claim], __doc__ or "")
