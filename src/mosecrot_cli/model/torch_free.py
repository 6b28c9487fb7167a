"""A checkpoint read straight from its folder, in hundredths of the seconds that torch and transformers take to import.

`StoredModel` reads the input embeddings from a safetensors file. `StoredTokenizer` is what `AutoTokenizer` makes of a
`BertTokenizer`: `transformers` rebuilds one from the vocabulary and the flags of tokenizer_config.json, so where
tokenizer.json says the same in every part, it *is* that tokenizer. Where anything is different, or unknown here, both
give None, and `transformers` reads the checkpoint in its own way or says what is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from tokenizers import AddedToken, Tokenizer

from mosecrot_cli.model.checks import check_files, is_panic, quiet_panics, read_config

WEIGHTS = "model.safetensors"
_WORD_EMBEDDINGS = ("embeddings.word_embeddings.weight", "embeddings.tok_embeddings.weight")
_KNOWN_TYPES = {
    *("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet"),
    *("roberta", "xlm-roberta"),
}
_FLOATS = {"F32", "F16"}
_BERT_TYPES = {"bert", "distilbert", "electra"}
_CLASSES = {None, "BertTokenizer", "BertTokenizerFast"}
_NAMES = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_INPUT_NAMES = ["input_ids", "token_type_ids", "attention_mask"]
_FLAGS = {"do_lower_case": True, "tokenize_chinese_chars": True, "strip_accents": None}
# Of these it is known that they leave ids, special tokens and lengths as they are, or they are looked at below.
_HARMLESS = {
    *("backend", "clean_up_tokenization_spaces", "do_basic_tokenize", "is_local", "local_files_only", "max_length"),
    *("name_or_path", "never_split", "pad_to_multiple_of", "pad_token_type_id", "special_tokens_map_file", "stride"),
    *("tokenizer_file", "truncation_strategy", "vocab_file"),
}
_SEEN = {"added_tokens_decoder", "model_input_names", "model_max_length", "padding_side", "tokenizer_class"}
_SEEN |= {"truncation_side", *_NAMES, *_FLAGS}
_PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
_SIDES = ("left", "right")


@dataclass(frozen=True)
class StoredModel:
    """A folder with a config.json of a model that transformers knows, and one safetensors file.

    Attributes:
        folder: where it is.
        config: content of config.json.
    """

    folder: Path
    config: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The model in a folder, or None for `transformers` to read.

        Raises:
            DataError: its config.json is damaged, or a file is a pipe.
        """
        check_files(folder)
        config = read_config(folder)
        known = config.get("model_type") in _KNOWN_TYPES and "auto_map" not in config
        return cls(folder, config) if known else None

    def input_embeddings(self) -> NDArray[np.float32] | None:
        """The input embeddings `V x D`, where their name, type and number of rows leave no doubt."""
        with self.tensors() as tensors:
            if tensors is None or (name := self._embeddings_name(tensors)) is None:
                return None
            matrix: NDArray[np.float32] = tensors.get_tensor(name).astype(np.float32, copy=False)
            return matrix

    def embeddings_shape(self) -> tuple[int, int] | None:
        """`V, D` of the input embeddings, which are not read; None where `input_embeddings` gives None."""
        with self.tensors() as tensors:
            if tensors is None or (name := self._embeddings_name(tensors)) is None:
                return None
            rows, width = tensors.get_slice(name).get_shape()
            return rows, width

    def _embeddings_name(self, tensors: Any) -> str | None:
        """The tensor of the input embeddings, where there is no doubt."""
        names = word_embedding_names(tensors)
        if len(names) != 1:
            return None
        part = tensors.get_slice(names[0])
        shape = part.get_shape()
        sound = part.get_dtype() in _FLOATS and len(shape) == 2 and shape[0] == self.config.get("vocab_size")
        return names[0] if sound else None

    @contextmanager
    def tensors(self) -> Iterator[Any | None]:
        """The opened safetensors file, or None where there is none that is whole."""
        try:
            file = safe_open(self.folder / WEIGHTS, framework="numpy")
        except (OSError, SafetensorError):
            yield None
            return
        with file as opened:
            yield opened


def word_embedding_names(tensors: Any) -> list[str]:
    """Names of the tensors that are input embeddings by their name."""
    return [name for name in tensors.keys() if name.endswith(_WORD_EMBEDDINGS)]  # noqa: SIM118


@dataclass(frozen=True, slots=True)
class StoredTokenizer:
    """The part of a `BertTokenizer` that looking words up and building a target tokenizer need, by the same names.

    Attributes:
        backend_tokenizer: the tokenizer itself.
        added_tokens_decoder: id -> special token.
        unk_token, sep_token, pad_token, cls_token, mask_token: strings of the special tokens.
        model_max_length: tokens that the model takes.
        padding_side, truncation_side: `left` or `right`.
        model_input_names: the model's inputs.
    """

    backend_tokenizer: Tokenizer
    added_tokens_decoder: Mapping[int, AddedToken]
    unk_token: str
    sep_token: str
    pad_token: str
    cls_token: str
    mask_token: str
    model_max_length: int
    padding_side: str
    truncation_side: str
    model_input_names: list[str]
    bos_token: None = None
    eos_token: None = None

    @property
    def all_special_ids(self) -> list[int]:
        """Ids of the special tokens."""
        return list(self.added_tokens_decoder)

    def convert_ids_to_tokens(self, index: int) -> str:
        """The string of a token."""
        return str(self.backend_tokenizer.id_to_token(index))

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The tokenizer in a folder; None where `transformers` has to read it, or to say what is wrong with it."""
        try:
            model = _read(folder / "config.json")
            config = _read(folder / "tokenizer_config.json")
            with quiet_panics():
                backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
                backend.encode("a")
            # As it would be written today: older files leave out what goes without saying.
            stored = json.loads(backend.to_str())
            names = {name: config.get(name, default) for name, default in _NAMES.items()}
            if not (_is_bert(model, config) and _agrees(stored, config, names) and _nothing_beside(folder, names)):
                return None
            sides = [_side(stored, config, part) for part in ("padding", "truncation")]
            length, inputs = config["model_max_length"], config.get("model_input_names", _INPUT_NAMES)
            if type(length) is not int or not set(inputs) <= set(_INPUT_NAMES) or not set(sides) <= set(_SIDES):
                return None
            added = {token["id"]: AddedToken(token["content"], **_PLAIN) for token in stored["added_tokens"]}
            return cls(
                backend,
                added,
                **names,
                model_max_length=length,
                padding_side=sides[0],
                truncation_side=sides[1],
                model_input_names=list(inputs),
            )
        except BaseException as error:  # whatever is wrong (tokenizers raises bare ones): `transformers` says it
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            return None


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _is_bert(model: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether `AutoTokenizer` takes the class `BertTokenizer`, with nothing that this module does not know."""
    declared = config.get("tokenizer_class")
    return (
        model["model_type"] in _BERT_TYPES
        and "auto_map" not in model
        and model.get("tokenizer_class") in _CLASSES
        and declared in _CLASSES
        and set(config) <= _HARMLESS | _SEEN
    )


def _agrees(stored: Mapping[str, Any], config: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    """Whether every part of tokenizer.json is what `BertTokenizer` builds from its configuration."""
    flags = {name: config.get(name, default) for name, default in _FLAGS.items()}
    model = dict(stored["model"])
    vocabulary = model.pop("vocab")
    if len(set(names.values())) != len(names) or not set(names.values()) <= set(vocabulary):
        return False
    added = sorted(({"id": vocabulary[name], "content": name, **_PLAIN} for name in names.values()), key=_id)
    decoder = {str(token["id"]): {name: token[name] for name in ("content", *_PLAIN)} for token in added}
    expected = {
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": flags["tokenize_chinese_chars"],
            "strip_accents": flags["strip_accents"],
            "lowercase": flags["do_lower_case"],
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": _template(names, vocabulary),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    }
    word_piece = {
        "type": "WordPiece",
        "unk_token": names["unk_token"],
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
    }
    return (
        all(stored[part] == value for part, value in expected.items())
        and model == word_piece
        and config.get("added_tokens_decoder", decoder) == decoder
    )


def _id(token: Mapping[str, Any]) -> int:
    index: int = token["id"]
    return index


def _template(names: Mapping[str, str], vocabulary: Mapping[str, int]) -> dict[str, Any]:
    """`[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, as tokenizers writes them."""

    def special(name: str, segment: int) -> dict[str, Any]:
        return {"SpecialToken": {"id": names[name], "type_id": segment}}

    first = [special("cls_token", 0), {"Sequence": {"id": "A", "type_id": 0}}, special("sep_token", 0)]
    second = [{"Sequence": {"id": "B", "type_id": 1}}, special("sep_token", 1)]
    used = {
        token: {"id": token, "ids": [vocabulary[token]], "tokens": [token]}
        for token in (names["cls_token"], names["sep_token"])
    }
    return {"type": "TemplateProcessing", "single": first, "pair": first + second, "special_tokens": used}


def _nothing_beside(folder: Path, names: Mapping[str, str]) -> bool:
    """Whether the older files, which `transformers` reads too, say nothing else."""
    if (folder / "added_tokens.json").exists():
        return False
    path = folder / "special_tokens_map.json"
    said = _read(path) if path.exists() else {}
    return all(
        (value["content"] if isinstance(value, dict) else value) == names.get(name) for name, value in said.items()
    )


def _side(stored: Mapping[str, Any], config: Mapping[str, Any], part: str) -> str:
    """`padding_side` or `truncation_side`: as configured, else as tokenizer.json has it switched on."""
    settings = stored[part] or {"direction": "Right"}
    side: str = config.get(f"{part}_side", settings["direction"].lower())
    return side
