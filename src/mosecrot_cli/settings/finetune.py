"""Settings of the commands that train: `mosecrot finetune` and `mosecrot adapt`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mosecrot_cli.settings.choices import (
    CONTINUED_BATCH_SIZE,
    CONTINUED_EPOCHS,
    CONTINUED_LEARNING_RATE,
    DEFAULT_BATCH_SIZE,
    DEFAULT_LEARNING_RATE,
    DEFAULT_MAX_LENGTH,
    DEFAULT_PRIOR,
    DEFAULT_SEED,
    AdaptMethod,
    RunLog,
    Scheduler,
)
from mosecrot_cli.settings.option import (
    AUGMENTATION,
    OUTPUT,
    SELF_TRAINING,
    TRAINING,
    Nested,
    Option,
    fraction,
    not_negative,
    positive,
    probability,
)
from mosecrot_cli.settings.shared import (
    BaseModel,
    BatchSize,
    Checkpoint,
    ComputeSettings,
    DataSettings,
    Dev,
    Epochs,
    LearningRate,
    License,
    LicensesOf,
    MaxLength,
    OneSeed,
    OutputSettings,
    Prior,
    Resume,
    Seeds,
    Train,
)

CONTINUED_OUTPUT = Path("continued")
"""Where a checkpoint that was trained further goes, unless the user names another folder."""


@dataclass(frozen=True)
class OptimizerSettings:
    """How AdamW is driven.

    Attributes:
        scheduler: how the learning rate falls.
        warmup: share of all steps in which it rises from 0.
        weight_decay: of all weights except biases and norms.
    """

    scheduler: Annotated[
        Scheduler,
        Option("--scheduler", help="How the learning rate falls from its peak.", panel=TRAINING, metavar="NAME"),
    ] = Scheduler.linear
    warmup: Annotated[
        float,
        Option(
            "--warmup",
            help="Share of all steps in which the learning rate rises from 0.",
            panel=TRAINING,
            metavar="SHARE",
            parser=probability,
        ),
    ] = 0.0
    weight_decay: Annotated[
        float,
        Option(
            "--weight-decay",
            help="Decay of all weights except biases and norms.",
            panel=TRAINING,
            metavar="X",
            parser=not_negative,
        ),
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class FinetuneSettings:
    """`mosecrot finetune`: step 4. Unset numbers come from the task's preset (`tasks.presets`)."""

    train: Train
    dev: Dev = None
    src: Annotated[
        str | None,
        Option(
            "--src",
            help="Source language, by code or name.",
            metavar="LANG",
            unset="as in the manifest of the embeddings, else en",
        ),
    ] = None
    source_model: Annotated[
        str | None,
        Option(
            "--source-model",
            help="Pre-trained source model: a folder or a hub id.",
            metavar="DIR|ID",
            unset="that of the embeddings",
        ),
    ] = None
    embeddings: Annotated[
        str | None,
        Option(
            "--embeddings",
            help="Input embeddings: a folder written by map (its source side, F^s), or none (the model's own).",
            metavar="DIR|none",
            unset="mapped if it exists, else none",
        ),
    ] = None
    continue_from: Annotated[
        Path | None,
        Option(
            "--continue",
            help="Checkpoint, or folder of seeds, to train further in the language that it reads. Labels, tokenizer "
            f"and embeddings stay. The defaults are then {CONTINUED_EPOCHS} epochs, batches of {CONTINUED_BATCH_SIZE}, "
            f"a learning rate of {CONTINUED_LEARNING_RATE:g} and the output {CONTINUED_OUTPUT}.",
            metavar="DIR",
            unset="start from the source model",
        ),
    ] = None
    freeze_embeddings: Annotated[
        bool | None,
        Option(
            "--freeze-embeddings/--no-freeze-embeddings",
            help="Keep the word embeddings fixed during training.",
            panel=TRAINING,
            unset="trained if they are F^s, else fixed",
        ),
    ] = None
    epochs: Epochs = None
    learning_rate: LearningRate = None
    batch_size: BatchSize = None
    max_length: MaxLength = None
    optimizer: OptimizerSettings = OptimizerSettings()
    seed: OneSeed = DEFAULT_SEED
    seeds: Seeds = ()
    resume: Resume = False
    augment: Annotated[
        tuple[Path, ...],
        Option(
            "--augment",
            help="Folder written by map: training mixes its vectors with the model's own, as a stitched model will. "
            "Repeatable, for several languages.",
            panel=AUGMENTATION,
            metavar="DIR",
            unset="no augmentation",
        ),
    ] = ()
    augment_rate: Annotated[
        float,
        Option(
            "--augment-rate",
            help="Probability that a word is read as its mapped form, if it has one.",
            panel=AUGMENTATION,
            metavar="P",
            parser=fraction,
        ),
    ] = 0.8
    move_tokens: Annotated[
        int,
        Option(
            "--move-tokens",
            help="Largest number of places by which a token moves in a text.",
            panel=AUGMENTATION,
            metavar="N",
            least=0,
        ),
    ] = 2
    log_to: Annotated[
        tuple[RunLog, ...],
        Option(
            "--log-to",
            help="Also send loss, learning rate and dev scores to a tracker, whose package must be installed. "
            "Repeatable.",
            panel=OUTPUT,
            metavar="NAME",
            unset="the terminal only",
        ),
    ] = ()
    data: DataSettings = DataSettings()
    compute: ComputeSettings = ComputeSettings()
    license: License = None
    licenses_of: LicensesOf = ()
    base_model: BaseModel = None
    out: OutputSettings = OutputSettings(Path("model"))


@dataclass(frozen=True, kw_only=True)
class AdaptSettings:
    """`mosecrot adapt`: after step 5."""

    checkpoint: Checkpoint = Path("stitched")
    texts: Annotated[
        str,
        Option(
            "--texts",
            help="Unlabelled texts of the target language: one per line, a table, or the name of a data set. Labels "
            "are never read.",
            metavar="FILE|NAME",
        ),
    ]
    method: Annotated[AdaptMethod, Option("--method", help="How to adapt.", metavar="NAME")] = AdaptMethod.bias
    prior: Prior = DEFAULT_PRIOR
    confidence: Annotated[
        float,
        Option(
            "--confidence",
            help="Lowest probability of an answer to learn from.",
            panel=SELF_TRAINING,
            metavar="P",
            parser=probability,
        ),
    ] = 0.0
    balance: Annotated[
        bool,
        Option(
            "--balance/--no-balance",
            help="Learn from an equal share of each label, the most confident answers first, or from all answers.",
            panel=SELF_TRAINING,
        ),
    ] = True
    rounds: Annotated[
        int,
        Option(
            "--rounds",
            help="Number of rounds: answer all texts, then train on the answers.",
            panel=SELF_TRAINING,
            metavar="N",
            least=1,
        ),
    ] = 3
    freeze_embeddings: Annotated[
        bool,
        Option(
            "--freeze-embeddings/--no-freeze-embeddings",
            help="Keep the word embeddings fixed during training.",
            panel=TRAINING,
        ),
    ] = True
    epochs: Annotated[
        int, Option("--epochs", help="Passes over the texts in each round.", panel=TRAINING, metavar="N", least=1)
    ] = 2
    learning_rate: Annotated[
        float, Option("--lr", help="Peak learning rate.", panel=TRAINING, metavar="X", parser=positive)
    ] = DEFAULT_LEARNING_RATE
    batch_size: Annotated[
        int, Option("--batch-size", help="Texts in one step.", panel=TRAINING, metavar="N", least=1)
    ] = DEFAULT_BATCH_SIZE
    max_length: Annotated[
        int,
        Option("--max-length", help="Tokens of a text; the rest is cut off.", panel=TRAINING, metavar="N", least=3),
    ] = DEFAULT_MAX_LENGTH
    seed: OneSeed = DEFAULT_SEED
    resume: Resume = False
    data: Annotated[DataSettings, Nested("label_column")] = DataSettings()
    compute: ComputeSettings = ComputeSettings()
    license: License = None
    licenses_of: LicensesOf = ()
    base_model: BaseModel = None
    out: OutputSettings = OutputSettings(Path("adapted"))
