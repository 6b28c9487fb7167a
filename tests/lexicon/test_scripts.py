"""Scripts of words; the oracle is the name that Unicode gives to each character."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import UsageError
from mosecrot_cli.lexicon import dominant_script, find_script
from mosecrot_cli.lexicon.scripts import _NAMES, _letters_of, resolve_script

CYRILLIC = st.text(st.sampled_from("абвгдеёжзөүҗңһәІї"), min_size=1, max_size=6)
LATIN = st.text(st.sampled_from("abcdefğışçöü"), min_size=1, max_size=6)
MARKS = st.text(st.sampled_from("0123456789-.,'’%€"), max_size=4)


@given(word=CYRILLIC, marks=MARKS)
def test_a_filter_takes_its_script_and_words_without_letters(word, marks):
    cyrillic, latin = find_script("Cyrl"), find_script("Latin")
    assert cyrillic.accepts(word + marks) and not latin.accepts(marks + word)
    assert cyrillic.accepts(marks) and latin.accepts(marks)


@given(first=CYRILLIC, second=LATIN)
def test_mixed_words_belong_where_half_of_their_letters_do(first, second):
    by_name = [unicodedata.name(char).split()[0] for char in first + second]
    assert find_script("Cyrillic").accepts(first + second) == (by_name.count("CYRILLIC") >= by_name.count("LATIN"))
    assert find_script("Latin").accepts(first + second) == (by_name.count("LATIN") >= by_name.count("CYRILLIC"))


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("jpan", ["日本", "ひらがな", "カタカナ", "ラーメン", "食べる"], ["한국", "nihon"]),
        ("Japanese", ["食べる"], ["пить"]),
        ("Kore", ["한국", "韓國", "大한"], ["ひらがな"]),
        ("Hans", ["我们", "卡拉OK", "T恤"], ["ひらがな", "KTV"]),
        ("Katakana", ["ラーメン"], ["ひらがな"]),
        ("Arab", ["كتاب", "قـلم"], ["ספר"]),
        ("Deva", ["हिन्दी"], ["বাংলা"]),
        ("Canadian Aboriginal", ["ᐃᓄᒃᑎᑐᑦ"], ["Inuktitut"]),
        ("linear-b", ["𐀀𐀁"], ["ab"]),
    ],
)
def test_names_and_codes(name, accepted, refused):
    script = find_script(name)
    assert [word for word in accepted + refused if script.accepts(word)] == accepted


def test_every_code_and_name_of_the_table_is_one_script():
    letters = "".join(map(chr, range(0x20, 0x1F000)))
    found = {}
    for code, name in _NAMES.items():
        by_code, by_name = (_letters_of((key,))[0].findall(letters) for key in (code, name))
        assert by_code and by_code == by_name
        # Cn: letters of a newer Unicode than Python's.
        assert {unicodedata.category(char) for char in by_code} <= {"Lu", "Ll", "Lt", "Lm", "Lo", "Cn"}
        found[code] = set(by_code)
    assert len(set().union(*found.values())) == sum(map(len, found.values()))


@pytest.mark.parametrize("name", ["Cyrilic", "Zyyy", "common", "", "La}|.", "кириллица"])
def test_unknown_scripts(name):
    with pytest.raises(UsageError, match="unknown script"):
        find_script(name)


def test_near_scripts_are_named():
    with pytest.raises(UsageError, match="near: Cyrillic"):
        find_script("cyrilic")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["кот", "собака", "dog", "1999", "!"], "Cyrillic"),
        (["我们", "狗", "和", "international", "corporation"], "Han"),
        (["我们"] * 50 + ["の"], "Han"),
        (["日本", "東京", "食べる", "する", "internet"], "Japanese"),
        (["ラーメン"], "Japanese"),
        (["한국", "사람", "大한", "dog"], "Korean"),
        (["d'", "l'", "été", "où"], "Latin"),
    ],
)
def test_dominant_script(words, name):
    assert dominant_script(words) == find_script(name)


def test_a_vocabulary_in_alphabetical_order_is_looked_at_everywhere():
    latin = [f"word{number}" for number in range(15_000)]
    cyrillic = [f"слово{number}" for number in range(60_000)]
    assert dominant_script(latin + cyrillic) == find_script("Cyrillic")


def test_no_letters_no_script():
    assert dominant_script(["1", "!"]) is None
    assert resolve_script("auto", []) is None


@pytest.mark.parametrize("latin", range(0, 10))
def test_auto_filters_only_by_a_script_of_two_thirds_of_the_words(latin):
    words = ["слово"] * (9 - latin) + ["word"] * latin + ["1999", "!"]
    expected = find_script("Cyrillic") if latin <= 3 else find_script("Latin") if latin >= 6 else None
    assert resolve_script("auto", words) == expected


def test_auto_counts_the_scripts_of_japanese_together():
    assert resolve_script("auto", ["日本", "東京", "する", "カメラ", "internet"]) == find_script("Japanese")


def test_resolving():
    assert resolve_script("off", ["кот"]) is None
    assert resolve_script("AUTO", ["кот"]) == resolve_script("cyrl", ["dog"]) == find_script("Cyrillic")
