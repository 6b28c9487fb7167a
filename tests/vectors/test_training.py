"""Training on text. Oracles: the stitched tokenizer's cuts, a count by hand, neighbours in a text of two topics."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from mosecrot_cli.orthography import tokenize
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.settings import FastTextSettings
from mosecrot_cli.vectors.readers import read_vectors
from mosecrot_cli.vectors.training import SENTENCE_END, check_corpus, train_model, write_corpus
from pico import pico_tokenizer

TOPICS = ([f"су{n}" for n in range(10)], [f"ут{n}" for n in range(10)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Der Hund, die Katze.", ["der", "hund", ",", "die", "katze", "."]),
        ("Can’t l'eau ‘so’ rock'n'roll", ["can't", "l'eau", "‘", "so", "’", "rock'n'roll"]),
        ("северо-запад 3,5 %", ["северо", "-", "запад", "3", ",", "5", "%"]),
        ("ΟΔΟΣ e\u0301te\u0301 मराठी", ["οδος", "été", "मराठी"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("__label__x \x00\u200b", ["_", "_", "label", "_", "_", "x"]),
        ("\t \u3000", []),
    ],
)
def test_words_and_signs(text, expected):
    assert tokenize(text, lowercase=True) == expected


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(st.text(st.sampled_from("аБвҗ Öß',.-!3\n"), max_size=25), min_size=1, max_size=4),
    lowercased=st.booleans(),
)
def test_the_stitched_tokenizer_cuts_the_text_in_the_same_places(texts, lowercased):
    cut = [tokenize(text, lowercase=lowercased) for text in texts]
    vocabulary = list(dict.fromkeys(token for tokens in cut for token in tokens))
    if not vocabulary:
        return
    built = build_target_tokenizer(vocabulary, pico_tokenizer("bert"), lowercased=lowercased).tokenizer
    for text, tokens in zip(texts, cut, strict=True):
        ids = built(text, add_special_tokens=False)["input_ids"]
        assert built.unk_token_id not in ids
        # Never more pieces than words; where several signs were learned as neighbours, the same.
        assert "".join(built.convert_ids_to_tokens(ids)).replace("▁", "") == "".join(tokens)
        assert len(ids) == len(tokens)


def corpus(tmp_path, texts):
    path = tmp_path / "corpus.txt"
    return path, write_corpus(texts, path, lowercase=True)


def two_topics(count=3_000):
    chosen = random.Random(0)
    return [" ".join(chosen.choices(TOPICS[number % 2], k=10)) for number in range(count)]


def test_the_corpus_and_its_counts(tmp_path):
    path, counts = corpus(tmp_path, ["Der Hund.", "", "  ", "der\tder"])
    assert path.read_text() == "der hund .\nder der\n"
    assert counts == Counter({"der": 3, "hund": 1, ".": 1})


@pytest.mark.parametrize("threads", [1, 12])
@pytest.mark.parametrize("maxn", [0, 3])
def test_words_of_a_topic_are_near_each_other(tmp_path, threads, maxn):
    path, counts = corpus(tmp_path, two_topics())
    told = FastTextSettings(dim=10, epochs=8, maxn=maxn, threads=threads, buckets=1_000_000, min_count=5)
    assert check_corpus(counts, told, where="x", reporter=SilentReporter()) == 20
    train_model(path, counts, tmp_path / "m.bin", told, SilentReporter())
    vectors = read_vectors(tmp_path / "m.bin", max_vocab=None, keep=lambda word: word != SENTENCE_END)
    assert sorted(vectors.words) == sorted(TOPICS[0] + TOPICS[1])
    matrix = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    topic = np.array([word in TOPICS[0] for word in vectors.words])
    similar = matrix @ matrix.T
    assert similar[np.ix_(topic, topic)].mean() > similar[np.ix_(topic, ~topic)].mean() + 0.2


def test_one_thread_gives_the_same_again_and_the_seed_matters(tmp_path):
    path, counts = corpus(tmp_path, two_topics(200))

    def train(seed):
        told = FastTextSettings(dim=8, epochs=1, maxn=0, threads=1, seed=seed)
        train_model(path, counts, tmp_path / "m.bin", told, SilentReporter())
        return (tmp_path / "m.bin").read_bytes()

    # fastText alone leaves nine tenths of so small a matrix to chance, and often meets NaN.
    assert len({train(3) for _ in range(4)}) == 1
    assert train(4) != train(3)


@pytest.mark.parametrize(
    ("texts", "told", "error", "match"),
    [
        ([], FastTextSettings(), DataError, "x: no words in the text"),
        ([" \n"], FastTextSettings(), DataError, "no words"),
        (["a b a"], FastTextSettings(), DataError, r"no word occurs 5 times \(the commonest 2 times\).*`min_count`"),
        (["a " * 9], FastTextSettings(minn=4, maxn=3), UsageError, "`minn` 4 is above `maxn` 3"),
        (["a " * 9], FastTextSettings(threads=2, buckets=10), UsageError, r"10 buckets are too few.*`maxn` 0"),
    ],
)
def test_what_cannot_be_trained_on(tmp_path, texts, told, error, match):
    _, counts = corpus(tmp_path, texts)
    with pytest.raises(error, match=match):
        check_corpus(counts, told, where="x", reporter=SilentReporter())


def test_unsegmented_text_is_noticed(tmp_path):
    reporter = SilentReporter()
    told = FastTextSettings(min_count=1)
    check_corpus(corpus(tmp_path, ["我们喜欢狗也喜欢猫和很多别的动物"])[1], told, where="x", reporter=reporter)
    assert "put spaces between the words" in reporter.warnings[0] and len(reporter.warnings) == 1
    check_corpus(corpus(tmp_path, ["我们 喜欢 狗"])[1], told, where="x", reporter=reporter)
    assert "so little text" in reporter.warnings[1] and len(reporter.warnings) == 2


def test_a_failure_of_the_library_is_one_line(tmp_path):
    path, counts = corpus(tmp_path, two_topics(50))
    path.write_text("")
    with pytest.raises(DataError, match="fastText failed: .*vocabulary") as caught:
        train_model(path, counts, tmp_path / "m.bin", FastTextSettings(maxn=0), SilentReporter())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "m.bin").exists()


def test_the_bar_fills_up(tmp_path):
    seen = []

    class Watching(SilentReporter):
        def track(self, description, total):
            from contextlib import contextmanager

            @contextmanager
            def bar():
                yield seen.append

            return bar()

    path, counts = corpus(tmp_path, two_topics(20_000))
    train_model(path, counts, tmp_path / "m.bin", FastTextSettings(dim=8, maxn=0, epochs=3), Watching())
    assert sum(seen) == 100
