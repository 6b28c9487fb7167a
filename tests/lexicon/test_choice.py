"""What `--lexicon` names, and several lexica at once."""

import sys
from io import StringIO

import pytest

from mosecrot_cli.errors import DataError, UsageError
from mosecrot_cli.lexicon import SOURCES, LexiconChoice, LexiconKind, read_lexica, resolve_lexicon


def test_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "muse").write_text("dog Hund\n")
    assert resolve_lexicon("-") == LexiconChoice(LexiconKind.STDIN, "-")
    assert resolve_lexicon("MUSE") == LexiconChoice(LexiconKind.SOURCE, "muse")
    assert resolve_lexicon("./muse") == LexiconChoice(LexiconKind.FILE, "./muse")
    assert len(read_lexica(["./muse"])) == 1
    assert resolve_lexicon("Identical") == LexiconChoice(LexiconKind.IDENTICAL, "identical")
    assert len(read_lexica(["identical", "./muse"])) == 1
    assert read_lexica(["identical"]) == []


def test_neither_file_nor_source(tmp_path):
    with pytest.raises(DataError, match=r"did you mean panlex\?"):
        resolve_lexicon("panlx")
    with pytest.raises(DataError, match=r"no such file .*muse, panlex, google, wiktionary"):
        resolve_lexicon(str(tmp_path / "en-de.txt"))


def test_an_online_source_is_read_from_the_file_that_is_brought(tmp_path):
    def bring(name):
        path = tmp_path / "cached.tsv"
        path.write_text("source\ttarget\tscore\torigin\ndog\tHund\t7.5\tpanlex\n")
        return path

    (pair,) = read_lexica(["panlex"], bring=bring)
    assert (pair.source, pair.target, pair.score, pair.origin) == ("dog", "Hund", 7.5, "panlex")
    (pair,) = read_lexica(["muse:train"], bring=bring)
    assert pair.origin == "muse:train"
    with pytest.raises(UsageError, match="languages"):
        read_lexica(["panlex"])


def test_every_source_can_be_brought():
    from mosecrot_cli.sources.lexica.registry import find_lexicon

    for name in SOURCES:
        source, part = find_lexicon(name.upper())
        assert source.provenance.licence and callable(source.bring) and part == ""
        with pytest.raises(UsageError, match=rf"{name} has no part 'odd'.*there is {name}"):
            find_lexicon(f"{name}:odd")
    assert find_lexicon("muse:train")[1] == "train"


def test_several_lexica_keep_their_order_and_have_origins_apart(tmp_path, monkeypatch):
    for folder, text in (("a", "dog Hund\n"), ("b", "source\ttarget\torigin\ncat\tKatze\tmuse\nfox\tFuchs\t\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "de.txt").write_text(text)
    monkeypatch.setattr(sys, "stdin", StringIO("cow\tKuh\n"))
    monkeypatch.chdir(tmp_path)
    pairs = read_lexica(["a/de.txt", "-", "b/de.txt"])
    assert [(pair.source, pair.origin) for pair in pairs] == [
        ("dog", "de.txt"),
        ("cow", "stdin"),
        ("cat", "muse"),
        ("fox", "de.txt (b/de.txt)"),
    ]


def test_a_lexicon_is_given_once(tmp_path):
    with pytest.raises(UsageError, match="`lexicons`: - is given 2 times"):
        read_lexica(["-", "-"])
    with pytest.raises(DataError, match="no lexicon"):
        read_lexica([])
