"""Generate a pico world: an English BERT of a few kilobytes, vectors of an invented language, a lexicon, texts.

The invented language is English spelled backwards, and its vectors are a rotation of the model's embeddings, so that
the right answer is known: a stitched model that works beats the majority class on it.

Usage: python make_pico.py FOLDER
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
from transformers.utils import logging

TOPICS = {
    "sports": ["match", "team", "goal", "player", "coach", "season", "league", "score", "ball", "win"],
    "science": ["atom", "energy", "theory", "planet", "light", "laser", "cell", "star", "orbit", "data"],
}
COMMON = ["the", "a", "of", "in", "and", "was", "with", "for", "on", "by"] + [
    "from",
    "this",
    "that",
    "new",
    "old",
    "great",
    "first",
    "last",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*COMMON, *(word for words in TOPICS.values() for word in words)]
WIDTH, VECTOR_WIDTH = 32, 24


def backwards(word: str) -> str:
    return "q" + word[::-1]


def make_model(folder: Path) -> np.ndarray:
    vocabulary = {word: row for row, word in enumerate([*SPECIAL, ".", *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **named).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    model = BertModel(config)
    logging.disable_progress_bar()
    model.save_pretrained(folder)
    rows = [vocabulary[word] for word in WORDS]
    return model.embeddings.word_embeddings.weight.detach().numpy()[rows]


def make_vectors(
    path: Path, embeddings: np.ndarray, random: np.random.Generator, translate: Callable[[str], str] = backwards
) -> None:
    projection = np.linalg.qr(random.normal(size=(WIDTH, VECTOR_WIDTH)))[0]
    vectors = embeddings @ projection
    lines = [f"{len(WORDS)} {VECTOR_WIDTH}"]
    for word, vector in zip(WORDS, vectors, strict=True):
        lines.append(" ".join([translate(word), *(f"{value:.5f}" for value in vector)]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_lexicon(path: Path, translate: Callable[[str], str] = backwards) -> None:
    path.write_text("".join(f"{word}\t{translate(word)}\n" for word in WORDS), encoding="utf-8")


def write_parallel(
    path: Path, count: int, random: np.random.Generator, translate: Callable[[str], str] = backwards
) -> None:
    sentences = [random.choice(WORDS, number % 5 + 4) for number in range(count)]
    lines = (f"{' '.join(words)}.\t{' '.join(map(translate, words))}.\n" for words in sentences)
    path.write_text("".join(lines), encoding="utf-8")


def make_texts(
    path: Path,
    count: int,
    random: np.random.Generator,
    *,
    invented: bool,
    translate: Callable[[str], str] = backwards,
) -> None:
    lines = ["id\tlabel\ttext"]
    for number in range(count):
        topic = list(TOPICS)[number % len(TOPICS)]
        words = [*random.choice(TOPICS[topic], 4), *random.choice(COMMON, 5)]
        random.shuffle(words)
        text = " ".join(translate(word) if invented else word for word in words)
        lines.append(f"{number}\t{topic}\t{text}.")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    embeddings = make_model(folder / "pico-bert")
    make_vectors(folder / "xx.vec", embeddings, random)
    write_lexicon(folder / "en-xx.tsv")
    make_texts(folder / "en.train.tsv", 160, random, invented=False)
    make_texts(folder / "en.dev.tsv", 40, random, invented=False)
    make_texts(folder / "xx.train.tsv", 60, random, invented=True)
    make_texts(folder / "xx.test.tsv", 60, random, invented=True)


if __name__ == "__main__":
    main()
