"""Loading checkpoints: what is whole loads, what is not ends in one line; a local server speaks for the hub."""

from __future__ import annotations

import json
import os
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from mosecrot_cli.errors import DataError
from mosecrot_cli.model import loading
from mosecrot_cli.model.loading import (
    load_classifier,
    load_config,
    load_for_finetuning,
    load_input_embeddings,
    load_tokenizer,
    quiet_transformers,
)
from mosecrot_cli.model.locations import is_local
from pico import FAMILIES, LABELS, pico_classifier, pico_config, pico_tokenizer, write_pico_checkpoint

every_family = pytest.mark.parametrize("family", FAMILIES)


def one_line(caught):
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.fixture
def checkpoint(tmp_path):
    return write_pico_checkpoint(tmp_path / "model")


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(folder, change):
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def without(part):
    return lambda weights: {name: tensor for name, tensor in weights.items() if part not in name}


@every_family
def test_a_whole_classifier(family, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model", family)
    found, expected = load_classifier(folder), pico_classifier(family)
    assert found.labels == LABELS
    assert not found.model.training
    for name, tensor in expected.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], tensor), name
    text = "the dog sees (1999) bread."
    assert found.tokenizer(text)["input_ids"] == pico_tokenizer(family)(text)["input_ids"]


@every_family
def test_input_embeddings_are_as_wide_as_the_matrix(family, tmp_path):
    model = pico_classifier(family)
    matrix = load_input_embeddings(str(write_pico_checkpoint(tmp_path / "model", family, head=False)))
    assert matrix.dtype == np.float32
    assert np.array_equal(matrix, model.get_input_embeddings().weight.detach().numpy())


@pytest.mark.parametrize("half", [False, True])
def test_input_embeddings_are_read_without_the_model(checkpoint, half, monkeypatch):
    model = pico_classifier().half() if half else pico_classifier()
    model.save_pretrained(checkpoint)
    monkeypatch.setattr(loading, "_load", None)
    found = load_input_embeddings(checkpoint)
    assert np.array_equal(found, model.get_input_embeddings().weight.detach().float().numpy())


@pytest.mark.parametrize("doubt", ["a second matrix of that name", "another number of rows"])
def test_input_embeddings_whose_name_leaves_a_doubt_are_those_of_the_model(checkpoint, doubt):
    def change(weights):
        name = next(name for name in weights if name.endswith("embeddings.word_embeddings.weight"))
        if doubt == "another number of rows":
            return weights | {name: weights[name][:-1].clone()}
        return weights | {"other." + name: weights[name] + 1}

    expected = pico_classifier().get_input_embeddings().weight.detach().numpy()
    edit_weights(checkpoint, change)
    if doubt == "another number of rows":
        with pytest.raises(DataError):
            load_input_embeddings(checkpoint)
    else:
        assert np.array_equal(load_input_embeddings(checkpoint), expected)


@every_family
def test_finetuning_starts_from_a_bare_encoder_with_a_new_head(family, tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model", family, head=False)
    one, same, other = (load_for_finetuning(folder, ["no", "yes"], seed=seed) for seed in (1, 1, 2))
    assert one.labels == ("no", "yes")
    assert one.model.config.label2id == {"no": 0, "yes": 1}
    body = pico_classifier(family).base_model.state_dict()
    weights = [classifier.model.state_dict() for classifier in (one, same, other)]
    for name, tensor in one.model.base_model.state_dict().items():
        assert torch.equal(tensor, body[name]), name
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    assert not all(torch.equal(tensor, weights[2][name]) for name, tensor in weights[0].items())


def test_a_head_for_other_labels_is_replaced_and_a_fitting_one_kept(checkpoint):
    own = pico_classifier().classifier.weight
    assert load_for_finetuning(checkpoint, ["a", "b"]).model.classifier.weight.shape == (2, 32)
    assert torch.equal(load_for_finetuning(checkpoint, ["a", "b", "c"]).model.classifier.weight, own)


def test_precision_is_kept_for_inference_and_full_for_training(tmp_path):
    folder = write_pico_checkpoint(tmp_path / "model")
    pico_classifier().half().save_pretrained(folder)
    assert load_classifier(folder).model.dtype == torch.float16
    assert load_for_finetuning(folder, ["a", "b"]).model.dtype == torch.float32
    assert load_input_embeddings(folder).dtype == np.float32


def test_plain_torch_files_load(checkpoint):
    weights = load_file(checkpoint / "model.safetensors")
    (checkpoint / "model.safetensors").unlink()
    torch.save(weights, checkpoint / "pytorch_model.bin")
    assert load_classifier(checkpoint).labels == LABELS


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (self.target,)


def test_a_torch_file_with_code_is_not_run(checkpoint, tmp_path):
    (checkpoint / "model.safetensors").unlink()
    torch.save({"weight": Payload(str(tmp_path / "run"))}, checkpoint / "pytorch_model.bin")
    with pytest.raises(DataError, match="more than tensors") as caught:
        load_classifier(checkpoint)
    one_line(caught)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_of_a_checkpoint_is_never_run(checkpoint, tmp_path, file):
    names = ["AutoConfig", "AutoModelForSequenceClassification", "AutoTokenizer"]
    path = checkpoint / file
    path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": dict.fromkeys(names, "evil.X")}))
    (checkpoint / "evil.py").write_text(f"import os; os.mkdir({str(tmp_path / 'run')!r})")
    with pytest.raises(DataError, match="auto_map") as caught:
        load_classifier(checkpoint)
    assert str(checkpoint) in one_line(caught)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", b"{"),
        ("config.json", b"[]"),
        ("config.json", b"{}"),
        ("config.json", b'{"model_type": "nonsense"}'),
        ("tokenizer.json", b"{"),
        ("tokenizer.json", b'{"version": "1.0"}'),
        ("model.safetensors", b""),
        ("model.safetensors", b"\xff" * 4000),
    ],
)
def test_a_broken_file_is_one_line(checkpoint, file, content):
    (checkpoint / file).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load_classifier(checkpoint)
    assert one_line(caught).startswith(str(checkpoint))


def test_a_truncated_safetensors_file_is_one_line(checkpoint):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    for load in (load_classifier, load_input_embeddings):
        with pytest.raises(DataError, match="broken checkpoint") as caught:
            load(checkpoint)
        one_line(caught)


def test_missing_files(checkpoint):
    (checkpoint / "tokenizer.json").unlink()
    (checkpoint / "tokenizer_config.json").unlink()
    with pytest.raises(DataError, match="no tokenizer"):
        load_tokenizer(checkpoint)
    (checkpoint / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"model\.safetensors"):
        load_input_embeddings(checkpoint)
    (checkpoint / "config.json").unlink()
    with pytest.raises(DataError, match=r"no config\.json"):
        load_config(checkpoint)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("word_embeddings", "without word embeddings"),
        ("classifier", "without a classification head"),
        ("layer.1.attention", "incomplete checkpoint: .*layer.1.attention.* and 9 more tensors"),
    ],
)
def test_a_classifier_that_lacks_tensors(checkpoint, part, message):
    edit_weights(checkpoint, without(part))
    with pytest.raises(DataError, match=message) as caught:
        load_classifier(checkpoint)
    one_line(caught)
    if part == "classifier":
        assert load_for_finetuning(checkpoint, ["a", "b"]).labels == ("a", "b")
    else:
        with pytest.raises(DataError, match=message):
            load_for_finetuning(checkpoint, ["a", "b"])
    if part == "word_embeddings":
        with pytest.raises(DataError, match=message):
            load_input_embeddings(checkpoint)


def test_a_body_of_another_shape(checkpoint):
    edit_config(checkpoint, intermediate_size=64)
    for load in (load_classifier, lambda folder: load_for_finetuning(folder, ["a", "b"])):
        with pytest.raises(DataError):
            load(checkpoint)


@pytest.mark.parametrize("head", ["TokenClassification", "MaskedLM", "QuestionAnswering"])
def test_other_heads_are_refused_as_classifiers(tmp_path, head):
    folder = write_pico_checkpoint(tmp_path / "model")
    model = getattr(transformers, f"BertFor{head}")(pico_config("bert", pico_tokenizer("bert")))
    model.save_pretrained(folder)
    with pytest.raises(DataError, match=f"BertFor{head} is no sequence classifier"):
        load_classifier(folder)
    assert load_for_finetuning(folder, ["a", "b"]).labels == ("a", "b")


@pytest.mark.parametrize("path", ["./nothing", "nothing/", "../nothing", "/nothing/here", "a/b/c", Path("nothing")])
def test_a_path_is_never_looked_up_on_the_hub(path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "never://asked")
    for load in (load_tokenizer, load_input_embeddings, load_classifier):
        with pytest.raises(DataError, match="no such folder"):
            load(path)


def test_what_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bert-base-cased").mkdir()
    assert is_local("bert-base-cased")
    assert not is_local("bert-base-uncased")
    assert not is_local("google/electra-small-discriminator")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="a checkpoint is a folder"):
        load_tokenizer("file")


def test_nothing_is_written_to_stderr_and_the_noise_comes_back(checkpoint, capfd):
    load_for_finetuning(checkpoint, ["a", "b"])
    assert capfd.readouterr() == ("", "")
    before = transformers.logging.get_verbosity()
    transformers.logging.enable_progress_bar()  # a command that ran earlier in this process may have hidden it
    with quiet_transformers():
        assert transformers.logging.get_verbosity() == transformers.logging.ERROR
        assert not transformers.logging.is_progress_bar_enabled()
    assert transformers.logging.get_verbosity() == before
    assert transformers.logging.is_progress_bar_enabled()
