"""Anchor selection: properties over generated lexica, with a slow selection written for this test as the oracle."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexicon.vocabularies import FakeModel, FakeVectors
from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.lexicon import Anchor, DropReason, Pair, SelectionOptions, load_stopwords, select_anchors
from mosecrot_cli.lexicon.selection import is_stopword
from mosecrot_cli.progress import SilentReporter

SOURCES = ("dog", "Dog", "DOG", "cat", "Cat", "the", "ice cream", "zzz", "7", "")
TARGETS = ("Hund", "hund", "HUND", "Katze", "katze", "кот", "7", "nirgends", "")
MODEL = FakeModel({"dog": (1,), "Dog": (2,), "cat": (3,), "the": (4,), "ice cream": (5, 6), "7": (7,)})
VECTORS = FakeVectors(("hund", "Hund", "katze", "кот", "7", "der", "die"))

SCORES = st.none() | st.sampled_from([0.1, 0.5, 0.5, 0.9])
PAIRS = st.lists(st.builds(Pair, st.sampled_from(SOURCES), st.sampled_from(TARGETS), SCORES), max_size=30)


def lexica(first: list[Pair], second: list[Pair]) -> list[Pair]:
    return [replace(pair, origin="first") for pair in first] + [replace(pair, origin="second") for pair in second]


LEXICA = st.builds(lexica, PAIRS, PAIRS)
OPTIONS = st.builds(
    SelectionOptions,
    max_anchors=st.none() | st.integers(1, 4),
    seed=st.integers(0, 5),
    stopwords=st.sampled_from([frozenset(), frozenset({"the"})]),
    min_score=st.none() | st.just(0.5),
    script=st.sampled_from(["auto", "off", "Cyrl"]),
    identical=st.booleans(),
    multi_token=st.booleans(),
)


def select(pairs, options=None, *, model=MODEL, vectors=VECTORS, reporter=None):
    return select_anchors(pairs, source=model, target=vectors, options=options, reporter=reporter)


def slow_anchors(pairs: list[Pair]) -> list[tuple[str, str]]:
    """Target by target, over all pairs each time; no options."""
    usable = []
    for pair in pairs:
        source = next((form for form in (pair.source, pair.source.lower()) if len(MODEL.ids.get(form, ())) == 1), None)
        target = next((form for form in (pair.target, pair.target.lower()) if form in VECTORS.words), None)
        if source and target:
            usable.append((source, target, pair))
    chosen = []
    for target in {target for _, target, _ in usable}:
        rivals = [number for number, entry in enumerate(usable) if entry[1] == target]
        rivals.sort(key=lambda number: usable[number][2].score or -1, reverse=True)
        rivals.sort(key=lambda number: usable[number][2].origin)
        chosen.append(rivals[0])
    return [usable[number][:2] for number in sorted(chosen)]


@given(pairs=LEXICA)
def test_equal_to_the_slow_selection(pairs):
    expected = slow_anchors(pairs)
    if not expected:
        with pytest.raises(DataError):
            select(pairs, SelectionOptions(script="off"))
        return
    selection = select(pairs, SelectionOptions(script="off"))
    assert [(anchor.source, anchor.target) for anchor in selection.anchors] == expected
    assert all(MODEL.ids[anchor.source] == anchor.source_ids for anchor in selection.anchors)


@given(pairs=LEXICA, options=OPTIONS)
def test_every_pair_is_accounted_for_and_every_target_word_has_one_translation(pairs, options):
    try:
        selection = select(pairs, options)
    except DataError:
        return
    assert len(selection.anchors) + sum(selection.dropped.values()) == selection.read
    assert selection.read == len(pairs) or (options.identical and selection.read > len(pairs))
    assert sum(selection.kept.values()) == len(selection.anchors)
    assert len({anchor.target for anchor in selection.anchors}) == len(selection.anchors)
    assert all(anchor.target in VECTORS for anchor in selection.anchors)
    assert [str(reason) for reason in DropReason if reason in selection.dropped] == list(selection.dropped)
    assert 0 not in selection.dropped.values()
    if options.max_anchors:
        assert len(selection.anchors) <= options.max_anchors
    if options.stopwords:
        assert "the" not in {anchor.source for anchor in selection.anchors}
    if not options.multi_token:
        assert all(len(anchor.source_ids) == 1 for anchor in selection.anchors)
    assert select(pairs, options) == selection


MANY = [Pair(f"s{number}", f"t{number}") for number in range(200)]
MANY_MODEL = FakeModel.of([pair.source for pair in MANY])
MANY_VECTORS = FakeVectors([pair.target for pair in MANY])


@given(small=st.integers(1, 200), large=st.integers(1, 300), seed=st.integers(0, 1_000))
def test_samples_are_nested_and_keep_the_order_of_the_lexicon(small, large, seed):
    small, large = sorted((small, large))
    drawn = [
        [anchor.source for anchor in select(MANY, options, model=MANY_MODEL, vectors=MANY_VECTORS).anchors]
        for options in (SelectionOptions(max_anchors=size, seed=seed) for size in (small, large))
    ]
    order = [pair.source for pair in MANY]
    assert [len(sample) for sample in drawn] == [min(small, 200), min(large, 200)]
    assert all(sample == [word for word in order if word in set(sample)] for sample in drawn)
    assert set(drawn[0]) <= set(drawn[1])


def test_another_seed_is_another_sample():
    def sample(seed: int) -> list[Anchor]:
        options = SelectionOptions(max_anchors=50, seed=seed)
        return select(MANY, options, model=MANY_MODEL, vectors=MANY_VECTORS).anchors

    assert sample(1) == sample(1) != sample(2)


@pytest.mark.parametrize(
    ("pair", "options", "reason"),
    [
        (Pair("", "Hund"), {}, DropReason.EMPTY),
        (Pair("The", "Hund"), {"stopwords": frozenset({"the"})}, DropReason.STOPWORD),
        (Pair("dog", "Hund", 0.4), {"min_score": 0.5}, DropReason.LOW_SCORE),
        (Pair("dog", "Hund"), {"min_score": 0.5}, DropReason.NO_SCORE),
        (Pair("dog", "кот"), {}, DropReason.OTHER_SCRIPT),
        (Pair("zzz", "nirgends"), {}, DropReason.NOT_IN_EITHER),
        (Pair("ice cream", "nirgends"), {}, DropReason.NOT_IN_EITHER),
        (Pair("zzz", "Hund"), {}, DropReason.NOT_IN_SOURCE),
        (Pair("ice cream", "hund"), {}, DropReason.SEVERAL_TOKENS),
        (Pair("dog", "nirgends"), {}, DropReason.NOT_IN_TARGET),
        (Pair("cat", "KATZE"), {}, DropReason.REPEATED),
        (Pair("dog", "katze"), {}, DropReason.OTHER_TRANSLATION),
    ],
)
def test_reasons(pair, options, reason):
    pairs = [Pair("cat", "katze", 1.0, "lexicon"), replace(pair, origin="lexicon")]
    selection = select(pairs, SelectionOptions(**options))
    assert selection.dropped == {reason: 1}
    assert selection.read == 2
    assert selection.kept == {"lexicon": 1}
    assert selection.anchors == [Anchor("cat", "katze", (3,), 1.0, "lexicon")]


def test_best_score_wins_within_a_lexicon_and_the_first_lexicon_over_scores():
    pairs = lexica([Pair("cat", "hund"), Pair("dog", "hund", 0.1)], [Pair("the", "hund", 0.9)])
    selection = select(pairs)
    assert [(anchor.source, anchor.origin) for anchor in selection.anchors] == [("dog", "first")]
    assert selection.dropped == {DropReason.OTHER_TRANSLATION: 2}


def test_a_pair_that_fails_does_not_shadow_the_next_lexicon():
    selection = select(lexica([Pair("zzz", "hund")], [Pair("dog", "hund")]))
    assert selection.kept == {"second": 1}


def test_letter_case_follows_each_vocabulary():
    pairs = [Pair("Dog", "Hund"), Pair("CAT", "KATZE")]
    selection = select(pairs)
    assert [(anchor.source, anchor.target) for anchor in selection.anchors] == [("Dog", "Hund"), ("cat", "katze")]
    uncased = FakeModel.of(["dog"], uncased=True)
    assert select([Pair("DOG", "hund")], model=uncased).anchors[0].source == "DOG"


def test_multi_token_words_keep_their_ids_and_single_tokens_go_first():
    model = FakeModel({"ice cream": (5, 6), "Dog": (8, 9), "dog": (1,), "Ice Cream": (5, 10, 6)})
    pairs = [Pair("ice cream", "katze"), Pair("Dog", "hund"), Pair("Ice Cream", "die")]
    selection = select(pairs, SelectionOptions(multi_token=True), model=model)
    assert [(a.source, a.source_ids) for a in selection.anchors] == [
        ("ice cream", (5, 6)),
        ("dog", (1,)),
        ("Ice Cream", (5, 10, 6)),
    ]


def test_script_filter():
    pairs = [Pair("dog", "кот"), Pair("cat", "katze"), Pair("7", "7")]
    assert select(pairs).script == "Latin"
    assert [anchor.target for anchor in select(pairs).anchors] == ["katze", "7"]
    assert [anchor.target for anchor in select(pairs, SelectionOptions(script="Cyrillic")).anchors] == ["кот", "7"]
    everything = select(pairs, SelectionOptions(script="off"))
    assert len(everything.anchors) == 3 and everything.script is None


def test_identical_strings_come_after_the_lexicon_which_wins():
    model = FakeModel({"die": (1,), "hund": (2,), "7": (3,), ",": (4,), "paris": (5,), "Windows": (6,), "der ": (7,)})
    vectors = FakeVectors(["кот", "собака", ",", "7", "die", "hund", "Paris", "Windows", "bad\tword", "der "])
    pairs = [Pair("hund", "собака", 1.0, "lexicon"), Pair("die", "hund", 1.0, "lexicon")]
    options = SelectionOptions(identical=True, script="off", min_score=0.5, stopwords=frozenset({"windows"}))
    selection = select(pairs, options, model=model, vectors=vectors)
    assert [(anchor.source, anchor.target) for anchor in selection.anchors] == [
        ("hund", "собака"),
        ("die", "hund"),
        (",", ","),
        ("7", "7"),
        ("die", "die"),
        ("paris", "Paris"),
    ]
    assert selection.kept == {"lexicon": 2, "identical": 4}
    assert selection.dropped == {DropReason.STOPWORD: 1}
    assert selection.read == 7


def test_identical_is_about_strings_not_about_what_a_tokenizer_makes_of_them():
    class AccentStripper(FakeModel):
        def token_ids(self, words):
            return super().token_ids([word.replace("ô", "o").replace("é", "e").lower() for word in words])

    model = AccentStripper.of(["cote", "table", "paris"])
    vectors = FakeVectors(["côté", "table", "Table", "Paris"])
    selection = select([], SelectionOptions(identical=True), model=model, vectors=vectors)
    assert [anchor.target for anchor in selection.anchors] == ["table", "Paris"]


def test_short_words_are_no_seeds_but_numerals_and_han_words_are():
    model = FakeModel.of(["die", "radio", "7", "!", "x86", "东京", "taxi"])
    vectors = FakeVectors(["!", "die", "radio", "Taxi", "7", "x86", "东京"])
    selection = select([], SelectionOptions(identical=True, identical_letters=4), model=model, vectors=vectors)
    assert [anchor.target for anchor in selection.anchors] == ["!", "radio", "Taxi", "7", "东京"]


def test_no_common_word_is_said():
    with pytest.raises(DataError, match="no word of the vectors"):
        select([], SelectionOptions(identical=True), model=FakeModel.of(["dog"]), vectors=FakeVectors(["собака"]))


def test_words_are_asked_for_once():
    model = FakeModel.of(["dog", "cat"])
    select([Pair(word, target) for word in ("dog", "cat", "zzz") for target in ("hund", "katze", "die")], model=model)
    assert sorted(model.asked) == ["cat", "dog", "zzz"]


@pytest.mark.parametrize(
    ("pairs", "options", "message"),
    [
        ([], {}, "the lexicon has no pair"),
        (
            [Pair("zzz", "Hund"), Pair("dog", "nirgends"), Pair("zzz", "nirgends"), Pair("zzz", "x")],
            {},
            "^de.tsv: none of 4 pairs is in both vocabularies: 3 source words are no token of the model, "
            "3 target words are not in the vectors .does the lexicon go from",
        ),
        ([Pair("Hund", "dog"), Pair("katze", "cat")], {}, "swap them"),
        (
            [Pair("dog", "кот")],
            {},
            "none of 1 pairs is left: 0 source .* 1 target word in another script .`script` off",
        ),
        ([Pair("dog", "hund", 0.1)], {"min_score": 0.5}, "lower `min_score`"),
        ([Pair("7", "7", 0.1)], {"min_score": 0.5}, "lower `min_score`"),
        ([Pair("dog", "hund")], {"min_score": 0.5}, "has no scores"),
        ([Pair("the", "hund")], {"stopwords": frozenset({"the"})}, "`drop_stopwords`"),
        ([Pair("ice cream", "hund")], {}, "`multi_token`"),
        ([Pair("", "hund")], {}, "none of 1 pairs"),
    ],
)
def test_nothing_left_says_which_side_failed_and_how_to_mend_it(pairs, options, message):
    vectors = FakeVectors([*VECTORS.words, *(f"wort{number}" for number in range(9))])
    pairs = [replace(pair, origin="de.tsv") for pair in pairs]
    with pytest.raises(DataError, match=message):
        select(pairs, SelectionOptions(**options), vectors=vectors)


def test_a_swapped_lexicon_with_a_few_shared_words_is_warned_about():
    words = [f"w{number}" for number in range(100)]
    model, vectors = FakeModel.of([*words, "same"]), FakeVectors([*(f"x{word}" for word in words), "same"])
    swapped = [Pair(f"x{word}", word) for word in words] + [Pair("same", "same")]
    reporter = SilentReporter()
    assert len(select(swapped, model=model, vectors=vectors, reporter=reporter).anchors) == 1
    assert ["swap them" in warning for warning in reporter.warnings] == [True]
    right = [Pair(pair.target, pair.source) for pair in swapped]
    reporter = SilentReporter()
    select(right, SelectionOptions(max_anchors=2), model=model, vectors=vectors, reporter=reporter)
    assert reporter.warnings == []


@pytest.mark.parametrize(
    "wrong", [{"max_anchors": 0}, {"seed": -1}, {"min_score": float("nan")}, {"script": "Klingon"}]
)
def test_options_that_make_no_sense(wrong):
    with pytest.raises(UsageError):
        SelectionOptions(**wrong)


def test_english_stopwords_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    assert load_stopwords() == ENGLISH_STOP_WORDS
    assert is_stopword("The", load_stopwords()) and not is_stopword("dog", load_stopwords())


def test_stopwords_of_a_file(tmp_path):
    path = tmp_path / "stop.txt"
    path.write_text("Der\n\n die \nund so weiter\n", encoding="utf-8")
    assert load_stopwords(path) == {"der", "die", "und so weiter"}
    path.write_bytes("für".encode("latin-1"))
    with pytest.raises(DataError, match=r"stop\.txt:1: not UTF-8"):
        load_stopwords(path)
