"""Claim: a further language (`anchors`, `map`, `stitch`, as processes) against the fine-tuning that it spares."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.common import Row, Scale, cache, run, share
from benchmarks.data import labelled_file, lexicon_file, prepare
from benchmarks.processes import Measured, Side, measure_command, measure_side, mosecrot

SENTENCES = 701


def claim(scale: Scale) -> Sequence[Row]:
    words, epochs = scale.pick(50_000, 200_000), scale.pick(2, 8)
    made = measure_side(prepare, work=scale.work, vector_rows=[words], models=True).found
    folder = scale.work / "language"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    train = labelled_file(scale.work, SENTENCES)
    lexicon = lexicon_file(scale.work, words)
    # Once: it takes minutes, and dwarfs the noise.
    arguments = ["--train", str(train), "--embeddings", "none", "--source-model", made["model"]]
    trained = measure_command(mosecrot("finetune", *arguments, "--epochs", str(epochs)), folder=folder)
    steps = {
        "anchors": ["--lexicon", str(lexicon), "--source-model", made["model"], "--tgt", "xx"]
        + ["--target-vectors", made[f"vectors-{words}"], "--max-vocab", str(words)],
        "map": ["--keep-source"],  # the model keeps its own embeddings: no F^s is needed
        "stitch": [],
    }
    runs, notes = [], ""
    for _ in range(scale.repeats):
        # A further language is one that was never read.
        shutil.rmtree(cache(scale.work), ignore_errors=True)
        for name in ("anchors.tsv", "anchors.scores.tsv"):
            (folder / name).unlink(missing_ok=True)
        for name in ("mapped", "stitched"):
            shutil.rmtree(folder / name, ignore_errors=True)
        parts = {name: _step(name, given, folder) for name, given in steps.items()}
        notes = ", ".join(f"{name} {part.seconds:.1f} s" for name, part in parts.items())
        runs.append(_together(list(parts.values())))
    target = 0.1 if scale.full else None  # the start of the processes outweighs so little training
    what = f"a further language: {words:,} words, anchors + map + stitch"
    peer = f"fine-tuning: {SENTENCES} sentences, {epochs} epochs"
    return [share(what, peer, Side(tuple(runs)), Side((trained,)), target, notes)]


def _step(name: str, given: list[str], folder: Path) -> Measured:
    return measure_command(mosecrot(name, *given, "--overwrite"), folder=folder)


def _together(parts: list[Measured]) -> Measured:
    """One after the other: the times add up, of the memory the largest counts."""
    total = sum(part.seconds for part in parts)
    peak, anonymous = (max(getattr(part, name) for part in parts) for name in ("peak_bytes", "anonymous_bytes"))
    return replace(parts[0], seconds=total, process_seconds=total, peak_bytes=peak, anonymous_bytes=anonymous, found={})


if __name__ == "__main__":
    run([claim], __doc__ or "")
