"""Labels for texts."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from mosecrot_cli.errors import UsageError
from mosecrot_cli.manifest import Facts
from mosecrot_cli.model.coverage import vocabulary_coverage
from mosecrot_cli.model.devices import resolve_device
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.pipeline import plausibility
from mosecrot_cli.pipeline.checkpoints import checkpoints_of
from mosecrot_cli.pipeline.ensemble import Ensemble
from mosecrot_cli.progress import Reporter
from mosecrot_cli.settings import STDIO, PredictSettings, RowFormat
from mosecrot_cli.staging import atomic_outputs
from mosecrot_cli.tasks.textfiles import stream_texts
from mosecrot_cli.text_lines import display_name


def run(settings: PredictSettings, write: Callable[[str], None], reporter: Reporter) -> None:
    """Classify texts as they come and write one row each; memory does not grow with their number.

    Args:
        settings: the checkpoints, the texts (a line each, or a column of a table) and the form of the rows.
        write: takes a row when `settings.output` is `-`.
        reporter: receives progress, and a warning where most words of the first texts are unknown.

    Raises:
        UsageError: several checkpoints that are not to answer together.
        DataError: a checkpoint or the texts are damaged.
        OutputError: the output cannot be written.
    """
    folders, texts = _checkpoints_and_texts(settings)
    if settings.output != STDIO:
        inputs: dict[str, object] = {f"checkpoint {path}": path for path in folders[1:]}
        inputs |= {"checkpoint": folders[0], "texts": texts}
        check_outputs([Path(settings.output)], inputs=inputs, overwrite=settings.overwrite)
    rows = _rows(settings, folders, texts, reporter)
    if settings.output == STDIO:
        _write_all(rows, write)
        return
    with (
        atomic_outputs(Path(settings.output), overwrite=settings.overwrite) as (work,),
        work.open("w", encoding="utf-8") as stream,
    ):
        _write_all(rows, lambda row: _write_line(stream.write, row))


def _checkpoints_and_texts(settings: PredictSettings) -> tuple[list[Path], str]:
    """The checkpoints, and the texts; in an ensemble every folder that is named is a checkpoint."""
    folders, texts = [settings.checkpoint], settings.texts
    if settings.ensemble:
        others = [settings.texts, *settings.more]
        folders += [Path(name) for name in others if Path(name).is_dir()]
        files = [name for name in others if not Path(name).is_dir() and name != STDIO]
        texts = files[0] if files else STDIO
        if len(files) > 1:
            raise UsageError(
                f"there are several files of texts: {', '.join(files)}", hint="name one, after the folders"
            )
    elif settings.more:
        hint = "several checkpoints need `ensemble`; texts of several files come through stdin"
        raise UsageError(f"there is one argument too many: {settings.more[0]}", hint=hint)
    found = [path for folder in folders for path in checkpoints_of(folder).values()]
    if settings.ensemble and len(found) < 2:
        raise UsageError("an ensemble needs two checkpoints or more", hint="name them, or a folder of seeds")
    if len(found) > 1 and not settings.ensemble:
        raise UsageError(
            f"there are several checkpoints: {', '.join(map(str, found))}",
            hint=f"choose one, such as {found[0]}, or average them with `ensemble`",
        )
    return found, texts


def _rows(settings: PredictSettings, folders: Sequence[Path], source: str, reporter: Reporter) -> Iterator[str]:
    if source == STDIO and sys.stdin is not None and sys.stdin.isatty():
        reporter.milestone("reading texts from the terminal, one in each line; Ctrl-D ends them")
    # The first text is read before anything is loaded or written: a missing file is found at once.
    texts = stream_texts(source, settings.text_column)
    texts = chain([first] if (first := next(texts, None)) is not None else [], texts)
    device = resolve_device(settings.compute)
    model = Ensemble.load(folders)
    if settings.format is RowFormat.tsv:
        yield "\t".join(["label", "probability", *map(_flat, model.labels), "text"])
    for number, block in enumerate(model.stream(texts, device=device, reporter=reporter)):
        if number == 0:
            language = plausibility.language_read(Facts.of(settings.checkpoint))
            _warn(model, folders, block.texts, display_name(source), language, reporter)
        for text, probabilities in zip(block.texts, block.probabilities.tolist(), strict=True):
            yield _row(text, model.labels, probabilities, settings.format)


def _warn(
    model: Ensemble, folders: Sequence[Path], texts: Sequence[str], name: str, language: str | None, reporter: Reporter
) -> None:
    """Warn where most words are unknown to the vocabulary, of an ensemble to that of any member."""
    member = model.least_covering(texts)
    coverage = vocabulary_coverage(model.members[member].tokenizer, texts)
    if len(folders) > 1:
        name, language = f"{name}, read by {folders[member]}", None
    plausibility.warn_of_unknown_words(coverage, name, language, reporter)


def _row(text: str, labels: Sequence[str], probabilities: Sequence[float], form: RowFormat) -> str:
    best = max(range(len(labels)), key=probabilities.__getitem__)
    if form is RowFormat.jsonl:
        shares = {label: round(share, 6) for label, share in zip(labels, probabilities, strict=True)}
        content = {"text": text, "label": labels[best], "probability": shares[labels[best]], "probabilities": shares}
        return json.dumps(content, ensure_ascii=False)
    shown = (f"{share:.6f}" for share in probabilities)
    return "\t".join([_flat(labels[best]), f"{probabilities[best]:.6f}", *shown, _flat(text)])


def _flat(text: str) -> str:
    """A text as one cell on one line: a tab or a line break inside it would make a column or a row."""
    return " ".join(text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").split("\t"))


def _write_all(rows: Iterator[str], write: Callable[[str], None]) -> None:
    for row in rows:
        write(row)


def _write_line(write: Callable[[str], int], row: str) -> None:
    write(row + "\n")
