"""`mosecrot map`."""

from __future__ import annotations

from typing import Annotated

from mosecrot_cli.cli.framework.command import command
from mosecrot_cli.cli.output import Sink, report
from mosecrot_cli.settings import MapPreset, MapSettings, with_preset
from mosecrot_cli.settings.option import PAPER, Option

Preset = Annotated[
    MapPreset,
    Option("--preset", help="A bundle of options; each option given as well wins.", panel=PAPER, metavar="NAME"),
]


@command(MapSettings, offline=True)
def map_(settings: MapSettings, sink: Sink, *, given: frozenset[str], preset: Preset = MapPreset.paper) -> None:
    """Map the target vectors into the embedding space of the model.

    Writes a folder with `source.npy` (one row per token id), `target.npy` and `target.vocab.txt`.

    Examples:
        mosecrot map --weighting sparsemax --k 50
        mosecrot map --preset transfer
        mosecrot map --method ridge --normalize both --basis vocabulary --k 10
        mosecrot map --method ridge --pivot-vectors wiki
        mosecrot map --vocab-from tt.test.tsv --max-vocab all
    """
    from mosecrot_cli.pipeline.map.run import run

    result = run(with_preset(settings, preset, given), sink, explicit=given)
    report(sink, result, next_step="mosecrot finetune --train ..., then mosecrot stitch")
