"""Lexica as people have them: exports with notes, several translations in a cell, dictionaries that are no tables."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon import read_anchor_pairs, read_lexicon
from mosecrot_cli.lexicon.entries import OddLines, headword, synonyms

CASES = Path(__file__).parents[1] / "cases"
WORD = st.text(st.characters(categories=("Ll", "Lo")), min_size=1, max_size=6)
WORD = WORD.map(lambda word: unicodedata.normalize("NFC", word)).filter(lambda word: word != "to")
ROWS = st.lists(st.tuples(WORD, WORD), min_size=1, max_size=8)


def pairs_of(path: Path | str, odd: OddLines | None = None) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in read_lexicon(path, odd=odd)]


@pytest.mark.parametrize("name", ["dictcc.txt", "dictcc-nocomment.txt"])
def test_an_export_of_dict_cc(name):
    words = ["team", "ball", "player", "win", "light", "atom"]
    assert pairs_of(CASES / "11-dict-cc-export" / name) == [(word, "q" + word[::-1]) for word in words]


def test_odd_lines_are_an_error_or_counted():
    path = CASES / "12-muse-mixed-delimiters" / "en-xx3.txt"
    with pytest.raises(DataError, match=r"en-xx3\.txt:3: 3 words.*`skip_bad_lines`"):
        read_lexicon(path)
    odd = OddLines(skip=True)
    assert pairs_of(path, odd) == [("the", "qeht"), ("team", "qmaet"), ("player", "qreyalp")]
    assert odd.count == 1 and "en-xx3.txt:3" in odd.first


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\tb\t0.1\nc\td\tmany\ne\tf\t1\ng\th\t2\n", [("a", "b"), ("e", "f"), ("g", "h")]),
        ("a\tb\nc\n", [("a", "b")]),
        ('a,b\nc,"d"e\nf,g\n', [("a", "b"), ("f", "g")]),
        ('{"source": "a", "target": "b"}\n{"source": 1}\nnothing\n', [("a", "b")]),
        ("a :: b\nc :: d :: e\nf :: g\n", [("a", "b"), ("f", "g")]),
    ],
)
def test_every_kind_of_odd_line_can_be_passed_over(tmp_path, text, kept):
    (tmp_path / "x").write_text(text)
    with pytest.raises(DataError, match=r"x:\d: .*`skip_bad_lines`"):
        read_lexicon(tmp_path / "x")
    odd = OddLines(skip=True)
    assert pairs_of(tmp_path / "x", odd) == kept
    assert odd.count == len(text.splitlines()) - len(kept)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("semi.csv", ["team qmaet", "ball qllab", "atom qmota"]),
        ("pipe.txt", ["team qmaet", "ball qllab", "atom qmota"]),
        ("dix.xml", ["team qmaet"]),
        ("multi.tsv", ["team qmaet", "team qhctam", "ball qllab", "ball qlaog"]),
        ("ding.txt", ["team qmaet", "teams qsmaet", "ball qllab", "ball qbro", "orb qllab", "sphere qbro"]),
    ],
)
def test_layouts(name, expected):
    found = [" ".join(pair) for pair in pairs_of(CASES / "13-lexicon-layouts" / name)]
    assert [pair for pair in expected if pair not in found] == []


def test_anchor_files_are_read_as_they_stand(tmp_path):
    (tmp_path / "a.tsv").write_text("# x y\tb, c\nto go\td {n}\n")
    assert [(pair.source, pair.target) for pair in read_anchor_pairs(tmp_path / "a.tsv")] == [
        ("# x y", "b, c"),
        ("to go", "d {n}"),
    ]


def test_a_number_sign_may_be_a_word(tmp_path):
    (tmp_path / "a.txt").write_text("# #\n# 5\ndog Hund\n")
    assert pairs_of(tmp_path / "a.txt") == [("#", "#"), ("#", "5"), ("dog", "Hund")]
    (tmp_path / "a.txt").write_text("# a b\tc\n\n# License: x\n#\tRaute\n")
    assert pairs_of(tmp_path / "a.txt") == [("#", "Raute")]


@given(rows=ROWS)
def test_ding_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "x.ding"
    path.write_text("# Version :: 1\n" + "".join(f"{source} {{n}} :: {target} {{m}}\n" for source, target in rows))
    assert pairs_of(path) == rows


@given(rows=ROWS)
def test_json_lines_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "x.jsonl"
    path.write_text("".join(json.dumps({"source": source, "target": target}) + "\n" for source, target in rows))
    assert pairs_of(path) == rows


TEI = """<?xml version="1.0" encoding="UTF-8"?>
<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><body>
{}</body></text></TEI>
"""
ENTRY = (
    "<entry><form><orth>{}</orth><pron>x</pron></form><sense>\n"
    '<cit type="trans" xml:lang="de"><quote>{}</quote><gramGrp><gen>m</gen></gramGrp></cit></sense></entry>\n'
)


@given(rows=ROWS)
def test_tei_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "x.tei"
    path.write_text(TEI.format("".join(ENTRY.format(escape(source), escape(target)) for source, target in rows)))
    assert pairs_of(path) == rows
    assert read_lexicon(path)[-1].line == 2 * len(rows) + 1


@given(rows=ROWS)
def test_dix_round_trip(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "x.dix"
    entries = "".join(f'<e><p><l>{source}<s n="n"/></l><r>{target}<b/>x</r></p></e>\n' for source, target in rows)
    path.write_text(f'<?xml version="1.0"?>\n<dictionary>\n<section id="main">\n{entries}</section></dictionary>')
    assert pairs_of(path) == [(source, f"{target} x") for source, target in rows]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<TEI><entry></form></TEI>", r"x:1: damaged XML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>\n<TEI>&a;</TEI>', "entities"),
        ("<TEI></TEI>", "no pair"),
        ('{"word": "dog", "translations": [{"code": "de", "word": "Hund"}]}\n', "kaikki.*jq"),
        ("[" * 100 + "]" * 100 + "\n", "one column"),
        ('{"source": ' + "[" * 100 + "]" * 100 + "}\n", "x:1:.*nested too deeply"),
    ],
)
def test_what_is_refused_says_the_way_out(tmp_path, text, message):
    (tmp_path / "x").write_text(text)
    with pytest.raises(DataError, match=message):
        read_lexicon(tmp_path / "x")


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("to win", "win"),
        ("Ball {m} [sports]", "Ball"),
        ("(to) win", "win"),
        ("{n}", ""),
        ("a<b", "a<b"),
        ("x{y}", "x{y}"),
        ("together", "together"),
    ],
)
def test_headwords(cell, word):
    assert headword(cell) == word


@pytest.mark.parametrize(
    ("cell", "words"),
    [("a, b; c / d", ["a", "b", "c", "d"]), ("1,000", ["1,000"]), ("km/h", ["km/h"]), (",", [","]), ("a;", ["a"])],
)
def test_synonyms(cell, words):
    assert synonyms(cell) == words
