"""What a process has opened, so that steps that run one after the other read each model and each vector file once."""

from __future__ import annotations

from pathlib import Path

from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.progress import Reporter
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.types import WordVectors


class Opened:
    """Source models and word vectors by name. They stay in memory as long as this object does."""

    def __init__(self) -> None:
        self._models: dict[str, SourceModel] = {}
        self._vectors: dict[tuple[Path, int | None], WordVectors] = {}

    def model(self, reference: str) -> SourceModel:
        """The source model of a folder or hub id.

        Raises:
            DataError: the folder is missing or is not a checkpoint.
        """
        if reference not in self._models:
            self._models[reference] = SourceModel.open(reference)
        return self._models[reference]

    def vectors(self, path: Path, max_vocab: int | None, reporter: Reporter) -> WordVectors:
        """The first `max_vocab` word vectors of a file (None: all of them).

        Raises:
            DataError: see `read_vectors`.
        """
        key = path.resolve(), max_vocab
        if key not in self._vectors:
            self._vectors[key] = read_vectors(path, max_vocab=max_vocab, reporter=reporter)
        return self._vectors[key]
