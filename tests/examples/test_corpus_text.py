"""examples/transfer/corpus_text.py: plain text of a corpus of GiellaLT."""

from pathlib import Path

import corpus_text
import pytest

DOCUMENT = """<document xml:lang="fao"><header><title/></header><body>
<p>{first}</p>
<p type="title">Stutt</p>
<p xml:lang="dan">Denne tekst er på dansk og udelades derfor.</p>
<p>Hetta er ein <span xml:lang="dan">fremmed passage</span> longri setningur &amp; meira.</p>
</body></document>"""


def test_paragraphs_of_the_language_each_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "converted" / "news").mkdir(parents=True)
    for name, first in [("a", "Fyrsti langi setningur."), ("b", "Annar langur setningur.")]:
        file = tmp_path / "converted" / "news" / f"{name}.txt.xml"
        file.write_text(DOCUMENT.format(first=first), encoding="utf-8")
    (tmp_path / "converted" / "broken.xml").write_text("<document><body>", encoding="utf-8")
    corpus_text.main(tmp_path, "fao")
    out, err = capsys.readouterr()
    shared = "Hetta er ein longri setningur & meira."
    assert sorted(out.splitlines()) == ["Annar langur setningur.", "Fyrsti langi setningur.", shared]
    assert "broken.xml: left out" in err and "13 words" in err
    corpus_text.main(tmp_path, "fao", 1)
    assert len(capsys.readouterr().out.splitlines()) == 2
