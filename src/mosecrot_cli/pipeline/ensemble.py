"""Checkpoints that answer together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError
from mosecrot_cli.evaluation.ensembles import average_log_probabilities
from mosecrot_cli.model.coverage import vocabulary_coverage
from mosecrot_cli.model.devices import Device
from mosecrot_cli.model.inference import PredictedBlock, stream_probabilities, suited_device
from mosecrot_cli.model.loading import Classifier, load_classifier
from mosecrot_cli.progress import Reporter, SilentReporter

_SAMPLE = 256
"""Texts on which the vocabularies of the members are compared."""


@dataclass(frozen=True)
class Ensemble:
    """One or more classifiers over the same labels, whose log-probabilities are averaged.

    Attributes:
        members: the classifiers; a single one answers as it is.
        columns: for each member, the position of each of `labels` in its own outputs.
        labels: the labels, in the order of the first member.
    """

    members: tuple[Classifier, ...]
    columns: tuple[tuple[int, ...], ...]
    labels: tuple[str, ...]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> Ensemble:
        """Load the checkpoints in `folders`.

        Raises:
            DataError: a checkpoint is damaged, or its labels are not those of the first.
            SourceUnavailableError: a checkpoint on the hub cannot be fetched.
        """
        members = tuple(load_classifier(folder) for folder in folders)
        labels = members[0].labels
        for folder, member in zip(folders, members, strict=True):
            if sorted(member.labels) != sorted(labels):
                raise DataError(
                    f"the labels {', '.join(member.labels)} are not those of {folders[0]}: {', '.join(labels)}",
                    where=str(folder),
                    hint="an ensemble needs checkpoints that were fine-tuned on the same labels",
                )
        columns = tuple(tuple(member.labels.index(label) for label in labels) for member in members)
        return cls(members, columns, labels)

    def least_covering(self, texts: Sequence[str]) -> int:
        """The number of the member whose vocabulary knows the fewest words of the first texts: one may not be meant."""
        if len(self.members) == 1:
            return 0
        shares = [vocabulary_coverage(each.tokenizer, texts[:_SAMPLE]).unknown_word_share for each in self.members]
        return shares.index(max(shares))

    def device_for(self, device: Device, texts: int) -> Device:
        """The device with the precision in which so many texts are classified."""
        return suited_device(self.members[0].model, device, texts)

    def stream(self, texts: Iterable[str], *, device: Device, reporter: Reporter) -> Iterator[PredictedBlock]:
        """Class probabilities of a stream of texts, block by block; memory does not grow with their number.

        Raises:
            DataError: a member is not a single-label classifier, or computes NaN.
        """
        copies = [texts] if len(self.members) == 1 else tee(texts, len(self.members))
        streams = [
            stream_probabilities(
                member.model,
                member.tokenizer,
                copy,
                device=device,
                reporter=reporter if number == 0 else SilentReporter(),
            )
            for number, (member, copy) in enumerate(zip(self.members, copies, strict=True))
        ]
        for blocks in zip(*streams, strict=True):
            answers = [block.probabilities[:, order] for block, order in zip(blocks, self.columns, strict=True)]
            if len(answers) == 1:
                yield blocks[0]
            else:
                yield PredictedBlock(blocks[0].texts, average_log_probabilities(answers).astype(np.float32))

    def probabilities(self, texts: Sequence[str], *, device: Device, reporter: Reporter) -> NDArray[np.float32]:
        """Class probabilities [n, K] of n texts, the columns in the order of `labels`; see `stream`."""
        found = [block.probabilities for block in self.stream(texts, device=device, reporter=reporter)]
        return np.concatenate(found) if found else np.empty((0, len(self.labels)), dtype=np.float32)
