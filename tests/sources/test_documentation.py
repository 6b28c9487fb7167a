"""`docs/sources.md` says what the code does: addresses, names of the languages, defaults, licences."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import mosecrot_cli
from mosecrot_cli.settings.choices import OnlineLexicon
from mosecrot_cli.sources import provenance
from mosecrot_cli.sources.endpoints import Endpoints, load_endpoints
from mosecrot_cli.sources.languages import find_language
from mosecrot_cli.sources.lexica.registry import default_lexicon
from mosecrot_cli.sources.listings import CRAWL, MUSE, MUSE_EUROPEAN, SIB200, WIKI
from mosecrot_cli.sources.vectors import NAMES, default_name
from mosecrot_cli.tasks import amazon, sib200

DOCUMENT = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


def test_addresses(tmp_path):
    text = re.search(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[1]
    expected = dataclasses.asdict(Endpoints())
    assert tomllib.loads(text) == expected | {"sha256": {}}
    (tmp_path / "file.toml").write_text(text)
    assert load_endpoints(tmp_path / "file.toml") == Endpoints()


def test_the_eight_languages(tmp_path):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in DOCUMENT.splitlines() if "-000 |" in line]
    assert [row[0].split()[0] for row in rows] == ["de", "es", "zh", "fo", "mt", "nds", "sah", "tt"]
    english = find_language("en")
    for row in rows:
        code, name = row[0].split(" ", 1)
        found = find_language(code)
        vectors = default_name(found)
        in_amazon = code if code in amazon.LANGUAGES else None
        expected = [default_lexicon(english, found), vectors, found.muse, found.panlex, found.google]
        expected += [found.wiktionary, found.wiki, found.crawl, found.hub, found.iso639_3[0], found.flores, in_amazon]
        assert found.name == name
        assert row[1:] == [cell or "-" for cell in expected]


def test_numbers_of_languages():
    assert f"English with {len(MUSE)} languages" in DOCUMENT
    assert f"{' '.join(sorted(MUSE_EUROPEAN))} among each other" in DOCUMENT
    assert f"lower-cased ({len(WIKI)} languages)" in DOCUMENT and f"packed ({len(CRAWL)} languages)" in DOCUMENT
    assert f"in {len(SIB200)} languages and scripts, `{sib200.REPOSITORY}`" in DOCUMENT
    assert f"{' '.join(amazon.LANGUAGES)}; a mirror, `{amazon.MIRROR}`" in DOCUMENT


def test_every_source_with_its_licence_and_what_to_cite():
    works = [value for value in vars(provenance).values() if isinstance(value, provenance.Provenance)]
    assert len(works) >= 12
    for work in works:
        short = work.licence.partition(" (docs.")[0]
        assert short in DOCUMENT, work
        author, year = work.citation.partition(" ")[0], re.search(r"\((\d{4})\)", work.citation)
        assert author in DOCUMENT and (year is None or f"({year[1]})" in DOCUMENT), work
    for name in (*OnlineLexicon, *NAMES):
        assert f"`{name}`" in DOCUMENT


def test_options_and_variables():
    package = Path(mosecrot_cli.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    for name in re.findall(r"`?(--[a-z][a-z-]+)", DOCUMENT):
        assert f'"{name}' in source, name
    for name in re.findall(r"\b(?:MOSECROT|GOOGLE)_[A-Z_]+|HF_HUB_OFFLINE|HF_ENDPOINT", DOCUMENT):
        assert f'"{name}"' in source, name
