"""`vectors train`: vectors for a language that has texts and no vectors."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.pipeline.anchors.mistakes import refuse_vectors
from mosecrot_cli.pipeline.leakage.exclusion import Exclusion
from mosecrot_cli.pipeline.step import Computed, Step, StepResult
from mosecrot_cli.pipeline.vectors.output import facts_of, manifest_of, outputs_of, summary_of, write
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import FastTextSettings, TrainVectorsSettings
from mosecrot_cli.staging import scratch_folder
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.training import SENTENCE_END, check_corpus, train_model, write_corpus
from mosecrot_cli.vectors.writers import form_of

FASTTEXT_ENDING = ".bin"


def run(settings: TrainVectorsSettings, reporter: Reporter) -> StepResult:
    """Train fastText vectors on texts.

    `.bin` is fastText's own format here, with n-grams for unknown words; the other endings are those of `convert`.

    Raises:
        UsageError: no text, or the name of the output tells no format.
        DataError: a text is missing or not UTF-8 (with the line), there is too little of it, or fastText fails.
        OutputExistsError, OutputError: see `errors`.
    """
    if not settings.texts:
        raise UsageError("no text is given")
    output = settings.out.output
    form = None if output.name.lower().endswith(FASTTEXT_ENDING) else form_of(output)
    inputs: dict[str, str | Path] = {f"text_{number}": path for number, path in enumerate(settings.texts, start=1)}
    inputs |= {f"exclude_{number}": path for number, path in enumerate(settings.exclude, start=1)}
    outputs = outputs_of(output, form)
    step = Step("vectors train", settings, inputs, outputs, folder=False, manifest=manifest_of(output))
    if not settings.out.dry_run:
        step.check()
        if unchanged := step.unchanged():
            return unchanged
    # Next to the output, because the corpus and the model are as large as the vectors.
    temporary = tempfile.TemporaryDirectory() if settings.out.dry_run else scratch_folder(output)
    with temporary as folder:
        corpus = Path(folder) / "corpus.txt"
        counts = write_corpus(_texts(settings, reporter), corpus, lowercase=settings.lowercase)
        where = ", ".join(map(str, settings.texts))
        words = check_corpus(counts, settings.fasttext, where=where, reporter=reporter)
        if settings.out.dry_run:
            return StepResult(output, None, _plan(counts, words, settings.fasttext), planned=True)

        def compute(partials: Sequence[Path]) -> Computed:
            model = partials[0] if form is None else Path(folder) / "model.bin"
            train_model(corpus, counts, model, settings.fasttext, reporter)
            vectors = read_vectors(model, max_vocab=None, reporter=reporter, keep=lambda word: word != SENTENCE_END)
            if form is not None:
                write(vectors, partials, form)
            statistics = {"tokens": counts.total(), "types": len(counts), **facts_of(vectors)}
            trained = ("trained on", f"{counts.total():,} words of text, {len(counts):,} different ones")
            return Computed(statistics, summary=[*summary_of(vectors), trained])

        return step.run(compute)


def _texts(settings: TrainVectorsSettings, reporter: Reporter) -> Iterator[str]:
    exclusion = Exclusion.of(settings.exclude)
    for path in settings.texts:
        refuse_vectors(path)
        yield from exclusion.items(path, settings.text_column, reporter)


def _plan(counts: Counter[str], words: int, settings: FastTextSettings) -> list[tuple[str, str]]:
    rows = 2 * words + (settings.buckets if settings.maxn else 0)
    return [
        ("text", f"{counts.total():,} words, {len(counts):,} different ones"),
        ("vectors", f"{words:,} x {settings.dim} (words that occur at least {settings.min_count} times)"),
        ("memory", f"{4 * rows * settings.dim / 1e6:,.0f} MB"),
    ]
