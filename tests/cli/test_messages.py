"""Parameters in messages become flags; what the terminal could act on is written out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.cli.framework.messages import in_flags, one_line, speak_for, visible
from mosecrot_cli.settings import MapSettings
from mosecrot_cli.settings.option import parameters_of


@pytest.fixture(autouse=True)
def of_map():
    speak_for(parameters_of(MapSettings))
    yield
    speak_for(())


@pytest.mark.parametrize(
    "text, shown",
    [
        ("`overwrite` replaces it", "--overwrite replaces it"),
        ("name the model with `source_model`", "name the model with --source-model"),
        ("try `basis=vocabulary`", "try --basis vocabulary"),
        ("try `basis='vocabulary'`", "try --basis vocabulary"),
        ("`keep_source=True` or `keep_source=False`", "--keep-source or --map-source"),
        ("`subwords=False`", "--no-subwords"),
        ("`pivot_lexicons` without `pivot_vectors`", "--pivot-lexicon without --pivot-vectors"),
        ("`anchors`: no such file", "ANCHORS: no such file"),
        ("run `mosecrot anchors` first, then `train`", "run `mosecrot anchors` first, then `train`"),
        ("`overwrite=True` again, `overwrite=False` never", "--overwrite again, `overwrite=False` never"),
    ],
)
def test_names_become_flags(text: str, shown: str):
    assert in_flags(text) == shown


@given(st.text())
def test_nothing_that_a_terminal_acts_on_is_left(text: str):
    shown = visible(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
    shown.encode("utf-8")


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S"])))
def test_text_of_any_script_stays(text: str):
    assert visible(text) == text


@given(st.text())
def test_a_message_is_one_line(text: str):
    assert len(one_line(text).splitlines()) <= 1


def test_joiners_of_words_stay():
    assert visible("می\u200cخواهم") == "می\u200cخواهم"
