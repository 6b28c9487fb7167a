"""A tiny BERT classifier with a WordPiece tokenizer, and texts that it can learn: random weights, no download."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from mosecrot_cli.model.training.run import LabelledTexts, TrainingSettings
from mosecrot_cli.settings import ComputeSettings

TOPICS = {
    "animals": ["dog", "cat", "horse", "cow", "bird"],
    "food": ["bread", "cheese", "apple", "soup", "rice"],
    "weather": ["rain", "snow", "wind", "storm", "sun"],
}
FILLERS = ["the", "a", "is", "was", "on", "in", "big", "old", "new", "with"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LABELS = sorted(TOPICS)
POSITIONS = 40


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    words = [*FILLERS, *(word for topic in TOPICS.values() for word in topic), "##s"]
    vocabulary = {token: index for index, token in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def tiny_model(*, dropout: float = 0.1, seed: int = 0, **config: object) -> BertForSequenceClassification:
    torch.manual_seed(seed)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=len(SPECIAL) + len(FILLERS) + sum(map(len, TOPICS.values())) + 1,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=POSITIONS,
            initializer_range=0.2,  # wide, so that predictions differ from text to text
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            id2label=dict(enumerate(LABELS)),
            label2id={label: index for index, label in enumerate(LABELS)},
            **config,
        )
    ).eval()


def tiny_texts(count: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Texts of 2 to 25 words, three of them of the topic; the labels take turns."""
    chance = random.Random(seed)
    labels = [LABELS[index % len(LABELS)] for index in range(count)]
    texts = []
    for label in labels:
        words = chance.choices(TOPICS[label], k=3) + chance.choices(FILLERS, k=chance.randint(0, 22))
        chance.shuffle(words)
        texts.append(" ".join(words))
    return texts, labels


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def checkpoints(work: Path) -> list[str]:
    return sorted(path.name for path in work.glob("checkpoint-*"))


CPU = ComputeSettings("cpu")
QUICK = TrainingSettings(epochs=3, learning_rate=3e-3, batch_size=8, compute=CPU)
TRAIN = LabelledTexts(*tiny_texts(45, seed=1))
DEV = LabelledTexts(*tiny_texts(30, seed=2))
STEPS = 3 * 6
"""Steps of `QUICK` on `TRAIN`."""
