"""fastText models. Oracle: the fasttext library, on models that it trained."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.vectors import readers
from mosecrot_cli.vectors.readers import peek, read_vectors

# fastText fills a tenth of the matrix per thread: with fewer than ten the rest of a small one is whatever memory held.
THREADS = 11
TEXT = "der hund liebt die katze und die schöne katze liebt den hund nicht\n" * 60


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fasttext")
    text = folder / "text.txt"
    common: dict[str, Any] = {"dim": 6, "minCount": 1, "epoch": 1, "bucket": 50, "thread": THREADS, "verbose": 0}
    paths = {}
    for name, settings in {"skipgram": {}, "whole": {"maxn": 0}, "hs": {"loss": "hs", "model": "cbow"}}.items():
        text.write_text(TEXT, encoding="utf-8")
        paths[name] = folder / f"{name}.bin"
        fasttext.train_unsupervised(str(text), **common, **settings).save_model(str(paths[name]))
    text.write_text("__label__a der hund\n__label__b die katze\n" * 40)
    paths["supervised"] = folder / "supervised.bin"
    fasttext.train_supervised(str(text), minn=2, maxn=3, **common).save_model(str(paths["supervised"]))
    return paths


@pytest.mark.parametrize("name", ["skipgram", "whole", "hs", "supervised"])
def test_agrees_with_the_library(models, name):
    theirs = fasttext.load_model(str(models[name]))
    ours = read_vectors(models[name], max_vocab=None)
    assert list(ours.words) == theirs.get_words()
    np.testing.assert_array_equal(ours.matrix, [theirs.get_word_vector(word) for word in ours.words])
    assert ours.digest == hashlib.sha256(models[name].read_bytes()).hexdigest()
    preview = peek(models[name])
    assert (preview.rows, preview.dimension, preview.format) == (len(ours), 6, "fastText binary")


def test_words_outside_the_vocabulary_have_subword_vectors(models):
    theirs = fasttext.load_model(str(models["skipgram"]))
    ours = read_vectors(models["skipgram"], max_vocab=2)
    assert len(ours) == 2 and ours.subwords is not None
    expected = theirs.get_word_vector("schönerer")
    assert np.abs(expected).max() > 0
    np.testing.assert_array_equal(ours.subwords("schönerer"), expected)
    np.testing.assert_array_equal(ours.subwords(unicodedata.normalize("NFD", "schönerer")), expected)
    np.testing.assert_array_equal(ours.rows(["schönerer", ours.words[1]]), [expected, ours.matrix[1]])
    assert read_vectors(models["whole"], max_vocab=None).subwords is None
    assert peek(models["skipgram"]).subwords and not peek(models["whole"]).subwords


def test_composed_words_come_after_the_others(models):
    theirs, ours = fasttext.load_model(str(models["skipgram"])), read_vectors(models["skipgram"], max_vocab=None)
    # Marks of a word's ends are in its n-grams: only the empty word, and what is no n-gram of three, has none.
    more = ours.with_subwords(["schönerer", "hund", "", "katzen", "schönerer"])
    assert more.words == [*ours.words, "schönerer", "katzen"] and len(ours) == len(ours.matrix) == len(more) - 2
    np.testing.assert_array_equal(more.matrix, [theirs.get_word_vector(word) for word in more.words])
    assert more.find("Katzen") == len(ours) + 1 and more.digest == ours.digest
    assert ours.with_subwords(["hund"]) is ours
    whole = read_vectors(models["whole"], max_vocab=None)
    assert whole.with_subwords(["katzen"]) is whole


def test_only_models_without_subwords_come_from_the_cache(models, monkeypatch):
    first = {name: read_vectors(models[name], max_vocab=None) for name in ("whole", "skipgram")}
    detect = readers.detect_format
    monkeypatch.setattr(readers, "detect_format", lambda path: replace(detect(path), read=None))
    again = read_vectors(models["whole"], max_vocab=None)
    assert (list(again.words), again.notes, again.digest) == (
        list(first["whole"].words),
        first["whole"].notes,
        first["whole"].digest,
    )
    np.testing.assert_array_equal(again.matrix, first["whole"].matrix)
    with pytest.raises(TypeError):
        read_vectors(models["skipgram"], max_vocab=None)


def test_compressed(models, tmp_path: Path):
    path = tmp_path / "m.bin.gz"
    path.write_bytes(gzip.compress(models["skipgram"].read_bytes()))
    ours, plain = read_vectors(path, max_vocab=None), read_vectors(models["skipgram"], max_vocab=None)
    np.testing.assert_array_equal(ours.matrix, plain.matrix)
    assert ours.digest == hashlib.sha256(path.read_bytes()).hexdigest() != plain.digest
    assert peek(path).rows == len(ours)


def test_words_that_are_no_utf8_are_left_out_with_a_warning(models, tmp_path: Path):
    path = tmp_path / "m.bin"
    path.write_bytes(models["skipgram"].read_bytes().replace("schöne".encode(), b"sch\xc3\xffne"))
    reporter = SilentReporter()
    ours = read_vectors(path, max_vocab=None, reporter=reporter)
    assert ours.notes["undecodable"] == 1 and len(reporter.warnings) == 1
    assert set(fasttext.load_model(str(models["skipgram"])).get_words()) - set(ours.words) == {"schöne"}


READ = "import sys; from mosecrot_cli.vectors.readers import read_vectors as r; r(sys.argv[1], max_vocab=None)"


def test_nothing_is_printed(models):
    done = subprocess.run([sys.executable, "-c", READ, str(models["skipgram"])], capture_output=True, check=True)
    assert done.stdout == done.stderr == b""


@pytest.mark.parametrize("name", ["skipgram", "supervised"])
def test_every_truncation_is_told(models, tmp_path: Path, name):
    whole = models[name].read_bytes()
    path = tmp_path / "m.bin"
    for size in [4, 60, 90, 93, 120, 300, len(whole) // 2, len(whole) - 200, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="truncated"):
            read_vectors(path, max_vocab=None)
    path.write_bytes(whole + b"x")
    with pytest.raises(DataError, match="after the end"):
        read_vectors(path, max_vocab=None)


@pytest.mark.parametrize(
    ("offset", "value", "match"),
    [
        (4, 13, "version"),
        (8, 0, "settings"),  # dimension
        (8, 7, "matrix"),
        (8, 2**31 - 1, "settings"),
        (8, 2**16, "matrix"),
        (32, 9, "settings"),  # loss
        (36, 0, "settings"),  # model
        (40, 0, "settings"),  # buckets, with n-grams: a division by zero in the library
        (40, 10**9, "matrix"),
        (64, 10**9, "settings"),  # dictionary size
        (84, 0, "quantized"),  # pruned dictionary
    ],
)
def test_damaged_sizes_never_reach_the_library(models, tmp_path: Path, offset, value, match):
    data = bytearray(models["skipgram"].read_bytes())
    data[offset : offset + 4] = value.to_bytes(4, "little")
    if offset == 84:
        data[offset : offset + 8] = value.to_bytes(8, "little")
    path = tmp_path / "m.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=match):
        read_vectors(path, max_vocab=None)


def test_nan_in_a_model(models, tmp_path: Path):
    data = models["whole"].read_bytes()
    theirs = fasttext.load_model(str(models["whole"]))
    row = theirs.get_input_vector(2).astype("<f4").tobytes()
    assert data.count(row) == 1
    path = tmp_path / "m.bin"
    path.write_bytes(data.replace(row, np.float32([0, 0, np.nan, 0, 0, 0]).tobytes()))
    with pytest.raises(DataError, match=f"NaN.*'{theirs.get_words()[2]}'"):
        read_vectors(path, max_vocab=None)
    assert len(read_vectors(path, max_vocab=2)) == 2
