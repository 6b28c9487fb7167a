"""PanLex's database download. Oracles: the query of NLTK's PanLex Lite reader, and every path counted one by one."""

from __future__ import annotations

import csv
import itertools
import math
import random
import sqlite3
import zipfile
from pathlib import Path

import pytest

from mosecrot_cli.errors import DataError
from mosecrot_cli.progress import SilentReporter
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.lexica.panlex_dump import read_dump

EN, TT, NDS = map(find_language, ("en", "tt", "nds"))
# As nltk.corpus.reader.panlex_lite asks (TRANSLATION_Q), with the source word's variety and text, and the target's.
NLTK = """
SELECT s.tt, sum(s.uq) AS trq FROM (
    SELECT ex2.tt, max(dnx.uq) AS uq FROM dnx JOIN ex ON (ex.ex = dnx.ex) JOIN dnx dnx2 ON (dnx2.mn = dnx.mn)
    JOIN ex ex2 ON (ex2.ex = dnx2.ex)
    WHERE dnx.ex != dnx2.ex AND ex.lv = ? AND ex.tt = ? AND ex2.lv = ? GROUP BY ex2.tt, dnx.ui
) s GROUP BY s.tt ORDER BY trq DESC, s.tt
"""
LANGVARS = [(187, "eng", 0), (700, "tat", 0), (157, "deu", 0)]
ENGLISH = [f"word {n}" if n == 3 else f"word{n}" for n in range(8)]


@pytest.fixture(scope="module")
def tables() -> dict[str, list[tuple]]:
    """A random release of a few dozen meanings, with several sources of one group."""
    dice = random.Random(5)
    texts = (
        [(187, word) for word in ENGLISH] + [(700, f"сүз{n}") for n in range(8)] + [(157, f"Wort{n}") for n in range(6)]
    )
    expressions = [(1000 + n, langvar, text, text.lower()) for n, (langvar, text) in enumerate(texts)]
    sources = [(1, 10, 3), (2, 10, 7), (3, 20, 5), (4, 30, 9), (5, 30, 2)]
    meanings = [(5000 + n, dice.choice(sources)[0]) for n in range(45)]
    rows, number = [], 0
    for meaning, _ in meanings:
        for expression in dice.sample(expressions, dice.randint(2, 4)):
            number += 1
            rows.append((number, meaning, expression[0]))
    return {"langvar": LANGVARS, "expr": expressions, "source": sources, "meaning": meanings, "denotation": rows}


COLUMNS = {
    "langvar": ("id", "lang_code", "var_code"),
    "expr": ("id", "langvar", "txt", "txt_degr"),
    "source": ("id", "grp", "quality"),
    "meaning": ("id", "source"),
    "denotation": ("id", "meaning", "expr"),
}


def write_csv(folder: Path, tables) -> Path:
    folder.mkdir()
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS[name], *rows])
    return folder


def write_lite(path: Path, tables) -> Path:
    quality = {source: (group, value) for source, group, value in tables["source"]}
    of_meaning = {meaning: quality[source] for meaning, source in tables["meaning"]}
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE lv (lv, uid)")
        database.execute("CREATE TABLE ex (ex, lv, tt)")
        database.execute("CREATE TABLE dnx (mn, ex, ui, uq, ap)")
        database.executemany("INSERT INTO lv VALUES (?, ?)", [(n, f"{code}-{v:03}") for n, code, v in LANGVARS])
        database.executemany("INSERT INTO ex VALUES (?, ?, ?)", [row[:3] for row in tables["expr"]])
        rows = [(mn, ex, *of_meaning[mn], 0) for _, mn, ex in tables["denotation"]]
        database.executemany("INSERT INTO dnx VALUES (?, ?, ?, ?, ?)", rows)
    return path


def write_full(path: Path, tables) -> Path:
    with sqlite3.connect(path) as database:
        for name, rows in tables.items():
            database.execute(f"CREATE TABLE {name} ({', '.join(COLUMNS[name])})")
            database.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(COLUMNS[name]))})", rows)
    return path


@pytest.fixture(scope="module")
def dumps(tmp_path_factory, tables) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("panlex")
    plain = write_csv(folder / "csv", tables)
    with zipfile.ZipFile(folder / "panlex-csv.zip", "w") as archive:
        for file in plain.iterdir():
            archive.write(file, f"panlex-20240101-csv/{file.name}")
    lite, full = write_lite(folder / "db.sqlite", tables), write_full(folder / "full.sqlite", tables)
    return {"csv": plain, "zip": folder / "panlex-csv.zip", "lite": lite, "full": full}


def read(path, words=tuple(ENGLISH), target=TT, **changes):
    told = {"distance": 1, "min_quality": 0, "reporter": SilentReporter()} | changes
    return read_dump(path, EN, target, words, **told)


KINDS = pytest.mark.parametrize("kind", ["csv", "zip", "lite", "full"])


@KINDS
def test_translations_are_those_of_nltk(dumps, kind):
    found = read(dumps[kind])
    with sqlite3.connect(dumps["lite"]) as database:
        expected = [(word, *row) for word in ENGLISH for row in database.execute(NLTK, (187, word, 700))]
    assert len(expected) > 15
    assert [(row.source, row.target, row.score) for row in found] == expected
    best = read(dumps[kind], words=["word2"], min_quality=8)
    assert [row.target for row in best] == [tt for word, tt, q in expected if word == "word2" and q >= 8]


@KINDS
def test_two_steps_count_every_path_once(dumps, tables, kind):
    """The definition in PanLex's documentation of `trans_quality`, taken literally."""
    source_of, origin = dict(tables["meaning"]), {s: (g, q) for s, g, q in tables["source"]}
    of = {expression: (langvar, text) for expression, langvar, text, _ in tables["expr"]}
    steps: dict[tuple, dict[int, int]] = {}
    for meaning, rows in itertools.groupby(tables["denotation"], key=lambda row: row[1]):
        group, quality = origin[source_of[meaning]]
        for a, b in itertools.permutations({expression for _, _, expression in rows}, 2):
            steps.setdefault((a, b), {})
            steps[a, b][group] = max(quality, steps[a, b].get(group, 0))
    paths: dict[tuple[str, str], list[float]] = {}
    for (a, middle), first in steps.items():
        for (other, b), second in steps.items():
            if other == middle and a != b and of[a][0] == 187 and of[b][0] == 700:
                found = [math.sqrt(p * q) for g, p in first.items() for h, q in second.items() if g != h]
                if found:
                    paths.setdefault((of[a][1], of[b][1]), []).extend(found)
    expected = {pair: round(math.fsum(values)) for pair, values in paths.items()}
    rows = read(dumps[kind], distance=2)
    assert {(row.source, row.target): row.score for row in rows} == expected and len(expected) > 20


def test_a_language_that_it_lacks(dumps):
    with pytest.raises(DataError, match=r"no Eastern Low German \(nds-000\)"):
        read(dumps["csv"], target=NDS)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "expr.csv").unlink(), "expr.csv: no such table.*`panlex_dump`"),
        (lambda folder: (folder / "source.csv").write_text("id,grp\n1,2\n"), "source.csv:1: no column quality"),
        (lambda folder: (folder / "denotation.csv").write_text("id,meaning,expr\n1\n"), "denotation.csv:2: a damaged"),
        (lambda folder: (folder / "expr.csv").write_bytes(b"id,langvar,txt\n1,187,\xff\n"), "expr.csv.*a damaged"),
        (lambda folder: (folder / "source.csv").write_text("id,grp,quality\n1,ten,3\n"), "csv: a damaged number"),
    ],
)
def test_a_damaged_release_is_one_line(tmp_path, tables, damage, message):
    folder = write_csv(tmp_path / "csv", tables)
    damage(folder)
    with pytest.raises(DataError, match=message) as caught:
        read(folder)
    assert "\n" not in str(caught.value)


def test_what_is_no_release(tmp_path):
    (tmp_path / "x").write_text("hello")
    with pytest.raises(DataError, match="no database of PanLex"):
        read(tmp_path / "x")
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "y")
    sqlite3.connect(tmp_path / "empty.sqlite").execute("CREATE TABLE a (b)").connection.close()
    with pytest.raises(DataError, match="no table langvar"):
        read(tmp_path / "empty.sqlite")
