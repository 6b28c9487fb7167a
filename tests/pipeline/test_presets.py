"""Bundles of options of `map`: what they stand for, and that an option wins."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from mosecrot_cli.cli.app import run
from mosecrot_cli.settings import MAP_PRESETS, MapPreset


def settings_of(folder: str) -> dict:
    return json.loads((Path(folder) / "manifest.json").read_text())["settings"]


def test_the_papers_preset_is_the_explicit_options_bit_by_bit(chain: Path):
    assert run("map --preset paper -o a".split()) == 0
    assert run("map --method relative --weighting sparsemax --k 50 --temperature 1 --map-source -o b".split()) == 0
    for name in ("source.npy", "target.npy"):
        assert (Path("a") / name).read_bytes() == (Path("b") / name).read_bytes()


def test_transfer_says_what_it_stands_for_and_an_option_wins(chain: Path, capsys: pytest.CaptureFixture[str]):
    assert run("map --preset transfer --k 3 -o a".split()) == 0
    assert re.search(r"residual, softmax, k = 3, temperature 0.15, ridge [\d.]+ \(auto\)", capsys.readouterr().err)
    expected = {**MAP_PRESETS[MapPreset.transfer], "k": 3}
    assert {name: settings_of("a")[name] for name in expected} == expected


def test_a_kept_source_is_the_models_own_matrix(chain: Path):
    assert run("map --keep-source -o kept".split()) == 0
    assert run("map --map-source -o mapped-paper".split()) == 0
    own = load_file("model/model.safetensors")["bert.embeddings.word_embeddings.weight"].numpy()
    assert np.array_equal(np.load("kept/source.npy"), own)
    assert (Path("kept") / "target.npy").read_bytes() == (Path("mapped-paper") / "target.npy").read_bytes()
    assert run("stitch model --embeddings kept -o other".split()) == 0


def test_an_option_without_effect_is_said(chain: Path, capsys: pytest.CaptureFixture[str]):
    assert run("map --method procrustes --ridge 2 -o a".split()) == 0
    assert "has no effect with procrustes: it is not used" in capsys.readouterr().err
