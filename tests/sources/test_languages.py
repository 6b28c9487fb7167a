"""One table of languages: whatever the user calls one, each source gets its own name for it."""

from __future__ import annotations

import pytest

from mosecrot_cli.errors import UsageError
from mosecrot_cli.sources.languages import find_language, in_muse, near_languages, require_language

PAPER = ("de", "es", "zh", "fo", "mt", "nds", "sah", "tt")


@pytest.mark.parametrize(
    "name", ["tt", "TT", "tat", "tat-000", "Tatar", "tatar", "wiki.tt.vec", "tat_Cyrl", "tt-Cyrl", "cc.tt.300.vec.gz"]
)
def test_all_names_of_tatar(name):
    language = find_language(name)
    assert (language.code, language.name, language.iso639_3) == ("tt", "Tatar", ("tat",))
    assert (language.panlex, language.google, language.wiktionary) == ("tat-000", "tt", "tatar")
    assert (language.wiki, language.crawl, language.hub, language.flores) == ("tt", "tt", "tt", "tat_Cyrl")
    assert language.known


def test_the_languages_of_the_paper():
    found = {code: find_language(code) for code in PAPER}
    english = find_language("en")
    assert [code for code in PAPER if in_muse(english, found[code])] == ["de", "es", "zh"]
    assert [code for code in PAPER if found[code].crawl is None] == ["fo"]
    assert all(found[code].wiki == code for code in PAPER)
    assert [found[code].flores for code in ("nds", "sah")] == [None, None]
    assert (found["zh"].panlex, found["zh"].google) == ("cmn-000", "zh-CN")
    assert [found[code].wiktionary for code in ("nds", "sah", "zh")] == ["low german", "yakut", "chinese"]


def test_muse_has_both_directions_and_the_european_ones():
    en, de, fr, tt = map(find_language, ("en", "de", "fr", "tt"))
    assert in_muse(de, en) and in_muse(de, fr) and not in_muse(en, tt) and not in_muse(de, de)
    assert not in_muse(de, find_language("ru"))


@pytest.mark.parametrize(("code", "wiki"), [("yue", "zh_yue"), ("nb", "no"), ("gsw", "als"), ("nah", "nah")])
def test_codes_of_wikipedia(code, wiki):
    assert find_language(code).wiki == wiki
    assert find_language(f"wiki.{wiki}.vec").wiki == wiki


@pytest.mark.parametrize(
    ("text", "near"), [("tatr", "tt (Tatar)"), ("Faroes", "fo (Faroese)"), ("germn", "de (German)")]
)
def test_an_unknown_language_suggests_near_ones(text, near):
    assert near in near_languages(text)
    with pytest.raises(UsageError, match=r"--tgt: no language '.*' is known \(near: ") as caught:
        require_language(text, "--tgt")
    assert near in str(caught.value)


@pytest.mark.parametrize("text", ["xx", "deu-x-bible-luther1545", "my words", ""])
def test_what_is_no_language_stands_for_itself(text):
    language = find_language(text)
    assert (language.code, language.known) == (text, False)
