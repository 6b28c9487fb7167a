"""The steps of the method as Python functions: plain values in, objects to look at out.

    import mosecrot_cli as mosecrot

    anchors = mosecrot.select_anchors("en-tt.tsv", source_model="bert-base-cased", target_vectors="wiki.tt.vec")
    mapped = mosecrot.map_vectors(anchors, preset="transfer")
    classify = mosecrot.stitch("model", mapped).pipeline()

Each function runs the command of the same step, so both give the same result. `output` names the file or folder to
write. Without it, the result lies in a temporary folder that is removed together with the object. Any other setting of
the command can be given by the name of its field in `mosecrot_cli.settings`. Warnings are Python warnings.
"""

from __future__ import annotations

import difflib
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon.files import read_anchor_pairs
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.pipeline.step import StepResult
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import (
    ALL,
    CONTINUED_OUTPUT,
    AdaptSettings,
    AnchorsSettings,
    EvaluateSettings,
    FinetuneSettings,
    InspectSettings,
    MapPreset,
    MapSettings,
    OutputSettings,
    StitchSettings,
    with_preset,
)
from mosecrot_cli.settings.study import StudyReportSettings, StudyRunSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import TextClassificationPipeline

    from mosecrot_cli.model.loading import Classifier
    from mosecrot_cli.pipeline.evaluate import Evaluations
    from mosecrot_cli.pipeline.inspect.report import Inspection
    from mosecrot_cli.pipeline.study.run import StudyRun
    from mosecrot_cli.vectors.types import WordVectors

__all__ = [
    "Anchors",
    "Checkpoint",
    "MappedVectors",
    "MosecrotWarning",
    "adapt",
    "evaluate",
    "finetune",
    "inspect",
    "map_vectors",
    "report_study",
    "run_study",
    "select_anchors",
    "stitch",
]

_SHOWN = 3
Settings = TypeVar("Settings")


class MosecrotWarning(UserWarning):
    """Something that a command would warn about."""


class _Reporter(SilentReporter):
    def warn(self, message: str) -> None:
        warnings.warn(message, MosecrotWarning, stacklevel=2)


@dataclass(frozen=True)
class _Result:
    """What a step has written.

    Attributes:
        path: the file or folder.
        manifest: its settings, inputs and figures.
    """

    path: Path
    manifest: Manifest = field(repr=False)
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def __fspath__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, repr=False)
class Anchors(_Result, Sequence[Pair]):
    """Anchor pairs, in the order of their file; a sequence of `Pair`."""

    @cached_property
    def pairs(self) -> list[Pair]:
        """The pairs, with their source and target words."""
        return read_anchor_pairs(str(self.path))

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: Any) -> Any:
        return self.pairs[index]

    def __repr__(self) -> str:
        languages = f"{self.manifest.facts.src} -> {self.manifest.facts.tgt or '?'}"
        some = ", ".join(f"{pair.source} = {pair.target}" for pair in self.pairs[:_SHOWN])
        return f"Anchors({len(self):,} pairs, {languages}: {some}{', ...' if len(self) > _SHOWN else ''})"


@dataclass(frozen=True, repr=False)
class MappedVectors(_Result):
    """Target words with embeddings of the model's width."""

    @cached_property
    def vectors(self) -> WordVectors:
        """The target words and their embeddings `[V^t, D]`."""
        from mosecrot_cli.pipeline.mapped import Mapped

        return Mapped.open(self.path).target()

    @cached_property
    def source(self) -> NDArray[np.float32]:
        """The source side `[V^s, D]`, one row per token id: F^s, or the model's own embeddings."""
        from mosecrot_cli.pipeline.mapped import Mapped

        return Mapped.open(self.path).source()

    def __len__(self) -> int:
        return len(self.vectors)

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        row: NDArray[np.float32] = self.vectors.rows([word])[0]
        return row

    def inspect(self, **settings: Any) -> Inspection:
        """Check the map; see `inspect`."""
        return inspect(self, **settings)

    def __repr__(self) -> str:
        settings, facts = self.manifest.settings, self.manifest.facts
        figures = self.manifest.statistics
        side = "source kept" if facts.source_kept else "source mapped"
        size = f"{figures['target_words']:,} words x {figures['dimension']}"
        return f"MappedVectors({size}, {settings['method']}, {figures['anchors']:,} anchors, {side})"


@dataclass(frozen=True, repr=False)
class Checkpoint(_Result):
    """A sequence classifier in a folder that plain `transformers` loads."""

    @cached_property
    def classifier(self) -> Classifier:
        """Its model and tokenizer."""
        from mosecrot_cli.model.loading import load_classifier

        return load_classifier(self.path)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the model's outputs."""
        return self.classifier.labels

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Class probabilities of texts, `[n, labels]`."""
        from mosecrot_cli.model.inference import predict_probabilities

        return predict_probabilities(self.classifier.model, self.classifier.tokenizer, texts)

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[column] for column in self.probabilities(texts).argmax(axis=1)]

    def pipeline(self) -> TextClassificationPipeline:
        """The same as a `transformers` pipeline."""
        from transformers import TextClassificationPipeline

        return TextClassificationPipeline(  # type: ignore[no-untyped-call]
            model=self.classifier.model, tokenizer=self.classifier.tokenizer
        )

    def evaluate(self, data_sets: str | Path | Sequence[str | Path], **settings: Any) -> Evaluations:
        """Score it on labelled texts; see `evaluate`."""
        return evaluate(self, data_sets, **settings)

    def save(self, folder: str | Path) -> Path:
        """Copy it to a new folder.

        Raises:
            OutputExistsError: the folder exists.
        """
        import shutil

        from mosecrot_cli.outputs import check_outputs
        from mosecrot_cli.staging import atomic_outputs

        check_outputs([Path(folder)], inputs={"checkpoint": self.path}, overwrite=False, folder=True)
        with atomic_outputs(Path(folder), overwrite=False) as (work,):
            shutil.copytree(self.path, work)
        return Path(folder)

    def __repr__(self) -> str:
        facts = self.manifest.facts
        return f"Checkpoint({self.manifest.command}, reads {facts.tgt or facts.src or '?'}, {self.path})"


def select_anchors(lexicon: str | Path | Sequence[str | Path], **settings: Any) -> Anchors:
    """Step 1: the pairs of a lexicon whose source word is a token of the model and whose target word has a vector.

    Args:
        lexicon: a file or the name of a source, or several.
        settings: fields of `AnchorsSettings` (`source_model`, `target_vectors`, `tgt`, ...), and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.anchors.run import run

    given = settings | {"lexicons": _listed(lexicon)}
    told, folder = _settings(AnchorsSettings, given, "anchors.tsv")
    return Anchors(*_written(run(told, _Reporter())), folder)


def map_vectors(
    anchors: Anchors | str | Path, *, preset: str | MapPreset = MapPreset.paper, **settings: Any
) -> MappedVectors:
    """Steps 2 and 3: map the target vectors into the embedding space of the model.

    Args:
        anchors: what `select_anchors` gave, or a file of pairs.
        preset: `paper` or `transfer`.
        settings: fields of `MapSettings`, which win over the preset, and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.map.run import run

    told, folder = _settings(MapSettings, settings | {"anchors": str(Path(anchors))}, "mapped")
    told = with_preset(told, _choice(MapPreset, preset, "preset"), set(settings))
    return MappedVectors(*_written(run(told, _Reporter())), folder)


def finetune(
    train: str | Path,
    *,
    embeddings: MappedVectors | str | Path | None = None,
    continue_from: Checkpoint | str | Path | None = None,
    **settings: Any,
) -> Checkpoint:
    """Step 4: fine-tune the source model on labelled texts of the source language.

    Args:
        train: a file, or the name of a data set.
        embeddings: what `map_vectors` gave, to train on its source side F^s; None: the model's own, which are kept.
        continue_from: what `stitch` gave, to train it further on labelled texts of its own language.
        settings: fields of `FinetuneSettings` (`dev`, `source_model`, `epochs`, ...), and `output`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.finetune.run import OWN, run

    given = settings | {"train": str(train)}
    if embeddings is not None:
        given["embeddings"] = str(Path(embeddings))
    if continue_from is not None:
        given["continue_from"] = Path(continue_from)
    elif embeddings is None:
        given["embeddings"] = OWN
    told, folder = _settings(FinetuneSettings, given, "model" if continue_from is None else str(CONTINUED_OUTPUT))
    return Checkpoint(*_written(run(told, _Reporter())), folder)


def stitch(
    checkpoint: Checkpoint | str | Path, mapped: MappedVectors | str | Path, *, shared: bool = True, **settings: Any
) -> Checkpoint:
    """Step 5: replace the embeddings of a classifier by the mapped ones, with a tokenizer to match.

    Args:
        checkpoint: what `finetune` gave, or a folder.
        mapped: what `map_vectors` gave, or a folder.
        shared: keep tokens of the source model that the target vocabulary lacks.
        settings: `output` and other fields of `StitchSettings`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.stitch.run import run

    given = settings | {"checkpoint": Path(checkpoint), "embeddings": Path(mapped), "shared": shared}
    told, folder = _settings(StitchSettings, given, "stitched")
    return Checkpoint(*_written(run(told, _Reporter())), folder)


def adapt(checkpoint: Checkpoint | str | Path, texts: str | Path, **settings: Any) -> Checkpoint:
    """Step 5, continued: adapt a stitched classifier to unlabelled texts, by default with a bias for each class.

    Args:
        checkpoint: what `stitch` gave, or a folder.
        texts: a file with one text in each line, a table, or the name of a data set. Labels are never read.
        settings: `output` and other fields of `AdaptSettings` (`prior`, `method`, ...).

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.adapt.run import run

    given = settings | {"checkpoint": Path(checkpoint), "texts": str(texts)}
    told, folder = _settings(AdaptSettings, given, "adapted")
    return Checkpoint(*_written(run(told, _Reporter())), folder)


def evaluate(
    checkpoint: Checkpoint | str | Path, data_sets: str | Path | Sequence[str | Path], **settings: Any
) -> Evaluations:
    """Step 6: score a classifier on labelled texts.

    Args:
        checkpoint: what `stitch` or `finetune` gave, or a folder.
        data_sets: a file, or the name of a data set, or several.
        settings: fields of `EvaluateSettings`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.evaluate import run

    given = settings | {"checkpoints": [Path(checkpoint)], "data_sets": _listed(data_sets)}
    return run(_settings(EvaluateSettings, given)[0], _Reporter())


def inspect(mapped: MappedVectors | str | Path, **settings: Any) -> Inspection:
    """Check a map: lexicon quality, held-out translation accuracy, text coverage, geometry, and a verdict.

    Args:
        mapped: what `map_vectors` gave, or a folder.
        settings: fields of `InspectSettings` (`texts`, `words`, `holdout`, ...).

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.inspect.run import run

    return run(_settings(InspectSettings, settings | {"mapped": Path(mapped)})[0], _Reporter())


def run_study(file: str | Path, **settings: Any) -> StudyRun:
    """Run what is left of a study; see `mosecrot study run`.

    Args:
        file: the study, a TOML file.
        settings: fields of `StudyRunSettings` (`jobs`, `gpus`, `profile`, `dry_run`).

    Raises:
        MosecrotError: see `errors`; a job that failed is named with its log.
    """
    from mosecrot_cli.pipeline.study.run import run

    return run(_settings(StudyRunSettings, settings | {"file": file})[0], _Reporter())


def report_study(
    file: str | Path, *, output: str | Path | None = None, overwrite: bool = False, **settings: Any
) -> Path:
    """Report a study, whole or half done; see `mosecrot study report`.

    Args:
        file: the study, a TOML file.
        output: the folder of the report; None: `report/` in the study's folder.
        overwrite: replace an earlier report.
        settings: fields of `StudyReportSettings` (`reference`, `resamples`).

    Returns:
        The folder, with `report.html`, `report.md`, `report.tex` and `results.tsv`.

    Raises:
        MosecrotError: see `errors`.
    """
    from mosecrot_cli.pipeline.study.report.run import run

    out = OutputSettings(Path(output or StudyReportSettings.out.output), overwrite=overwrite)
    return run(_settings(StudyReportSettings, settings | {"file": file, "out": out})[0], _Reporter()).output


def _listed(value: str | Path | Sequence[str | Path]) -> list[str]:
    """One value or several, as strings."""
    return [str(value)] if isinstance(value, str | Path) else [str(each) for each in value]


def _written(result: StepResult) -> tuple[Path, Manifest]:
    assert result.manifest is not None  # no function here makes a dry run
    return result.output, result.manifest


def _settings(
    kind: type[Settings], given: Mapping[str, Any], default_output: str | None = None
) -> tuple[Settings, tempfile.TemporaryDirectory[str] | None]:
    """Settings from plain values, and the temporary folder of an output that has no name."""
    values, folder = dict(given), None
    hints = get_type_hints(kind, include_extras=True)
    if default_output is not None:
        output = values.pop("output", None)
        if output is None:
            folder = tempfile.TemporaryDirectory(prefix="mosecrot-")
            output = Path(folder.name) / default_output
        values["out"] = OutputSettings(Path(output), overwrite=bool(values.pop("overwrite", False)))
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"{kind.__name__} has no field `{name}`",
                hint=f"did you mean {near[0]}?" if near else f"it has {', '.join(sorted(known - {'out'}))}",
            )
    return kind(**{name: _typed(hints[name], value, name) for name, value in values.items()}), folder


def _typed(hint: Any, value: Any, name: str) -> Any:
    """A plain value as the type of a field: enums and paths from strings, tuples from lists, counts from `all`."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    kinds = [part for part in (get_args(hint) or (hint,)) if part is not type(None)]
    if get_origin(hint) is tuple:
        items = [value] if isinstance(value, str | Path) else value
        return tuple(_typed(kinds[0], item, name) for item in items)
    if value is None or is_dataclass(value):
        return value
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return _choice(kind, value, name)
    if Path in kinds and str not in kinds:
        return Path(value)
    if int in kinds and value == "all":
        return ALL
    return str(value) if isinstance(value, Path) else value


def _choice(kind: type[Any], value: Any, name: str) -> Any:
    try:
        return kind(value)
    except ValueError:
        choices = ", ".join(str(choice) for choice in kind)
        raise UsageError(f"{value!r} is not a value of `{name}`", hint=f"one of {choices}") from None
