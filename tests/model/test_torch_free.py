"""Checkpoints that are read without transformers. Oracle: transformers; and where it would differ, it is asked."""

from __future__ import annotations

import filecmp
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer

from mosecrot_cli.model.loading import load_classifier, load_word_tokenizer
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.model.stitching.file_to_file import StoredClassifier
from mosecrot_cli.model.stitching.stitch import StitchOptions, stitch, target_embeddings
from mosecrot_cli.model.torch_free import StoredTokenizer
from pico import FAMILIES, pico_tokenizer, write_pico_checkpoint

WORDS = ["собака", "кошка", "в", "лесу", ",", "снег", "can't", "dog", "Straße"]
WORD_PIECE = [name for name, family in FAMILIES.items() if family.tokenizer_class == "BertTokenizer"]


def edit(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in {**content, **changes}.items() if value is not ...}))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("options", [{}, {"do_lower_case": False}, {"strip_accents": True, "padding_side": "left"}])
def test_a_stored_tokenizer_is_that_of_transformers_in_every_part(family, options, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model", family)
    edit(folder / "tokenizer_config.json", **options)
    expected = AutoTokenizer.from_pretrained(folder)
    # As it is after the flags have had their say.
    expected.save_pretrained(folder)
    found = StoredTokenizer.open(folder)
    assert (found is not None) == (family in WORD_PIECE)
    if found is None:
        return
    assert found.backend_tokenizer.to_str() == expected.backend_tokenizer.to_str()
    assert found.added_tokens_decoder == expected.added_tokens_decoder
    assert set(found.all_special_ids) == set(expected.all_special_ids)
    names = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "bos_token", "eos_token"]
    for name in [*names, "model_max_length", "padding_side", "truncation_side", "model_input_names"]:
        assert getattr(found, name) == getattr(expected, name), name


def test_switched_on_truncation_and_padding_are_kept(tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.enable_truncation(8, direction="left")
    tokenizer.backend_tokenizer.enable_padding(direction="left", length=8)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    edit(folder / "tokenizer_config.json", padding_side=..., truncation_side=...)
    found, expected = StoredTokenizer.open(folder), AutoTokenizer.from_pretrained(folder)
    assert found is not None
    assert found.backend_tokenizer.to_str() == expected.backend_tokenizer.to_str()
    assert (
        (found.padding_side, found.truncation_side)
        == (expected.padding_side, expected.truncation_side)
        == ("left",) * 2
    )


def replaced(part, **changes):
    return lambda content: content | {part: content[part] | changes}


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("tokenizer.json", replaced("normalizer", lowercase=False)),
        ("tokenizer.json", replaced("model", max_input_chars_per_word=5)),
        ("tokenizer.json", replaced("model", continuing_subword_prefix="@@")),
        ("tokenizer.json", replaced("pre_tokenizer", type="Whitespace")),
        ("tokenizer.json", replaced("decoder", cleanup=False)),
        ("tokenizer.json", lambda content: content | {"post_processor": None}),
        ("tokenizer.json", lambda content: content | {"added_tokens": content["added_tokens"][1:]}),
        ("tokenizer.json", lambda content: {}),
        ("tokenizer_config.json", lambda content: content | {"do_lower_case": False}),
        ("tokenizer_config.json", lambda content: content | {"unk_token": "[SEP]"}),
        ("tokenizer_config.json", lambda content: content | {"bos_token": "[CLS]"}),
        ("tokenizer_config.json", lambda content: content | {"additional_special_tokens": ["dog"]}),
        ("tokenizer_config.json", lambda content: content | {"added_tokens_decoder": {}}),
        ("tokenizer_config.json", lambda content: content | {"tokenizer_class": "PreTrainedTokenizerFast"}),
        ("tokenizer_config.json", lambda content: content | {"auto_map": {"AutoTokenizer": "evil.X"}}),
        ("tokenizer_config.json", lambda content: content | {"model_max_length": 1e30}),
        ("config.json", lambda content: content | {"model_type": "mpnet"}),
        ("config.json", lambda content: content | {"auto_map": {"AutoConfig": "evil.X"}}),
        ("added_tokens.json", lambda content: {"[NEW]": 999}),
        ("special_tokens_map.json", lambda content: {"cls_token": "[SEP]"}),
    ],
)
def test_what_is_otherwise_is_left_to_transformers(file, change, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    assert StoredTokenizer.open(folder) is not None
    path = folder / file
    path.write_text(json.dumps(change(json.loads(path.read_text()) if path.exists() else {})))
    assert StoredTokenizer.open(folder) is None


def test_older_files_that_say_the_same_change_nothing(tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    content = {"cls_token": {"content": "[CLS]", "lstrip": False}, "sep_token": "[SEP]"}
    (folder / "special_tokens_map.json").write_text(json.dumps(content))
    assert StoredTokenizer.open(folder) is not None


@pytest.mark.parametrize("family", FAMILIES)
def test_words_are_looked_up_alike(family, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model", family)
    found, expected = SourceWords(load_word_tokenizer(folder)), SourceWords(pico_tokenizer(family))
    words = [*WORDS, "horse", "[CLS]", "unbelievable"]
    assert found.token_ids(words) == expected.token_ids(words)
    assert found.whole_word_tokens() == expected.whole_word_tokens()
    assert found.punctuation_tokens() == expected.punctuation_tokens()


@pytest.mark.parametrize("lowercased", [False, True])
def test_a_checkpoint_is_stitched_file_to_file_as_by_transformers(lowercased, tmp_path):
    labels = [f"label {number}" for number in range(12)]
    folder = write_pico_checkpoint(tmp_path / "model", labels=labels)
    loaded, stored = load_classifier(folder), StoredClassifier.open(folder)
    assert stored is not None
    matrix = np.random.default_rng(3).normal(size=(len(WORDS), stored.embeddings.shape[1])).astype(np.float32)
    result = stitch(loaded.model, loaded.tokenizer, WORDS, matrix, lowercased=lowercased)
    result.model.config.record = {"a": 1}
    result.save(tmp_path / "expected")
    options = StitchOptions(lowercased)
    target = target_embeddings(
        stored.embeddings, stored.tokenizer, WORDS, matrix, reserved=stored.reserved, options=options
    )
    stored.save(target, {"record": {"a": 1}}, tmp_path / "found")
    names = sorted(path.name for path in (tmp_path / "expected").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "found").iterdir())
    for name in names:
        assert filecmp.cmp(tmp_path / "expected" / name, tmp_path / "found" / name, shallow=False), name
    assert (target.rows, target.left_out) == (result.rows, result.left_out)


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: {name: tensor for name, tensor in weights.items() if "layer.1.output" not in name},
        lambda weights: {name: tensor for name, tensor in weights.items() if "word_embeddings" not in name},
        lambda weights: weights | {"more": torch.zeros(1)},
        lambda weights: weights | {"classifier.bias": weights["classifier.bias"].half()},
        lambda weights: weights | {"classifier.bias": torch.zeros(7)},
    ],
)
def test_other_tensors_than_those_of_the_configuration_are_left_to_transformers(change, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    change_weights(folder, change)
    assert StoredClassifier.open(folder) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"transformers_version": "4.40.0"},
        {"architectures": ["BertForTokenClassification"]},
        {"dtype": "float16"},
        {"is_decoder": True},
        {"intermediate_size": "wide"},
        {"pad_token_id": ...},
    ],
)
def test_another_configuration_is_left_to_transformers(changes, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    edit(folder / "config.json", **changes)
    assert StoredClassifier.open(folder) is None


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"bert"}))
def test_other_families_are_left_to_transformers(family, tmp_path):
    assert StoredClassifier.open(write_pico_checkpoint(tmp_path / "model", family)) is None


def test_no_heavy_library_is_imported_before_one_is_needed():
    code = (
        "import sys, mosecrot_cli.pipeline.anchors.run, mosecrot_cli.pipeline.stitch.run\n"
        "print(*{'torch', 'transformers', 'datasets', 'scipy', 'sklearn', 'polars'}.intersection(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
