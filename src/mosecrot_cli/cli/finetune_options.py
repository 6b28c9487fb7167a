"""The options of `mosecrot finetune` alone: what it trains on, augmentation, self-training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mosecrot_cli.cli.options import RUN, parse_share
from mosecrot_cli.errors import UsageError
from mosecrot_cli.settings import FinetuneSettings, SelfTrainingSettings

AUGMENTATION = "Augmentation"
SELF_TRAINING = "Self-training"


def parse_probability(given: str | float) -> float:
    """A number from 0 to 1."""
    return 0.0 if str(given).strip() in ("0", "0.0", ".0") else parse_share(given)


def said(**options: Any) -> dict[str, Any]:
    """The options that were given; the others keep the default that the settings have."""
    return {name: value for name, value in options.items() if value is not None}


def refuse(because: str, **options: object) -> None:
    """Refuse options that were given (that are neither None nor an empty list) but make no sense here.

    Raises:
        UsageError: one of them was given.
    """
    wrong = [f"--{name.replace('_', '-')}" for name, value in options.items() if value is not None and value != []]
    if wrong:
        raise UsageError(because, where=wrong[0], hint=f"leave {', '.join(wrong)} out")


Train = Annotated[
    str | None,
    typer.Option(
        "--train",
        help="Training data: a TSV/CSV/JSONL file or a name. Needed, but for --self-train.",
        metavar="FILE|NAME",
    ),
]
Augment = Annotated[
    list[Path] | None,
    typer.Option(
        "--augment",
        help="Folder of `map`: in training, read the model's own embeddings mixed with these mapped ones, as a "
        "stitched model will. Repeatable: several languages.",
        metavar="DIR",
        rich_help_panel=AUGMENTATION,
    ),
]
AugmentRate = Annotated[
    float | None,
    typer.Option(
        "--augment-rate",
        parser=parse_share,
        help="Probability that a word is read as a mapped one, where there is one. "
        f"Unset: {FinetuneSettings.augment_rate:g}.",
        metavar="P",
        rich_help_panel=AUGMENTATION,
    ),
]
SelfTrain = Annotated[
    str | None,
    typer.Option(
        "--self-train",
        help="Instead of --train: unlabelled texts of the target language, one a line, or a table or a named data set "
        f"whose labels are not read. --source-model, a stitched checkpoint or its folder of seeds (unset: "
        f"{SelfTrainingSettings.checkpoint}), learns from its own confident answers to them.",
        metavar="FILE|NAME",
        rich_help_panel=SELF_TRAINING,
    ),
]
Confidence = Annotated[
    float | None,
    typer.Option(
        "--confidence",
        parser=parse_probability,
        help=f"The least probability of an answer to learn from. Unset: {SelfTrainingSettings.confidence:g}.",
        metavar="P",
        rich_help_panel=SELF_TRAINING,
    ),
]
Balance = Annotated[
    bool | None,
    typer.Option(
        "--balance/--no-balance",
        help="Of each label only the most confident answers, an equal share at most, or all of them. "
        f"Unset: {'balanced' if SelfTrainingSettings.balance else 'all'}.",
        show_default=False,
        rich_help_panel=SELF_TRAINING,
    ),
]
Rounds = Annotated[
    int | None,
    typer.Option(
        "--rounds",
        min=1,
        help=f"How often to answer and to learn. Unset: {SelfTrainingSettings.rounds}.",
        metavar="N",
        rich_help_panel=SELF_TRAINING,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help=f"Where the result goes. Unset: {FinetuneSettings.out.output}, "
        f"with --self-train {SelfTrainingSettings.out.output}.",
        metavar="PATH",
        rich_help_panel=RUN,
    ),
]
