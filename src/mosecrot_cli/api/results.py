"""What the steps have written, as objects: they show what they hold, and go on to the next step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mosecrot_cli.api.assessment import evaluate, inspect
from mosecrot_cli.lexicon.files import read_anchor_pairs
from mosecrot_cli.lexicon.types import Pair
from mosecrot_cli.manifest import Manifest
from mosecrot_cli.outputs import check_outputs
from mosecrot_cli.staging import atomic_outputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from transformers import TextClassificationPipeline

    from mosecrot_cli.model.loading import Classifier
    from mosecrot_cli.pipeline.evaluate import Evaluations
    from mosecrot_cli.pipeline.inspect.report import Inspection
    from mosecrot_cli.vectors.types import WordVectors

_SHOWN = 3


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
        from mosecrot_cli.pipeline.mapped import map_behind

        facts, made = self.manifest.facts, map_behind(self.manifest)
        settings, figures = made.settings, made.statistics
        side = "source kept" if facts.source_kept else "source mapped"
        size = f"{figures['target_words']:,} words x {figures['dimension']}"
        moved = self.manifest.statistics.get("moved_rows")
        aligned = "" if moved is None else f", {moved:,} rows aligned"
        return f"MappedVectors({size}, {settings['method']}, {figures['anchors']:,} anchors, {side}{aligned})"


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
        check_outputs([Path(folder)], inputs={"checkpoint": self.path}, overwrite=False, folder=True)
        with atomic_outputs(Path(folder), overwrite=False) as (work,):
            shutil.copytree(self.path, work)
        return Path(folder)

    def __repr__(self) -> str:
        facts = self.manifest.facts
        return f"Checkpoint({self.manifest.command}, reads {facts.tgt or facts.src or '?'}, {self.path})"
