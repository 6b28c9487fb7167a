"""Parallel text in every form that is read, and what is said of others."""

from __future__ import annotations

import gzip
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosecrot_cli.errors import DataError
from mosecrot_cli.lexicon.parallel import SentencePair, parallel_files, read_parallel

SENTENCE = st.text(st.characters(categories=("Ll", "Lo", "Po"), exclude_characters="#"), min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(SENTENCE, SENTENCE), min_size=1, max_size=6)


def read(value, **languages):
    return read_parallel(parallel_files(str(value)), **languages)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def tmx(units, languages=("en", "xx")):
    variants = "".join(
        "<tu>"
        + "".join(
            f'<tuv xml:lang="{lang}"><seg>{escape(text)}</seg></tuv>'
            for lang, text in zip(languages, unit, strict=True)
        )
        + "</tu>\n"
        for unit in units
    )
    return f'<?xml version="1.0"?>\n<tmx version="1.4"><header/><body>\n{variants}</body></tmx>\n'


@given(PAIRS)
def test_every_form_gives_the_same_pairs(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("parallel")
    wanted = [SentencePair(source, target) for source, target in pairs]
    write(folder / "pairs.tsv", "".join(f"{source}\t{target}\n" for source, target in pairs))
    write(folder / "named.tsv", "target\tsource\n" + "".join(f"{target}\t{source}\n" for source, target in pairs))
    write(folder / "pairs.tmx", tmx(pairs))
    write(folder / "a", "".join(f"{source}\n" for source, _ in pairs))
    write(folder / "b", "".join(f"{target}\n" for _, target in pairs))
    (folder / "pairs.tsv.gz").write_bytes(gzip.compress((folder / "pairs.tsv").read_bytes()))
    assert read(folder / "named.tsv") == wanted
    assert read(folder / "pairs.tsv") == read(folder / "pairs.tsv.gz") == wanted
    assert read(f"{folder}/a,{folder}/b") == wanted
    assert read(folder / "pairs.tmx", src="en", tgt="xx") == read(folder / "pairs.tmx", src="en") == wanted
    for name, column in (("v", 0), ("w", 1)):
        write(folder / name, "".join(f"40{number:06}\t{pair[column]}\n" for number, pair in enumerate(pairs)))
    verses = read(f"{folder}/v,{folder}/w")
    assert [(pair.source, pair.target) for pair in verses] == pairs
    assert verses[0].id == "40000000"


def test_verses_are_joined_by_their_ids(tmp_path):
    write(tmp_path / "en", "# an edition\n# of verses\n1\tone\n2\ttwo\n3\tthree\n1\tthe first\n4\tfour\n")
    write(tmp_path / "xx", "3\tiii\n1\ti\n4\n9\tix\n")
    found = read(f"{tmp_path}/en,{tmp_path}/xx")
    assert found == [
        SentencePair("one", "i", "1"),
        SentencePair("the first", "i", "1"),
        SentencePair("three", "iii", "3"),
    ]


def test_the_sides_of_a_memory_are_told_by_their_languages(tmp_path):
    path = write(tmp_path / "m.tmx", tmx([("Hund", "dog"), ("Katze", "cat")], ("de-DE", "EN-us")))
    assert read(path, src="en", tgt="de")[0] == SentencePair("dog", "Hund")
    with pytest.raises(
        DataError, match=r"no translation unit is in the language fr \(`tgt`\) \(its languages are: de, en"
    ):
        read(path, src="en", tgt="fr")


def test_a_file_with_a_comma_in_its_name(tmp_path):
    path = write(tmp_path / "a,b.tsv", "one\ti\n")
    assert parallel_files(str(path)) == (path,)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "one\ti\ntwo\n"}, r"a:2: 1 column, but a sentence and its translation are wanted"),
        ({"a": "7\tone\ti\n"}, r"a:1: 3 columns"),
        ({"a": "one\t\n"}, r"a: no pair of sentences"),
        ({"a": "one\ntwo\n", "b": "i\n"}, r"a:2: 2 lines, but .*b has 1"),
        ({"a": "1\tone\n", "b": "i\n"}, r"a:1: its lines have ids .*, but those of the other file have none"),
        ({"a": "1\tone\ntwo words\n", "b": "1\ti\n"}, r"a:2: no verse"),
        ({"a": "1\tone\n", "b": "2\tii\n"}, r"a and .*b: no pair of sentences"),
        ({"a": "", "b": "i\n"}, r"a: the file is empty"),
        ({"a": "<tmx>\n<body>\n<tu>\n"}, r"a:\d: damaged XML"),
        ({"a": '<!DOCTYPE tmx [<!ENTITY a "b">]>\n<tmx/>\n'}, r"a: XML with entities"),
        ({"a": "\xff\xfe"}, r"a: no pair|a:1: "),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path, files, message):
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(DataError, match=message):
        read(",".join(str(tmp_path / name) for name in files))


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"gone: no such file .*SOURCE,TARGET names two files"):
        parallel_files(f"{write(tmp_path / 'a', 'x')},{tmp_path}/gone")
