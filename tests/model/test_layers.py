"""The class bias in the output layer of every architecture."""

import pytest
import torch
from transformers import GPT2Config, GPT2ForSequenceClassification

from mosecrot_cli.errors import UsageError
from mosecrot_cli.model.layers import add_class_bias
from pico import FAMILIES, LABELS, pico_classifier, pico_tokenizer

BIAS = (0.5, -1.25, 0.75)


def logits_of(model: torch.nn.Module, family: str) -> torch.Tensor:
    encoded = pico_tokenizer(family)(
        ["the dog eats bread", "my bird likes the old soup"], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        return model(**encoded).logits


@pytest.mark.parametrize("family", FAMILIES)
def test_the_bias_is_added_to_the_logits_and_nothing_else_changes(family: str) -> None:
    model = pico_classifier(family)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    logits = logits_of(model, family)
    add_class_bias(model, BIAS)
    torch.testing.assert_close(logits_of(model, family), logits + torch.tensor(BIAS))
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert len(changed) == 1


def test_half_precision_keeps_its_type() -> None:
    model = pico_classifier("bert").half()
    add_class_bias(model, BIAS)
    assert model.classifier.bias.dtype == torch.float16


def test_an_output_layer_without_a_bias_is_refused() -> None:
    config = GPT2Config(
        vocab_size=20, n_positions=8, n_embd=8, n_layer=1, n_head=1, num_labels=len(LABELS), pad_token_id=0
    )
    with pytest.raises(UsageError, match="no bias"):
        add_class_bias(GPT2ForSequenceClassification(config), BIAS)
