"""What can be asked about a result: its scores, and whether a map is sound."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mosecrot_cli.api.values import WarningReporter, listed, settings_of
from mosecrot_cli.settings import EvaluateSettings, InspectSettings

if TYPE_CHECKING:
    from mosecrot_cli.pipeline.evaluate import Evaluations
    from mosecrot_cli.pipeline.inspect.report import Inspection


def evaluate(
    checkpoint: str | os.PathLike[str], data_sets: str | Path | Sequence[str | Path], **settings: Any
) -> Evaluations:
    """Step 6: score a classifier on labelled texts.

    Args:
        checkpoint: what `stitch` or `finetune` gave, or a folder.
        data_sets: a file, or the name of a data set, or several.
        settings: fields of `EvaluateSettings`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.evaluate import run

    given = settings | {"checkpoints": [Path(checkpoint)], "data_sets": listed(data_sets)}
    return run(settings_of(EvaluateSettings, given)[0], WarningReporter())


def inspect(mapped: str | os.PathLike[str], **settings: Any) -> Inspection:
    """Check a map: lexicon quality, held-out translation accuracy, text coverage, geometry, and a verdict.

    Args:
        mapped: what `map_vectors` gave, or a folder.
        settings: fields of `InspectSettings` (`texts`, `words`, `holdout`, ...).

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.inspect.run import run

    return run(settings_of(InspectSettings, settings | {"mapped": Path(mapped)})[0], WarningReporter())
