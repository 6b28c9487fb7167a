"""One notion of the same word: invented texts that spell words otherwise, and properties of the rules."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mosecrot_cli.model.stitching.tokenizer import build_target_tokenizer, target_normalizer
from mosecrot_cli.orthography import is_lowercased
from mosecrot_cli.pipeline.inspect.coverage import Way, text_coverage
from mosecrot_cli.spellings import (
    Equivalence,
    SpellingIndex,
    SpellingRules,
    difference,
    equivalence,
    fold,
    to_simplified,
)
from pico import pico_tokenizer

CASES = Path(__file__).parent / "cases"
SPELLED = ["01-uzbek-turned-comma", "02-invisible-characters", "03-arabic-hebrew-vocalised", "04-russian-stress-mark"]
SPELLED += ["06-compatibility-forms", "07-names-in-other-case", "09-hebrew-gershayim-hyphens"]
WITH_LEXICON = [case for case in SPELLED if (CASES / case / "lex.tsv").exists()]


def lines(case: str, name: str) -> list[str]:
    return [line for line in (CASES / case / name).read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("case", SPELLED)
def test_each_spelling_gets_the_row_of_its_word(case):
    words = lines(case, "words.txt")
    built = build_target_tokenizer(words, pico_tokenizer("bert"), lowercased=is_lowercased(words))
    for line in lines(case, "t.txt"):
        ids = built.tokenizer(line, add_special_tokens=False)["input_ids"]
        assert built.tokenizer.unk_token_id not in ids, line
        # One known word for each written one; U+200B parts words.
        expected = line.replace("\u200b", " ").split()
        assert len(ids) == len(expected)
        index = SpellingIndex(words)
        assert [int(built.indices[i]) for i in ids] == [index.find(word.replace("\ufeff", "")) for word in expected]


@pytest.mark.parametrize("case", SPELLED)
def test_inspect_finds_each_spelling_and_says_by_what_it_differs(case):
    words, texts = lines(case, "words.txt"), lines(case, "t.txt")
    language = "tr" if "ı" in "".join(words) else None
    found = text_coverage(texts, words, None, pico_tokenizer("bert"), language=language)
    assert found.unknown == ()
    assert found.known == found.words
    written = [word for line in texts for word in line.replace("\u200b", " ").split()]
    assert sum(found.ways.values()) == len(written)
    assert sum(found.spellings.values()) == found.ways[Way.spelling]


@pytest.mark.parametrize("case", WITH_LEXICON)
def test_every_pair_of_a_lexicon_finds_its_word(case):
    index = SpellingIndex(lines(case, "words.txt"))
    assert all(index.find(line.split("\t")[1]) is not None for line in lines(case, "lex.tsv"))


@pytest.mark.parametrize(
    ("word", "other", "kind"),
    [
        ("oʻzbek", "o‘zbek", Equivalence.APOSTROPHE),
        ("Bundes\u00adtag", "Bundestag", Equivalence.INVISIBLE),
        ("ﬁnance", "finance", Equivalence.COMPATIBILITY),
        ("кто‑то", "кто-то", Equivalence.HYPHEN),
        ("за\u0301мок", "замок", Equivalence.MARK),
        ("كتاب", "کتاب", Equivalence.LETTER),
        ("МОСКВА", "Москва", Equivalence.CASE),
        ("цӏа", "ц1а", Equivalence.LETTER),
        ("ൺ", "ണ്‍", Equivalence.INVISIBLE),
        ("Москва", "Москва", None),
        ("Москва", "москвич", None),
        ("и", "й", None),
        ("ѐ", "е", None),
    ],
)
def test_by_what_two_spellings_differ(word, other, kind):
    assert difference(word, other) is kind
    assert (fold(word) == fold(other)) == (kind is not None or word == other)


def test_the_written_form_wins_and_then_the_nearest():
    index = SpellingIndex(["МОСКВА", "Москва", "o’zbek", "o'zbek"])
    assert [index.find(word) for word in ("МОСКВА", "Москва", "москва", "o'zbek", "o‘zbek")] == [0, 1, 1, 3, 2]
    assert index.find("Берлин") is None


def test_lower_case_by_the_rules_of_the_language():
    turkish, plain = SpellingRules.of(["kadın"], language="tr"), SpellingRules.of(["kitap"])
    assert [turkish.lower(word) for word in ("ILIK", "İSTANBUL")] == ["ılık", "istanbul"]
    assert [plain.lower(word) for word in ("ILIK", "İSTANBUL")] == ["ilik", "istanbul"]
    built = build_target_tokenizer(["ılık", "istanbul"], pico_tokenizer("bert"), lowercased=True)
    ids = built.tokenizer("ILIK İSTANBUL", add_special_tokens=False)["input_ids"]
    assert built.indices[ids].tolist() == [0, 1]


def test_marks_that_are_spelling_are_kept():
    yiddish = ["אַז", "אָדער", "האָב", "מאַן"]
    rules = SpellingRules.of(yiddish)
    assert rules.marks and rules.normalise("אַז") == unicodedata.normalize("NFC", "אַז")
    assert "אז" in set(rules.variants("אַז", cased=False))


def test_joiners_stay_where_the_words_have_them():
    persian = SpellingRules.of(["می‌خواهم", "کتاب"])
    assert persian.normalise("می‌خواهم") == "می‌خواهم"
    assert SpellingRules.of(["کتاب"]).normalise("می‌خواهم") == "میخواهم"


def test_signs_that_mean_something_else_are_kept_apart():
    built = build_target_tokenizer(["no", "№", "m2", "m²", "x"], pico_tokenizer("bert"), lowercased=True)
    ids = built.tokenizer("№ no m² m2", add_special_tokens=False)["input_ids"]
    assert built.indices[ids].tolist() == [1, 0, 3, 2]
    assert built.tokenizer.decode(ids) == "№ no m² m2"


@pytest.mark.skipif(to_simplified("漢") == "漢", reason="OpenCC is not installed")
def test_traditional_and_simplified_characters():
    assert difference("漢語", "汉语") is Equivalence.CHINESE
    words = ["汉语", "学校", "學習"]
    built = build_target_tokenizer(
        words, pico_tokenizer("bert"), lowercased=False, rules=SpellingRules.of(words, language="zh")
    )
    ids = built.tokenizer("漢語學校学习", add_special_tokens=False)["input_ids"]
    assert built.indices[ids].tolist() == [0, 1, 2]


LETTERS = st.sampled_from("aAoOiIİısß'’ʼʻ‘`-‐‑\u00ad\u200b\u200c\u0301\u0640\u064bﬁＡкКіыц1ӏﺎكکşș№² ")
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=5), min_size=1, max_size=8, unique=True)


@settings(max_examples=200, deadline=None)
@given(words=WORDS, text=st.text(LETTERS, max_size=20), lowercase=st.booleans())
def test_the_tokenizer_reads_texts_as_the_rules_say(words, text, lowercase):
    rules = SpellingRules.of(words)
    normal = target_normalizer(rules, lowercased=lowercase).normalize_str(text)
    assert normal.replace("▁", "") == rules.normalise(text, lowercase=lowercase)


@settings(max_examples=200, deadline=None)
@given(word=st.text(LETTERS, max_size=8))
def test_the_key_of_a_key_is_itself(word):
    assert fold(fold(word)) == fold(word)


@settings(max_examples=300, deadline=None)
@given(word=st.text(min_size=1, max_size=6) | st.text(LETTERS, min_size=1, max_size=6))
def test_the_short_way_to_a_key_gives_the_same(word):
    slow = word
    for step in equivalence._FOLDS.values():
        slow = step(slow)
    assert fold(word) == unicodedata.normalize("NFC", slow)


@settings(max_examples=200, deadline=None)
@example(words=["ı\u0301"])
@given(words=WORDS)
def test_every_variant_of_a_word_has_its_key(words):
    rules = SpellingRules.of(words)
    for word in words:
        for variant in rules.variants(word, cased=True):
            assert undotted(variant) == undotted(word)


def undotted(word):
    """The folded word, in which the dotless i of Turkish is an i."""
    return unicodedata.normalize("NFC", fold(word).replace("ı", "i"))
