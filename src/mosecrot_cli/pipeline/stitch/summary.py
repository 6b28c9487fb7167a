"""What `stitch` tells people: rows and sizes of the result, and the plan of a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mosecrot_cli.model.stitching.stitch import StitchedClassifier, TargetEmbeddings
from mosecrot_cli.pipeline.mapped import TARGET, Mapped, read_array

_FEW_WORDS = 20_000
"""Size of a vocabulary that was cut to the words of some texts, for an estimate."""


def rows_of(result: StitchedClassifier | TargetEmbeddings, checkpoints: dict[str, Path]) -> list[tuple[str, str]]:
    """Rows of the new embeddings by their kind, and words that were left out."""
    rows: list[tuple[str, str]] = [(kind, f"{count:,} rows") for kind, count in result.rows.items() if count]
    rows += [(f"left out: {reason}", f"{count:,} words") for reason, count in result.left_out.items()]
    return [*rows, ("checkpoints", f"{len(checkpoints)}")]


def sizes_of(result: TargetEmbeddings, before: Path, after: Path, mapped: Mapped) -> list[tuple[str, str]]:
    """How large a stitched checkpoint is, and how much smaller it would be with the words of some texts only."""
    sizes = [sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) for folder in (before, after)]
    lines = [("size", f"{sizes[1] / 1e6:,.0f} MB; the checkpoint had {sizes[0] / 1e6:,.0f} MB")]
    words = result.rows["word"]
    if not mapped.settings().vocab_from and words > 2 * _FEW_WORDS:
        of_row = (result.weight.nbytes + (after / "tokenizer.json").stat().st_size) / len(result.weight)
        dropped = (words + result.rows["alias"]) * (1 - _FEW_WORDS / words)
        smaller = (sizes[1] - dropped * of_row) / 1e6
        advice = f"`map.vocab_from` keeps the words of some texts: about {smaller:,.0f} MB with {_FEW_WORDS:,} words"
        lines.append(("smaller", advice))
    return lines


def plan(checkpoints: dict[str, Path], maps: Sequence[Mapped], texts: Sequence[str] | None) -> list[tuple[str, str]]:
    """What a dry run shows."""
    lines = [("checkpoints", ", ".join(str(folder) for folder in checkpoints.values()))]
    for mapped in maps:
        rows, width = read_array(mapped.folder / TARGET).shape
        size = f"{rows:,} x {width}, {rows * width * 4 / 1e6:,.0f} MB in each checkpoint"
        lines.append(("target embeddings" if len(maps) == 1 else f"target embeddings of {mapped.folder}", size))
    if texts is not None:
        lines.append(("texts for the class bias", f"{len(texts):,}, no label read"))
    return lines
