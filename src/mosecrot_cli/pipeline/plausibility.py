"""Likely mistakes that stop nothing but should be said: another language, unknown words, scores below chance."""

from __future__ import annotations

from collections.abc import Collection

from mosecrot_cli.evaluation.runs import Summary
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import VocabularyCoverage
from mosecrot_cli.progress import Reporter
from mosecrot_cli.tasks.types import TextDataset

MOST_UNKNOWN = 0.5
"""Share of unknown words from which on texts are probably not in the language of the model."""


_MOST_SHARED = 0.1
"""Share of the development texts that may be training texts: short texts occur twice by chance."""


def warn_of_language(dataset: TextDataset, model: str | None, owner: str, reporter: Reporter) -> None:
    """Warn if a data set is known to be in another language than a model.

    Args:
        dataset: the data set.
        model: code of the language that the model reads, None where it is not known.
        owner: the name of the model.
        reporter: receives the warning.
    """
    if dataset.language and model and dataset.language != model:
        reporter.warn(f"{owner} reads the language {model}, and {dataset.source} is in {dataset.language}")


def warn_of_unknown_words(coverage: VocabularyCoverage, source: str, language: str | None, reporter: Reporter) -> None:
    """Warn if half of the words of a text are not whole in the vocabulary.

    Args:
        coverage: counts of the texts, by the model's tokenizer.
        source: the name of the texts.
        language: code of the language that the model reads.
        reporter: receives the warning.
    """
    if coverage.unknown_word_share >= MOST_UNKNOWN:
        meant = f"are they in the language {language}, and are" if language else "are they in its language, and are"
        reporter.warn(
            f"{source}: {coverage.unknown_word_share:.0%} of the words are not in the vocabulary: "
            f"{meant} these the columns with the texts?"
        )


def warn_of_scores(summary: Summary, owner: str, reporter: Reporter) -> None:
    """Warn if predictions score below the constant answer of the majority class."""
    majority = summary.majority
    for name, value, least in (
        ("macro-F1", summary.macro_f1, majority.macro_f1),
        ("accuracy", summary.accuracy, majority.accuracy),
    ):
        if value < least:
            reporter.warn(f"{owner}: {name} {value:.3f} is below that of always {majority.label!r} ({least:.3f})")
            return


def warn_of_labels(dataset: TextDataset, known: Collection[str], owner: str, reporter: Reporter) -> None:
    """Warn if classes of a model do not occur in the data: is it the same task?"""
    absent = [label for label in known if label not in set(dataset.labels or ())]
    if absent:
        reporter.warn(f"{dataset.source} has no text with the label {', '.join(absent)}, which {owner} knows")


def warn_of_shared_texts(train: TextDataset, dev: TextDataset, reporter: Reporter) -> None:
    """Warn if many development texts are training texts: the scores by which the epoch is chosen then mean nothing."""
    known = set(train.texts)
    shared = sum(text in known for text in dev.texts)
    if shared > _MOST_SHARED * len(dev):
        reporter.warn(
            f"{dev.source}: {shared:,} of {len(dev):,} development texts are training texts, too, so the best epoch is "
            "not the one that does best on new texts"
        )


def language_read(facts: Facts) -> str | None:
    """Code of the language that a checkpoint reads: the target once it is stitched, else the source."""
    return facts.tgt or facts.src
