"""Word alignment: symmetrisation against its definition, and eflomal on a language whose words are those of another."""

from __future__ import annotations

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.lexicon.alignment import align_words, symmetrised
from mosecrot_cli.lexicon.parallel import SentencePair
from mosecrot_cli.progress import SilentReporter

LINKS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)))
WORDS = "dog cat horse bread milk honey house river eats sees likes finds old new red small".split()


@given(LINKS, LINKS)
def test_the_weight_of_a_link_is_the_mean_of_both_directions(forward, backward):
    found = symmetrised(forward, backward)
    every = {(i, j) for i in range(5) for j in range(5)}
    assert {link: ((link in forward) + (link in backward)) / 2 for link in every} == {
        link: found.get(link, 0.0) for link in every
    }


def sentences(count=300):
    """Sentences and their translations: every word written backwards, the first one at the end."""
    chooser = random.Random(1)
    found = []
    for _ in range(count):
        words = [chooser.choice(WORDS) for _ in range(chooser.randint(3, 7))]
        target = [word[::-1] for word in [*words[1:], words[0]]]
        found.append(SentencePair(" ".join(words).capitalize() + ".", " ".join(target) + "!"))
    return found


def test_words_that_translate_each_other_are_found_with_counts():
    pytest.importorskip("eflomal")
    pairs = align_words(sentences(), SilentReporter())
    best = {}
    for pair in pairs:
        best.setdefault(pair.target, pair.source)
    assert {target: source.lower() for target, source in best.items() if target != "!"} == {
        word[::-1]: word for word in WORDS
    }
    scores = [pair.score for pair in pairs]
    assert scores == sorted(scores, reverse=True) and all(score > 0 and score % 0.5 == 0 for score in scores)
    assert {pair.origin for pair in pairs} == {"align"}
    assert all((pair.source == ".") == (pair.target == "!") for pair in pairs)
    assert "dog" in {pair.source for pair in pairs}  # as it is written most often, not as a sentence starts


def test_sentences_without_words():
    with pytest.raises(DataError, match="no pair of sentences has words on both sides"):
        align_words([SentencePair(" ", "x")], SilentReporter())


def test_without_eflomal(monkeypatch):
    monkeypatch.setitem(sys.modules, "eflomal", None)
    with pytest.raises(UsageError, match=r"not installed .*mosecrot\[align\]"):
        align_words(sentences(2), SilentReporter())
