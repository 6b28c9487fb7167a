"""What a map is learnt from, and what it maps: of the target vectors themselves, or of pivot vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mosecrot_cli.mapping.base import Matrix


@dataclass(frozen=True)
class Fit:
    """Anchors in both spaces, and rows in the first.

    Attributes:
        vectors: of the anchors, `A x Dx`.
        values: source embeddings of the anchors, `A x D`.
        matrix: the target words in the space of `vectors`, `V^t x Dx`.
        statistics: of the anchors, for the manifest.
        digests: SHA-256 of inputs that were hashed while they were read.
    """

    vectors: Matrix
    values: Matrix
    matrix: Matrix
    statistics: dict[str, Any]
    digests: dict[str, str | None] = field(default_factory=dict)
