"""Tiny random models with real fast tokenizers of their kind, trained in the test: every family, no download.

    tokenizer = pico_tokenizer("roberta")
    model = pico_classifier("roberta", tokenizer)
    folder = write_pico_checkpoint(tmp_path / "model", "roberta")

Special tokens have strings and a layout of ids like those of the real models (`[PAD]` 0 and `[CLS]` 101 for BERT, a
mask at the end for RoBERTa, ...), because stitching must keep them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel, PreTrainedTokenizerBase

from mosecrot_cli.model.loading import quiet_transformers

WIDTH = 32
LABELS = ("animals", "food", "weather")
ENGLISH = tuple(
    f"{opening} {animal} {verb} the {adjective} {food} ({number}) {ending}"
    for opening, animal, verb, adjective, food, number, ending in zip(
        ["the", "a", "one", "this", "that", "every", "my", "our"] * 30,
        ["dog", "cat", "horse", "cow", "bird", "fish", "mouse", "sheep", "wolf", "bear"] * 24,
        ["eats", "sees", "likes", "finds", "takes", "has"] * 40,
        ["big", "old", "new", "red", "good", "small", "warm", "cold", "sweet"] * 27,
        ["bread", "cheese", "apple", "soup", "rice", "milk", "honey", "corn", "rain", "snow", "wind"] * 22,
        ["1", "2", "3", "10", "20", "1999", "2024"] * 35,
        [".", "!", "?", ", and we can't stop.", "; it's fine...", '- "no", he said: yes.'] * 40,
        strict=False,
    )
)


@dataclass(frozen=True)
class Family:
    """How the tokenizer and the config of one family are made.

    Attributes:
        kind: of the tokenizer's model: "wordpiece", "bytelevel" or "unigram".
        tokenizer_class: name of the class in transformers.
        first: special (and unused) tokens at the beginning, in the order of their ids.
        last: special tokens at the end.
        config: options of the config beyond the common ones.
        named: which string is which token, for the class without names of its own.
        options: further arguments of the tokenizer's class.
    """

    kind: str
    tokenizer_class: str
    first: tuple[str, ...]
    last: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


_BERT_TOKENS = ("[PAD]", *(f"[unused{number}]" for number in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")
_LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48, "hidden_size": WIDTH}
_ROBERTA_IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "max_position_embeddings": 66}
_MODERNBERT_NAMES = {
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "mask_token": "[MASK]",
    "unk_token": "[UNK]",
}

FAMILIES: dict[str, Family] = {
    "bert": Family("wordpiece", "BertTokenizer", _BERT_TOKENS),
    "electra": Family("wordpiece", "BertTokenizer", _BERT_TOKENS, config={"embedding_size": 16, "hidden_size": WIDTH}),
    "distilbert": Family(
        "wordpiece",
        "BertTokenizer",
        _BERT_TOKENS,
        config={"dim": WIDTH, "n_layers": 2, "n_heads": 2, "hidden_dim": 48, "pad_token_id": 0},
        options={"model_input_names": ["input_ids", "attention_mask"]},
    ),
    "mpnet": Family("wordpiece", "MPNetTokenizer", (*_ROBERTA_TOKENS, "[UNK]"), last=("<mask>",), config=_ROBERTA_IDS),
    "roberta": Family("bytelevel", "RobertaTokenizer", _ROBERTA_TOKENS, last=("<mask>",), config=_ROBERTA_IDS),
    "deberta": Family(
        "bytelevel",
        "DebertaTokenizer",
        ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
        last=("[MASK]",),
        config={"relative_attention": True, "pos_att_type": "c2p|p2c", "position_biased_input": False},
    ),
    "modernbert": Family(
        "bytelevel",
        "PreTrainedTokenizerFast",
        (),
        last=("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"),
        config={"global_attn_every_n_layers": 2, "local_attention": 8, "attn_implementation": "eager"},
        named=_MODERNBERT_NAMES,
    ),
    "xlm-roberta": Family("unigram", "XLMRobertaTokenizer", _ROBERTA_TOKENS, last=("<mask>",), config=_ROBERTA_IDS),
    "albert": Family(
        "unigram",
        "AlbertTokenizer",
        ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"),
        config={"embedding_size": 16, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3},
    ),
    "deberta-v2": Family(
        "unigram",
        "DebertaV2Tokenizer",
        ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
        last=("[MASK]",),
        config={
            "relative_attention": True,
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
            "position_buckets": 16,
        },
        options={"unk_id": 3},
    ),
}


@cache
def pico_tokenizer(family: str = "bert", texts: tuple[str, ...] = ENGLISH) -> PreTrainedTokenizerBase:
    """A fast tokenizer of a family, trained on `texts`. Cached: do not change it."""
    recipe = FAMILIES[family]
    options: dict[str, Any] = {"model_max_length": 64, **recipe.options}
    tokenizer_class = getattr(transformers, recipe.tokenizer_class)
    if recipe.named:
        return tokenizer_class(tokenizer_object=_modernbert_backend(recipe, texts), **recipe.named, **options)
    arguments = _TRAINERS[recipe.kind](recipe, texts)
    return tokenizer_class(**arguments, **options)


def pico_config(family: str, tokenizer: PreTrainedTokenizerBase, labels: Sequence[str] = LABELS) -> Any:
    """A config that fits the tokenizer: two layers, 32 dimensions (ELECTRA and ALBERT: embeddings of 16)."""
    recipe = FAMILIES[family]
    options = {
        **(_LAYERS if family != "distilbert" else {}),
        "max_position_embeddings": 66,
        "pad_token_id": tokenizer.pad_token_id,
        **recipe.config,
        "vocab_size": len(tokenizer),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
        "initializer_range": 0.2,  # wide, so that predictions differ from text to text
    }
    if family == "modernbert":
        names = {"cls_token_id": "cls", "sep_token_id": "sep", "bos_token_id": "cls", "eos_token_id": "sep"}
        options |= {name: getattr(tokenizer, f"{token}_token_id") for name, token in names.items()}
    return AutoConfig.for_model(family, **options)


def pico_classifier(
    family: str = "bert",
    tokenizer: PreTrainedTokenizerBase | None = None,
    labels: Sequence[str] = LABELS,
    *,
    seed: int = 0,
) -> PreTrainedModel:
    """A random sequence classifier of a family, in evaluation mode."""
    config = pico_config(family, tokenizer or pico_tokenizer(family), labels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return AutoModelForSequenceClassification.from_config(config).eval()


def write_pico_checkpoint(
    folder: Path, family: str = "bert", labels: Sequence[str] = LABELS, *, head: bool = True, seed: int = 0
) -> Path:
    """Save a random checkpoint with its tokenizer; without `head`, the bare encoder (as a pre-trained model)."""
    model = pico_classifier(family, labels=labels, seed=seed)
    with quiet_transformers():
        (model if head else model.base_model).save_pretrained(folder)
    pico_tokenizer(family).save_pretrained(folder)
    return folder


def _fill(recipe: Family, ordinary: Sequence[str]) -> dict[str, int]:
    """Ids of all tokens: the special ones where the family has them."""
    special = {*recipe.first, *recipe.last}
    tokens = [*recipe.first, *(token for token in ordinary if token not in special), *recipe.last]
    return {token: index for index, token in enumerate(tokens)}


def _train_wordpiece(recipe: Family, texts: Sequence[str]) -> dict[str, Any]:
    raw = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False)
    )
    ordered = sorted(raw.get_vocab().items(), key=lambda item: item[1])
    return {"vocab": _fill(recipe, [token for token, _ in ordered])}


def _train_bytelevel(recipe: Family, texts: Sequence[str]) -> dict[str, Any]:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=sorted(alphabet), show_progress=False)
    raw.train_from_iterator(texts, trainer)
    model = json.loads(raw.to_str())["model"]
    merges = [tuple(merge.split(" ")) if isinstance(merge, str) else tuple(merge) for merge in model["merges"]]
    return {"vocab": _fill(recipe, sorted(model["vocab"], key=model["vocab"].__getitem__)), "merges": merges}


def _train_unigram(recipe: Family, texts: Sequence[str]) -> dict[str, Any]:
    raw = Tokenizer(models.Unigram())
    raw.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    raw.train_from_iterator(texts, trainer)
    scores = {token: score for token, score in json.loads(raw.to_str())["model"]["vocab"] if token != "<unk>"}
    # The trainer finds next to no whole words in so little text.
    words = {word for text in texts for word in text.split() if word.isalnum()}
    scores |= {f"▁{word}": -4.0 for word in sorted(words)}
    return {"vocab": [(token, scores.get(token, 0.0)) for token in _fill(recipe, list(scores))]}


_TRAINERS: dict[str, Callable[[Family, Sequence[str]], dict[str, Any]]] = {
    "wordpiece": _train_wordpiece,
    "bytelevel": _train_bytelevel,
    "unigram": _train_unigram,
}


def _modernbert_backend(recipe: Family, texts: Sequence[str]) -> Tokenizer:
    trained = _train_bytelevel(recipe, texts)
    backend = Tokenizer(models.BPE(vocab=trained["vocab"], merges=trained["merges"]))
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True, lstrip=token == "[MASK]") for token in recipe.last])
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(token, backend.token_to_id(token)) for token in ("[CLS]", "[SEP]")],
    )
    return backend
