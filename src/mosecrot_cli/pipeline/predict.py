"""Labels for texts."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.files import existing_file
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.model.inference import stream_probabilities
from mosecrot_cli.model.loading import load_classifier
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline.checkpoints import checkpoints_of
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import STDIO, PredictSettings, RowFormat
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.textfiles import read_file
from mosecrot_cli.tasks.types import Columns

_TABLES = (".tsv", ".csv", ".jsonl", ".ndjson")


def run(settings: PredictSettings, write: Callable[[str], None], reporter: Reporter) -> None:
    """Classify texts as they come and write one row each; memory does not grow with their number.

    Args:
        settings: the checkpoint, the texts (a line each, or a column of a table) and the form of the rows.
        write: takes a row when `settings.output` is `-`.
        reporter: hears of progress.

    Raises:
        UsageError: the checkpoint is a folder of several seeds.
        DataError: the checkpoint or the texts are damaged.
        OutputError: the output cannot be written.
    """
    checkpoints = checkpoints_of(settings.checkpoint)
    if len(checkpoints) > 1:
        several = ", ".join(checkpoints)
        raise UsageError(
            f"several checkpoints: {several}",
            where=str(settings.checkpoint),
            hint=f"choose one: {next(iter(checkpoints.values()))}",
        )
    if settings.output != STDIO:
        inputs = {"checkpoint": settings.checkpoint, "texts": settings.texts}
        check_outputs([Path(settings.output)], inputs=inputs, overwrite=settings.overwrite)
    texts = read_texts(settings)
    rows = _rows(settings, next(iter(checkpoints.values())), texts, reporter)
    if settings.output == STDIO:
        _write_all(rows, write)
        return
    with (
        atomic_outputs(Path(settings.output), overwrite=settings.overwrite) as (work,),
        work.open("w", encoding="utf-8") as stream,
    ):
        _write_all(rows, lambda row: _write_line(stream.write, row))


def read_texts(settings: PredictSettings) -> Iterator[str]:
    """The texts: a column of a table, or the lines of a file or of stdin."""
    path = Path(settings.texts)
    if settings.texts != STDIO and (settings.text_column or path.suffix.lower() in _TABLES):
        columns = Columns(settings.text_column, None)
        return iter(read_file(settings.texts, columns, require_labels=False).texts)
    if settings.text_column:
        raise UsageError("--text-column is for tables", hint="name a .tsv, .csv or .jsonl file")
    return _lines(settings.texts)


def _lines(source: str) -> Iterator[str]:
    name = "stdin" if source == STDIO else source
    with contextlib.ExitStack() as stack:
        stream = sys.stdin.buffer if source == STDIO else stack.enter_context(existing_file(Path(source)).open("rb"))
        for number, line in enumerate(stream, start=1):
            try:
                yield line.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise DataError(
                    "not UTF-8", where=f"{name}:{number}", hint="convert it, for example with iconv"
                ) from error


def _rows(settings: PredictSettings, folder: Path, texts: Iterator[str], reporter: Reporter) -> Iterator[str]:
    device = resolve_device(settings.compute)
    classifier = load_classifier(folder)
    labels = classifier.labels
    if settings.format is RowFormat.tsv:
        yield "\t".join(["label", "probability", *labels, "text"])
    blocks = stream_probabilities(classifier.model, classifier.tokenizer, texts, device=device, reporter=reporter)
    for block in blocks:
        for text, probabilities in zip(block.texts, block.probabilities.tolist(), strict=True):
            yield _row(text, labels, probabilities, settings.format)


def _row(text: str, labels: Sequence[str], probabilities: Sequence[float], form: RowFormat) -> str:
    best = max(range(len(labels)), key=probabilities.__getitem__)
    if form is RowFormat.jsonl:
        shares = {label: round(share, 6) for label, share in zip(labels, probabilities, strict=True)}
        content = {"text": text, "label": labels[best], "probability": shares[labels[best]], "probabilities": shares}
        return json.dumps(content, ensure_ascii=False)
    # A tab inside a text would make a column; tables keep their texts on one line.
    flat = " ".join(text.split("\t"))
    return "\t".join([labels[best], f"{probabilities[best]:.6f}", *(f"{share:.6f}" for share in probabilities), flat])


def _write_all(rows: Iterator[str], write: Callable[[str], None]) -> None:
    for row in rows:
        write(row)


def _write_line(write: Callable[[str], int], row: str) -> None:
    write(row + "\n")
