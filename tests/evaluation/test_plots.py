"""Pictures: what they show is what was computed, in every format, and missing fonts are said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from mosecrot_cli.errors import UsageError
from mosecrot_cli.evaluation.bootstrap import paired_bootstrap
from mosecrot_cli.evaluation.metrics import score
from mosecrot_cli.evaluation.plots import FIRST, SECOND, check_plot, confusion_figure, difference_figure, save_figure
from mosecrot_cli.evaluation.tables import distinct
from mosecrot_cli.progress import SilentReporter

LABELS = ("спорт", "الصحة", "$x_1$ & <b>")
GOLD = [LABELS[n % 3] for n in range(60)]
GOOD = [LABELS[(n + (n % 7 == 0)) % 3] for n in range(60)]
BAD = [LABELS[(n + (n % 3 == 0)) % 3] for n in range(60)]


def test_the_confusion_matrix_shows_shares_and_counts() -> None:
    reporter = SilentReporter()
    figure = confusion_figure(score(GOLD, GOOD, LABELS), title="a on b", reporter=reporter)
    axes, bar = figure.axes
    expected = confusion_matrix(GOLD, GOOD, labels=LABELS)
    np.testing.assert_allclose(axes.images[0].get_array(), expected / expected.sum(axis=1, keepdims=True))
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (column, row): str(expected[row, column]) for row in range(3) for column in range(3)
    }
    assert [text.get_text() for text in axes.get_yticklabels()] == list(LABELS)
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("predicted class", "gold class", "a on b")
    assert bar.get_ylabel() == "share of the gold class"
    assert reporter.warnings == []


def test_a_class_without_texts_has_an_empty_row() -> None:
    figure = confusion_figure(score(["a"], ["b"], ["a", "b"]), title="", reporter=SilentReporter())
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), [[0, 1], [0, 0]])


def test_the_differences_are_those_of_the_comparison() -> None:
    found = paired_bootstrap(GOLD, GOOD, BAD, resamples=500)
    figure = difference_figure(found, ("a.tsv", "b.tsv"), reporter=SilentReporter())
    (axes,) = figure.axes
    bars, points = axes.lines[0:6:2], axes.lines[1:6:2]
    for row, bar, point in zip(found.per_class, bars, points, strict=True):
        assert list(bar.get_xdata()) == [row.low, row.high]
        assert list(point.get_xdata()) == [row.difference]
        assert point.get_color() == (FIRST if row.difference >= 0 else SECOND)
    assert axes.get_title(loc="right") == f"a.tsv\nmacro-F1 {found.first:.3f}; better →"
    assert axes.get_title(loc="left") == f"b.tsv\n← better; macro-F1 {found.second:.3f}"
    assert "difference in F1" in axes.get_xlabel() and axes.get_ylabel() == "class (texts)"


def test_long_labels_stay_different() -> None:
    labels = [*(f"a very long label of the class number {n} of this data set" for n in range(3)), "short", "x" * 40]
    for found in (
        [text.get_text() for text in confusion_figure(score(labels, labels), title="", reporter=SilentReporter())
         .axes[0].get_yticklabels()],
        distinct([*labels, f"{'x' * 40} and more, which ends otherwise"], 28),
    ):  # fmt: skip
        assert len(set(found)) == len(found) and max(map(len, found)) <= 28 and "short" in found


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")]
)
def test_formats_and_the_same_picture_gives_the_same_file(suffix: str, start: bytes, tmp_path: Path) -> None:
    files = []
    for number in range(2):
        figure = confusion_figure(score(GOLD, GOOD, LABELS), title="a", reporter=SilentReporter())
        files.append(tmp_path / f"{number}.work")
        save_figure(figure, files[-1], form=suffix)
    assert files[0].read_bytes().startswith(start)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_characters_without_a_font_are_said() -> None:
    reporter = SilentReporter()
    confusion_figure(score(["\U000e5000"], ["\U000e5000"]), title="", reporter=reporter)  # not assigned
    assert reporter.warnings and "no installed font has \U000e5000" in reporter.warnings[0]


def test_a_font_that_was_installed_after_matplotlib_made_its_list(tmp_path: Path, monkeypatch) -> None:
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib import font_manager

    pen = TTGlyphPen(None)
    for move, point in ((pen.moveTo, (0, 0)), (pen.lineTo, (500, 0)), (pen.lineTo, (250, 700))):
        move(point)
    pen.closePath()
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", "own"])
    font.setupCharacterMap({0xE5000: "own"})
    font.setupGlyf({".notdef": pen.glyph(), "own": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (500, 0), "own": (500, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Brand New", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "new.ttf")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*font_manager.fontManager.ttflist])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "new.ttf")])
    reporter = SilentReporter()
    figure = confusion_figure(score(["\U000e5000"], ["\U000e5000"]), title="", reporter=reporter)
    assert reporter.warnings == []
    assert "Brand New" in figure.axes[0].get_yticklabels()[0].get_fontfamily()


def test_unknown_formats_and_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    check_plot(Path("a.svg"))
    with pytest.raises(UsageError, match=r"a\.gif: a picture cannot be written as \.gif \(end the name in \.png"):
        check_plot(Path("a.gif"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(
        UsageError, match=r"pictures need matplotlib \(install it with `pip install 'mosecrot\[plots\]'`"
    ):
        check_plot(Path("a.png"))


def test_the_module_is_imported_without_matplotlib() -> None:
    code = "import sys; import mosecrot_cli.evaluation.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
