"""What both methods of adapting start from: checkpoints, texts without labels, and where the result goes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from mosecrot_cli.errors import DataError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.loading import Classifier, quiet_transformers
from mosecrot_cli.pipeline.checkpoints import checkpoints_of
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import AdaptSettings, DataSettings
from mosecrot_cli.tasks.loading import load_texts
from mosecrot_cli.text_lines import display_name


@dataclass(frozen=True)
class Job:
    """An adaptation with nothing left open.

    Attributes:
        settings: every number filled in.
        checkpoints: folder inside the output ("" for the output itself) -> the checkpoint to adapt.
        texts: what to learn from, each text once.
        facts: of the checkpoints' manifest.
    """

    settings: AdaptSettings
    checkpoints: dict[str, Path]
    texts: tuple[str, ...]
    facts: Facts


def resolve(settings: AdaptSettings, reporter: Reporter) -> Job:
    """Find the checkpoints and load the texts.

    Raises:
        DataError: no checkpoint is there, or the texts are missing, damaged or empty.
    """
    checkpoints = checkpoints_of(settings.checkpoint)
    facts = Facts.of(settings.checkpoint)
    language = facts.tgt or facts.src
    texts = unlabelled_texts(settings.texts, settings.data, language=language, reporter=reporter)
    return Job(settings, checkpoints, texts, Facts(src=facts.src, tgt=facts.tgt, seeds=facts.seeds))


def unlabelled_texts(
    source: str, settings: DataSettings, *, language: str | None, reporter: Reporter
) -> tuple[str, ...]:
    """The texts of a file or of the training split of a named data set, each once; blank ones are left out.

    Raises:
        DataError: they are missing or damaged, or there are none.
        UsageError, SourceUnavailableError: as `tasks.loading.load_split`.
    """
    found = load_texts(source, "train", settings, language=language, reporter=reporter)
    texts = tuple(dict.fromkeys(text for text in found if text.strip()))
    if not texts:
        raise DataError("no texts", where=source)
    tabbed = sum("\t" in text for text in texts)
    if tabbed > len(texts) / 2 and settings.text_column is None:
        reporter.warn(
            f"{display_name(source)}: {tabbed:,} of {len(texts):,} lines hold tabs and are read as they are, labels "
            "included: `text_column` names the texts of a table"
        )
    return texts


def save_adapted(classifier: Classifier, checkpoint: Path, output: Path) -> None:
    """Save a model with the tokenizer's files as they were: transformers would rewrite them with other names."""
    with quiet_transformers():
        classifier.model.save_pretrained(output)
        written = classifier.tokenizer.save_pretrained(output)
    for name in {Path(path).name for path in written}:
        if (checkpoint / name).is_file() and (checkpoint / name) != (output / name):
            shutil.copyfile(checkpoint / name, output / name)
