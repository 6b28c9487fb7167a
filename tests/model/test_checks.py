"""Damaged checkpoints: one line each, whatever the damage, and never a wait or a number that is none."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from mosecrot_cli.errors import DataError, MosecrotError
from mosecrot_cli.model.checks import quiet_panics
from mosecrot_cli.model.loading import (
    load_classifier,
    load_for_finetuning,
    load_input_embeddings,
    load_tokenizer,
    load_word_tokenizer,
)
from mosecrot_cli.model.source_model import SourceModel
from mosecrot_cli.model.source_words import SourceWords
from mosecrot_cli.model.stitching.file_to_file import StoredClassifier
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from pico import LABELS, write_pico_checkpoint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("architectures", "model_type", "id2label", "label2id", "mosecrot", "return_dict", "vocab_size", "problem_type")
NAMES += ("pad_token_id", "hidden_size", "num_hidden_layers", "max_position_embeddings", "tie_word_embeddings")
LOADERS = {
    "embeddings": load_input_embeddings,
    "classifier": load_classifier,
    "fine-tuning": lambda folder: load_for_finetuning(folder, LABELS),
    "file to file": StoredClassifier.open,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_pico_checkpoint(tmp_path_factory.mktemp("whole") / "model")


@pytest.fixture
def checkpoint(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "model")


def change_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), value=JSON)
def test_a_config_of_any_type_is_read_or_refused_in_one_line(whole, tmp_path, load, name, value):
    folder = shutil.copytree(whole, tmp_path / "model", dirs_exist_ok=True)
    change_json(folder / "config.json", **{name: value})
    try:
        load(folder)
    except MosecrotError as error:
        assert error.exit_code == 3 and "\n" not in str(error)


@pytest.mark.parametrize("load", LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize(
    "content", ["[" * 100_000 + "]" * 100_000, "[1]", "7", "", "{", '{"a": ' * 9_000 + "1" + "}" * 9_000]
)
def test_a_config_of_any_depth_is_refused(checkpoint, load, content):
    (checkpoint / "config.json").write_text(content)
    with pytest.raises(DataError, match="config.json"):
        load(checkpoint)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "added_tokens.json"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(checkpoint, name):
    (checkpoint / name).unlink(missing_ok=True)
    os.mkfifo(checkpoint / name)
    for load in (*LOADERS.values(), load_tokenizer, load_word_tokenizer):
        with pytest.raises(DataError, match=f"{name}: a pipe or a device"):
            load(checkpoint)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("tensor", ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.1.output.dense.bias"])
def test_weights_that_are_no_numbers_are_refused(checkpoint, tensor, number):
    path = checkpoint / "model.safetensors"
    weights = load_file(path)
    weights[tensor].flat[7] = number
    save_file(weights, path, metadata={"format": "pt"})
    loads = [load_classifier, lambda folder: load_for_finetuning(folder, LABELS)]
    for load in loads if "layer" in tensor else [*loads, load_input_embeddings]:
        with pytest.raises(DataError, match="hold NaN or infinity"):
            load(checkpoint)


def panicking(**parts):
    return lambda content: content | parts


PANICS = {
    "a broken table of a normalizer": panicking(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "a stride beyond the length": panicking(
        truncation={"direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 5}
    ),
    "a template without its token": panicking(
        post_processor={
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "X", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {},
        }
    ),
    "nesting": lambda content: json.loads("[" * 500 + "]" * 500),
}


@pytest.mark.parametrize("damage", PANICS.values(), ids=PANICS)
@pytest.mark.parametrize("load", [load_tokenizer, load_word_tokenizer, load_classifier])
def test_a_tokenizer_that_makes_its_library_panic_is_one_line(checkpoint, damage, load, capfd):
    path = checkpoint / "tokenizer.json"
    content = damage(json.loads(path.read_text()))
    path.write_text(json.dumps(content))
    # As a class that takes tokenizer.json as it is: BertTokenizer would build its own.
    (checkpoint / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
    try:
        tokenizer = load(checkpoint)
        SourceWords(getattr(tokenizer, "tokenizer", tokenizer)).whole_word_tokens()
    except DataError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
    assert "panicked" not in capfd.readouterr().err


def test_a_word_beyond_the_embeddings_is_refused(checkpoint):
    path = checkpoint / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"]["zebra"] = 10**6
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="id 1,000,000, but there are"):
        _ = SourceModel.open(str(checkpoint)).embeddings


@pytest.mark.parametrize("length", ["many", [], 0, -1, True])
def test_a_maximum_length_that_makes_no_sense_is_refused(checkpoint, length):
    change_json(checkpoint / "tokenizer_config.json", model_max_length=length)
    with pytest.raises(DataError, match="model_max_length|broken tokenizer"):
        load_tokenizer(checkpoint)


def test_panics_are_quiet_without_a_standard_error(monkeypatch):
    monkeypatch.setattr(os, "dup", lambda number: (_ for _ in ()).throw(OSError(9, "closed")))
    with quiet_panics():
        pass


@pytest.mark.parametrize("load", [LOADERS["classifier"], LOADERS["fine-tuning"]], ids=["classifier", "fine-tuning"])
@pytest.mark.parametrize("changes", [{"num_attention_heads": -1}, {"hidden_act": "nonsense"}, {"type_vocab_size": 0}])
def test_a_configuration_with_which_nothing_is_computed(load, changes, checkpoint):
    change_json(checkpoint / "config.json", **changes)
    with pytest.raises(DataError) as caught:
        load(checkpoint)
    assert str(checkpoint) in str(caught.value)


@pytest.mark.parametrize("read", [load_word_tokenizer, load_tokenizer])
@pytest.mark.parametrize("string", ["", "[NOWHERE]"])
@pytest.mark.parametrize("name", ["pad_token", "sep_token", "unk_token"])
def test_a_special_token_that_the_vocabulary_lacks(read, name, string, checkpoint):
    change_json(checkpoint / "tokenizer_config.json", **{name: string})
    try:
        target = build_target_tokenizer(["haus"], read(checkpoint), lowercased=True)
    except DataError as error:
        assert name in str(error) or string in str(error)
    else:
        assert target.tokenizer.tokenize("haus") == ["haus"]


@pytest.mark.parametrize("names", [[], ["attention_mask"], "input", {}])
def test_a_tokenizer_that_gives_no_ids(names, checkpoint):
    change_json(checkpoint / "tokenizer_config.json", model_input_names=names)
    with pytest.raises(DataError):
        load_classifier(checkpoint)
