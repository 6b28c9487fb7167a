"""The tokenizer over a target vocabulary: whole words, fewest pieces, the model's special tokens, saved and loaded."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerFast

from mosecrot_cli.errors import DataError
from mosecrot_cli.model.stitching import vocabulary
from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer
from mosecrot_cli.model.stitching.vocabulary import RowKind, SourceRow
from pico import FAMILIES, pico_tokenizer

GERMAN = ["Donau", "dampf", "schiff", "can't", "der", "a", "s", "fährt", "Straße", ",", ".", "2", "l'eau", "nicht"]
CHINESE = ["我们", "喜欢", "狗", "我", "喜", "。"]
RUSSIAN = ["собака", "в", "лесу", "собак", "а,", ",", ".", "и", "северо-запад", "запад", "север"]
every_family = pytest.mark.parametrize("family", FAMILIES)


def build(words, *, lowercased=False, family="bert", **options):
    return build_target_tokenizer(words, pico_tokenizer(family), lowercased=lowercased, **options)


def pieces(built, text):
    """What a text is cut into; an unknown stretch reads `?`."""
    tokenizer = built.tokenizer
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ["?" if i == tokenizer.unk_token_id else tokenizer.convert_ids_to_tokens(i).replace("▁", "") for i in ids]


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (GERMAN, "Donaudampfschiff", ["Donau", "dampf", "schiff"]),
        (CHINESE, "我们喜欢狗。", ["我们", "喜欢", "狗", "。"]),
        (CHINESE, "我狗", ["我", "狗"]),
        (GERMAN, "can't", ["can't"]),
        (GERMAN, "der, Donau.", ["der", ",", "Donau", "."]),
        (GERMAN, "das", ["?"]),  # "a" and "s" are words, but no pieces
        (GERMAN, "schiffs", ["schiff", "?"]),
        (GERMAN, "a-s", ["a", "?", "s"]),  # standing alone they are words
        (GERMAN, "22", ["2", "2"]),
        (GERMAN, "L’eau", ["L'eau"]),
        (RUSSIAN, "собака, в лесу.", ["собака", ",", "в", "лесу", "."]),  # not "собак" + "а,"
        (RUSSIAN, "северо-запад", ["северо-запад"]),
        (["abcde", "ab", "cd", "ef"], "abcdef", ["ab", "cd", "ef"]),  # rather pieces than something unknown
        (["학교", "에", "는"], "학교에는", ["학교", "에", "는"]),
        (["กา", "ก", "ข"], "ขกากข", ["ข", "กา", "ก", "ข"]),
        (["e\u0301t\u00e9"], "ét\u0065\u0301", ["été"]),  # both forms of an accent
        (["q\u0301", "abc"], "abcq\u0301 q\u0301", ["abc", "?", "q\u0301"]),  # a letter with its mark is one letter
    ],
)
def test_what_texts_are_cut_into(words, text, expected):
    assert pieces(build(words), text) == expected


def test_letter_case_of_lowercased_vectors():
    built = build(["straße", "οδος", "i̇stanbul", "haus"], lowercased=True)
    assert pieces(built, "Straße ΟΔΟΣ İstanbul HAUS") == ["straße", "οδος", "i̇stanbul", "haus"]
    assert built.count(RowKind.ALIAS) == 0


def test_a_cased_word_missing_as_written_is_found_in_lower_case():
    built = build(["haus", "Haus", "maus", "McDonald", "dz"])
    rows = {
        token: built.indices[built.tokenizer.convert_tokens_to_ids(token)] for token in ("Haus", "HAUS", "Maus", "MAUS")
    }
    assert rows == {"Haus": 1, "HAUS": 0, "Maus": 2, "MAUS": 2}
    assert pieces(built, "MCDONALD Dz DZ") == ["MCDONALD", "Dz", "DZ"]


def test_aliases_are_bounded_and_go_to_frequent_words_first(monkeypatch):
    monkeypatch.setattr("mosecrot_cli.model.stitching.tokenizer.MAX_ALIASES", 11)
    words = [f"{first}{second}x" for first in "abcdefghij" for second in "abcdefghij"]
    built = build(words)
    assert built.count(RowKind.ALIAS) == 11
    assert set(built.indices[built.kinds == RowKind.ALIAS]) == set(range(6))


def test_apostrophes_of_texts_are_found():
    built = build(["п'ять", "aujourd’hui"], lowercased=True)
    assert pieces(built, "п’ять Пʼять AUJOURD'HUI") == ["п’ять", "п'ять", "aujourd'hui"]
    assert set(built.indices[built.kinds == RowKind.ALIAS]) == {0, 1}


def test_words_that_cannot_be_in_the_vocabulary_are_counted_by_reason():
    words = ["haus", "New\u00a0York", "", "Haus", "[SEP]", "x[SEP]y", "maus"]
    built = build(words, lowercased=True)
    assert built.left_out == {
        vocabulary.WHITE_SPACE: 2,
        vocabulary.COLLAPSED: 1,
        vocabulary.SPECIAL_TOKEN: 1,
        vocabulary.NOT_ONE_TOKEN: 1,
    }
    assert built.indices[built.kinds == RowKind.WORD].tolist() == [0, 6]


def test_no_word_at_all_is_bad_data():
    with pytest.raises(DataError, match="no mapped word"):
        build(["", " "])


@every_family
def test_special_tokens_keep_strings_ids_and_template(family):
    source = pico_tokenizer(family)
    target = build(GERMAN, family=family).tokenizer
    assert target.special_tokens_map == source.special_tokens_map
    for token, index in zip(source.all_special_tokens, source.all_special_ids, strict=True):
        assert target.convert_tokens_to_ids(token) == index
        assert target(f"der{token}Donau", add_special_tokens=False)["input_ids"][1] == index
    ours, theirs = target("", ""), source("", "")
    assert ours["input_ids"] == theirs["input_ids"]
    assert ours.keys() == theirs.keys()
    assert (target.padding_side, target.model_max_length) == (source.padding_side, source.model_max_length)


@every_family
def test_rows_fill_the_free_ids_in_their_order(family, monkeypatch):
    monkeypatch.setattr("mosecrot_cli.model.stitching.tokenizer.MAX_ALIASES", 0)
    built = build(GERMAN, family=family)
    words = built.kinds == RowKind.WORD
    assert built.indices[words].tolist() == list(range(len(GERMAN)))
    assert len(built) == len(built.tokenizer)
    special = set(pico_tokenizer(family).all_special_ids)
    assert {index for index in special if built.kinds[index] == RowKind.SPECIAL} == special
    # Fillers only below the highest special id.
    assert all(built.kinds[max(special) + 1 :] == RowKind.WORD)


def test_a_reserved_id_keeps_its_row():
    built = build(GERMAN, reserved={7})
    assert (built.kinds[7], built.indices[7]) == (RowKind.SPECIAL, 7)


def test_a_model_without_an_unknown_token_gets_one():
    backend = Tokenizer(models.WordLevel({"<pad>": 0, "hello": 1}))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    source = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>")
    built = build_target_tokenizer(["hallo", "welt"], source, lowercased=True)
    unknown = built.tokenizer.unk_token_id
    assert built.tokenizer("hallo quux")["input_ids"] == [built.tokenizer.convert_tokens_to_ids("hallo"), unknown]
    assert (built.kinds[unknown], built.indices[unknown]) == (RowKind.SPECIAL, vocabulary.NO_VECTOR)


def test_source_strings_fill_gaps_only():
    rows = [
        SourceRow(",", RowKind.PUNCTUATION, 50),
        SourceRow("!", RowKind.PUNCTUATION, 51),
        SourceRow("Nicht", RowKind.SHARED, 9),
    ]
    built = build(GERMAN, source_rows=rows)
    assert built.kinds[built.tokenizer.convert_tokens_to_ids(",")] == RowKind.WORD
    assert built.indices[built.tokenizer.convert_tokens_to_ids("!")] == 51
    assert built.kinds[built.tokenizer.convert_tokens_to_ids("Nicht")] == RowKind.ALIAS


def test_every_string_of_the_vocabulary_encodes_to_its_own_id():
    built = build(GERMAN + RUSSIAN + CHINESE)
    for token, index in built.tokenizer.get_vocab().items():
        if built.kinds[index] != RowKind.FILLER:
            assert built.tokenizer(token, add_special_tokens=False)["input_ids"] == [index], token


def test_decoding_gives_readable_text():
    tokenizer = build(RUSSIAN).tokenizer
    ids = tokenizer("собака, в лесу.")["input_ids"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "собака, в лесу."


letters = st.sampled_from("abszéßДжяі我狗ะกあ가ሀ'-.’ʼİΣς\u0301\u00a0 ▁#1[]")
odd_words = st.lists(st.text(letters, max_size=6), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(words=odd_words, lowercased=st.booleans())
def test_every_word_is_its_own_token_or_counted(words, lowercased):
    try:
        built = build(words, lowercased=lowercased)
    except DataError:
        assert all(word.split() != [word] for word in words)
        return
    assert built.count(RowKind.WORD) + sum(built.left_out.values()) == len(words)
    for index in (built.kinds == RowKind.WORD).nonzero()[0].tolist():
        word = words[built.indices[index]]
        for text in (word, f"xx {word} yy", unicodedata.normalize("NFD", word)):
            assert index in built.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert built.tokenizer(word, add_special_tokens=False)["input_ids"] == [index]


@pytest.fixture(scope="module", params=["bert", "roberta", "modernbert", "xlm-roberta"])
def saved(request, tmp_path_factory):
    """A tokenizer before and after saving, in a folder with the config of its model."""
    folder = tmp_path_factory.mktemp(request.param)
    AutoConfig.for_model(request.param).save_pretrained(folder)
    built = build(GERMAN + CHINESE + RUSSIAN, family=request.param)
    built.save(folder)
    return built.tokenizer, AutoTokenizer.from_pretrained(folder), folder


texts = st.lists(
    st.one_of(st.text(max_size=12), st.sampled_from([*GERMAN, *CHINESE, *RUSSIAN, "[SEP]", "<mask>", "▁", " <mask>"]))
).flatmap(lambda parts: st.sampled_from([" ".join(parts), "".join(parts)]))


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_saving_and_loading_give_back_the_same_tokenizer(saved, text):
    before, after, _ = saved
    assert dict(after(text)) == dict(before(text))
    ids = before(text)["input_ids"]
    assert after.decode(ids) == before.decode(ids)


@every_family
def test_transformers_would_write_the_same_but_for_the_class(family, tmp_path):
    built = build(GERMAN, family=family)
    built.save(tmp_path / "own")
    built.tokenizer.save_pretrained(tmp_path / "theirs")
    own, theirs = (json.loads((tmp_path / name / "tokenizer.json").read_text()) for name in ("own", "theirs"))
    scores, copied = (dict(content["model"].pop("vocab")) for content in (own, theirs))
    assert own == theirs
    assert list(scores) == list(copied)
    assert scores == pytest.approx(copied, rel=1e-15)  # transformers copies by way of JSON: the last digit
    own, theirs = (json.loads((tmp_path / name / "tokenizer_config.json").read_text()) for name in ("own", "theirs"))
    assert own.pop("additional_special_tokens", []) == theirs.pop("extra_special_tokens")
    assert own.pop("tokenizer_class") != theirs.pop("tokenizer_class")
    of_the_session = ("backend", "is_local", "local_files_only")
    assert own == {name: value for name, value in theirs.items() if name not in of_the_session}


def test_the_saved_class_is_known_to_transformers_4_and_5(saved):
    before, after, folder = saved
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert "extra_special_tokens" not in config  # a list there breaks transformers 4
    assert type(after) is PreTrainedTokenizerFast
    assert (after.model_max_length, after.padding_side) == (before.model_max_length, before.padding_side)
    assert after.model_input_names == before.model_input_names
    assert after.special_tokens_map == before.special_tokens_map
