"""`docs/finetune-transfer.md` says what the code does: options, defaults, names in the manifest."""

import re
from pathlib import Path

import pytest
import typer

from mosecrot_cli.cli.app import app
from mosecrot_cli.pipeline.adapt import self_training
from mosecrot_cli.settings import (
    CONTINUED_BATCH_SIZE,
    CONTINUED_EPOCHS,
    CONTINUED_LEARNING_RATE,
    AdaptSettings,
    FinetuneSettings,
)

PAGE = (Path(__file__).parents[2] / "docs" / "finetune-transfer.md").read_text(encoding="utf-8")


def test_options():
    commands = typer.main.get_group(app).commands
    known = {
        option
        for command in (commands[name] for name in ("finetune", "adapt", "map", "evaluate", "stitch", "transfer"))
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    without_links = re.sub(r"\]\([^)]*\)", "]", PAGE)
    assert set(re.findall(r"--[a-z][a-z-]+", without_links)) <= known


@pytest.mark.parametrize(
    "option, value",
    [
        ("--augment-rate", FinetuneSettings.augment_rate),
        ("--move-tokens", FinetuneSettings.move_tokens),
        ("--confidence", AdaptSettings.confidence),
        ("--rounds", AdaptSettings.rounds),
        ("--epochs", AdaptSettings.epochs),
        ("--epochs", CONTINUED_EPOCHS),
        ("--lr", CONTINUED_LEARNING_RATE),
        ("--batch-size", CONTINUED_BATCH_SIZE),
        ("--balance", "the default" if AdaptSettings.balance else None),
    ],
)
def test_defaults(option: str, value: float | str):
    written = value if isinstance(value, str) else f"{value:g}".removeprefix("0")
    assert re.search(rf"`{option}`\s\({re.escape(written or '0')}\)", PAGE)


def test_names_in_the_manifest():
    source = Path(self_training.__file__).read_text(encoding="utf-8")
    for name in ("mean_confidence", "changed_share"):
        assert f"`{name}`" in PAGE and f'"{name}"' in source
    assert '"labels": "none read"' in PAGE and '"labels": "none read"' in source
