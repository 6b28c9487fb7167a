"""The input-embedding matrix of a model: reading its rows, and putting others in their place."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def input_embeddings(model: PreTrainedModel) -> NDArray[np.float32]:
    """A float32 copy of the input embeddings, `V x D`."""
    weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]
    return np.array(weight.detach().cpu().float().numpy())


def replace_input_embeddings(
    model: PreTrainedModel, matrix: NDArray[Any], *, kept_ids: Collection[int], where: str
) -> None:
    """Put other rows in place of the model's input embeddings (paper, section 3: F^s in place of E^s).

    Args:
        model: changed in place.
        matrix: `V x D`, the shape of the model's own.
        kept_ids: rows that stay as they are: special tokens are no words, and have no relative representation.
        where: of the matrix, for the message.

    Raises:
        DataError: the shapes differ.
    """
    weight: torch.Tensor = model.get_input_embeddings().weight  # type: ignore[assignment]
    if tuple(weight.shape) != matrix.shape:
        raise DataError(
            f"embeddings of shape {matrix.shape} do not fit a model whose own are {tuple(weight.shape)}",
            where=where,
            hint="map again with this model as --source-model",
        )
    kept = sorted(kept_ids)
    with torch.no_grad():
        own = weight[kept].clone()
        weight.copy_(torch.from_numpy(np.array(matrix, dtype=np.float32)))
        weight[kept] = own
