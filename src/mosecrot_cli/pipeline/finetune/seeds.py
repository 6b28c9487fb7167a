"""Training once per seed, into an output that a killed run leaves behind for `--resume`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from mosecrot_cli.errors import UsageError
from mosecrot_cli.files import remove
from mosecrot_cli.model.training.types import LabelledTexts, TrainingResult, TrainingSettings
from mosecrot_cli.pipeline.checkpoints import seed_name
from mosecrot_cli.pipeline.publish.statements import CardSettings
from mosecrot_cli.pipeline.step import StepSettings, describe_settings
from mosecrot_cli.settings import ComputeSettings, OptimizerSettings, RunLog
from mosecrot_cli.staging import clear_partial
from mosecrot_cli.structured import JsonObject, read_json
from mosecrot_cli.tasks.loading import labels_of
from mosecrot_cli.tasks.types import TextDataset

WORK = "work"
"""Inside the partial output: checkpoints of a run that may be resumed, and what it was told."""

DONE = "training.json"
"""In a checkpoint that is finished: how its training went."""

Report = dict[str, Any]
"""How the training of one seed went, as JSON."""


class SeededSettings(StepSettings, Protocol):
    """The settings of a command that trains, every number filled in."""

    @property
    def epochs(self) -> int | None:
        """See `TrainingSettings`."""

    @property
    def learning_rate(self) -> float | None:
        """See `TrainingSettings`."""

    @property
    def batch_size(self) -> int | None:
        """See `TrainingSettings`."""

    @property
    def max_length(self) -> int | None:
        """See `TrainingSettings`."""

    @property
    def compute(self) -> ComputeSettings:
        """See `TrainingSettings`."""

    @property
    def resume(self) -> bool:
        """Go on with a killed run."""


def train_seeds(
    settings: SeededSettings,
    seeds: Mapping[str, int],
    partial: Path,
    train: Callable[[int, Path, Path], Report],
) -> dict[str, Report]:
    """Train what is not trained yet.

    Args:
        settings: what the command was told; a run is resumed only with the same.
        seeds: folder of the checkpoint inside the output ("" for the output itself) -> seed.
        partial: the output, as long as it is not whole.
        train: gets a seed, the folder of its checkpoint and one for the checkpoints of the run.

    Returns:
        `seed-N` -> how its training went.

    Raises:
        UsageError: `resume` with other settings.
    """
    work = partial / WORK
    reports: dict[str, Report] = {}
    with _worth_keeping(partial):
        _prepare(settings, partial)
        for name, seed in seeds.items():
            done = partial / name / DONE
            if not done.exists():
                report = train(seed, partial / name, work / seed_name(seed))
                done.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
            reports[seed_name(seed)] = read_json(done, JsonObject, hint="leave `resume` out to begin anew")
            remove(work / seed_name(seed))
    remove(work)
    return reports


def training_settings(
    told: SeededSettings,
    seed: int,
    *,
    freeze: bool,
    optimizer: OptimizerSettings | None = None,
    log_to: tuple[RunLog, ...] = (),
    save_steps: int = TrainingSettings.save_steps,
) -> TrainingSettings:
    """The settings of the trainer for one seed."""
    assert told.epochs and told.learning_rate and told.batch_size  # filled in by who calls
    return TrainingSettings(
        epochs=told.epochs,
        learning_rate=told.learning_rate,
        batch_size=told.batch_size,
        max_length=told.max_length,
        seed=seed,
        freeze_embeddings=freeze,
        compute=told.compute,
        resume=told.resume,
        save_steps=save_steps,
        log_to=tuple(map(str, log_to)),
        run_name=f"{told.out.output.name}-{seed_name(seed)}",
        **asdict(optimizer or OptimizerSettings()),
    )


def report_of(result: TrainingResult[Any]) -> Report:
    """A training as a report."""
    return {
        "best_epoch": result.best_epoch,
        "steps": result.steps,
        "device": result.device,
        "seconds": round(result.seconds, 3),
        "history": [asdict(record) for record in result.history],
    }


def check_trackers(names: Sequence[RunLog]) -> None:
    """Find out before the training that the packages of the trackers are installed.

    Raises:
        UsageError: one is not.
    """
    for name in names:
        if find_spec(name) is None:
            hint = f"install it with `pip install {name}`"
            raise UsageError(f"`log_to={name}` needs the package {name}", hint=hint)


def refuse_statements(settings: CardSettings) -> None:
    """Refuse what is stated for a model card, where none is written: a fine-tuned checkpoint gets it by stitching.

    Raises:
        UsageError: something is stated.
    """
    for name in ("license", "licenses_of", "base_model"):
        if getattr(settings, name):
            hint = "name it when you stitch"
            raise UsageError(f"`{name}` is for a model card, which only a stitched checkpoint has", hint=hint)


def labelled(dataset: TextDataset) -> LabelledTexts:
    """A data set with labels as the trainer reads it."""
    return LabelledTexts(dataset.texts, labels_of(dataset), dataset.source)


def report_rows(reports: Mapping[str, Report]) -> list[tuple[str, str]]:
    """How the training of each seed went, for people."""
    rows = []
    for name, report in reports.items():
        best = report["history"][report["best_epoch"] - 1]
        score = "" if best["macro_f1"] is None else f", dev macro-F1 {best['macro_f1']:.3f}"
        rows.append((name, f"epoch {report['best_epoch']} of {len(report['history'])}, {report['steps']} steps{score}"))
    return rows


def plan_rows(told: SeededSettings, train: TextDataset, dev: TextDataset | None, *, runs: int) -> list[tuple[str, str]]:
    """What a dry run shows of the training."""
    steps = -(-len(train) // (told.batch_size or 1)) * (told.epochs or 1)
    return [
        ("training", f"{len(train):,} texts, {len(train.label_names)} labels"),
        ("dev", f"{len(dev):,} texts" if dev else "none: the last epoch is taken"),
        ("steps", f"{steps:,} for each of {runs} seed(s): {told.epochs} epochs, batches of {told.batch_size}"),
        ("learning rate", f"{told.learning_rate}"),
    ]


@contextmanager
def _worth_keeping(partial: Path) -> Iterator[None]:
    """Leave an unfinished run in place only if there is something to resume."""
    try:
        yield
    except BaseException:
        if not any(partial.glob(f"**/{DONE}")) and not any(partial.glob(f"{WORK}/**/checkpoint-*")):
            clear_partial(partial)
        raise


def _prepare(settings: SeededSettings, partial: Path) -> None:
    """Make the partial folder ready, or check that it is a run of the same settings."""
    told = partial / WORK / "settings.json"
    wanted = describe_settings(settings)
    if settings.resume and told.exists():
        before = read_json(told, JsonObject, hint="leave `resume` out to begin anew")
        different = sorted(name for name in wanted if before.get(name) != wanted[name])
        if different:
            raise UsageError(
                f"`resume` with other settings than those of the interrupted run: {', '.join(different)}",
                where=str(partial),
                hint="give the same settings, or leave `resume` out to begin anew",
            )
        return
    clear_partial(partial)
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
