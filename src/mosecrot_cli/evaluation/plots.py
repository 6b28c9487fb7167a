"""Figures of scores, drawn by matplotlib (the extra `plots`), which is imported when a figure is drawn.

The colours are safe for colour-blind readers: a sequential map of one hue, and blue against orange.
"""

from __future__ import annotations

import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mosecrot_cli.errors import UsageError
from mosecrot_cli.evaluation.tables import distinct, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mosecrot_cli.evaluation.bootstrap import PairedComparison
    from mosecrot_cli.evaluation.metrics import Scores
    from mosecrot_cli.evaluation.runs import Summary
    from mosecrot_cli.progress import Reporter

FORMATS: Final = (".png", ".svg", ".pdf")
FIRST, SECOND = "#0072b2", "#d55e00"
"""Blue and orange from the palette of Okabe and Ito (2008), which differ for every kind of colour vision."""
_BASE_FONT = "DejaVu Sans"  # comes with matplotlib
_NOT_FOR_TEXT = ("Last Resort", "STIX", "cm")  # also come with matplotlib, but contain boxes or letters of formulas
_LONGEST_LABEL = 28
_ALL_COUNTS = 15  # with more classes, zeros are left blank


def check_plot(path: Path) -> None:
    """Check, before anything is computed, that a figure can be drawn.

    Raises:
        UsageError: the format is unknown, or matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            f"a picture cannot be written as {path.suffix or 'a file without a suffix'}",
            where=str(path),
            hint=f"end the name in {', '.join(FORMATS)}",
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        hint = "install it with `pip install 'mosecrot[plots]'`"
        raise UsageError("pictures need matplotlib", where=str(path), hint=hint) from error


def confusion_figure(scores: Scores | Summary, *, title: str, reporter: Reporter) -> Figure:
    """The confusion matrix; colours show shares of each gold class, numbers count texts (summed over seeds).

    Args:
        scores: the scores.
        title: the title, which names the system and the data.
        reporter: receives a warning if no installed font has the characters of a label.
    """
    counts = np.array(scores.confusion, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    labels = distinct(scores.labels, _LONGEST_LABEL)
    side = min(max(3.2, 0.5 * len(labels)), 16)
    figure, style = new_figure((side + 3.4, side + 1.8), [*labels, title], reporter)
    with styled(style):
        axes = figure.add_subplot()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        positions = range(len(labels))
        axes.set_xticks(positions, labels, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(positions, labels)
        axes.set_xlabel("predicted class")
        axes.set_ylabel("gold class")
        axes.set_title(_wrapped(title))
        size = min(10.0, 72 * side / len(labels) / 4)
        for row, column in np.ndindex(*counts.shape):
            if counts[row, column] or len(labels) <= _ALL_COUNTS:
                colour = "white" if shares[row, column] > 0.6 else "black"
                text = f"{int(counts[row, column]):,}"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
        figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04, label="share of the gold class")
    return figure


def difference_figure(comparison: PairedComparison, names: tuple[str, str], *, reporter: Reporter) -> Figure:
    """The difference in F1 of two classifiers for each class, with its bootstrap interval.

    Args:
        comparison: the comparison.
        names: names of the first and the second classifier.
        reporter: receives a warning if no installed font has the characters of a label.
    """
    rows = comparison.per_class
    names_of_rows = distinct([row.label for row in rows], _LONGEST_LABEL)
    labels = [f"{name} ({row.support:,})" for name, row in zip(names_of_rows, rows, strict=True)]
    first, second = (shortened(name, _LONGEST_LABEL, start=False) for name in names)
    height = min(max(2.6, 0.42 * len(rows) + 1.6), 24)
    figure, style = new_figure((7.6, height), [*labels, first, second], reporter)
    with styled(style):
        axes = figure.add_subplot()
        for position, row in enumerate(rows):
            colour = FIRST if row.difference >= 0 else SECOND
            axes.plot([row.low, row.high], [position, position], color=colour, linewidth=2)
            axes.plot([row.difference], [position], marker="o" if row.difference >= 0 else "s", color=colour)
        axes.axvline(0, color="0.4", linewidth=1)
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        reach = max(0.05, *(abs(end) for row in rows for end in (row.low, row.high))) * 1.1
        axes.set_xlim(-reach, reach)
        axes.grid(axis="x", color="0.9")
        axes.set_axisbelow(True)
        axes.set_ylabel("class (texts)")
        axes.set_xlabel(f"difference in F1, with its {comparison.interval.level:.0%} interval")
        # Who is better on which side, with the scores: above the two halves.
        axes.set_title(f"{first}\nmacro-F1 {comparison.first:.3f}; better →", loc="right", fontsize=9)
        axes.set_title(f"{second}\n← better; macro-F1 {comparison.second:.3f}", loc="left", fontsize=9)
    return figure


def save_figure(figure: Figure, path: Path, *, form: str) -> None:
    """Write a figure to a file.

    Args:
        figure: the figure.
        path: the file.
        form: its format, as a suffix such as `.png` (a file that is being written may have another name).
    """
    import matplotlib

    # Letters are drawn as shapes, so that every viewer shows them; the same figure gives the same file.
    stable: dict[Any, Any] = {"pdf.fonttype": 42, "svg.fonttype": "path", "svg.hashsalt": "mosecrot"}
    dateless = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with matplotlib.rc_context(stable), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # `_fonts` has already warned
        kind = form.lower()
        figure.savefig(path, format=kind[1:], dpi=150, bbox_inches="tight", metadata=dateless.get(kind))


def new_figure(size: tuple[float, float], texts: Sequence[str], reporter: Reporter) -> tuple[Figure, dict[Any, Any]]:
    """An empty figure, and the style whose fonts have the characters of all texts."""
    from matplotlib.figure import Figure

    families = _fonts(texts, reporter)
    # A dollar sign in a label must not start a formula.
    style: dict[Any, Any] = {"font.family": families, "text.parse_math": False, "axes.unicode_minus": True}
    return Figure(figsize=size, layout="constrained"), style


def styled(style: dict[Any, Any]) -> Any:
    """The context in which a figure of `new_figure` is drawn."""
    import matplotlib

    return matplotlib.rc_context(style)


def _fonts(texts: Sequence[str], reporter: Reporter) -> list[str]:
    """Font families that together have all characters of the texts, starting with the font of matplotlib."""
    from matplotlib import font_manager

    needed = {
        character
        for text in texts
        for character in text
        if not character.isspace() and unicodedata.category(character) not in ("Cf", "Cc")
    }
    families = [_BASE_FONT]
    missing = needed - _characters(font_manager.findfont(_BASE_FONT))
    for name, file in _installed_fonts() if missing else ():
        if found := missing & _characters(file):
            families.append(name)
            missing -= found
        if not missing:
            break
    if missing:
        shown = " ".join(sorted(missing)[:10])
        reporter.warn(f"no installed font has {shown}: the picture shows boxes (Noto Sans has nearly all scripts)")
    return families


def _installed_fonts() -> Iterator[tuple[str, str]]:
    """Family and file of each upright font: first those on the list that matplotlib keeps, then any newer ones."""
    from matplotlib import font_manager

    manager = font_manager.fontManager
    listed = list(manager.ttflist)
    yield from ((each.name, each.fname) for each in listed if _is_for_text(each))
    known = {each.fname for each in listed}
    for file in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            manager.addfont(file)
        except (RuntimeError, OSError):  # a font that matplotlib cannot read
            continue
        yield from ((each.name, each.fname) for each in manager.ttflist if each.fname == file and _is_for_text(each))


def _is_for_text(entry: Any) -> bool:
    return entry.style == "normal" and not entry.name.startswith(_NOT_FOR_TEXT)


def _characters(file: str) -> set[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return {chr(code) for code in FT2Font(file).get_charmap()}
    except (RuntimeError, OSError):  # a font that matplotlib cannot read
        return set()


def _wrapped(title: str) -> str:
    return "\n".join(textwrap.wrap(title, 48)) or title
