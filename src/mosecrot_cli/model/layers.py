"""The two ends of a classifier: its input embeddings, and the output layer, whose bias is added to the logits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mosecrot_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def output_layer(model: PreTrainedModel) -> torch.nn.Linear:
    """The linear layer that computes the logits of a sequence classifier.

    Args:
        model: a classifier of any architecture.

    Raises:
        UsageError: it has no such layer, or the layer has no bias (as in GPT-2 and Llama): `transformers` would not
            read one back from the checkpoint.
    """
    import torch

    inside = {id(part) for part in model.base_model.modules()} if model.base_model is not model else set()
    layers = [part for part in model.modules() if isinstance(part, torch.nn.Linear) and id(part) not in inside]
    layers = [layer for layer in layers if layer.out_features == model.config.num_labels]
    architecture = type(model).__name__
    if not layers:
        raise UsageError(f"{architecture} has no linear output layer, so it cannot take a bias for each class")
    if layers[-1].bias is None:
        raise UsageError(
            f"the output layer of {architecture} has no bias, so it cannot take one for each class",
            hint="adapt by self-training, or use a model with an encoder architecture such as BERT",
        )
    return layers[-1]


def add_class_bias(model: PreTrainedModel, bias: Sequence[float]) -> None:
    """Add a bias for each class to the logits of a classifier, in place.

    Args:
        model: the classifier; its output layer takes the bias.
        bias: one number for each class, in the order of the model's outputs.

    Raises:
        UsageError: see `output_layer`.
    """
    import torch

    stored = output_layer(model).bias
    with torch.no_grad():
        stored.add_(torch.tensor(list(bias), dtype=torch.float64).to(stored))


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
            hint="map again with this model, named by `source_model`",
        )
    kept = sorted(kept_ids)
    with torch.no_grad():
        own = weight[kept].clone()
        weight.copy_(torch.from_numpy(np.array(matrix, dtype=np.float32)))
        weight[kept] = own
