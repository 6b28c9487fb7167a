"""What the stitched model is compared with (paper, section 4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import VocabularyCoverage, vocabulary_coverage
from mosecrot_cli.model.linear_baseline import MeanVectorClassifier, standalone_tokenizer
from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline import evaluate, plausibility, resources
from mosecrot_cli.pipeline.evaluate import Evaluation, Evaluations, as_predictions
from mosecrot_cli.pipeline.finetune import run as finetune
from mosecrot_cli.pipeline.map import run as mapping
from mosecrot_cli.pipeline.stitch import run as stitching
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import (
    DEFAULT_MAX_VOCAB,
    AnchorsSettings,
    EvaluateSettings,
    FinetuneSettings,
    LinearBaselineSettings,
    LstsqBaselineSettings,
    MapSettings,
    MbertBaselineSettings,
    Method,
    OutputSettings,
    StitchSettings,
)
from mosecrot_cli.tasks.loading import labels_of, load
from mosecrot_cli.tasks.types import TextDataset, require_known_labels
from mosecrot_cli.vectors.readers import read_vectors


def linear(settings: LinearBaselineSettings, reporter: Reporter) -> Evaluations:
    """`lr`: logistic regression on mean static vectors, trained on labelled target texts (so not zero-shot).

    Texts are tokenized as by the tokenizer of a stitched model.

    Raises:
        UsageError: the vectors are not known.
        DataError, OutputExistsError, OutputError: see `errors`.
    """
    if settings.predictions:
        inputs = {name: getattr(settings, name) for name in ("train", "data_set", "target_vectors")}
        check_outputs([settings.predictions], inputs=inputs, overwrite=settings.overwrite)
    facts = Facts.of(AnchorsSettings.out.output)
    language = settings.tgt or facts.tgt
    path = resources.vectors(settings.target_vectors, language, facts.target_vectors, reporter=reporter).bring()
    limit = resources.limit(settings.max_vocab or facts.max_vocab or DEFAULT_MAX_VOCAB)
    train = load(settings.train, "train", settings.data, language=language, reporter=reporter)
    test = load(settings.data_set, settings.split, settings.data, language=language, reporter=reporter)
    require_known_labels(test, train.label_names, owner=f"the training data {train.source}")
    vectors = read_vectors(path, max_vocab=limit, reporter=reporter)
    words = standalone_tokenizer(vectors.words, lowercased=is_lowercased(vectors.words))
    classifier = MeanVectorClassifier(vectors.matrix).fit(words.encode(train.texts), labels_of(train))
    probabilities = classifier.predict_probabilities(words.encode(test.texts))
    predictions = as_predictions(test, classifier.labels_, probabilities)
    if settings.predictions:
        evaluate.write([settings.predictions], [predictions], overwrite=settings.overwrite)
    result = evaluate.evaluation(
        [(None, predictions)],
        test,
        resamples=EvaluateSettings.resamples,
        seed=EvaluateSettings.seed,
        coverage=vocabulary_coverage(words.tokenizer, test.texts),
        facts={"baseline": "lr", "train": train.source, "data": test.source, "vectors": str(path)},
    )
    _warn(train, test, vocabulary_coverage(words.tokenizer, train.texts), result, language, reporter)
    return Evaluations((result,))


def _warn(
    train: TextDataset,
    test: TextDataset,
    training_words: VocabularyCoverage,
    result: Evaluation,
    language: str | None,
    reporter: Reporter,
) -> None:
    """Say what is probably a mistake: the languages, the vectors, or the two data sets."""
    for dataset, coverage in ((train, training_words), (test, result.coverage)):
        plausibility.warn_of_language(dataset, language, "the baseline", reporter)
        plausibility.warn_of_unknown_words(coverage, dataset.source, language, reporter)
    plausibility.warn_of_labels(test, train.label_names, f"the training data {train.source}", reporter)
    plausibility.warn_of_scores(result.summary, f"lr on {test.source}", reporter)


def least_squares(settings: LstsqBaselineSettings, reporter: Reporter) -> Evaluations:
    """`lstsq`: the commands `map --method lstsq`, `finetune --embeddings none`, `stitch`, `evaluate` in a row.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    folder = settings.out.output
    mapped, model, stitched = folder / "mapped", folder / "model", folder / "stitched"
    _check(settings, (mapped, model, stitched))
    mapping.run(
        MapSettings(
            out=_output(settings, mapped),
            anchors=settings.anchors,
            source_model=settings.source_model,
            target_vectors=settings.target_vectors,
            max_vocab=settings.max_vocab,
            method=Method.lstsq,
        ),
        reporter,
    )
    source_model = Facts.of(mapped).source_model
    finetune.run(_training(settings, source_model, model, freeze=None), reporter)
    stitching.run(StitchSettings(checkpoint=model, embeddings=mapped, out=_output(settings, stitched)), reporter)
    return _evaluate(settings, stitched, reporter)


def multilingual(settings: MbertBaselineSettings, reporter: Reporter) -> Evaluations:
    """`mbert`: a multilingual model, all of it fine-tuned on the source language, on target-language texts.

    Raises:
        UsageError, DataError, SourceUnavailableError, OutputExistsError, OutputError: see `errors`.
    """
    model = settings.out.output / "model"
    _check(settings, (model,))
    finetune.run(_training(settings, settings.source_model, model, freeze=False), reporter)
    return _evaluate(settings, model, reporter, language=settings.tgt)


def _check(settings: LstsqBaselineSettings | MbertBaselineSettings, folders: tuple[Path, ...]) -> None:
    """Find out before hours of training that a result cannot be written."""
    inputs = {"train": settings.train, "data_set": settings.data_set, "dev": settings.dev}
    for path in folders:
        check_outputs([path], inputs=inputs, overwrite=settings.out.overwrite, folder=True)
    if settings.predictions:
        check_outputs([settings.predictions], inputs=inputs, overwrite=settings.out.overwrite)


def _output(settings: LstsqBaselineSettings | MbertBaselineSettings, folder: Path) -> OutputSettings:
    return replace(settings.out, output=folder)


def _training(
    settings: LstsqBaselineSettings | MbertBaselineSettings,
    source_model: str | None,
    output: Path,
    *,
    freeze: bool | None,
) -> FinetuneSettings:
    return FinetuneSettings(
        train=settings.train,
        dev=settings.dev,
        out=_output(settings, output),
        data=settings.data,
        compute=settings.compute,
        source_model=source_model,
        embeddings=finetune.OWN,
        freeze_embeddings=freeze,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        seed=settings.seed,
        seeds=settings.seeds,
    )


def _evaluate(
    settings: LstsqBaselineSettings | MbertBaselineSettings,
    checkpoint: Path,
    reporter: Reporter,
    *,
    language: str | None = None,
) -> Evaluations:
    return evaluate.run(
        EvaluateSettings(
            data_sets=(settings.data_set,),
            checkpoints=(checkpoint,),
            split=settings.split,
            data=settings.data,
            compute=settings.compute,
            predictions=settings.predictions,
            overwrite=settings.out.overwrite,
        ),
        reporter,
        language=language,
    )
